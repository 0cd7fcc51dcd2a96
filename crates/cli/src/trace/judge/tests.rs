//! Each finding where it is due, and nowhere else.

use proptest::prelude::*;
use signet_core::app::{AppId, Codes, IdentityRule, Mode, TagRules, TokenRules, WhenUnentitled};
use signet_core::grant::{Grant, SourceId};
use signet_core::group::GroupKey;
use signet_core::identity::{IdentityField, IdentityPattern};
use signet_core::role::ProviderName;
use signet_core::trust::gate::Issuer;

use super::super::logged::LoggedGroup;
use super::super::made::Granted;
use super::*;

const ROLE: &str = "arn:aws:iam::111122223333:role/data/reader";
const OTHER: &str = "arn:aws:iam::111122223333:role/data/writer";
const JANE: &str = "jane@example.com";
const ISSUER: &str = "https://example.okta.com/oauth2/aus1";
const POOL: &str = "eu-central-1:0f1e2d3c-0000-0000-0000-000000000000";

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_seconds(1_785_567_600 + seconds)
}

fn app(protocol: Protocol, audience: &str) -> App {
    App {
        id: AppId::parse("0oaA").unwrap(),
        name: None,
        protocol,
        provider: ProviderName::parse("okta-a").unwrap(),
        audience: audience.to_owned(),
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
        tokens: TokenRules { issuer: Some(Issuer::from_url(ISSUER).unwrap()), ..TokenRules::default() },
    }
}

/// A session and its decision.
#[derive(Debug, Clone)]
struct Case {
    session: Session,
    logged: Logged,
    made: Option<Made>,
    assertions: usize,
    clients: BTreeSet<String>,
}

impl Case {
    fn judge(&self) -> Judged {
        self.found(Found::One(&self.logged))
    }

    fn found(&self, found: Found<'_>) -> Judged {
        judge(&Evidence {
            session: &self.session,
            found,
            made: self.made.as_ref(),
            clients: &self.clients,
            assertions: self.assertions,
            within: Within::USUAL,
        })
    }

    #[track_caller]
    fn is_in_order(&self) {
        let judged = self.judge();
        assert!(judged.is_in_order(), "{judged:?}");
    }

    #[track_caller]
    fn is(&self, kinds: &[Kind]) {
        assert_eq!(found(&self.judge()), (kinds.to_vec(), vec![]));
    }

    #[track_caller]
    fn is_untold(&self, what: &[&'static str]) {
        assert_eq!(found(&self.judge()), (vec![], what.to_vec()));
    }
}

fn found(judged: &Judged) -> (Vec<Kind>, Vec<&'static str>) {
    let findings = judged.findings.iter().map(|finding| finding.kind).collect();
    (findings, judged.untold.iter().map(|untold| untold.what).collect())
}

fn saml() -> Case {
    let grant = Grant { role: RoleArn::parse(ROLE).unwrap(), apps: None, expires_at: None };
    let granted = Granted {
        group: GroupKey::new("Readers").unwrap(),
        label: None,
        code: "abcd".to_owned(),
        source: SourceId::file("platform").unwrap(),
        grant,
        since: None,
    };
    let group = LoggedGroup { key: "Readers".to_owned(), finding: "counts".to_owned(), code: Some("abcd".to_owned()) };
    Case {
        session: Session {
            event: "e-1".to_owned(),
            at: at(21),
            way: Way::Saml,
            role: ROLE.to_owned(),
            name: Some(JANE.to_owned()),
            source_identity: Some(JANE.to_owned()),
            decision: Some("d1".to_owned()),
            group_hash: Some(":abcd:efgh:".to_owned()),
            provider: Some("arn:aws:iam::111122223333:saml-provider/okta-a".to_owned()),
            audience: Some("https://signin.aws.amazon.com/saml".to_owned()),
            assertion: Some("_a1".to_owned()),
            access_key: None,
            address: None,
        },
        logged: Logged {
            id: "d1".to_owned(),
            at: at(0),
            protocol: "saml".to_owned(),
            app: Some("0oaA".to_owned()),
            user: Some("00u1".to_owned()),
            source_identity: Some(JANE.to_owned()),
            outcome: "access".to_owned(),
            groups: vec![group],
            groups_left_out: 0,
            codes: vec!["abcd".to_owned(), "efgh".to_owned()],
            roles: vec![ROLE.to_owned()],
            roles_left_out: 0,
        },
        made: Some(Made {
            app: Some(app(Protocol::Saml, "https://signin.aws.amazon.com/saml")),
            granted: vec![granted],
        }),
        assertions: 1,
        clients: BTreeSet::new(),
    }
}

fn oidc() -> Case {
    let mut case = saml();
    case.session.way = Way::Token;
    case.session.name = Some("anything".to_owned());
    case.session.assertion = None;
    case.session.provider = Some("arn:aws:iam::111122223333:oidc-provider/example.okta.com/oauth2/aus1".to_owned());
    case.session.audience = Some("0oaA".to_owned());
    case.logged.protocol = "oidc".to_owned();
    case.made.as_mut().unwrap().app = Some(app(Protocol::Oidc, "0oaA"));
    case.assertions = 0;
    case
}

fn pool() -> Case {
    let mut case = oidc();
    case.session.source_identity = None;
    case.session.provider = Some(IDENTITY_POOLS.to_owned());
    case.session.audience = Some(POOL.to_owned());
    case.logged.protocol = "cognito".to_owned();
    case.made.as_mut().unwrap().app = Some(app(Protocol::Cognito, POOL));
    case
}

/// A case with a change.
fn with(mut case: Case, change: impl FnOnce(&mut Case)) -> Case {
    change(&mut case);
    case
}

#[test]
fn what_the_decision_gave_is_in_order() {
    saml().is_in_order();
    oidc().is_in_order();
    // The issuer stands in place of the provider's ARN in some records.
    for name in [ISSUER, "example.okta.com/oauth2/aus1"] {
        with(oidc(), |case| case.session.provider = Some(name.to_owned())).is_in_order();
    }
    with(oidc(), |case| {
        case.session.audience = Some("another client".to_owned());
        case.clients = BTreeSet::from(["another client".to_owned()]);
    })
    .is_in_order();
}

#[test]
fn of_an_identity_pool_the_person_is_not_told() {
    pool().is_untold(&["user"]);
    with(pool(), |case| case.session.source_identity = Some(JANE.to_owned())).is_in_order();
    with(pool(), |case| case.session.source_identity = Some("john@example.com".to_owned())).is(&[Kind::OtherUser]);
}

#[test]
fn a_session_without_a_decision_of_the_log() {
    let kinds = |judged: &Judged| found(judged).0;
    assert_eq!(kinds(&saml().found(Found::Untagged)), [Kind::NoDecision]);
    for (covered, says) in [(true, "forged"), (false, "does not reach over that time")] {
        let judged = saml().found(Found::Unknown { covered });
        assert_eq!(kinds(&judged), [Kind::UnknownDecision]);
        assert!(judged.findings[0].text.contains(says));
    }
    assert_eq!(kinds(&saml().found(Found::Several)), [Kind::AmbiguousDecision]);
    let twice = with(saml(), |case| case.assertions = 2);
    assert_eq!(kinds(&twice.found(Found::Unknown { covered: true })), [Kind::Replayed, Kind::UnknownDecision]);
}

#[test]
fn a_decision_that_gave_nothing_gave_no_session() {
    for outcome in ["deny", "no_access", "observed"] {
        with(saml(), |case| case.logged.outcome = outcome.to_owned()).is(&[Kind::NotGiven]);
    }
}

#[test]
fn one_decision_is_for_one_assertion() {
    with(saml(), |case| case.assertions = 2).is(&[Kind::Replayed]);
}

#[test]
fn sessions_follow_their_decision_soon() {
    let opened = |case: Case, seconds| with(case, |case| case.session.at = at(seconds));
    for second in [-5, 0, 900] {
        opened(saml(), second).is_in_order();
    }
    opened(saml(), -6).is(&[Kind::Before]);
    opened(saml(), 901).is(&[Kind::Late]);
    opened(oidc(), 3_900).is_in_order();
    opened(oidc(), 3_901).is(&[Kind::Late]);
}

#[test]
fn another_person() {
    let john = || Some("john@example.com".to_owned());
    with(saml(), |case| case.session.source_identity = john()).is(&[Kind::OtherUser]);
    with(saml(), |case| case.session.source_identity = None).is(&[Kind::OtherUser]);
    with(saml(), |case| case.session.source_identity = Some("Jane@example.com".to_owned())).is(&[Kind::OtherUser]);
    with(oidc(), |case| case.session.source_identity = None).is(&[Kind::OtherUser]);
    with(saml(), |case| case.session.name = john()).is(&[Kind::OtherUser]);
    with(oidc(), |case| case.session.name = john()).is_in_order();
    with(saml(), |case| case.logged.source_identity = None).is_untold(&["user"]);
}

#[test]
fn another_role() {
    with(saml(), |case| case.logged.roles = vec![OTHER.to_owned()]).is(&[Kind::OtherRole]);
    // A line that does not list all says neither.
    let cut = with(saml(), |case| (case.logged.roles, case.logged.roles_left_out) = (vec![OTHER.to_owned()], 1));
    cut.is_untold(&["role"]);
    with(saml(), |case| case.logged.roles_left_out = 7).is_in_order();
}

#[test]
fn other_codes() {
    for value in [":abcd:", ":abcd:efgh:ijkl:", ":efgh:abcd:", ":abcd:efgh:efgh:", ":abcd:efgi:", "abcd", ""] {
        with(saml(), |case| case.session.group_hash = Some(value.to_owned())).is(&[Kind::OtherCodes]);
    }
    with(saml(), |case| case.session.group_hash = None).is(&[Kind::OtherCodes]);
    let judged = with(saml(), |case| case.session.group_hash = Some(":abcd:zzzz:".to_owned())).judge();
    assert!(judged.findings[0].text.contains("zzzz beyond them, efgh missing"));
}

#[test]
fn another_app() {
    let provider = |case: Case, name: &str| with(case, |case| case.session.provider = Some(name.to_owned()));
    provider(saml(), "arn:aws:iam::111122223333:saml-provider/okta-b").is(&[Kind::OtherApp]);
    provider(saml(), "arn:aws:iam::444455556666:saml-provider/okta-a").is(&[Kind::OtherApp]);
    provider(oidc(), "arn:aws:iam::111122223333:oidc-provider/example.okta.com").is(&[Kind::OtherApp]);
    provider(pool(), ISSUER).judge().findings.iter().for_each(|finding| assert_eq!(finding.kind, Kind::OtherApp));
    with(saml(), |case| case.session.audience = Some("https://example.com".to_owned())).is(&[Kind::OtherApp]);
    with(saml(), |case| case.session.way = Way::Token).is(&[Kind::OtherApp]);
    with(saml(), |case| case.logged.protocol = "oidc".to_owned()).is(&[Kind::OtherApp]);
    with(saml(), |case| case.made.as_mut().unwrap().app = None).is(&[Kind::OtherApp]);
    with(saml(), |case| case.made.as_mut().unwrap().app = Some(app(Protocol::Oidc, "x"))).is(&[Kind::OtherApp]);
    with(saml(), |case| case.session.provider = None).is_untold(&["app"]);
    with(saml(), |case| case.session.audience = None).is_untold(&["app"]);
    let no_issuer = |case: &mut Case| case.made.as_mut().unwrap().app.as_mut().unwrap().tokens.issuer = None;
    with(oidc(), no_issuer).is_untold(&["app"]);
    with(saml(), no_issuer).is_in_order();
}

#[test]
fn a_role_that_nobody_granted() {
    let nothing = |case: &mut Case| case.made.as_mut().unwrap().granted.clear();
    with(saml(), nothing).is(&[Kind::NotGranted]);
    let cut = with(with(saml(), nothing), |case| case.logged.groups_left_out = 3);
    cut.is_untold(&["grants"]);
    with(saml(), |case| case.made = None).is_untold(&["app", "grants"]);
}

fn one_of(values: &'static [&'static str]) -> impl Strategy<Value = Option<String>> {
    proptest::option::weighted(0.9, proptest::sample::select(values).prop_map(str::to_owned))
}

prop_compose! {
    /// Sessions that are now and then what a decision gave, and of which any part may be another's.
    fn any_case()(
        kind in 0..3_usize,
        second in prop_oneof![3 => 0..900_i64, 1 => -20..5_000_i64],
        source in one_of(&[JANE, JANE, JANE, "john@example.com"]),
        name in one_of(&[JANE, JANE, JANE, "john@example.com"]),
        hash in one_of(&[":abcd:efgh:", ":abcd:efgh:", ":abcd:", ":efgh:abcd:", "x"]),
        roles in proptest::sample::subsequence(vec![ROLE, OTHER], 1..=2),
        left_out in (0..2_usize, 0..2_usize),
        provider in proptest::option::weighted(0.2, one_of(&["arn:aws:iam::111122223333:saml-provider/okta-b", ISSUER])),
        audience in proptest::option::weighted(0.2, one_of(&["0oaB", "0oaA"])),
        outcome in proptest::sample::select(vec!["access", "access", "access", "access", "deny"]),
        assertions in prop_oneof![4 => Just(1_usize), 1 => Just(2)],
        given in proptest::bool::weighted(0.9),
        known in proptest::bool::weighted(0.9),
    ) -> Case {
        let mut case = [saml, oidc, pool][kind]();
        case.session.at = at(second);
        (case.session.source_identity, case.session.name, case.session.group_hash) = (source, name, hash);
        case.logged.roles = roles.into_iter().map(str::to_owned).collect();
        (case.logged.roles_left_out, case.logged.groups_left_out) = left_out;
        if let Some(provider) = provider {
            case.session.provider = provider;
        }
        if let Some(audience) = audience {
            case.session.audience = audience;
        }
        case.logged.outcome = outcome.to_owned();
        case.assertions = assertions;
        if !given {
            case.made.as_mut().unwrap().granted.clear();
        }
        if !known {
            case.made = None;
        }
        case
    }
}

/// What "in order" means, said once more and in another way.
fn agrees(case: &Case) -> bool {
    let Case { session, logged, made, .. } = case;
    let Some(Made { app: Some(app), granted }) = made else { return false };
    let after = session.at.seconds() - logged.at.seconds();
    let (most, provider) = match app.protocol {
        Protocol::Saml => (900, vec!["arn:aws:iam::111122223333:saml-provider/okta-a"]),
        Protocol::Oidc => (3_900, vec!["arn:aws:iam::111122223333:oidc-provider/example.okta.com/oauth2/aus1", ISSUER]),
        Protocol::Cognito => (3_900, vec![IDENTITY_POOLS]),
    };
    logged.outcome == "access"
        && case.assertions <= 1
        && (-5..=most).contains(&after)
        && session.source_identity.as_deref() == Some(JANE)
        && (app.protocol != Protocol::Saml || session.name.as_deref() == Some(JANE))
        && logged.roles.contains(&session.role)
        && session.group_hash.as_deref() == Some(":abcd:efgh:")
        && session.provider.as_deref().is_some_and(|found| provider.contains(&found))
        && session.audience.as_deref() == Some(app.audience.as_str())
        && !granted.is_empty()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_096))]

    #[test]
    fn only_what_agrees_in_all_is_in_order(case in any_case()) {
        prop_assert_eq!(case.judge().is_in_order(), agrees(&case), "{:?}", case.judge());
    }
}
