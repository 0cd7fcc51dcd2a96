//! Each finding where it is due, and nowhere else.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use signet_core::app::{App, Codes, IdentityRule, Mode, TagRule, TagRules, TokenRules, WhenUnentitled};
use signet_core::grant::{Grant, SourceId};
use signet_core::group::GroupKey;
use signet_core::identity::{IdentityField, IdentityPattern};
use signet_core::role::{Protocol, ProviderName, RoleArn};
use signet_core::trust::gate::Issuer;

use super::super::logged::LoggedGroup;
use super::super::made::{AppThen, Granted};
use super::*;

const ROLE: &str = "arn:aws:iam::111122223333:role/data/reader";
const OTHER: &str = "arn:aws:iam::111122223333:role/data/writer";
const JANE: &str = "jane@example.com";
const ISSUER: &str = "https://example.okta.com/oauth2/aus1";
const IDENTITY_POOLS: &str = "cognito-identity.amazonaws.com";
const POOL: &str = "eu-central-1:0f1e2d3c-0000-0000-0000-000000000000";

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_seconds(1_785_567_600 + seconds)
}

/// An app that maps a department, which each sign-in must have, and a cost centre, which one may.
fn app(protocol: Protocol, audience: &str) -> AppThen {
    let rule = |claim: &str, required| TagRule { claim: claim.to_owned(), required };
    let rules =
        [("department", true), ("CostCenter", false)].map(|(key, required)| (key.to_owned(), rule(key, required)));
    let app = App {
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
        tags: TagRules::new(BTreeMap::from(rules), BTreeSet::new()).unwrap(),
        session_duration: None,
        when_unentitled: WhenUnentitled::Deny,
        codes: Codes::Cover,
        code_capacity: None,
        tokens: TokenRules { issuer: Some(Issuer::from_url(ISSUER).unwrap()), ..TokenRules::default() },
    };
    AppThen { app, audiences: vec![audience.to_owned()] }
}

/// A session and its decision.
#[derive(Debug, Clone)]
struct Case {
    session: Session,
    logged: Logged,
    made: Option<Made>,
    /// Other sessions of its assertion.
    others: Vec<Session>,
    assertions: usize,
}

impl Case {
    fn judge(&self) -> Judged {
        self.found(Found::One(&self.logged))
    }

    fn found(&self, found: Found<'_>) -> Judged {
        let by_assertion: Vec<&Session> = self.others.iter().chain([&self.session]).collect();
        judge(&Evidence {
            session: &self.session,
            found,
            made: self.made.as_ref(),
            shared: &Shared { by_assertion: &by_assertion, assertions: self.assertions },
            within: Within::token_minutes(Within::TOKEN_MINUTES),
        })
    }

    fn app(&mut self) -> &mut App {
        &mut self.made.as_mut().unwrap().apps[0].app
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
            tags: tags(&["GroupHash", "SignetDecision", "department"]),
            transitive: words(&["GroupHash", "SignetDecision", "department"]),
            provider: Some("arn:aws:iam::111122223333:saml-provider/okta-a".to_owned()),
            audience: Some("https://signin.aws.amazon.com/saml".to_owned()),
            subject: Some(JANE.to_owned()),
            assertion: Some("_a1".to_owned()),
            access_key: None,
            principal: None,
            address: Some("192.0.2.10".to_owned()),
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
            apps: vec![app(Protocol::Saml, "https://signin.aws.amazon.com/saml")],
            granted: vec![granted],
            withdrawn_lately: false,
        }),
        others: Vec::new(),
        assertions: 1,
    }
}

fn words(words: &[&str]) -> BTreeSet<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

/// Tags of one value.
fn tags(keys: &[&str]) -> BTreeMap<String, String> {
    keys.iter().map(|key| ((*key).to_owned(), "x".to_owned())).collect()
}

fn oidc() -> Case {
    let mut case = saml();
    case.session.way = Way::Token;
    case.session.name = Some("anything".to_owned());
    case.session.assertion = None;
    case.session.provider = Some("arn:aws:iam::111122223333:oidc-provider/example.okta.com/oauth2/aus1".to_owned());
    case.session.audience = Some("0oaA".to_owned());
    case.session.subject = Some("00u1".to_owned());
    case.logged.protocol = "oidc".to_owned();
    case.made.as_mut().unwrap().apps = vec![app(Protocol::Oidc, "0oaA")];
    case.assertions = 0;
    case
}

fn pool() -> Case {
    let mut case = oidc();
    case.session.source_identity = None;
    case.session.transitive.clear();
    case.session.provider = Some(IDENTITY_POOLS.to_owned());
    case.session.audience = Some(POOL.to_owned());
    // Its own, and the same for all that come through it.
    case.session.subject = Some("CognitoIdentityCredentials".to_owned());
    case.logged.protocol = "cognito".to_owned();
    case.made.as_mut().unwrap().apps = vec![app(Protocol::Cognito, POOL)];
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
    // A provider event that states no audience makes its clients the audiences, and they alone.
    let clients = |case: &mut Case| case.made.as_mut().unwrap().apps[0].audiences = vec!["one".into(), "two".into()];
    let of_client = |client: &str| with(with(oidc(), clients), |case| case.session.audience = Some(client.to_owned()));
    of_client("two").is_in_order();
    of_client("0oaA").is(&[Kind::OtherApp]);
    // As long as a token may live. For assertions AWS sets the limit.
    let late = with(oidc(), |case| case.session.at = at(7_200));
    late.is(&[Kind::Late]);
    let shared = Shared { by_assertion: &[], assertions: 0 };
    let within = Within::token_minutes(120);
    let found = Found::One(&late.logged);
    let evidence = Evidence { session: &late.session, found, made: late.made.as_ref(), shared: &shared, within };
    assert!(judge(&evidence).is_in_order());
    assert_eq!((within.of(Way::Saml), within.of(Way::Token)), (360, 7_200));
}

#[test]
fn an_app_that_changed_meanwhile_is_in_order_in_one_of_its_forms() {
    let older = || app(Protocol::Oidc, "0oaOlder");
    let audience = |case: &mut Case| case.session.audience = Some("0oaOlder".to_owned());
    with(oidc(), audience).is(&[Kind::OtherApp]);
    with(with(oidc(), audience), |case| case.made.as_mut().unwrap().apps.push(older())).is_in_order();
    with(oidc(), |case| case.made.as_mut().unwrap().apps.push(older())).is_in_order();
    // And if in none, it is told of the form that is nearest.
    let other = with(with(oidc(), audience), |case| case.made.as_mut().unwrap().apps.push(older()));
    let tagged = with(other, |case| {
        case.session.tags.insert("Admin".to_owned(), "x".to_owned());
    });
    tagged.is(&[Kind::OtherTags]);
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
    let app = AppId::parse("0oaA").unwrap();
    assert_eq!(kinds(&saml().found(Found::Untagged { observed: None })), [Kind::NoDecision]);
    let observed = saml().found(Found::Untagged { observed: Some(&app) });
    assert_eq!(found(&observed), (vec![], vec!["decision"]));
    let some = Extent { decisions: 8, span: Some((at(0), at(60))) };
    let says = "the log has no such decision; it has 8, from 2026-08-01T07:00:00Z to 2026-08-01T07:01:00Z";
    for (extent, says) in [(some, says), (Extent::default(), "the log has no such decision: it has none")] {
        let judged = saml().found(Found::Unknown(extent));
        assert_eq!(kinds(&judged), [Kind::UnknownDecision]);
        assert_eq!(judged.findings[0].text, says);
    }
    assert_eq!(kinds(&saml().found(Found::Several)), [Kind::AmbiguousDecision]);
    let twice = with(saml(), |case| case.assertions = 2);
    assert_eq!(kinds(&twice.found(Found::Unknown(some))), [Kind::Copied, Kind::UnknownDecision]);
}

#[test]
fn a_decision_that_gave_nothing_gave_no_session() {
    for outcome in ["deny", "no_access", "observed"] {
        with(saml(), |case| case.logged.outcome = outcome.to_owned()).is(&[Kind::NotGiven]);
    }
}

#[test]
fn one_decision_is_for_one_assertion() {
    with(saml(), |case| case.assertions = 2).is(&[Kind::Copied]);
}

/// A session that the same assertion opened.
fn again(address: Option<&str>) -> Session {
    let Session { at: then, .. } = saml().session;
    let at = Timestamp::from_seconds(then.seconds() + 9);
    Session { event: "e-2".to_owned(), at, address: address.map(str::to_owned), ..saml().session }
}

#[test]
fn an_assertion_is_used_from_one_address() {
    let used = |own: &str, others: &[Option<&str>]| {
        with(saml(), |case| {
            case.session.address = Some(own.to_owned());
            case.others = others.iter().map(|address| again(*address)).collect();
        })
    };
    used("192.0.2.10", &[]).is_in_order();
    used("192.0.2.10", &[Some("192.0.2.10"), Some("192.0.2.10")]).is_in_order();
    used("2001:db8::1", &[Some("2001:0db8:0::1")]).is_in_order();
    used("192.0.2.10", &[Some("::ffff:192.0.2.10")]).is_in_order();
    used("192.0.2.10", &[Some("203.0.113.66")]).is(&[Kind::Replayed]);
    used("192.0.2.10", &[Some("2001:db8::1")]).is(&[Kind::Replayed]);
    used("192.0.2.10", &[Some("192.0.2.10"), None, Some("203.0.113.66")]).is(&[Kind::Replayed]);
    // A service of AWS has no address that says where a person is.
    for name in [None, Some("AWS Internal"), Some("signin.amazonaws.com"), Some("")] {
        used("192.0.2.10", &[Some("192.0.2.10"), name]).is_untold(&["use"]);
    }
    used("AWS Internal", &[Some("AWS Internal")]).is_untold(&["use"]);
    used("AWS Internal", &[]).is_in_order();
    let text = used("192.0.2.10", &[Some("203.0.113.66")]).judge().findings.remove(0).text;
    for part in ["`e-2`", "`203.0.113.66`", "`192.0.2.10`", "network changed"] {
        assert!(text.contains(part), "{text}");
    }
}

#[test]
fn an_assertion_says_one_thing() {
    let other = |change: fn(&mut Session)| {
        let mut other = again(Some("192.0.2.10"));
        change(&mut other);
        with(saml(), |case| case.others = vec![other])
    };
    other(|_| ()).is_in_order();
    other(|other| other.role = OTHER.to_owned()).is_in_order();
    let richer = other(|other| drop(other.tags.insert("department".to_owned(), "finance".to_owned())));
    richer.is(&[Kind::Copied]);
    let text = richer.judge().findings.remove(0).text;
    assert!(text.contains("record `e-2` has the same id and differs in tags"), "{text}");
}

#[test]
fn sessions_follow_their_decision_soon() {
    let opened = |case: Case, seconds| with(case, |case| case.session.at = at(seconds));
    for second in [-5, 0, 360] {
        opened(saml(), second).is_in_order();
    }
    opened(saml(), -6).is(&[Kind::Before]);
    opened(saml(), 361).is(&[Kind::Late]);
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
fn a_token_is_about_the_person_of_the_decision() {
    let about =
        |case: Case, subject: Option<&str>| with(case, |case| case.session.subject = subject.map(str::to_owned));
    about(oidc(), Some("00u1")).is_in_order();
    // With all that the decision gave: whoever can write claims cannot write this one.
    for other in ["00u2", "00U1", JANE, ""] {
        about(oidc(), Some(other)).is(&[Kind::OtherUser]);
    }
    about(oidc(), None).is_untold(&["user"]);
    with(oidc(), |case| case.logged.user = None).is_untold(&["user"]);
    // An assertion's may be any name of the person's, and an identity pool's is its own.
    about(saml(), Some("jane")).is_in_order();
    about(pool(), None).is_untold(&["user"]);
}

#[test]
fn an_identity_pool_is_known_without_the_history() {
    let unknown = |case: Case| with(case, |case| case.made = None);
    unknown(pool()).is_untold(&["user", "app", "grants"]);
    // A user pool's own token has an audience of another form, and says who it is about.
    let of_client = |case: &mut Case| case.session.audience = Some("6client".to_owned());
    let other = found(&with(unknown(pool()), of_client).judge());
    assert_eq!(other, (vec![Kind::OtherUser; 2], vec!["app", "grants"]));
    // As does a token of Okta's whose audience looks like a pool.
    let okta = with(unknown(oidc()), |case| case.session.audience = Some(POOL.to_owned()));
    okta.is_untold(&["app", "grants"]);
    let other = with(okta, |case| case.session.subject = Some("00u2".to_owned()));
    assert_eq!(found(&other.judge()), (vec![Kind::OtherUser], vec!["app", "grants"]));
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
    assert_eq!(found(&provider(pool(), ISSUER).judge()), (vec![Kind::OtherApp], vec!["user"]));
    with(saml(), |case| case.session.audience = Some("https://example.com".to_owned())).is(&[Kind::OtherApp]);
    with(saml(), |case| case.session.way = Way::Token).is(&[Kind::OtherUser, Kind::OtherApp]);
    with(saml(), |case| case.logged.protocol = "oidc".to_owned()).is(&[Kind::OtherApp]);
    with(saml(), |case| case.made.as_mut().unwrap().apps.clear()).is(&[Kind::OtherApp]);
    with(saml(), |case| case.made.as_mut().unwrap().apps = vec![app(Protocol::Oidc, "x")]).is(&[Kind::OtherApp]);
    with(saml(), |case| case.session.provider = None).is_untold(&["app"]);
    with(saml(), |case| case.session.audience = None).is_untold(&["app"]);
    let no_issuer = |case: &mut Case| case.app().tokens.issuer = None;
    with(oidc(), no_issuer).is_untold(&["app"]);
    with(saml(), no_issuer).is_in_order();
}

#[test]
fn an_identity_pool_is_named_by_the_partition_of_the_role() {
    let of = |partition: &str, region: &str, provider: &str| {
        with(pool(), |case| {
            let audience = POOL.replace("eu-central-1", region);
            let role = ROLE.replace("arn:aws:", &format!("arn:{partition}:"));
            case.made.as_mut().unwrap().apps = vec![app(Protocol::Cognito, &audience)];
            case.session.source_identity = Some(JANE.to_owned());
            case.logged.roles = vec![role.clone()];
            (case.session.role, case.session.audience) = (role, Some(audience));
            case.session.provider = Some(provider.to_owned());
        })
    };
    for (partition, region, name) in [
        ("aws", "eu-central-1", IDENTITY_POOLS),
        ("aws-us-gov", "us-gov-west-1", "cognito-identity-us-gov.amazonaws.com"),
        ("aws-us-gov", "us-gov-east-1", "cognito-identity.us-gov-east-1.amazonaws.com"),
        ("aws-cn", "cn-north-1", "cognito-identity.cn-north-1.amazonaws.com.cn"),
    ] {
        of(partition, region, name).is_in_order();
        of(partition, region, "cognito-identity.example.com").is(&[Kind::OtherApp]);
        if name != IDENTITY_POOLS {
            of(partition, region, IDENTITY_POOLS).is(&[Kind::OtherApp]);
        }
    }
    of("aws-iso", "us-iso-east-1", IDENTITY_POOLS).is_untold(&["app"]);
}

#[test]
fn other_tags() {
    let given = |case: Case, keys: &[&str]| with(case, |case| case.session.tags = tags(keys));
    for case in [saml(), oidc()] {
        given(case.clone(), &["grouphash", "SIGNETDECISION", "Department"]).is_in_order();
        let more = given(case.clone(), &["GroupHash", "SignetDecision", "department", "costcenter"]);
        let lasts = |case: &mut Case| case.session.transitive.extend(["CostCenter".to_owned()]);
        with(more.clone(), lasts).is_in_order();
        more.is(&[Kind::OtherTags]);
        given(case.clone(), &["GroupHash", "SignetDecision", "department", "Admin"]).is(&[Kind::OtherTags]);
        given(case.clone(), &["GroupHash", "SignetDecision"]).is(&[Kind::OtherTags]);
        let lasting = |keys: &[&str]| with(case.clone(), |case| case.session.transitive = words(keys));
        lasting(&["signetdecision", "GROUPHASH", "Department"]).is_in_order();
        for keys in [&["GroupHash", "SignetDecision"][..], &["SignetDecision", "department"], &[]] {
            lasting(keys).is(&[Kind::OtherTags]);
        }
        // What the app keeps to the session does not last.
        let local = |case: &mut Case| {
            let rules = case.app().tags.rules().clone();
            case.app().tags = TagRules::new(rules, BTreeSet::from(["department".to_owned()])).unwrap();
        };
        with(lasting(&["GroupHash", "SignetDecision"]), local).is_in_order();
        with(lasting(&["GroupHash", "SignetDecision", "DEPARTMENT"]), local).is(&[Kind::OtherTags]);
    }
    // No pool marks a tag as lasting, and it makes tags of what its map says.
    let named = with(pool(), |case| case.session.source_identity = Some(JANE.to_owned()));
    named.is_in_order();
    given(named, &["GroupHash", "SignetDecision", "department", "Admin"]).is(&[Kind::OtherTags]);
    // Without the history nobody knows the app's own tags, and Signet's are known all the same.
    let unknown = with(saml(), |case| (case.made, case.session.tags) = (None, tags(&["Admin"])));
    unknown.is_untold(&["app", "grants"]);
    let fleeting = with(unknown, |case| case.session.transitive.clear()).judge();
    assert_eq!(found(&fleeting), (vec![Kind::OtherTags], vec!["app", "grants"]));
    let of_pool = with(pool(), |case| (case.made, case.session.source_identity) = (None, Some(JANE.to_owned())));
    of_pool.is_untold(&["app", "grants"]);
    // Where the protocol is another's, so are the tags.
    let by_token = with(saml(), |case| case.session.way = Way::Token);
    let crossed = with(given(by_token, &["Admin"]), |case| case.session.transitive.clear());
    with(crossed, |case| case.session.subject = case.logged.user.clone()).is(&[Kind::OtherApp]);
}

#[test]
fn a_role_that_is_none_is_not_the_histories_fault() {
    let none = with(saml(), |case| case.session.role = "arn:aws:iam::1:user/x".to_owned());
    let judged = with(none, |case| case.made.as_mut().unwrap().granted.clear()).judge();
    assert_eq!(found(&judged), (vec![Kind::OtherRole, Kind::NotGranted], vec!["app"]));
    assert_eq!(judged.untold[0].why, "the record's role is no ARN of a role");
}

#[test]
fn a_role_that_nobody_granted() {
    let nothing = |case: &mut Case| case.made.as_mut().unwrap().granted.clear();
    with(saml(), nothing).is(&[Kind::NotGranted]);
    let cut = with(with(saml(), nothing), |case| case.logged.groups_left_out = 3);
    cut.is_untold(&["grants"]);
    // What withdraws it may not have been through.
    with(with(saml(), nothing), |case| case.made.as_mut().unwrap().withdrawn_lately = true).is_untold(&["grants"]);
    with(saml(), |case| case.made = None).is_untold(&["app", "grants"]);
}

fn one_of(values: &'static [&'static str]) -> impl Strategy<Value = Option<String>> {
    proptest::option::weighted(0.9, proptest::sample::select(values).prop_map(str::to_owned))
}

fn address() -> impl Strategy<Value = Option<String>> {
    prop_oneof![9 => Just(Some("192.0.2.10")), 1 => one_of_addresses()].prop_map(|address| address.map(str::to_owned))
}

fn one_of_addresses() -> impl Strategy<Value = Option<&'static str>> {
    proptest::sample::select(vec![None, Some("AWS Internal"), Some("203.0.113.66"), Some("::ffff:192.0.2.10")])
}

prop_compose! {
    /// Sessions that are now and then what a decision gave, and of which any part may be another's.
    fn any_case()(
        kind in 0..3_usize,
        second in prop_oneof![3 => 0..360_i64, 1 => -20..5_000_i64],
        source in one_of(&[JANE, JANE, JANE, "john@example.com"]),
        name in one_of(&[JANE, JANE, JANE, "john@example.com"]),
        hash in one_of(&[":abcd:efgh:", ":abcd:efgh:", ":abcd:", ":efgh:abcd:", "x"]),
        roles in proptest::sample::subsequence(vec![ROLE, OTHER], 1..=2),
        left_out in (0..2_usize, 0..2_usize),
        provider in proptest::option::weighted(0.2, one_of(&["arn:aws:iam::111122223333:saml-provider/okta-b", ISSUER])),
        audience in proptest::option::weighted(0.2, one_of(&["0oaB", "0oaA"])),
        outcome in proptest::sample::select(vec!["access", "access", "access", "access", "deny"]),
        assertions in prop_oneof![4 => Just(1_usize), 1 => Just(2)],
        others in proptest::collection::vec((address(), proptest::bool::weighted(0.1)), 0..3),
        own in address(),
        tags in proptest::sample::select(vec![&["GroupHash", "SignetDecision", "department"][..]; 4]
            .into_iter().chain([&["GroupHash", "SignetDecision"][..], &["GroupHash", "SignetDecision", "department", "x"]])
            .collect::<Vec<_>>()),
        lasting in proptest::option::weighted(
            0.2, proptest::sample::subsequence(vec!["grouphash", "SignetDecision", "Department"], 0..=3)),
        subject in one_of(&["00u1", "00u1", "00u1", "00u2"]),
        older in proptest::bool::weighted(0.1),
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
        case.session.address = own;
        case.session.tags = self::tags(tags);
        if let Some(keys) = lasting {
            case.session.transitive = words(&keys);
        }
        case.session.subject = subject;
        let another = |(address, differs): (Option<String>, bool)| {
            let mut other = Session { address, ..case.session.clone() };
            if differs {
                other.tags.insert("department".to_owned(), "y".to_owned());
            }
            other
        };
        case.others = others.into_iter().map(another).collect();
        if older {
            let apps = &mut case.made.as_mut().unwrap().apps;
            apps.push(app(apps[0].app.protocol, "0oaB"));
        }
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
    let Case { session, logged, made, others, .. } = case;
    let Some(Made { apps, granted, .. }) = made else { return false };
    let protocol = apps[0].app.protocol;
    let after = session.at.seconds() - logged.at.seconds();
    let (most, provider) = match protocol {
        Protocol::Saml => (360, vec!["arn:aws:iam::111122223333:saml-provider/okta-a"]),
        Protocol::Oidc => (3_900, vec!["arn:aws:iam::111122223333:oidc-provider/example.okta.com/oauth2/aus1", ISSUER]),
        // A form with a client as its audience is an issuer's like any other's, which no provider here is.
        Protocol::Cognito => (3_900, vec![IDENTITY_POOLS]),
    };
    let is_here = |address: &Option<String>| matches!(address.as_deref(), Some("192.0.2.10" | "::ffff:192.0.2.10"));
    let is_far = |address: &Option<String>| address.as_deref() == Some("203.0.113.66");
    let everywhere: Vec<_> = others.iter().map(|other| &other.address).chain([&session.address]).collect();
    let from_one = others.is_empty() || everywhere.iter().all(|a| is_here(a)) || everywhere.iter().all(|a| is_far(a));
    let form = |then: &AppThen| {
        let by_pool = then.app.protocol == Protocol::Cognito && then.app.audience == POOL;
        let provider = match then.app.protocol {
            Protocol::Cognito if !by_pool => vec![ISSUER],
            _ => provider.clone(),
        };
        session.provider.as_deref().is_some_and(|found| provider.contains(&found))
            && session.audience.as_deref() == Some(then.app.audience.as_str())
            && (by_pool || session.transitive.len() == 3)
    };
    logged.outcome == "access"
        && case.assertions <= 1
        && from_one
        && others.iter().all(|other| other.tags == session.tags)
        && (protocol != Protocol::Oidc || session.subject.as_deref() == Some("00u1"))
        && (-5..=most).contains(&after)
        && session.source_identity.as_deref() == Some(JANE)
        && (protocol != Protocol::Saml || session.name.as_deref() == Some(JANE))
        && logged.roles.contains(&session.role)
        && session.group_hash.as_deref() == Some(":abcd:efgh:")
        && session.tags.keys().eq(["GroupHash", "SignetDecision", "department"])
        && apps.iter().any(form)
        && !granted.is_empty()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_096))]

    #[test]
    fn only_what_agrees_in_all_is_in_order(case in any_case()) {
        prop_assert_eq!(case.judge().is_in_order(), agrees(&case), "{:?}", case.judge());
    }
}
