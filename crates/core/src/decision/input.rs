//! The sign-in, as the adapters hand it over.

use std::collections::{BTreeMap, HashMap};

use crate::app::App;
use crate::code::CodeWidth;
use crate::grant::Timestamp;
use crate::group::GroupRecord;
use crate::session::DecisionId;

/// One sign-in: what the request says, and what the table holds.
#[derive(Debug, Clone)]
pub struct SignIn<'a> {
    /// The id this decision goes by.
    pub id: &'a DecisionId,
    /// The rules of the app that the person signs in to.
    pub app: &'a App,
    /// The table's code width.
    pub width: CodeWidth,
    /// The moment of the sign-in.
    pub now: Timestamp,
    /// The value of the field that the app takes identities from.
    pub identity: Option<&'a str>,
    /// The person's groups, as the app's claim carries them: in any order, repeated or not.
    pub groups: &'a [&'a str],
    /// What the table answered for each of these groups, by the key that was asked for.
    pub records: &'a HashMap<String, GroupRecord>,
    /// The values of the claims that the app maps to session tags, by tag key.
    pub tag_values: BTreeMap<&'a str, Vec<&'a str>>,
}
