//! Whether a session is what its decision gave.

mod through;

use signet_core::app::{AppId, CognitoKind};
use signet_core::code::GroupCode;
use signet_core::grant::Timestamp;
use signet_core::role::Protocol;
use signet_core::session::parse_group_hash;
use signet_core::trust::gate::IdentityPoolId;

use super::logged::{Extent, Logged};
use super::made::Made;
use super::session::{Session, Way};
use super::uses::{Elsewhere, Shared, differing, elsewhere};
use crate::time;

/// How far two clocks of AWS may be apart, in seconds: a session that much before its decision is none of
/// before.
const SKEW: i64 = 5;
/// How long after its decision a session may be opened by an assertion, in seconds. STS takes one within 5 minutes
/// of its issuance, and refuses it later: "Token must be redeemed within 5 minutes of issuance" (STS API
/// reference, `AssumeRoleWithSAML`, `ExpiredTokenException`). One more is for the clocks, and for the time from
/// the decision to the issuance.
const SAML_WITHIN: i64 = 6 * 60;

/// How long after its decision a session may be opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Within {
    /// By a token, in seconds.
    token: i64,
}

impl Within {
    /// How many minutes tokens have, unless somebody says otherwise. An ID token of Okta's lives one hour, and so
    /// does one of a user pool, unless its client says otherwise; 5 minutes more are for the clocks in between.
    pub const TOKEN_MINUTES: u16 = 65;

    /// With a number of minutes for tokens. For assertions AWS itself sets the limit.
    #[must_use]
    pub fn token_minutes(minutes: u16) -> Self {
        Self { token: i64::from(minutes) * 60 }
    }

    /// The seconds that a session of this way may be opened after its decision.
    #[must_use]
    pub fn of(self, way: Way) -> i64 {
        match way {
            Way::Saml => SAML_WITHIN,
            Way::Token => self.token,
        }
    }
}

/// What the log has of a session's decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Found<'l> {
    /// The session names no decision.
    Untagged {
        /// The app that it came through, where that was only observed at the time.
        observed: Option<&'l AppId>,
    },
    /// The log, of which this is the extent, has none of that id.
    Unknown(Extent),
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
    /// What it shares with other sessions.
    pub shared: &'e Shared<'e>,
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
    Copied,
    /// Its assertion opened another session from elsewhere.
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
    /// It has other tags than decisions give, or such as do not last.
    OtherTags,
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
            Self::Copied => "copied",
            Self::Replayed => "replayed",
            Self::Before => "before",
            Self::Late => "late",
            Self::OtherUser => "other_user",
            Self::OtherRole => "other_role",
            Self::OtherCodes => "other_codes",
            Self::OtherApp => "other_app",
            Self::OtherTags => "other_tags",
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
    /// What is not known: `use`, `decision`, `user`, `role`, `app`, `grants`.
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
    uses(evidence, &mut judged);
    let logged = match evidence.found {
        Found::Untagged { observed: Some(app) } => {
            let why = format!("the app `{app}` was only observed then: Signet gave it no decision to carry");
            judged.untold("decision", why);
            return judged;
        }
        Found::Untagged { observed: None } => {
            judged.wrong(Kind::NoDecision, "it has no tag `SignetDecision`: whoever issued it, Signet did not decide");
            return judged;
        }
        Found::Unknown(extent) => {
            judged.wrong(Kind::UnknownDecision, unknown(extent));
            return judged;
        }
        Found::Several => {
            judged
                .wrong(Kind::AmbiguousDecision, "the log has several decisions of this id: a line is not a function's");
            return judged;
        }
        Found::One(logged) => logged,
    };
    when(evidence, logged, &mut judged);
    if logged.outcome != "access" {
        let outcome = &logged.outcome;
        judged.wrong(
            Kind::NotGiven,
            format!("the decision's outcome is `{outcome}`: it gave nothing, and its id to nobody"),
        );
        return judged;
    }
    let by_pool = by_pool(evidence, logged);
    user(evidence.session, logged, by_pool, &mut judged);
    if evidence.session.way == Way::Token && !by_pool {
        subject(evidence.session, logged, &mut judged);
    }
    role(evidence.session, logged, &mut judged);
    codes(evidence.session, logged, &mut judged);
    through::judge(evidence, logged, &mut judged);
    granted(evidence, logged, &mut judged);
    judged
}

/// Whether its decision and its assertion are its own.
fn uses(evidence: &Evidence<'_>, judged: &mut Judged) {
    let Evidence { session, shared, .. } = evidence;
    if shared.assertions > 1 {
        let number = shared.assertions;
        judged.wrong(
            Kind::Copied,
            format!(
                "{number} different assertions carry this decision, and each decision is for one: copied or forged"
            ),
        );
    }
    if let Some((other, what)) = differing(session, shared.by_assertion) {
        let (other, what) = (&other.event, what.join(", "));
        let text = format!(
            "the assertion of record `{other}` has the same id and differs in {what}, and one assertion says one \
             thing: one of the two is forged"
        );
        judged.wrong(Kind::Copied, text);
    }
    let shown = |session: &Session| session.address.clone().unwrap_or_else(|| "-".to_owned());
    match elsewhere(session, shared.by_assertion) {
        Elsewhere::No => {}
        Elsewhere::Yes(other) => {
            let text = format!(
                "its assertion also opened the session of record `{}`, from `{}`, and this one came from `{}`: shown \
                 again by somebody else, or by a person whose network changed in between",
                other.event,
                shown(other),
                shown(session)
            );
            judged.wrong(Kind::Replayed, text);
        }
        Elsewhere::Unknown(other) => {
            let why = format!(
                "its assertion also opened the session of record `{}`, and `{}` and `{}` cannot be compared: one is no \
                 address",
                other.event,
                shown(other),
                shown(session)
            );
            judged.untold("use", why);
        }
    }
}

/// What the log has in place of a decision.
fn unknown(extent: Extent) -> String {
    let number = extent.decisions;
    match extent.span {
        None => "the log has no such decision: it has none".to_owned(),
        Some((first, last)) => {
            let (first, last) = (time::show(first), time::show(last));
            format!("the log has no such decision; it has {number}, from {first} to {last}")
        }
    }
}

fn when(evidence: &Evidence<'_>, logged: &Logged, judged: &mut Judged) {
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

/// Whether a token is about the person whom the decision is about. STS says whom it is about
/// (`SubjectFromWebIdentityToken`), and that is what the functions log as the user: of Okta's ID tokens and of a user
/// pool's, `sub` is the user's id, which no hook can change. An identity pool has ids of its own.
fn subject(session: &Session, logged: &Logged, judged: &mut Judged) {
    match (session.subject.as_deref(), logged.user.as_deref()) {
        (Some(found), Some(expected)) if found == expected => {}
        (Some(found), Some(expected)) => {
            let text = format!("its token is about `{found}`, and the decision about `{expected}`");
            judged.wrong(Kind::OtherUser, text);
        }
        (None, _) => judged.untold("user", "the record does not say whom its token is about"),
        (_, None) => judged.untold("user", "the decision's line does not say which user it is about"),
    }
}

/// Whether a session came through an identity pool: by its app, or, where nobody knows that, by its audience.
fn by_pool(evidence: &Evidence<'_>, logged: &Logged) -> bool {
    if let Some(app) = evidence.made.and_then(Made::app) {
        return app.cognito_kind() == Some(CognitoKind::IdentityPool);
    }
    let audience = evidence.session.audience.as_deref();
    let is_pool = audience.is_some_and(|audience| IdentityPoolId::parse(audience).is_ok());
    is_pool && logged.protocol == Protocol::Cognito.as_str()
}

fn role(session: &Session, logged: &Logged, judged: &mut Judged) {
    if logged.roles.contains(&session.role) {
        return;
    }
    if logged.roles_left_out > 0 {
        let number = logged.roles_left_out;
        judged.untold(
            "role",
            format!("the decision's line does not list it, and leaves {number} roles out for its length"),
        );
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

fn granted(evidence: &Evidence<'_>, logged: &Logged, judged: &mut Judged) {
    match evidence.made {
        None => judged.untold("grants", "the table's history has nothing of that time"),
        Some(made) if !made.granted.is_empty() => {}
        Some(made) if made.withdrawn_lately => judged.untold(
            "grants",
            "its grant was withdrawn in the quarter of an hour before, and a change counts from the moment that its \
             application began: whether that was through by then nobody says",
        ),
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
