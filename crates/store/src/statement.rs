//! What a source states: its grants, and for a file its apps. Always in full.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_dynamodb::types::AttributeValue;
use sha2::{Digest, Sha256};
use signet_core::app::{App, AppId};
use signet_core::grant::Grant;
use signet_core::group::GroupKey;
use signet_core::role::{Protocol, ProviderName};

use crate::codec;

/// All that a source states at one revision.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Statement {
    /// The groups, with what the source grants each.
    pub groups: BTreeMap<GroupKey, StatedGroup>,
    /// The apps, where the source is a file. An app left out is not deleted.
    pub apps: Vec<StatedApp>,
    /// Whether what the source stood for is gone. A dataset that is there and had grants must state
    /// some, or the statement is refused: an empty one is rather a mistake of its producer.
    pub deleted: bool,
}

/// What a provider event states of an app: its other half, beside what the operator's file says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatedProvider {
    /// The app.
    pub app: AppId,
    /// Whether it is there.
    pub active: bool,
    /// What people call it.
    pub name: String,
    /// How people sign in to it.
    pub protocol: Protocol,
    /// The provider's name in IAM.
    pub provider: ProviderName,
    /// The SAML metadata document.
    pub saml_metadata: Option<String>,
    /// The entity id in the document.
    pub entity_id: Option<String>,
    /// SHA-256 of each signing certificate in the document, in hex.
    pub certificates: BTreeSet<String>,
    /// The URL of the tokens' issuer.
    pub issuer_url: Option<String>,
    /// The client ids that tokens may be for.
    pub client_ids: BTreeSet<String>,
    /// The audience that trust policies demand, where it is not the protocol's usual one.
    pub audience: Option<String>,
}

/// What a source states of one group.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StatedGroup {
    /// What people call the group.
    pub label: Option<String>,
    /// The grants, sorted, each once.
    pub grants: BTreeSet<Grant>,
}

/// What a file states of an app.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatedApp {
    /// The app's rules.
    pub app: App,
    /// Whether people may sign in to it with Signet's attributes; a sign-in to an inactive app is
    /// denied.
    pub active: bool,
}

impl Statement {
    /// Adds one grant to a group. Stating a grant twice is stating it once.
    pub fn grant(&mut self, group: GroupKey, label: Option<String>, grant: Grant) {
        let stated = self.groups.entry(group).or_default();
        stated.label = label.or(stated.label.take());
        stated.grants.insert(grant);
    }

    /// How many grants it states.
    #[must_use]
    pub fn grants(&self) -> usize {
        self.groups.values().map(|group| group.grants.len()).sum()
    }

    /// A digest of all that the statement says: equal for equal statements, whatever order they came
    /// in and whichever version of this program made it.
    ///
    /// It is `1:` and, in hex, the SHA-256 of the statement in one canonical form: each text behind
    /// its length, each list behind its count, sorted, numbers of 8 bytes, what may be absent behind
    /// a byte that says whether it is there. A version that needs another form gives it another
    /// number, so that the two are not taken for two contents: an equal revision with a digest of another form is
    /// taken for the same.
    #[must_use]
    pub fn digest(&self) -> String {
        let mut form = Canonical(Sha256::new());
        form.flag(self.deleted);
        form.count(self.groups.len());
        for (key, group) in &self.groups {
            form.text(key.as_str());
            form.option(group.label.as_deref(), Canonical::text);
            form.count(group.grants.len());
            for grant in &group.grants {
                form.text(grant.role.as_str());
                form.option(grant.apps.as_ref(), |form, apps| {
                    form.count(apps.len());
                    for app in apps {
                        form.text(app.as_str());
                    }
                });
                form.option(grant.expires_at, |form, end| form.number(end.seconds()));
            }
        }
        let apps: BTreeMap<_, _> = self.apps.iter().map(|stated| (stated.app.id.as_str(), stated)).collect();
        form.count(apps.len());
        for (id, stated) in apps {
            form.text(id);
            form.value(&codec::write_app(stated));
        }
        format!("{DIGESTS}{}", codec::hex(&form.0.finalize()))
    }
}

impl StatedProvider {
    /// A digest of all that the event says of the app, by the rules of [`Statement::digest`]. What is read
    /// from the document is not in it: it follows from the document, which is, and the digests that tables
    /// have were made without.
    #[must_use]
    pub fn digest(&self) -> String {
        let mut form = Canonical(Sha256::new());
        for word in [self.app.as_str(), &self.name, self.protocol.as_str(), self.provider.as_str()] {
            form.text(word);
        }
        form.flag(self.active);
        for option in [&self.saml_metadata, &self.issuer_url, &self.audience] {
            form.option(option.as_deref(), Canonical::text);
        }
        form.count(self.client_ids.len());
        self.client_ids.iter().for_each(|id| form.text(id));
        format!("{DIGESTS}{}", codec::hex(&form.0.finalize()))
    }
}

/// What begins the digests that this version makes.
const DIGESTS: &str = "1:";

/// Whether two digests are surely of two contents: those of another form than this version's cannot
/// be told, and a repeated event is no conflict only because the program was replaced in between.
pub(crate) fn digests_differ(noted: &str, stated: &str) -> bool {
    noted.starts_with(DIGESTS) && noted != stated
}

/// A hash of values in a form that no two values share.
struct Canonical(Sha256);

impl Canonical {
    fn number(&mut self, number: i64) {
        self.0.update(number.to_be_bytes());
    }

    fn count(&mut self, count: usize) {
        self.0.update((count as u64).to_be_bytes());
    }

    fn flag(&mut self, flag: bool) {
        self.0.update([u8::from(flag)]);
    }

    fn text(&mut self, text: &str) {
        self.count(text.len());
        self.0.update(text);
    }

    fn option<T>(&mut self, value: Option<T>, some: impl FnOnce(&mut Self, T)) {
        self.flag(value.is_some());
        if let Some(value) = value {
            some(self, value);
        }
    }

    /// A value as an item holds it: with a letter for its kind.
    fn value(&mut self, value: &AttributeValue) {
        match value {
            AttributeValue::M(map) => {
                self.text("M");
                self.count(map.len());
                for (name, value) in map.iter().collect::<BTreeMap<_, _>>() {
                    self.text(name);
                    self.value(value);
                }
            }
            AttributeValue::L(values) => {
                self.text("L");
                self.count(values.len());
                for value in values {
                    self.value(value);
                }
            }
            AttributeValue::Ss(values) => {
                self.text("SS");
                self.count(values.len());
                for value in values.iter().collect::<BTreeSet<_>>() {
                    self.text(value);
                }
            }
            AttributeValue::S(text) => ["S", text].into_iter().for_each(|text| self.text(text)),
            AttributeValue::N(digits) => ["N", digits].into_iter().for_each(|text| self.text(text)),
            AttributeValue::Bool(flag) => {
                self.text("BOOL");
                self.flag(*flag);
            }
            // Statements have no other kind.
            _ => self.text("?"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use signet_core::grant::Timestamp;
    use signet_core::role::RoleArn;

    fn grant(apps: Option<&[&str]>, expires_at: Option<i64>) -> Grant {
        Grant {
            role: RoleArn::parse("arn:aws:iam::111122223333:role/reader").unwrap(),
            apps: apps.map(|ids| ids.iter().map(|id| AppId::parse(id).unwrap()).collect()),
            expires_at: expires_at.map(Timestamp::from_seconds),
        }
    }

    fn of(key: &str, label: Option<&str>, grant: Grant) -> Statement {
        let mut statement = Statement::default();
        statement.grant(GroupKey::new(key).unwrap(), label.map(str::to_owned), grant);
        statement
    }

    #[test]
    fn digests_are_those_of_every_version() {
        // Noted in tables: a change here makes each repeated event look like a conflict.
        let noted = "1:0a88111852095cae045340ea1f0b279944b2a756a213d9b50107d7489771e159";
        assert_eq!(Statement::default().digest(), noted);
        let full = of("Readers", Some("People"), grant(Some(&["0oaA", "0oaB"]), Some(2_000)));
        assert_eq!(full.digest(), "1:84fe849e51d4f477752fec8aef27ce816e00cdb04e09d3b571f3cd63bf9be4c2");
        assert!(!digests_differ("0a1b", noted) && !digests_differ(noted, noted) && digests_differ("1:00", noted));
    }

    #[test]
    fn digests_of_providers_are_those_of_every_version() {
        let mut stated = StatedProvider {
            app: AppId::parse("0oaA").unwrap(),
            active: true,
            name: "Databricks".to_owned(),
            protocol: Protocol::Saml,
            provider: ProviderName::parse("okta-a").unwrap(),
            saml_metadata: Some("one".to_owned()),
            entity_id: None,
            certificates: BTreeSet::new(),
            issuer_url: None,
            client_ids: ["b", "a"].map(str::to_owned).into(),
            audience: Some("x".to_owned()),
        };
        let noted = "1:00da1417290c52f99b537f3b3778b3e9cf9c27648599382e513e0fec88c6509f";
        assert_eq!(stated.digest(), noted);
        stated.entity_id = Some("http://www.okta.com/exk1".to_owned());
        stated.certificates = ["00".to_owned()].into();
        assert_eq!(stated.digest(), noted, "what follows from the document is not said twice");
    }

    #[test]
    fn whatever_is_said_is_in_the_digest() {
        let statements = [
            Statement::default(),
            Statement { deleted: true, ..Statement::default() },
            of("a", None, grant(None, None)),
            of("b", None, grant(None, None)),
            of("a", Some(""), grant(None, None)),
            of("a", Some("a"), grant(None, None)),
            of("a", None, grant(Some(&[]), None)),
            of("a", None, grant(Some(&["x", "y"]), None)),
            of("a", None, grant(Some(&["xy"]), None)),
            of("a", None, grant(None, Some(0))),
            of("a", None, grant(None, Some(-1))),
        ];
        let digests: BTreeSet<String> = statements.iter().map(Statement::digest).collect();
        assert_eq!(digests.len(), statements.len());
    }
}
