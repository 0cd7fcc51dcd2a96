//! Which sessions Signet is to have decided about, by the table's history.

use std::collections::BTreeMap;

use signet_core::app::{App, AppId, Mode};
use signet_core::grant::Timestamp;
use signet_core::role::{Protocol, RoleArn};
use signet_core::trust::gate::IdentityPoolId;
use signet_store::history::HistoryRow;
use signet_store::provider::AppProvider;

use super::made::IN_FLIGHT;
use super::session::{Session, Way};

/// Since when what stands in a row as having been before was so, where no earlier row brought it.
const EVER: Timestamp = Timestamp::from_seconds(i64::MIN);

/// Words, with the first moment that the history has them of.
type Since = BTreeMap<String, Timestamp>;

/// The roles that were granted, and the ways of apps, each with the moment since which the history knows of it.
#[derive(Debug, Clone, Default)]
pub struct Ours {
    roles: Since,
    apps: BTreeMap<AppId, Ways>,
}

/// All that was ever stated of how the sign-ins of an app come.
#[derive(Debug, Clone, Default)]
struct Ways {
    /// The names of its SAML providers.
    providers: Since,
    /// Its issuers of tokens, by host and path.
    issuers: Since,
    /// Audiences, client ids, identity pools.
    audiences: Since,
    /// When it began, or ceased, to be only observed.
    observed: Vec<(Timestamp, bool)>,
}

impl Ours {
    /// What the rows of a history know, the earliest first.
    #[must_use]
    pub fn of(rows: &[HistoryRow]) -> Self {
        let mut ours = Self::default();
        for row in rows {
            for change in &row.groups {
                for (grants, since) in [(&change.before, EVER), (&change.after, row.at)] {
                    for grant in grants {
                        note(&mut ours.roles, grant.role.as_str(), since);
                    }
                }
            }
            for change in &row.apps {
                let ways = ours.apps.entry(change.after.app.id.clone()).or_default();
                for (stated, since) in change.before.iter().map(|app| (app, EVER)).chain([(&change.after, row.at)]) {
                    ways.state(&stated.app, since);
                    if since > EVER || ways.observed.is_empty() {
                        ways.observed.push((since, stated.active && stated.app.mode == Mode::Observe));
                    }
                }
            }
            if let Some(change) = &row.provider {
                let ways = ours.apps.entry(change.app.clone()).or_default();
                for (event, since) in change.before.iter().map(|one| (one, EVER)).chain([(&change.after, row.at)]) {
                    ways.hear(event, since);
                }
            }
        }
        ours
    }

    /// Whether a session is one that Signet is to have decided about: it says so, it came through the provider of
    /// an app, or it is of a role that was granted here, by then or a minute after.
    #[must_use]
    pub fn concerns(&self, session: &Session) -> bool {
        session.decision.is_some()
            || session.group_hash.is_some()
            || known(&self.roles, &session.role, until(session))
            || self.apps(session).next().is_some()
    }

    /// The app that a session came through which was only observed when its sign-in may have been: it got no
    /// decision to carry. `within` is how long before the session that was at most, in seconds.
    #[must_use]
    pub fn observed(&self, session: &Session, within: i64) -> Option<&AppId> {
        let from = Timestamp::from_seconds(session.at.seconds().saturating_sub(within));
        let mut apps = self.apps(session).filter(|(_, ways)| ways.was_observed(from, until(session)));
        apps.next().map(|(id, _)| id)
    }

    fn apps(&self, session: &Session) -> impl Iterator<Item = (&AppId, &Ways)> {
        self.apps.iter().filter(move |(_, ways)| ways.lead_to(session, until(session)))
    }
}

/// Until when what the history learns counts for a session: the clock of whoever applied it may be ahead.
fn until(session: &Session) -> Timestamp {
    Timestamp::from_seconds(session.at.seconds().saturating_add(IN_FLIGHT))
}

fn note(words: &mut Since, word: &str, since: Timestamp) {
    match words.get_mut(word) {
        Some(_) if since == EVER => {}
        Some(known) => *known = since.min(*known),
        None => drop(words.insert(word.to_owned(), since)),
    }
}

fn known(words: &Since, word: &str, until: Timestamp) -> bool {
    words.get(word).is_some_and(|since| *since <= until)
}

impl Ways {
    fn state(&mut self, app: &App, since: Timestamp) {
        if app.protocol == Protocol::Saml {
            note(&mut self.providers, app.provider.as_str(), since);
        }
        if let Some(issuer) = &app.tokens.issuer {
            note(&mut self.issuers, issuer.as_str(), since);
        }
        note(&mut self.audiences, &app.audience, since);
    }

    fn hear(&mut self, event: &AppProvider, since: Timestamp) {
        if event.protocol == Protocol::Saml {
            note(&mut self.providers, event.provider.as_str(), since);
        }
        if let Some(url) = event.issuer_url.as_deref() {
            note(&mut self.issuers, url.strip_prefix("https://").unwrap_or(url), since);
        }
        event.audience.iter().chain(&event.client_ids).for_each(|word| note(&mut self.audiences, word, since));
    }

    /// Whether a session came this way, in whichever account.
    fn lead_to(&self, session: &Session, until: Timestamp) -> bool {
        let Some(provider) = session.provider_name() else { return false };
        // An issuer has many clients, and an app is one of them. Without an audience nobody says which.
        let is_meant = || session.audience.as_deref().is_none_or(|found| known(&self.audiences, found, until));
        match session.way {
            Way::Saml => known(&self.providers, provider, until),
            Way::Token => is_meant() && (known(&self.issuers, provider, until) || is_of_pool(session, provider)),
        }
    }

    fn was_observed(&self, from: Timestamp, until: Timestamp) -> bool {
        let before = self.observed.iter().rfind(|(since, _)| *since <= from);
        let meanwhile = self.observed.iter().filter(|(since, _)| *since > from && *since <= until);
        before.into_iter().chain(meanwhile).any(|(_, observed)| *observed)
    }
}

/// Whether a session came through the identity pool that is its audience.
fn is_of_pool(session: &Session, provider: &str) -> bool {
    let pool = session.audience.as_deref().and_then(|audience| IdentityPoolId::parse(audience).ok());
    let Ok(role) = RoleArn::parse(&session.role) else { return false };
    pool.and_then(|pool| pool.principal(role.partition())).is_some_and(|principal| principal == provider)
}

#[cfg(test)]
mod tests;
