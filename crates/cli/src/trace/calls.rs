//! What was done in sessions, as far as records show.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use signet_core::grant::Timestamp;

use super::session::{Session, moment, text};

/// Calls by service and name, with how often.
pub type Counts = BTreeMap<String, usize>;

/// Calls, by what leads from them to the session that they were made in.
///
/// Most carry the access key that the session's opening returned. The console gets itself others: what its calls
/// share with the opening is the principal and the moment (CloudTrail User Guide, "CloudTrail userIdentity
/// element": `principalId`, `sessionContext.attributes.creationDate`).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Calls {
    by_key: BTreeMap<String, Counts>,
    /// By the principal and the moment of its opening, and then by the access key.
    by_opening: BTreeMap<(String, Timestamp), BTreeMap<String, Counts>>,
    /// The access keys of the sessions that were opened: no call by one is another session's.
    opened: BTreeSet<String>,
}

impl Calls {
    /// Takes the record of a call. One without an access key, and without a session, is nobody's.
    pub(super) fn take(&mut self, record: &Value, service: &str, name: &str) {
        let call = format!("{service} {name}");
        let key = text(record, "/userIdentity/accessKeyId").unwrap_or_default();
        if !key.is_empty() {
            *self.by_key.entry(key.to_owned()).or_default().entry(call.clone()).or_default() += 1;
        }
        let principal = text(record, "/userIdentity/principalId");
        let created = moment(record, "/userIdentity/sessionContext/attributes/creationDate");
        if let (Some(principal), Some(created)) = (principal, created) {
            let of_opening = self.by_opening.entry((principal.to_owned(), created)).or_default();
            *of_opening.entry(key.to_owned()).or_default().entry(call).or_default() += 1;
        }
    }

    /// Takes a session that was opened.
    pub(super) fn open(&mut self, session: &Session) {
        self.opened.extend(session.access_key.clone());
    }

    /// The calls of a session. Those of the console in several sessions of one principal and one second cannot
    /// be told apart, and count for each.
    #[must_use]
    pub fn of(&self, session: &Session) -> Counts {
        let mut all = session.access_key.as_ref().and_then(|key| self.by_key.get(key)).cloned().unwrap_or_default();
        let Some(principal) = &session.principal else { return all };
        // The two clocks may cut the fraction of a second off at different moments.
        let around = |seconds| (principal.clone(), Timestamp::from_seconds(session.at.seconds() + seconds));
        for (key, calls) in self.by_opening.range(around(-1)..=around(1)).flat_map(|(_, by_key)| by_key) {
            if !self.opened.contains(key) {
                for (call, number) in calls {
                    *all.entry(call.clone()).or_default() += number;
                }
            }
        }
        all
    }
}
