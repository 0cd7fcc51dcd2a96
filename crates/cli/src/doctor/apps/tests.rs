use signet_core::app::{IdentityRule, Mode, TagRules, TokenRules, WhenUnentitled};
use signet_core::identity::{IdentityField, IdentityPattern};
use signet_core::role::ProviderName;
use signet_store::statement::StatedApp;

use super::super::states;
use super::*;

fn app() -> App {
    App {
        id: AppId::parse("0oaA").unwrap(),
        name: None,
        protocol: Protocol::Saml,
        provider: ProviderName::parse("okta-a").unwrap(),
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
    }
}

/// As many groups with a role each, long or short of name.
fn granted(groups: usize, more: &str) -> BTreeMap<GroupKey, BTreeSet<Grant>> {
    let role = |n: usize| RoleArn::parse(&format!("arn:aws:iam::111122223333:role/data/r{n}{more}")).unwrap();
    let grant = |n| BTreeSet::from([Grant { role: role(n), apps: None, expires_at: None }]);
    (0..groups).map(|n| (GroupKey::new(format!("group {n}")).unwrap(), grant(n))).collect()
}

struct Case {
    known: KnownApp,
    without_gate: Vec<(AppId, String)>,
    groups: BTreeMap<GroupKey, BTreeSet<Grant>>,
}

impl Case {
    fn of(app: App) -> Self {
        let known = KnownApp { stated: Some(StatedApp { app, active: true }), provider: None, inactive: None };
        Self { known, without_gate: Vec::new(), groups: granted(3, "") }
    }

    fn checks(&self) -> Vec<(&'static str, &'static str)> {
        let apps = BTreeMap::from([(AppId::parse("0oaA").unwrap(), self.known.clone())]);
        states(&checks(&Known {
            width: CodeWidth::DEFAULT,
            apps: &apps,
            without_gate: &self.without_gate,
            groups: &self.groups,
            now: Timestamp::from_seconds(1_800_000_000),
        }))
    }
}

/// What is said of an app that was changed.
fn changed(change: impl FnOnce(&mut App)) -> Vec<(&'static str, &'static str)> {
    let mut app = app();
    change(&mut app);
    Case::of(app).checks()
}

#[test]
fn an_app_as_it_should_be() {
    assert_eq!(changed(|_| ()), [("app", "ok")]);
}

#[test]
fn an_observed_app_opens_nothing_however_well_it_is_stated() {
    assert_eq!(changed(|app| app.mode = Mode::Observe), [("app", "note")]);
}

#[test]
fn a_row_that_cannot_be_read_is_an_error() {
    let corrupt = Corrupt { item: "ACCOUNT#1 / ROLE#x".to_owned(), what: "no role".to_owned() };
    let check = unreadable("t", &corrupt);
    assert_eq!(check.state, State::Error);
    assert!(check.text.contains("ACCOUNT#1 / ROLE#x"), "{}", check.text);
}

#[test]
fn an_app_that_lets_nobody_in() {
    let mut case = Case::of(app());
    case.known.inactive = Some("the entitlement file and the provider event name different issuers");
    assert_eq!(case.checks(), [("app", "error")]);
    case.known.stated.as_mut().unwrap().active = false;
    assert_eq!(case.checks(), [("app", "note")]);
    case.known.stated = None;
    assert_eq!(case.checks(), [("app", "warning")]);
    let mut case = Case::of(app());
    case.without_gate = vec![(AppId::parse("0oaA").unwrap(), "no issuer".to_owned())];
    assert_eq!(case.checks(), [("provider", "error")]);
    let known = Known {
        width: CodeWidth::DEFAULT,
        apps: &BTreeMap::new(),
        without_gate: &[],
        groups: &BTreeMap::new(),
        now: Timestamp::from_seconds(0),
    };
    assert_eq!(states(&checks(&known)), [("apps", "warning")]);
}

#[test]
fn patterns_that_keep_nobody_out() {
    let of = |pattern: &str| changed(|app| app.identity.pattern = IdentityPattern::parse(pattern).unwrap());
    for wide in ["*@*", "*a", "*@*.com", "*@example.*", "*example*", "*.io"] {
        assert_eq!(of(wide), [("identity_pattern", "warning")], "{wide}");
    }
    for narrow in ["*@example.com", "svc-*@example.com", "jane@example.com", "svc-*"] {
        assert_eq!(of(narrow), [("app", "ok")], "{narrow}");
    }
}

#[test]
fn a_claim_without_a_name() {
    assert_eq!(changed(|app| app.groups_claim = " ".to_owned()), [("groups_claim", "error")]);
}

#[test]
fn more_than_a_sign_in_carries() {
    let with = |groups, more: &str, change: fn(&mut App)| {
        let mut app = app();
        change(&mut app);
        let mut case = Case::of(app);
        case.groups = granted(groups, more);
        case.checks()
    };
    let oidc: fn(&mut App) = |app| app.protocol = Protocol::Oidc;
    assert_eq!(with(0, "", |_| ()), [("grants", "warning")]);
    assert_eq!(with(51, "", |_| ()), [("app", "ok")]);
    assert_eq!(with(52, "", |_| ()), [("codes", "note")]);
    assert_eq!(with(52, "", |app| app.codes = Codes::All), [("codes", "warning")]);
    assert_eq!(with(20, "", oidc), [("app", "ok")]);
    assert_eq!(with(21, "", oidc), [("codes", "note")]);
    assert_eq!(with(101, "", |_| ()), [("codes", "note"), ("groups_claim", "note")]);
    assert_eq!(with(200, "", |_| ())[2..], [("roles", "note")]);
    assert_eq!(with(226, "", |_| ())[2..], [("roles", "warning")]);
    // Tokens go by the length of the names.
    let long = "x".repeat(50);
    assert_eq!(with(130, "", oidc)[2..], []);
    assert_eq!(with(180, &long, oidc)[2..], [("roles", "warning")]);
    assert_eq!(
        with(180, &long, |app| {
            app.protocol = Protocol::Oidc;
            app.tokens.roles_claim = false;
        })[2..],
        []
    );
    // What is for other apps, and what is over, is no reach of this one.
    let mut case = Case::of(app());
    for grants in case.groups.values_mut() {
        let limit = |grant: &Grant| Grant { expires_at: Some(Timestamp::from_seconds(1)), ..grant.clone() };
        *grants = grants.iter().map(limit).collect();
    }
    assert_eq!(case.checks(), [("grants", "warning")]);
}
