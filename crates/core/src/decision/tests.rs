//! Each rule of the decision once, by hand. The property tests of `signet-spec` go further.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::{Access, Decision, Deny, Finding, Note, Outcome, SignIn, decide};
use crate::app::{
    App, AppId, Codes, IdentityRule, Mode, SessionDuration, TagRule, TagRules, TokenRules, WhenUnentitled,
};
use crate::code::{CodeHasher, CodeWidth, GroupCode, Salt, Sha256Hasher};
use crate::grant::{Grant, SourceId, Timestamp};
use crate::group::{GroupKey, GroupRecord, GroupState, Registration};
use crate::identity::{IdentityField, IdentityPattern, UnfitIdentity};
use crate::role::{Protocol, ProviderName, RoleArn};
use crate::saml::{self, Attribute, BaseAssertion};
use crate::session::{DecisionId, UnfitTag};

const NOW: i64 = 1_790_000_000;
const READER: &str = "arn:aws:iam::111122223333:role/data/clinical-reader";
const STEWARD: &str = "arn:aws:iam::444455556666:role/clinical-steward";

/// Jane signs in to Databricks; tests change what they are about.
struct Scene {
    id: DecisionId,
    app: App,
    width: CodeWidth,
    identity: Option<&'static str>,
    groups: Vec<String>,
    table: HashMap<String, GroupRecord>,
    tag_values: BTreeMap<&'static str, Vec<&'static str>>,
    base: Vec<(&'static str, Vec<&'static str>)>,
    numbered: bool,
}

impl Scene {
    fn new() -> Self {
        Self {
            id: DecisionId::from_random([0; 16]),
            app: App {
                id: app_id("databricks"),
                name: None,
                protocol: Protocol::Saml,
                provider: ProviderName::parse("okta-databricks").unwrap(),
                audience: "https://signin.aws.amazon.com/saml".to_owned(),
                mode: Mode::Enforce,
                groups_claim: "groups".to_owned(),
                identity: IdentityRule {
                    from: IdentityField::login(),
                    pattern: IdentityPattern::parse("*@example.com").unwrap(),
                },
                tags: TagRules::default(),
                session_duration: None,
                when_unentitled: WhenUnentitled::Deny,
                codes: Codes::Cover,
                code_capacity: None,
                tokens: TokenRules::default(),
            },
            width: CodeWidth::DEFAULT,
            identity: Some("jane@example.com"),
            groups: Vec::new(),
            table: HashMap::new(),
            tag_values: BTreeMap::new(),
            base: Vec::new(),
            numbered: false,
        }
    }

    /// A scene whose groups are numbers and whose codes are theirs: `aaaa`, `aaab`, … `aaa7`, `aaba`.
    fn numbered() -> Self {
        Self { numbered: true, ..Self::new() }
    }

    /// The person is in the group, and the table has it with this code, salt and these grants.
    fn group(mut self, key: &str, code: &str, salt: u32, grants: Vec<Grant>) -> Self {
        let registration = Registration {
            key: GroupKey::new(key).unwrap(),
            label: None,
            code: GroupCode::parse(code).unwrap(),
            salt: Salt::new(salt),
            state: GroupState::Registered,
        };
        let grants = BTreeMap::from([(SourceId::file("platform").unwrap(), grants)]);
        self.table.insert(key.to_owned(), GroupRecord { registration, grants });
        self.groups.push(key.to_owned());
        self
    }

    /// The person is in `Clinical Readers`, which may read.
    fn reader(self) -> Self {
        self.group("Clinical Readers", "qwq3", 0, vec![grant(READER)])
    }

    /// The person is in a numbered group of these roles.
    fn number(self, number: u32, roles: &[&str]) -> Self {
        let code = numbered_code(number);
        self.group(&number.to_string(), &code, 0, roles.iter().copied().map(grant).collect())
    }

    fn tags(mut self, rules: &[(&str, bool)], local: &[&str]) -> Self {
        let rule = |required| TagRule { claim: "some".to_owned(), required };
        let rules = rules.iter().map(|(key, required)| ((*key).to_owned(), rule(*required))).collect();
        self.app.tags = TagRules::new(rules, local.iter().map(|key| (*key).to_owned()).collect()).unwrap();
        self
    }

    fn record(&mut self, key: &str) -> &mut GroupRecord {
        self.table.get_mut(key).unwrap()
    }

    fn read<T>(&self, read: impl FnOnce(Decision<'_>, Decision<'_>, Vec<Attribute>) -> T) -> T {
        let groups: Vec<&str> = self.groups.iter().map(String::as_str).collect();
        let sign_in = SignIn {
            id: &self.id,
            app: &self.app,
            width: self.width,
            now: Timestamp::from_seconds(NOW),
            identity: self.identity,
            groups: &groups,
            records: &self.table,
            tag_values: self.tag_values.clone(),
        };
        let base = BaseAssertion { attributes: self.base.clone() };
        let hasher: &dyn CodeHasher = if self.numbered { &Numbers } else { &Sha256Hasher };
        let (decision, attributes) = saml::decide(&sign_in, &base, hasher);
        read(decide(&sign_in, hasher), decision, attributes)
    }

    /// The reason for the denial.
    fn denied(&self) -> Deny {
        self.read(|decision, _, _| match decision.outcome {
            Outcome::Deny(deny) => deny,
            other => panic!("not denied: {other:?}"),
        })
    }

    /// Something of the access.
    fn access<T>(&self, read: impl FnOnce(&Access<'_>) -> T) -> T {
        self.read(|decision, _, _| match &decision.outcome {
            Outcome::Access(access) => read(access),
            other => panic!("no access: {other:?}"),
        })
    }

    fn codes(&self) -> Vec<String> {
        self.access(|access| access.codes.iter().map(ToString::to_string).collect())
    }

    fn roles(&self) -> Vec<String> {
        self.access(|access| access.roles.iter().map(ToString::to_string).collect())
    }

    /// What became of a group.
    fn finding(&self, key: &str) -> Finding {
        self.read(|decision, _, _| decision.groups.iter().find(|group| group.key == key).unwrap().finding)
    }

    /// The notes, as text.
    fn notes(&self) -> Vec<String> {
        self.read(|decision, _, _| decision.notes.iter().map(|note| format!("{note:?}")).collect())
    }
}

/// The digest of a number begins with its 20 lowest bits, so that its code can be read.
struct Numbers;

impl CodeHasher for Numbers {
    fn digest(&self, input: &[u8]) -> [u8; 32] {
        let number: u32 = std::str::from_utf8(input).unwrap().parse().unwrap();
        let mut digest = [0; 32];
        digest[..4].copy_from_slice(&(number << 12).to_be_bytes());
        digest
    }
}

fn numbered_code(number: u32) -> String {
    let alphabet = b"abcdefghijklmnopqrstuvwxyz234567";
    [15, 10, 5, 0].map(|shift| char::from(alphabet[(number >> shift) as usize % 32])).iter().collect()
}

fn app_id(id: &str) -> AppId {
    AppId::parse(id).unwrap()
}

fn grant(role: &str) -> Grant {
    Grant { role: RoleArn::parse(role).unwrap(), apps: None, expires_at: None }
}

fn for_apps(role: &str, apps: &[&str]) -> Grant {
    Grant { apps: Some(apps.iter().map(|id| app_id(id)).collect::<BTreeSet<_>>()), ..grant(role) }
}

fn until(role: &str, end: i64) -> Grant {
    Grant { expires_at: Some(Timestamp::from_seconds(end)), ..grant(role) }
}

fn role(number: u32) -> String {
    format!("arn:aws:iam::111122223333:role/r{number}")
}

#[test]
fn a_group_with_a_grant_gives_its_role_and_its_code() {
    Scene::new().reader().read(|decision, _, _| {
        let Outcome::Access(access) = decision.outcome else { panic!("{decision:?}") };
        assert_eq!(access.identity.as_str(), "jane@example.com");
        assert_eq!(access.roles, [&RoleArn::parse(READER).unwrap()]);
        assert_eq!(access.provider.as_str(), "okta-databricks");
        assert_eq!(access.codes, [GroupCode::parse("qwq3").unwrap()]);
        let tags: Vec<_> = access.tags.iter().map(|tag| (tag.key.as_str(), tag.value.as_str())).collect();
        assert_eq!(tags, [("GroupHash", ":qwq3:"), ("SignetDecision", "aaaaaaaaaaaaaaaaaaaaaaaaaa")]);
        assert_eq!(access.transitive, ["GroupHash", "SignetDecision"]);
        assert_eq!(access.session_duration, None);
        assert!(decision.notes.is_empty());
    });
}

#[test]
fn roles_and_codes_are_sorted_whatever_the_order_of_groups() {
    let mut scene = Scene::new().reader().group("Clinical Stewards", "wv6d", 0, vec![grant(STEWARD), grant(READER)]);
    let expected = (vec!["qwq3".to_owned(), "wv6d".to_owned()], vec![READER.to_owned(), STEWARD.to_owned()]);
    assert_eq!((scene.codes(), scene.roles()), expected);
    scene.groups.reverse();
    assert_eq!((scene.codes(), scene.roles()), expected);
}

#[test]
fn a_group_named_twice_counts_once() {
    let mut scene = Scene::new().reader();
    scene.groups = vec!["Clinical Readers".to_owned(); 3];
    assert_eq!(scene.codes(), ["qwq3"]);
    assert_eq!(scene.read(|decision, _, _| decision.groups.len()), 1);
    assert!(scene.notes().is_empty());
}

#[test]
fn without_a_role_the_app_says_deny_or_pass() {
    let mut scene = Scene::new();
    assert_eq!(scene.denied(), Deny::Unentitled);
    scene.app.when_unentitled = WhenUnentitled::Pass;
    scene.read(|decision, saml, attributes| {
        assert_eq!(decision.outcome, Outcome::NoAccess);
        assert_eq!(saml.outcome, Outcome::NoAccess);
        assert!(attributes.is_empty());
    });
}

#[test]
fn names_that_the_table_does_not_have_open_nothing() {
    let mut scene = Scene::new().reader();
    let long = "x".repeat(10_000);
    scene.groups = ["", "*", ":", "\0", "😀", "${aws:username}", "clinical readers", "Clinical Readers ", &long]
        .map(str::to_owned)
        .into();
    assert_eq!(scene.denied(), Deny::Unentitled);
    for key in &scene.groups {
        assert_eq!(scene.finding(key), Finding::Unregistered, "{key:?}");
    }
}

#[test]
fn a_retired_group_opens_nothing() {
    let mut scene = Scene::new().reader();
    scene.record("Clinical Readers").registration.state = GroupState::Retired;
    assert_eq!(scene.denied(), Deny::Unentitled);
    assert_eq!(scene.finding("Clinical Readers"), Finding::Retired);
    assert!(scene.notes().is_empty());
}

#[test]
fn an_item_of_another_key_opens_nothing_and_is_an_alarm() {
    let mut scene = Scene::new().reader();
    let stolen = scene.table.remove("Clinical Readers").unwrap();
    scene.table.insert("Visitors".to_owned(), stolen);
    scene.groups = vec!["Visitors".to_owned()];
    assert_eq!(scene.denied(), Deny::Unentitled);
    assert_eq!(scene.finding("Visitors"), Finding::KeyMismatch);
    assert_eq!(scene.notes(), [r#"Unsound { key: "Visitors" }"#]);
    assert!(Note::Unsound { key: "Visitors" }.is_alarm());
}

#[test]
fn a_code_that_is_not_the_hash_opens_nothing_and_is_an_alarm() {
    // Another code; the right code of another salt; the right code at another width.
    for (code, salt) in [("qwqa", 0), ("qwq3", 1), ("b3ae", 0), ("qwq36", 0)] {
        let scene = Scene::new().group("Clinical Readers", code, salt, vec![grant(READER)]);
        assert_eq!(scene.denied(), Deny::Unentitled);
        assert_eq!(scene.finding("Clinical Readers"), Finding::CodeMismatch, "{code}, salt {salt}");
        assert_eq!(scene.notes(), [r#"Unsound { key: "Clinical Readers" }"#]);
    }
}

#[test]
fn a_displaced_group_counts_with_the_code_of_its_salt() {
    let scene = Scene::new().group("Clinical Readers", "b3ae", 1, vec![grant(READER)]);
    assert_eq!(scene.codes(), ["b3ae"]);
    let mut wide = Scene::new().group("Clinical Readers", "qwq36p3ok3q3h75i", 0, vec![grant(READER)]);
    wide.width = CodeWidth::new(16).unwrap();
    assert_eq!(wide.codes(), ["qwq36p3ok3q3h75i"]);
}

#[test]
fn a_grant_ends_at_its_second() {
    for (end, opens) in [(NOW - 1, false), (NOW, false), (NOW + 1, true)] {
        let scene = Scene::new().reader().group("Clinical Stewards", "wv6d", 0, vec![until(STEWARD, end)]);
        assert_eq!(scene.codes().contains(&"wv6d".to_owned()), opens, "{end}");
        assert_eq!(scene.roles().contains(&STEWARD.to_owned()), opens, "{end}");
    }
}

#[test]
fn a_grant_for_other_apps_does_not_count() {
    for (apps, opens) in
        [(&["databricks"][..], true), (&["athena", "databricks"], true), (&["athena"], false), (&[], false)]
    {
        let scene = Scene::new().reader().group("Clinical Stewards", "wv6d", 0, vec![for_apps(STEWARD, apps)]);
        assert_eq!(scene.roles().contains(&STEWARD.to_owned()), opens, "{apps:?}");
    }
}

#[test]
fn grants_that_do_not_count_are_counted_by_reason() {
    let both = Grant { expires_at: Some(Timestamp::from_seconds(NOW)), ..for_apps(READER, &["athena"]) };
    let grants = vec![until(READER, NOW), until(STEWARD, 0), for_apps(READER, &["athena"]), both];
    let scene = Scene::new().group("Clinical Readers", "qwq3", 0, grants);
    assert_eq!(scene.finding("Clinical Readers"), Finding::NoGrant { expired: 3, other_app: 1 });
    let none = Scene::new().group("Clinical Readers", "qwq3", 0, vec![]);
    assert_eq!(none.finding("Clinical Readers"), Finding::NoGrant { expired: 0, other_app: 0 });
}

#[test]
fn two_groups_of_one_code_are_both_dropped_and_an_alarm() {
    // SHA-256 gives both keys the code f65h; the table should never have registered both.
    let scene = Scene::new().reader().group("team-135", "f65h", 0, vec![grant(STEWARD)]);
    let scene = scene.group("team-1013", "f65h", 0, vec![grant(STEWARD), grant(READER)]);
    assert_eq!(scene.codes(), ["qwq3"]);
    assert_eq!(scene.roles(), [READER]);
    let code = GroupCode::parse("f65h").unwrap();
    assert_eq!(scene.finding("team-135"), Finding::Clash { code });
    assert_eq!(scene.finding("team-1013"), Finding::Clash { code });
    assert_eq!(scene.notes(), [r#"Clash { code: GroupCode(f65h), keys: ["team-1013", "team-135"] }"#]);
    assert!(Note::Clash { code, keys: vec![] }.is_alarm());
}

#[test]
fn groups_clash_only_if_both_would_be_emitted() {
    let both = |second: Vec<Grant>, code: &str, salt| {
        Scene::new().group("team-135", "f65h", 0, vec![grant(STEWARD)]).group("team-1013", code, salt, second)
    };
    assert_eq!(both(vec![grant(READER)], "f65h", 0).denied(), Deny::Unentitled);
    assert_eq!(both(vec![until(READER, NOW)], "f65h", 0).codes(), ["f65h"]);
    assert_eq!(both(vec![for_apps(READER, &["athena"])], "f65h", 0).codes(), ["f65h"]);
    assert_eq!(both(vec![grant(READER)], "2u7b", 1).codes(), ["2u7b", "f65h"]);
}

#[test]
fn fifty_one_codes_are_all_emitted() {
    let scene = (0..51).fold(Scene::numbered(), |scene, n| scene.number(n, &[READER]));
    let codes = scene.codes();
    assert_eq!(codes.len(), 51);
    assert_eq!((codes[0].as_str(), codes[50].as_str()), ("aaa2", "aabs"));
    assert!(codes.contains(&"aaaa".to_owned()));
    assert_eq!(scene.access(|access| access.tags[0].value.len()), 256);
    assert!(scene.notes().is_empty());
}

#[test]
fn of_fifty_two_as_few_as_open_every_role_are_emitted() {
    // Groups 0 to 49 read; 50 reads and stewards; 51 stewards.
    let scene = (0..50).fold(Scene::numbered(), |scene, n| scene.number(n, &[READER]));
    let scene = scene.number(50, &[READER, STEWARD]).number(51, &[STEWARD]);
    assert_eq!(scene.codes(), ["aabs"]);
    assert_eq!(scene.roles(), [READER, STEWARD]);
    assert_eq!(scene.notes(), ["CodesCovered { emitted: 1, of: 52 }"]);
    assert!(!Note::CodesCovered { emitted: 1, of: 52 }.is_alarm());
    let code = |text| GroupCode::parse(text).unwrap();
    assert_eq!(scene.finding("50"), Finding::Counts { code: code("aabs"), roles: 2 });
    assert_eq!(scene.finding("51"), Finding::CodeLeftOut { code: code("aabt"), roles: 1 });
}

#[test]
fn of_groups_that_open_as_much_the_first_code_is_emitted() {
    // 25 to 31 have codes that end in z and 2 to 7, and digits come before letters.
    let scene = (0..52).fold(Scene::numbered(), |scene, n| scene.number(n, &[READER]));
    assert_eq!(scene.codes(), ["aaa2"]);
}

#[test]
fn a_cover_of_fifty_one_fits_and_one_of_fifty_two_does_not() {
    let own_role = |count: u32| (0..count).fold(Scene::numbered(), |scene, n| scene.number(n, &[&role(n)]));
    // The last group shares the role of the first.
    let fits = own_role(51).number(51, &[&role(0)]);
    assert_eq!(fits.codes().len(), 51);
    assert_eq!(fits.notes(), ["CodesCovered { emitted: 51, of: 52 }"]);
    assert_eq!(own_role(52).denied(), Deny::CodesDoNotFit { codes: 52, capacity: 51 });
    assert!(own_role(52).notes().is_empty());
}

#[test]
fn an_app_that_wants_all_codes_denies_instead() {
    let all = |count| {
        let mut scene = (0..count).fold(Scene::numbered(), |scene, n| scene.number(n, &[READER]));
        scene.app.codes = Codes::All;
        scene
    };
    assert_eq!(all(51).codes().len(), 51);
    assert_eq!(all(52).denied(), Deny::CodesDoNotFit { codes: 52, capacity: 51 });
}

#[test]
fn an_identity_is_there_fits_aws_and_fits_the_pattern() {
    for (identity, why) in [
        (None, UnfitIdentity::Missing),
        (Some(""), UnfitIdentity::Missing),
        (Some("jané@example.com"), UnfitIdentity::AwsRules),
        (Some("jane@example.com "), UnfitIdentity::AwsRules),
        (Some("jane@example.org"), UnfitIdentity::Pattern),
    ] {
        let mut scene = Scene::new().reader();
        scene.identity = identity;
        assert_eq!(scene.denied(), Deny::Identity(why), "{identity:?}");
    }
}

#[test]
fn tags_that_fit_are_there_and_others_are_left_out_and_noted() {
    let mut scene = Scene::new().reader().tags(&[("email", false), ("cost", false), ("team", false)], &["email"]);
    scene.tag_values =
        BTreeMap::from([("email", vec!["jane@example.com"]), ("cost", vec!["a*b"]), ("team", vec!["a", "b"])]);
    scene.access(|access| {
        let tags: Vec<_> = access.tags.iter().map(|tag| (tag.key.as_str(), tag.value.as_str())).collect();
        let decision = ("SignetDecision", "aaaaaaaaaaaaaaaaaaaaaaaaaa");
        assert_eq!(tags, [("GroupHash", ":qwq3:"), decision, ("email", "jane@example.com")]);
        // A local tag is one that role chaining may override.
        assert_eq!(access.transitive, ["GroupHash", "SignetDecision"]);
    });
    assert_eq!(
        scene.notes(),
        [r#"TagLeftOut { key: "cost", why: "character" }"#, r#"TagLeftOut { key: "team", why: "several_values" }"#]
    );
}

#[test]
fn a_required_tag_without_a_fitting_value_denies() {
    for (values, why) in [
        (vec![], UnfitTag::Missing),
        (vec![""], UnfitTag::Missing),
        (vec!["a", "b"], UnfitTag::SeveralValues),
        (vec!["a;b"], UnfitTag::Character),
    ] {
        let mut scene = Scene::new().reader().tags(&[("cost", true), ("email", true)], &[]);
        scene.tag_values = BTreeMap::from([("cost", values)]);
        assert_eq!(scene.denied(), Deny::RequiredTag { key: "cost".to_owned(), why });
    }
    let mut scene = Scene::new().reader().tags(&[("cost", true)], &[]);
    scene.tag_values = BTreeMap::from([("cost", vec!["4711"])]);
    assert_eq!(scene.access(|access| access.transitive.clone()), ["GroupHash", "SignetDecision", "cost"]);
}

#[test]
fn of_several_reasons_the_first_is_given() {
    // Everything is wrong at once; then one thing after the other is put right.
    let mut scene = (0..52).fold(Scene::numbered(), |scene, n| scene.number(n, &[&role(n)]));
    scene = scene.tags(&[("cost", true)], &[]);
    scene.base = vec![("https://AWS.amazon.com/SAML/Attributes/role", vec![])];
    scene.identity = None;
    let groups = std::mem::take(&mut scene.groups);
    let reason = |scene: &Scene| {
        scene.read(|_, saml, _| match saml.outcome {
            Outcome::Deny(deny) => deny.reason(),
            _ => "none",
        })
    };
    assert_eq!(reason(&scene), "base_assertion");
    let long: &'static str = Box::leak("x".repeat(75_000).into_boxed_str());
    scene.base = vec![("groups", vec![long])];
    assert_eq!(reason(&scene), "identity_missing");
    scene.identity = Some("jane@example.com");
    assert_eq!(reason(&scene), "unentitled");
    scene.groups = groups;
    assert_eq!(reason(&scene), "codes_do_not_fit");
    scene.groups.pop();
    assert_eq!(reason(&scene), "required_tag");
    scene.tag_values = BTreeMap::from([("cost", vec!["4711"])]);
    assert_eq!(reason(&scene), "assertion_too_long");
    scene.base.clear();
    assert_eq!(reason(&scene), "none");
}

#[test]
fn an_attribute_of_the_apps_own_below_the_prefix_of_aws_denies() {
    let mut scene = Scene::new();
    scene.app.when_unentitled = WhenUnentitled::Pass;
    scene.base = vec![
        ("groups", vec!["Clinical Readers"]),
        ("https://aws.amazon.com/SAML/Attributes/SessionDuration", vec!["900"]),
        ("HTTPS://AWS.AMAZON.COM/SAML/ATTRIBUTES/ROLE", vec![]),
    ];
    let name = "HTTPS://AWS.AMAZON.COM/SAML/ATTRIBUTES/ROLE".to_owned();
    scene.read(|_, saml, attributes| {
        assert_eq!(saml.outcome, Outcome::Deny(Deny::BaseAssertion { name }));
        assert!(attributes.is_empty());
    });
}

#[test]
fn what_the_apps_own_attributes_keep_back_is_known_to_whoever_observes_it() {
    let mut scene = Scene::new().reader();
    scene.read(|_, saml, _| assert_eq!(saml.withheld, None));
    scene.base = vec![("https://aws.amazon.com/SAML/Attributes/Role", vec!["x"])];
    scene.read(|decision, saml, attributes| {
        let Outcome::Access(access) = decision.outcome else { panic!("{:?}", decision.outcome) };
        assert_eq!((decision.withheld, saml.withheld), (None, Some(access)));
        assert!(matches!(saml.outcome, Outcome::Deny(Deny::BaseAssertion { .. })) && attributes.is_empty());
    });
    scene.identity = None;
    scene.read(|_, saml, _| assert_eq!(saml.withheld, None, "nothing is kept back where there was nothing"));
}

#[test]
fn attributes_are_those_that_aws_reads() {
    let mut scene = Scene::new().reader().group("Clinical Stewards", "wv6d", 0, vec![grant(STEWARD)]);
    scene = scene.tags(&[("email", false)], &["email"]);
    scene.tag_values = BTreeMap::from([("email", vec!["jane@example.com"])]);
    scene.app.session_duration = Some(SessionDuration::new(3_600).unwrap());
    let attributes = scene.read(|_, _, attributes| attributes);
    let short = |attribute: &Attribute| {
        let name = attribute.name.strip_prefix("https://aws.amazon.com/SAML/Attributes/").unwrap();
        format!("{name} = {}", attribute.values.join(" | "))
    };
    assert_eq!(
        attributes.iter().map(short).collect::<Vec<_>>(),
        [
            "Role = arn:aws:iam::111122223333:role/data/clinical-reader,\
             arn:aws:iam::111122223333:saml-provider/okta-databricks | \
             arn:aws:iam::444455556666:role/clinical-steward,\
             arn:aws:iam::444455556666:saml-provider/okta-databricks",
            "RoleSessionName = jane@example.com",
            "SourceIdentity = jane@example.com",
            "PrincipalTag:GroupHash = :qwq3:wv6d:",
            "PrincipalTag:SignetDecision = aaaaaaaaaaaaaaaaaaaaaaaaaa",
            "PrincipalTag:email = jane@example.com",
            "TransitiveTagKeys = GroupHash | SignetDecision",
            "SessionDuration = 3600",
        ]
    );
}

#[test]
fn more_roles_than_an_assertion_carries_deny() {
    let roles = |count: u32| {
        let grants = (0..count).map(|n| grant(&role(n))).collect();
        Scene::new().group("Clinical Readers", "qwq3", 0, grants)
    };
    assert_eq!(roles(200).read(|_, _, attributes| attributes[0].values.len()), 200);
    roles(300).read(|decision, saml, attributes| {
        assert!(matches!(decision.outcome, Outcome::Access(_)));
        assert!(
            matches!(saml.outcome, Outcome::Deny(Deny::AssertionTooLong { bytes, limit: 75_000 }) if bytes > 75_000)
        );
        assert!(attributes.is_empty());
    });
}

#[test]
fn an_app_that_is_only_observed_is_decided_as_any_other() {
    let mut scene = Scene::new().reader();
    let enforced = scene.read(|_, saml, attributes| format!("{saml:?} {attributes:?}"));
    scene.app.mode = Mode::Observe;
    assert_eq!(scene.read(|_, saml, attributes| format!("{saml:?} {attributes:?}")), enforced);
}
