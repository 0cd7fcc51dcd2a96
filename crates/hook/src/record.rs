//! What one invocation leaves behind: the log line, the alarms, the numbers.
//!
//! Only what an operator needs to answer "why?": ids, groups, codes, roles. No headers, no claim
//! values but groups, no tags, nothing of the assertion.

use serde::Serialize;
use signet_core::app::Mode;
use signet_core::decision::{Decision, Finding, GroupFinding, Note, Outcome};
use signet_core::group::GroupKey;
use signet_facts::Remark;

use crate::auth::Unauthenticated;
use crate::refusal::Refusal;

/// The longest id or identity of the caller's that is recorded whole, in bytes.
const MAX_ID_BYTES: usize = 256;
/// The longest detail that is recorded whole, in bytes.
const MAX_DETAIL_BYTES: usize = 4_096;

/// What became of an invocation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Roles were given.
    Access,
    /// The person signs in without access to AWS, or nobody signs in and the tokens stay as they are.
    NoAccess,
    /// The sign-in was denied.
    Deny,
    /// The caller is not who may ask, or asks for something else: HTTP 400 or 401, or an error of the function.
    Rejected,
}

/// What one invocation leaves behind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// What became of it, or would have in observe mode.
    pub verdict: Verdict,
    /// Whether the app is only observed, so that nothing was changed or denied.
    pub observed: bool,
    /// Why it was denied or rejected: a word.
    pub reason: Option<&'static str>,
    /// Why, in a sentence.
    pub detail: Option<String>,
    /// Whether the reason is a fault of the deployment.
    pub fault: bool,
    /// Okta's id of the call. Cognito gives none.
    pub event_id: Option<String>,
    /// The app.
    pub app_id: Option<String>,
    /// The person's id in the directory.
    pub user_id: Option<String>,
    /// The identity of a person who was given roles, or would be in observe mode: the source identity, where the
    /// session can carry one.
    pub source_identity: Option<String>,
    /// Every group that was considered.
    pub groups: Vec<GroupLine>,
    /// The codes that were given out, or would be in observe mode.
    pub codes: Vec<String>,
    /// The roles that were given out, or would be in observe mode.
    pub roles: Vec<String>,
    /// What was dropped, and why.
    pub notes: Vec<NoteLine>,
    /// What somebody should be woken for.
    pub alarms: Vec<NoteLine>,
}

/// What became of one group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct GroupLine {
    /// The group's key. One that is too long to be registered is cut, visibly.
    pub key: String,
    /// Whether it counts, and why not.
    pub finding: &'static str,
    /// Its code, where it counts or clashes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// How many roles it opens.
    #[serde(skip_serializing_if = "is_zero")]
    pub roles: usize,
    /// How many of its grants have expired.
    #[serde(skip_serializing_if = "is_zero")]
    pub expired: usize,
    /// How many of its grants are for other apps.
    #[serde(skip_serializing_if = "is_zero")]
    pub other_app: usize,
}

/// Something that was dropped or is wrong, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NoteLine {
    /// What: a word.
    pub kind: &'static str,
    /// Why, in a sentence.
    pub detail: String,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_zero(number: &usize) -> bool {
    *number == 0
}

impl Record {
    /// The record of a caller that is not Okta.
    #[must_use]
    pub fn unauthenticated(why: Unauthenticated) -> Self {
        Self::rejected(why.reason(), &why.to_string())
    }

    /// The record of a call that is not for this function.
    #[must_use]
    pub fn rejected(reason: &'static str, detail: &str) -> Self {
        Self { reason: Some(reason), detail: Some(cut(detail, MAX_DETAIL_BYTES)), ..Self::empty(Verdict::Rejected) }
    }

    /// The record of a denial.
    #[must_use]
    pub fn refused(refusal: &Refusal) -> Self {
        let mut record = Self::empty(Verdict::Deny);
        record.refuse(refusal);
        record
    }

    /// The record of a decision for an app of that mode. Of one that is observed it has what would be given, also
    /// where the app itself still emits what AWS reads, as people need it to until Signet takes over.
    #[must_use]
    pub fn decided(decision: &Decision<'_>, mode: Mode) -> Self {
        let (mut record, given) = match &decision.outcome {
            Outcome::NoAccess => (Self::empty(Verdict::NoAccess), None),
            Outcome::Access(access) => (Self::empty(Verdict::Access), Some(access)),
            Outcome::Deny(deny) => {
                let withheld = decision.withheld.as_ref().filter(|_| mode == Mode::Observe);
                (Self::refused(&Refusal::Decision(deny.clone())), withheld)
            }
        };
        if let Some(access) = given {
            record.source_identity = Some(access.identity.as_str().to_owned());
            record.codes = access.codes.iter().map(ToString::to_string).collect();
            record.roles = access.roles.iter().map(ToString::to_string).collect();
        }
        record.groups = decision.groups.iter().map(GroupLine::new).collect();
        let (alarms, notes) = decision.notes.iter().partition::<Vec<_>, _>(|note| note.is_alarm());
        record.alarms = alarms.into_iter().map(NoteLine::new).collect();
        record.notes = notes.into_iter().map(NoteLine::new).collect();
        record
    }

    /// Turns the record into one of a denial: nothing was given out after all.
    pub fn refuse(&mut self, refusal: &Refusal) {
        self.verdict = Verdict::Deny;
        self.reason = Some(refusal.reason());
        self.detail = Some(cut(&refusal.to_string(), MAX_DETAIL_BYTES));
        self.fault = refusal.is_fault();
        self.source_identity = None;
        self.codes.clear();
        self.roles.clear();
    }

    /// The record of a call that nothing is decided about: all stays as it is.
    #[must_use]
    pub fn nothing(why: NoteLine) -> Self {
        Self { notes: vec![why], ..Self::empty(Verdict::NoAccess) }
    }

    /// The record of a grant without a user.
    #[must_use]
    pub fn no_user() -> Self {
        Self::nothing(NoteLine { kind: "no_user", detail: "the grant has no user: nothing was added".to_owned() })
    }

    /// Adds what is to be known of the request itself.
    pub fn remark(&mut self, remarks: impl IntoIterator<Item = Remark>) {
        self.notes.extend(remarks.into_iter().map(|Remark { kind, detail }| NoteLine { kind, detail }));
    }

    /// Turns the record into one of a sign-in that was given nothing, since there was no place for it.
    pub fn withhold(&mut self, why: NoteLine) {
        self.verdict = Verdict::NoAccess;
        self.source_identity = None;
        self.codes.clear();
        self.roles.clear();
        self.notes.push(why);
    }

    /// Adds whom and what the call is about, as far as the request says.
    #[must_use]
    pub fn about(mut self, event_id: Option<&str>, app_id: Option<&str>, user_id: Option<&str>) -> Self {
        let id = |text: &str| cut(text, MAX_ID_BYTES);
        self.event_id = event_id.map(id);
        self.app_id = app_id.map(id);
        self.user_id = user_id.map(id);
        self
    }

    fn empty(verdict: Verdict) -> Self {
        Self {
            verdict,
            observed: false,
            reason: None,
            detail: None,
            fault: false,
            event_id: None,
            app_id: None,
            user_id: None,
            source_identity: None,
            groups: Vec::new(),
            codes: Vec::new(),
            roles: Vec::new(),
            notes: Vec::new(),
            alarms: Vec::new(),
        }
    }
}

impl GroupLine {
    fn new(group: &GroupFinding<'_>) -> Self {
        let (mut code, mut roles, mut expired, mut other_app) = (None, 0, 0, 0);
        match group.finding {
            Finding::Counts { code: c, roles: r } | Finding::CodeLeftOut { code: c, roles: r } => {
                (code, roles) = (Some(c.to_string()), r);
            }
            Finding::Clash { code: c } => code = Some(c.to_string()),
            Finding::NoGrant { expired: e, other_app: o } => (expired, other_app) = (e, o),
            Finding::Unregistered | Finding::Retired | Finding::KeyMismatch | Finding::CodeMismatch => {}
        }
        let key = cut(group.key, GroupKey::MAX_BYTES);
        Self { key, finding: group.finding.as_str(), code, roles, expired, other_app }
    }
}

impl NoteLine {
    fn new(note: &Note<'_>) -> Self {
        let (kind, detail) = match note {
            Note::Clash { code, keys } => {
                let keys: Vec<String> = keys.iter().map(|key| format!("`{}`", cut(key, MAX_ID_BYTES))).collect();
                ("clash", format!("the groups {} have one code, `{code}`: none of them counts", keys.join(", ")))
            }
            Note::Unsound { key } => (
                "unsound",
                format!("the item of group `{}` was written by something other than Signet", cut(key, MAX_ID_BYTES)),
            ),
            Note::CodesCovered { emitted, of } => {
                ("codes_covered", format!("{emitted} of {of} codes open every role, and not all fit"))
            }
            Note::TagLeftOut { key, why } => ("tag_left_out", format!("`{key}`: {why}")),
        };
        Self { kind, detail: cut(&detail, MAX_DETAIL_BYTES) }
    }
}

/// A text of at most about `bytes` bytes; where it was longer, its whole length is said.
fn cut(text: &str, bytes: usize) -> String {
    if text.len() <= bytes {
        return text.to_owned();
    }
    let head: String = text.char_indices().take_while(|(at, c)| at + c.len_utf8() <= bytes).map(|(_, c)| c).collect();
    format!("{head}… ({} bytes in all)", text.len())
}

#[cfg(test)]
mod tests {
    use signet_core::code::GroupCode;
    use signet_core::decision::Deny;

    use super::*;

    #[test]
    fn long_texts_are_cut_visibly_and_between_characters() {
        assert_eq!(cut("äöü", 6), "äöü");
        assert_eq!(cut("äöü", 5), "äö… (6 bytes in all)");
    }

    #[test]
    fn a_decision_is_recorded_with_what_was_dropped_and_why() {
        let code = GroupCode::parse("abcd").unwrap();
        let group = |key, finding| GroupFinding { key, finding };
        let decision = Decision {
            outcome: Outcome::Deny(Deny::Unentitled),
            withheld: None,
            groups: vec![
                group("a", Finding::Clash { code }),
                group("b", Finding::NoGrant { expired: 2, other_app: 1 }),
                group("c", Finding::CodeLeftOut { code, roles: 3 }),
            ],
            notes: vec![Note::Clash { code, keys: vec!["a", "z"] }, Note::TagLeftOut { key: "email", why: "missing" }],
        };
        let record = Record::decided(&decision, Mode::Enforce);
        assert_eq!((record.verdict, record.reason, record.fault), (Verdict::Deny, Some("unentitled"), false));
        assert_eq!(
            serde_json::to_string(&record.groups).unwrap(),
            r#"[{"key":"a","finding":"clash","code":"abcd"},{"key":"b","finding":"no_grant","expired":2,"other_app":1},{"key":"c","finding":"code_left_out","code":"abcd","roles":3}]"#
        );
        assert_eq!(record.alarms.len(), 1);
        assert_eq!(record.alarms[0].detail, "the groups `a`, `z` have one code, `abcd`: none of them counts");
        assert_eq!(record.notes, [NoteLine { kind: "tag_left_out", detail: "`email`: missing".to_owned() }]);
    }
}
