//! Whether a session is what its decision gave.

use std::collections::BTreeSet;

use signet_core::app::{App, CognitoKind};
use signet_core::code::GroupCode;
use signet_core::grant::Timestamp;
use signet_core::role::{Protocol, RoleArn};
use signet_core::session::parse_group_hash;

use super::logged::Logged;
use super::made::Made;
use super::session::{Session, Way};

/// How far two clocks of AWS may be apart, in seconds: a session that much before its decision is none of
/// before.
const SKEW: i64 = 5;
/// What an identity pool's sessions have as their provider.
const IDENTITY_POOLS: &str = "cognito-identity.amazonaws.com";

/// How long after its decision a session may be opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Within {
    /// By an assertion, in seconds.
    pub saml: i64,
    /// By a token, in seconds.
    pub token: i64,
}

impl Within {
    /// What holds unless somebody says otherwise. Okta's assertions are valid for 5 minutes, and AWS's
    /// sign-in page takes none that is older; three times that leaves room for a person who thinks about
    /// which role to choose. An ID token of Okta's lives one hour, and so does one of a user pool, unless
    /// its client says otherwise; 5 minutes more are for the clocks in between.
    pub const USUAL: Self = Self { saml: 15 * 60, token: 65 * 60 };

    /// The seconds that a session of this way may be opened after its decision.
    #[must_use]
    pub fn of(self, way: Way) -> i64 {
        match way {
            Way::Saml => self.saml,
            Way::Token => self.token,
        }
    }
}

/// What the log has of a session's decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Found<'l> {
    /// The session names no decision.
    Untagged,
    /// The log has none of that id; whether it reaches over the time at which it would have been made.
    Unknown {
        /// Whether it does.
        covered: bool,
    },
    /// It has several that differ.
    Several,
    /// It has one.
    One(&'l Logged),
}

/// All that a session is judged by.
#[derive(Debug, Clone, Copy)]
pub struct Evidence<'e> {
    /// The session.
    pub session: &'e Session,
    /// Its decision.
    pub found: Found<'e>,
    /// What the history says of it; none if it does not reach back.
    pub made: Option<&'e Made>,
    /// Further audiences that the app's tokens may be for.
    pub clients: &'e BTreeSet<String>,
    /// How many different assertions opened sessions by this decision.
    pub assertions: usize,
    /// How long after its decision a session may be opened.
    pub within: Within,
}

/// What is wrong with a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// It names no decision.
    NoDecision,
    /// It names one that the log does not have.
    UnknownDecision,
    /// It names one that the log has in several forms.
    AmbiguousDecision,
    /// Its decision gave nothing out.
    NotGiven,
    /// Several assertions carry its decision.
    Replayed,
    /// It was opened before its decision was made.
    Before,
    /// It was opened long after.
    Late,
    /// It is somebody else's.
    OtherUser,
    /// It is of a role that the decision did not give.
    OtherRole,
    /// Its codes are not the decision's.
    OtherCodes,
    /// It came through another app, provider or audience.
    OtherApp,
    /// The history grants its role to nobody of the decision's groups.
    NotGranted,
}

impl Kind {
    /// The word for programs.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NoDecision => "no_decision",
            Self::UnknownDecision => "unknown_decision",
            Self::AmbiguousDecision => "ambiguous_decision",
            Self::NotGiven => "not_given",
            Self::Replayed => "replayed",
            Self::Before => "before",
            Self::Late => "late",
            Self::OtherUser => "other_user",
            Self::OtherRole => "other_role",
            Self::OtherCodes => "other_codes",
            Self::OtherApp => "other_app",
            Self::NotGranted => "not_granted",
        }
    }
}

/// Something that is wrong with a session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What.
    pub kind: Kind,
    /// In a sentence.
    pub text: String,
}

/// Something that nothing was found to tell by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Untold {
    /// What is not known: `user`, `role`, `codes`, `app`, `grants`.
    pub what: &'static str,
    /// Why not.
    pub why: String,
}

/// What a session was found to be.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Judged {
    /// What is wrong with it.
    pub findings: Vec<Finding>,
    /// What cannot be told.
    pub untold: Vec<Untold>,
}

impl Judged {
    /// Whether all of it was found in the decision.
    #[must_use]
    pub fn is_in_order(&self) -> bool {
        self.findings.is_empty() && self.untold.is_empty()
    }

    fn wrong(&mut self, kind: Kind, text: impl Into<String>) {
        self.findings.push(Finding { kind, text: text.into() });
    }

    fn untold(&mut self, what: &'static str, why: impl Into<String>) {
        self.untold.push(Untold { what, why: why.into() });
    }
}

/// Compares a session with its decision.
#[must_use]
pub fn judge(evidence: &Evidence<'_>) -> Judged {
    let mut judged = Judged::default();
    if evidence.assertions > 1 {
        let number = evidence.assertions;
        judged.wrong(
            Kind::Replayed,
            format!(
                "{number} different assertions carry this decision, and each decision is for one: copied or forged"
            ),
        );
    }
    let logged = match evidence.found {
        Found::Untagged => {
            judged.wrong(Kind::NoDecision, "it has no tag `SignetDecision`: whoever issued it, Signet did not decide");
            return judged;
        }
        Found::Unknown { covered } => {
            let why = if covered {
                "the log has no such decision, and reaches over that time: forged, or the lines of a function are missing"
            } else {
                "the log has no such decision, and does not reach over that time: get the lines from before the session"
            };
            judged.wrong(Kind::UnknownDecision, why);
            return judged;
        }
        Found::Several => {
            judged
                .wrong(Kind::AmbiguousDecision, "the log has several decisions of this id: a line is not a function's");
            return judged;
        }
        Found::One(logged) => logged,
    };
    time(evidence, logged, &mut judged);
    if logged.outcome != "access" {
        let outcome = &logged.outcome;
        judged.wrong(
            Kind::NotGiven,
            format!("the decision's outcome is `{outcome}`: it gave nothing, and its id to nobody"),
        );
        return judged;
    }
    let app = evidence.made.and_then(|made| made.app.as_ref());
    let by_pool = app.is_some_and(|app| app.cognito_kind() == Some(CognitoKind::IdentityPool));
    user(evidence.session, logged, by_pool, &mut judged);
    role(evidence.session, logged, &mut judged);
    codes(evidence.session, logged, &mut judged);
    through(evidence, logged, app, &mut judged);
    granted(evidence, logged, &mut judged);
    judged
}

fn time(evidence: &Evidence<'_>, logged: &Logged, judged: &mut Judged) {
    let Evidence { session, within, .. } = evidence;
    let after = seconds_between(logged.at, session.at);
    let most = within.of(session.way);
    if after < -SKEW {
        judged.wrong(Kind::Before, format!("it was opened {} s before its decision was made", -after));
    } else if after > most {
        let kept = "the assertion or token was kept, or the decision copied";
        judged.wrong(Kind::Late, format!("it was opened {after} s after its decision, more than {most} s: {kept}"));
    }
}

/// The seconds from one moment to another.
#[must_use]
pub fn seconds_between(from: Timestamp, to: Timestamp) -> i64 {
    to.seconds().saturating_sub(from.seconds())
}

fn user(session: &Session, logged: &Logged, by_pool: bool, judged: &mut Judged) {
    let Some(expected) = logged.source_identity.as_deref() else {
        judged.untold("user", "the decision's line has no source identity");
        return;
    };
    match session.source_identity.as_deref() {
        Some(found) if found == expected => {}
        Some(found) => {
            let text = format!("its source identity is `{found}`, and the decision is for `{expected}`");
            judged.wrong(Kind::OtherUser, text);
        }
        None if by_pool => {
            let why = format!(
                "sessions of an identity pool carry no source identity: that this is `{expected}` follows from the \
                 decision's id alone"
            );
            judged.untold("user", why);
        }
        None => {
            judged.wrong(Kind::OtherUser, format!("it has no source identity, and the decision is for `{expected}`"));
        }
    }
    // Of a token, the session's name is the caller's choice.
    if session.way == Way::Saml && session.name.as_deref() != Some(expected) {
        let name = session.name.as_deref().unwrap_or("-");
        judged.wrong(Kind::OtherUser, format!("its name is `{name}`, and the decision is for `{expected}`"));
    }
}

fn role(session: &Session, logged: &Logged, judged: &mut Judged) {
    if logged.roles.contains(&session.role) {
        return;
    }
    if logged.roles_left_out > 0 {
        let number = logged.roles_left_out;
        judged
            .untold("role", format!("the decision's line lists it not, and leaves {number} roles out for its length"));
    } else {
        judged.wrong(Kind::OtherRole, "the decision did not give this role");
    }
}

fn codes(session: &Session, logged: &Logged, judged: &mut Judged) {
    let Some(value) = session.group_hash.as_deref() else {
        judged.wrong(Kind::OtherCodes, "it has no tag `GroupHash`");
        return;
    };
    let found = match parse_group_hash(value) {
        Ok(codes) => codes,
        Err(error) => {
            judged.wrong(Kind::OtherCodes, error.to_string());
            return;
        }
    };
    let found: Vec<&str> = found.iter().map(GroupCode::as_str).collect();
    let expected: Vec<&str> = logged.codes.iter().map(String::as_str).collect();
    let differ = |a: &[&str], b: &[&str]| {
        let all: Vec<&str> = a.iter().filter(|code| !b.contains(code)).copied().collect();
        if all.is_empty() { "none".to_owned() } else { all.join(", ") }
    };
    // The function writes them in one order, and each once: the tag is compared as a whole.
    if found != expected {
        let (more, less) = (differ(&found, &expected), differ(&expected, &found));
        let text = format!("its codes are not the decision's: {more} beyond them, {less} missing");
        judged.wrong(Kind::OtherCodes, text);
    }
}

/// Whether it came through the decision's app: protocol, provider and audience.
fn through(evidence: &Evidence<'_>, logged: &Logged, app: Option<&App>, judged: &mut Judged) {
    let session = evidence.session;
    let is_saml = logged.protocol == Protocol::Saml.as_str();
    if is_saml != (session.way == Way::Saml) {
        let (call, protocol) = (session.way.event_name(), &logged.protocol);
        judged.wrong(Kind::OtherApp, format!("it was opened by {call}, and the decision was for `{protocol}`"));
        return;
    }
    let Some(app) = app else {
        match evidence.made {
            None => judged.untold("app", "the table's history has nothing of that time"),
            Some(_) => judged.wrong(Kind::OtherApp, "by the table's history, the decision's app was not active"),
        }
        return;
    };
    if app.protocol.as_str() != logged.protocol {
        let (was, protocol) = (app.protocol.as_str(), &logged.protocol);
        judged.wrong(
            Kind::OtherApp,
            format!("by the table's history the app is `{was}`, and the decision was for `{protocol}`"),
        );
        return;
    }
    match (provider(session, app), session.provider.as_deref()) {
        (Err(why), _) => judged.untold("app", why),
        (Ok(_), None) => judged.untold("app", "the record names no provider"),
        (Ok(expected), Some(found)) if expected.iter().any(|one| one == found) => {}
        (Ok(expected), Some(found)) => {
            let expected = expected.first().map_or("-", String::as_str);
            judged.wrong(Kind::OtherApp, format!("it came through `{found}`, and the app's provider is `{expected}`"));
        }
    }
    match session.audience.as_deref() {
        None => judged.untold("app", "the record names no audience"),
        Some(found) if found == app.audience || evidence.clients.contains(found) => {}
        Some(found) => {
            let audience = &app.audience;
            judged.wrong(Kind::OtherApp, format!("it was meant for `{found}`, and the app's audience is `{audience}`"));
        }
    }
}

/// The app's provider as records name it, in each of the ways that they do.
fn provider(session: &Session, app: &App) -> Result<Vec<String>, &'static str> {
    let Ok(role) = RoleArn::parse(&session.role) else { return Err("the record's role is no ARN of a role") };
    match (app.protocol, app.cognito_kind(), &app.tokens.issuer) {
        (Protocol::Saml, ..) => Ok(vec![role.saml_provider(&app.provider)]),
        (_, Some(CognitoKind::IdentityPool), _) => Ok(vec![IDENTITY_POOLS.to_owned()]),
        (_, _, Some(issuer)) => Ok(vec![issuer.provider(&role), issuer.url(), issuer.as_str().to_owned()]),
        (_, _, None) => Err("nobody states the issuer of the app's tokens"),
    }
}

fn granted(evidence: &Evidence<'_>, logged: &Logged, judged: &mut Judged) {
    match evidence.made {
        None => judged.untold("grants", "the table's history has nothing of that time"),
        Some(made) if !made.granted.is_empty() => {}
        Some(_) if logged.groups_left_out > 0 => {
            let number = logged.groups_left_out;
            let why =
                format!("the decision's line leaves {number} groups out for its length, and none of the others has it");
            judged.untold("grants", why);
        }
        Some(_) => {
            let text = "by the table's history no group of the decision was granted this role then: the table or the log \
                        was written by something else";
            judged.wrong(Kind::NotGranted, text);
        }
    }
}

#[cfg(test)]
mod tests;
