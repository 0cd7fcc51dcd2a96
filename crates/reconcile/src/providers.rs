//! The identity providers of one account: made and renewed before statements name them.
//!
//! Providers whose app no event spoke of are somebody else's, and left alone. What is deleted is deleted
//! after the statements went ([`removal`](crate::removal)).
//!
//! For a while after a change IAM may show providers as they were, and what looks as wanted may not be so.
//! Before it changes a provider a pass notes on the account's row until when ([`Run::unsettled_until`]), so
//! that whoever comes before that moment, even after a worker that died, takes nothing for done.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use signet_core::app::AppId;
use signet_core::grant::Timestamp;
use signet_core::role::{Protocol, ProviderName};
use signet_core::trust::gate::{Gate, Issuer};
use signet_iam::{Account, Iam, IamError, OidcProvider, Providers};
use signet_store::provider::AppProvider;
use signet_store::trust::desired::KnownApp;
use signet_store::trust::outcome::{AccountOutcome, Noted};

use crate::account::Watch;
use crate::alerts;
use crate::gates::gates;
use crate::report::ProviderReport;
use crate::run::{Run, Stop};
use crate::settings::later;

/// The providers that an account should have, and those that it should not have any more.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Wanted {
    pub(crate) saml: BTreeMap<String, SamlWanted>,
    pub(crate) oidc: BTreeMap<String, OidcWanted>,
    /// SAML providers of deleted apps.
    pub(crate) gone_saml: BTreeSet<String>,
    /// Client ids of deleted apps that no other app has, by the issuer's provider.
    pub(crate) gone_ids: BTreeMap<String, BTreeSet<String>>,
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) struct SamlWanted {
    app: AppId,
    name: ProviderName,
    /// Whether it is made where it is not there. One of an app that is switched off is kept up to date
    /// where it is, so that nobody gets in by an old certificate, and made nowhere.
    is_made: bool,
}

#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct OidcWanted {
    url: String,
    ids: BTreeSet<String>,
    is_made: bool,
}

/// What could not be done beside the roles.
#[derive(Debug, Default)]
pub(crate) struct Trouble {
    /// In words, each with what it is about in backticks.
    pub(crate) whys: Vec<String>,
    /// Whether the account is to be attended to again because of it.
    pub(crate) is_unapplied: bool,
    /// When.
    pub(crate) next: Option<Timestamp>,
    /// Until when IAM may show providers as they were before this pass changed them.
    settles: Option<Timestamp>,
}

impl Wanted {
    pub(crate) fn of(account: &Account, apps: &BTreeMap<AppId, KnownApp>) -> Self {
        let mut wanted = Self::default();
        let (gates, _) = gates(apps);
        let told = |is_active: bool| {
            let halves = apps.iter().filter_map(|(id, app)| Some((id, app, app.provider.as_ref()?)));
            halves.filter(move |(_, _, half)| half.active == is_active)
        };
        for (id, app, half) in told(true) {
            wanted.add(account, id, app, half, gates.get(id));
        }
        for (_, _, half) in told(false) {
            wanted.remove(account, half);
        }
        wanted
    }

    fn add(&mut self, account: &Account, id: &AppId, app: &KnownApp, half: &AppProvider, gate: Option<&Gate>) {
        let is_made = app.inactive.is_none();
        if half.protocol == Protocol::Saml {
            let saml = SamlWanted { app: id.clone(), name: half.provider.clone(), is_made };
            self.saml.insert(saml_arn(account, &half.provider), saml);
            return;
        }
        // Behind an identity pool the user pool is no provider of IAM's.
        if matches!(gate, Some(Gate::IdentityPool { .. })) {
            return;
        }
        let Some((arn, url)) = issuer_of(account, half) else { return };
        let oidc = self.oidc.entry(arn).or_default();
        oidc.url = url;
        oidc.ids.extend(ids_of(half));
        oidc.is_made |= is_made;
    }

    /// Call it after all active apps were added.
    fn remove(&mut self, account: &Account, half: &AppProvider) {
        if half.protocol == Protocol::Saml {
            let arn = saml_arn(account, &half.provider);
            if !self.saml.contains_key(&arn) {
                self.gone_saml.insert(arn);
            }
        } else if let Some((arn, _)) = issuer_of(account, half) {
            let used = self.oidc.get(&arn).map(|oidc| oidc.ids.clone()).unwrap_or_default();
            self.gone_ids.entry(arn).or_default().extend(ids_of(half).into_iter().filter(|id| !used.contains(id)));
        }
    }

    fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

fn saml_arn(account: &Account, name: &ProviderName) -> String {
    format!("arn:{}:iam::{}:saml-provider/{}", account.partition, account.id, name.as_str())
}

/// The ARN and the URL of the provider of an app's issuer; none where that is no issuer.
fn issuer_of(account: &Account, half: &AppProvider) -> Option<(String, String)> {
    let url = half.issuer_url.as_deref()?;
    let issuer = Issuer::from_url(url).ok()?;
    let arn = format!("arn:{}:iam::{}:oidc-provider/{}", account.partition, account.id, issuer.as_str());
    Some((arn, url.to_owned()))
}

/// What an app's tokens may be for: IAM refuses a token for anybody else before it reads a policy.
fn ids_of(half: &AppProvider) -> BTreeSet<String> {
    half.client_ids.iter().chain(&half.audience).cloned().collect()
}

/// What became of one provider.
pub(crate) type Tried = Result<(), String>;

impl<I: Iam, W: Watch> Run<'_, I, W> {
    /// Makes and renews providers. Gives which there were; none if they could not be listed.
    pub(crate) async fn provide(&self, wanted: &Wanted, trouble: &mut Trouble) -> Result<Option<Providers>, Stop> {
        if wanted.is_empty() {
            return Ok(None);
        }
        self.keep().await?;
        let there = match self.iam().providers(&self.account).await {
            Ok(there) => there,
            Err(error) => {
                self.failed_provider(self.account.id.as_str(), &error.to_string(), trouble).await?;
                self.settle(trouble);
                return Ok(None);
            }
        };
        for (arn, saml) in &wanted.saml {
            if let Err(why) = self.provide_saml(arn, saml, there.saml.contains(arn), trouble).await? {
                self.failed_provider(arn, &why, trouble).await?;
            }
        }
        for (arn, oidc) in &wanted.oidc {
            if let Err(why) = self.provide_oidc(arn, oidc, there.oidc.contains(arn), trouble).await? {
                self.failed_provider(arn, &why, trouble).await?;
            }
        }
        Ok(Some(there))
    }

    async fn provide_saml(
        &self,
        arn: &str,
        saml: &SamlWanted,
        is_there: bool,
        trouble: &mut Trouble,
    ) -> Result<Tried, Stop> {
        if !is_there && !saml.is_made {
            return Ok(Ok(()));
        }
        // None: the app was deleted since, and the apps are read again before this pass ends.
        let Some(metadata) = self.reconciler.table.saml_metadata(&saml.name).await? else { return Ok(Ok(())) };
        if metadata.app != saml.app {
            return Ok(Err(format!("its metadata in the table is of app `{}`, not of `{}`", metadata.app, saml.app)));
        }
        self.keep().await?;
        let document = &metadata.document;
        if !is_there {
            let create = async || self.iam().create_saml_provider(&self.account, saml.name.as_str(), document).await;
            return self.change(arn, ("created", "would_create"), trouble, create).await;
        }
        let present = match self.iam().saml_metadata(&self.account, arn).await {
            Ok(present) => present,
            Err(error) => return Ok(self.unless_old(&error)),
        };
        if present.trim() == document.trim() {
            return Ok(Ok(()));
        }
        if self.is_applied() {
            // Whoever could sign people in is shut out whether or not anybody can be told.
            let _ = self.tell(&alerts::provider_drift(arn, "has other metadata than Signet gave it", &present)).await;
        }
        let update = async || self.iam().update_saml_provider(&self.account, arn, document).await;
        self.change(arn, ("updated", "would_update"), trouble, update).await
    }

    async fn provide_oidc(
        &self,
        arn: &str,
        oidc: &OidcWanted,
        is_there: bool,
        trouble: &mut Trouble,
    ) -> Result<Tried, Stop> {
        if !is_there {
            if !oidc.is_made {
                return Ok(Ok(()));
            }
            let provider = OidcProvider { url: oidc.url.clone(), client_ids: oidc.ids.clone() };
            let create = async || self.iam().create_oidc_provider(&self.account, &provider).await;
            return self.change(arn, ("created", "would_create"), trouble, create).await;
        }
        self.keep().await?;
        let present = match self.iam().oidc_provider(&self.account, arn).await {
            Ok(present) => present.client_ids,
            Err(error) => return Ok(self.unless_old(&error)),
        };
        let missing: Vec<_> = oidc.ids.difference(&present).collect();
        if missing.is_empty() || !oidc.is_made {
            return Ok(Ok(()));
        }
        let add = async || {
            for id in missing {
                self.iam().add_client_id(&self.account, arn, id).await?;
            }
            Ok(())
        };
        self.change(arn, ("updated", "would_update"), trouble, add).await
    }

    /// Changes a provider, or only says so in a dry run.
    pub(crate) async fn change(
        &self,
        arn: &str,
        (done, would): (&'static str, &'static str),
        trouble: &mut Trouble,
        change: impl AsyncFnOnce() -> Result<(), IamError>,
    ) -> Result<Tried, Stop> {
        if self.is_dry() {
            self.report_provider(ProviderReport { arn: arn.to_owned(), outcome: would, why: None });
            return Ok(Ok(()));
        }
        self.keep().await?;
        self.mark().await?;
        let changed = change().await;
        // What was refused, or not answered, may have landed all the same.
        trouble.settles = Some(self.settled_at());
        if let Err(error) = changed {
            return Ok(self.unless_old(&error));
        }
        self.report_provider(ProviderReport { arn: arn.to_owned(), outcome: done, why: None });
        Ok(Ok(()))
    }

    /// When IAM shows what it takes now.
    fn settled_at(&self) -> Timestamp {
        later(self.now(), self.reconciler.settings.settle.saturating_add(Duration::from_secs(1)))
    }

    /// Notes, before a provider is changed, until when IAM may show it as it was.
    async fn mark(&self) -> Result<(), Stop> {
        let Some(live) = &self.live else { return Ok(()) };
        let why = self.state.row.as_ref().and_then(|row| row.why.clone());
        let mark = AccountOutcome { applied: None, why, next: Some(self.settled_at()) };
        match self.reconciler.table.note_account(&live.held.lease, &mark).await? {
            Noted::Lost => Err(Stop::Lost),
            _ => Ok(()),
        }
    }

    /// Until when IAM may show providers as they were before an earlier pass changed them; none if it does
    /// not. The row says when the account is due: no later than that moment, as long as it is not noted as
    /// applied. Where the account may be due by a role or by what failed, the moment is assumed to be as
    /// late as it can be: that costs another look.
    pub(crate) fn unsettled_until(&self) -> Option<Timestamp> {
        let next = self.state.row.as_ref()?.next.filter(|next| *next <= self.settled_at())?;
        let is_anothers = self.state.row.as_ref().is_some_and(|row| row.why.is_some())
            || self.state.roles.values().any(|role| role.next == Some(next));
        let settle = self.reconciler.settings.settle.saturating_add(Duration::from_secs(1));
        let until = match (is_anothers, self.is_applied()) {
            (false, _) => next,
            (true, false) => later(next, settle),
            (true, true) => return None,
        };
        (until > self.now()).then_some(until)
    }

    /// Has the account attended to again once IAM has settled, without a word to people: it is not known
    /// before whether its providers are as wanted.
    pub(crate) fn settle(&self, trouble: &mut Trouble) {
        if let Some(until) = trouble.settles.max(self.unsettled_until()) {
            trouble.is_unapplied = true;
            trouble.retry(until);
        }
    }

    /// Why something failed; nothing if IAM showed us a provider that is gone, or not one that is there:
    /// the account is attended to again when it has settled.
    pub(crate) fn unless_old(&self, error: &IamError) -> Tried {
        let may_be_old = matches!(error, IamError::NotFound { .. } | IamError::Conflict { .. });
        if may_be_old && self.unsettled_until().is_some() { Ok(()) } else { Err(error.to_string()) }
    }

    pub(crate) async fn failed_provider(&self, arn: &str, why: &str, trouble: &mut Trouble) -> Result<(), Stop> {
        self.report_provider(ProviderReport { arn: arn.to_owned(), outcome: "failed", why: Some(why.to_owned()) });
        self.failed(arn, why, trouble).await
    }

    /// Notes what could not be done, and tells people, unless that was so the last time.
    pub(crate) async fn failed(&self, subject: &str, why: &str, trouble: &mut Trouble) -> Result<(), Stop> {
        let before = self.state.row.as_ref().and_then(|row| row.why.as_deref()).unwrap_or_default();
        let named = format!("`{subject}`");
        let was_told = before.contains(&named);
        if !was_told {
            let _ = self.tell(&alerts::subject(subject, why, self.state.wanted())).await;
        }
        let (first, longest) = self.reconciler.settings.retry;
        trouble.whys.push(format!("{named}: {why}"));
        trouble.is_unapplied = true;
        trouble.retry(later(self.now(), if was_told { longest } else { first }));
        Ok(())
    }
}

impl Trouble {
    /// The account is due at a moment, if not before.
    pub(crate) fn retry(&mut self, at: Timestamp) {
        self.next = Some(self.next.map_or(at, |next| next.min(at)));
    }
}
