use std::collections::{BTreeMap, BTreeSet};

use super::*;
use crate::api::{AppClient, Attribute};

/// The alias that a pool has to call.
const LIVE: &str = "arn:aws:lambda:eu-central-1:111122223333:function:pre-token:live";
const SCOPE: &str = "aws.cognito.signin.user.admin";

fn id() -> PoolId {
    PoolId::of_issuer("cognito-idp.eu-central-1.amazonaws.com/eu-central-1_Example").unwrap()
}

fn set(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

fn client(id: &str, write: Option<&[&str]>, scopes: &[&str]) -> AppClient {
    AppClient { id: id.to_owned(), name: Some(format!("{id}-app")), write: write.map(set), scopes: set(scopes) }
}

/// A pool that is as it should be.
fn pool(clients: &[AppClient]) -> UserPool {
    let attribute = |name: &str| (name.to_owned(), Attribute { mutable: true, required: false });
    UserPool {
        clients: clients.to_vec(),
        attributes: BTreeMap::from(["email", "name", "custom:groups", "custom:department"].map(attribute)),
        trigger: Some(Trigger { function: LIVE.to_owned(), version: TriggerVersion::V2 }),
        identity_providers: set(&["corporate"]),
    }
}

fn relies(app: &str, source: Source, attributes: &[&str]) -> Relies {
    Relies { app: app.to_owned(), attributes: set(attributes), source, identity_provider: None, nested: true }
}

/// Weights, kinds and subjects.
fn brief(found: &[Finding]) -> Vec<(Weight, &str, &str)> {
    found.iter().map(|finding| (finding.weight, finding.kind, finding.subject.as_str())).collect()
}

fn of_one(pool: &UserPool, app: &Relies) -> Vec<Finding> {
    judge(&id(), pool, std::slice::from_ref(app), &BTreeSet::new())
}

/// How much it matters that a client may write one attribute of an app.
fn weight(client: AppClient, source: Source, attribute: &str) -> Option<Weight> {
    let found = of_one(&pool(&[client]), &relies("a", source, &[attribute]));
    assert!(found.len() <= 1, "{found:?}");
    let [finding] = &found[..] else { return None };
    assert_eq!((finding.kind, finding.subject.as_str()), ("attribute_writable", "eu-central-1_Example/web"));
    Some(finding.weight)
}

#[test]
fn where_all_users_count_no_client_may_write() {
    let of = |write, scopes, attribute| weight(client("web", write, scopes), Source::Protected, attribute);
    assert_eq!(of(Some(&["name"]), &[SCOPE], "email"), None);
    assert_eq!(of(Some(&["name", "email"]), &[], "email"), Some(Weight::Error));
    assert_eq!(of(Some(&["custom:groups"]), &["openid"], "custom:groups"), Some(Weight::Error));
    // Cognito's default: the standard attributes, and custom ones by one reference of two.
    for none in [None, Some(&[][..])] {
        assert_eq!(of(none, &[], "email"), Some(Weight::Error));
        assert_eq!(of(none, &[], "custom:groups"), Some(Weight::Warning));
    }
}

#[test]
fn federated_users_write_by_a_scope() {
    let of = |write, scopes, attribute| weight(client("web", write, scopes), Source::Federated, attribute);
    assert_eq!(of(Some(&["name"]), &[SCOPE], "custom:groups"), None);
    assert_eq!(of(Some(&["custom:groups"]), &["openid", SCOPE], "custom:groups"), Some(Weight::Error));
    assert_eq!(of(Some(&["custom:groups"]), &["openid"], "custom:groups"), Some(Weight::Note));
    assert_eq!(of(None, &[SCOPE], "email"), Some(Weight::Error));
    assert_eq!(of(None, &[SCOPE], "custom:groups"), Some(Weight::Warning));
    assert_eq!(of(None, &[], "email"), Some(Weight::Note));
    assert_eq!(of(None, &[], "custom:groups"), None);
}

#[test]
fn no_list_keeps_a_required_attribute_from_being_written() {
    let mut pool = pool(&[client("web", Some(&["name"]), &[])]);
    pool.attributes.insert("email".to_owned(), Attribute { mutable: true, required: true });
    let found = of_one(&pool, &relies("a", Source::Protected, &["email"]));
    assert_eq!(brief(&found), [(Weight::Error, "attribute_writable", "eu-central-1_Example/web")]);
    assert!(found[0].text.contains("the pool requires that"), "{}", found[0].text);
    let found = of_one(&pool, &relies("a", Source::Federated, &["email"]));
    assert_eq!(brief(&found), [(Weight::Note, "attribute_writable", "eu-central-1_Example/web")]);
}

#[test]
fn what_is_cognitos_own_is_nobodys_to_write() {
    let every = ["sub", "cognito:groups", "cognito:username"];
    let pool = pool(&[client("web", None, &[SCOPE]), client("cli", Some(&every), &[SCOPE])]);
    for source in [Source::Federated, Source::Protected] {
        assert_eq!(of_one(&pool, &relies("a", source, &every)), []);
    }
}

#[test]
fn a_finding_names_client_attributes_and_apps() {
    let clients = [client("web", Some(&["email", "custom:groups"]), &[]), client("cli", Some(&["name"]), &[])];
    let mut pool = pool(&clients);
    pool.attributes.insert("custom:groups".to_owned(), Attribute { mutable: false, required: false });
    pool.clients[0].name = None;
    let apps = [
        relies("one", Source::Protected, &["email", "custom:groups"]),
        relies("two", Source::Protected, &["email"]),
        relies("three", Source::Protected, &["custom:department"]),
        relies("four", Source::Federated, &["email"]),
    ];
    let found = judge(&id(), &pool, &apps, &BTreeSet::new());
    let subject = "eu-central-1_Example/web";
    let kind = "attribute_writable";
    assert_eq!(brief(&found), [(Weight::Error, kind, subject), (Weight::Note, kind, subject)]);
    let expected = "whoever signs in by the client can write `custom:groups` (at sign-up, of app `one`) and `email` (of \
                    apps `one`, `two`), and so";
    assert!(found[0].text.starts_with(expected), "{}", found[0].text);
    assert!(found[1].text.contains("`email` (of app `four`)"), "{}", found[1].text);
}

#[test]
fn tokens_go_through_a_trigger_that_can_say_enough() {
    let of = |version: Option<TriggerVersion>, nested| {
        let trigger = version.map(|version| Trigger { function: LIVE.to_owned(), version });
        let found = of_one(
            &UserPool { trigger, ..pool(&[]) },
            &Relies { nested, ..relies("a", Source::Protected, &["email"]) },
        );
        found.first().map(|finding| (finding.weight, finding.kind))
    };
    for nested in [true, false] {
        assert_eq!(of(None, nested), Some((Weight::Error, "trigger_missing")));
        assert_eq!(of(Some(TriggerVersion::V2), nested), None);
        assert_eq!(of(Some(TriggerVersion::V3), nested), None);
        let newer = TriggerVersion::Other("V4_0".to_owned());
        assert_eq!(of(Some(newer), nested), Some((Weight::Warning, "trigger_version")));
    }
    assert_eq!(of(Some(TriggerVersion::V1), true), Some((Weight::Error, "trigger_version")));
    assert_eq!(of(Some(TriggerVersion::V1), false), None);
}

#[test]
fn federated_users_come_from_a_provider_of_the_pool() {
    let of = |providers: &[&str], source, name: Option<&str>| {
        let pool = UserPool { identity_providers: set(providers), ..pool(&[]) };
        let app = Relies { identity_provider: name.map(str::to_owned), ..relies("a", source, &["email"]) };
        of_one(&pool, &app).first().map(|finding| (finding.weight, finding.kind))
    };
    let unknown = Some((Weight::Error, "identity_provider_unknown"));
    assert_eq!(of(&["corporate", "other"], Source::Federated, Some("corporate")), None);
    assert_eq!(of(&["corporate"], Source::Federated, Some("Corporate")), unknown);
    assert_eq!(of(&[], Source::Federated, Some("corporate")), unknown);
    assert_eq!(of(&[], Source::Federated, None), unknown);
    assert_eq!(of(&["corporate"], Source::Federated, None), None);
    let open = Some((Weight::Warning, "identity_provider_open"));
    assert_eq!(of(&["corporate", "other"], Source::Federated, None), open);
    for providers in [&[][..], &["corporate", "other"]] {
        assert_eq!(of(providers, Source::Protected, None), None);
        assert_eq!(of(providers, Source::Protected, Some("gone")), None);
    }
}

#[test]
fn an_attribute_that_the_pool_has_not_is_told() {
    let app = relies("a", Source::Protected, &["email", "custom:grops", "groups", "sub"]);
    let found = of_one(&pool(&[]), &app);
    assert_eq!(brief(&found), [(Weight::Warning, "attribute_unknown", "a")]);
    assert!(found[0].text.contains("no attribute `custom:grops`, `groups`:"), "{}", found[0].text);
}

#[test]
fn a_pool_that_cannot_be_read_is_a_warning() {
    let error = UserPoolError::Denied {
        operation: "DescribeUserPool",
        pool: id().to_string(),
        cause: "AccessDeniedException: no".to_owned(),
    };
    let apps = [relies("one", Source::Protected, &[]), relies("two", Source::Protected, &[])];
    let finding = unreadable(&id(), &apps, &error);
    assert_eq!(brief(std::slice::from_ref(&finding)), [(Weight::Warning, "pool_unreadable", "eu-central-1_Example")]);
    assert!(finding.text.starts_with("whether users can write what apps `one`, `two` take from the pool is"));
    assert!(finding.text.contains("allowed `cognito-idp:DescribeUserPool`"), "{}", finding.text);
    assert!(unreadable(&id(), &apps[..1], &error).text.contains("what app `one` takes from the pool"));
    let error = PoolId::of_issuer("login.example").unwrap_err();
    let finding = no_pool(&apps[0], &error);
    assert_eq!(brief(std::slice::from_ref(&finding)), [(Weight::Warning, "pool_unreadable", "one")]);
    assert!(finding.text.contains("issuer `login.example` is no user pool"), "{}", finding.text);
}

/// What is said of a trigger that calls this, where these are Signet's.
fn calls(function: &str, known: &[&str]) -> Option<(Weight, String)> {
    let mut pool = pool(&[]);
    pool.trigger = Some(Trigger { function: function.to_owned(), version: TriggerVersion::V2 });
    let found = judge(&id(), &pool, &[relies("web", Source::Federated, &["email"])], &set(known));
    assert!(found.len() <= 1, "{found:?}");
    let found = found.into_iter().next()?;
    assert_eq!((found.kind, found.subject.as_str()), ("trigger_function", "web"));
    Some((found.weight, found.text))
}

#[test]
fn a_trigger_calls_signet_by_its_alias() {
    let plain = LIVE.trim_end_matches(":live");
    let other = "arn:aws:lambda:eu-central-1:111122223333:function:somebody-s:live";
    let second = "arn:aws:lambda:eu-west-1:111122223333:function:pre-token:live";
    assert_eq!(calls(LIVE, &[LIVE]), None);
    assert_eq!(calls(LIVE, &[second, LIVE]), None);
    for function in [plain, &format!("{plain}:7"), &format!("{plain}:$LATEST")] {
        let (weight, text) = calls(function, &[second, LIVE]).unwrap();
        assert_eq!(weight, Weight::Error);
        assert!(text.contains("the alias alone") && text.contains(&format!("Set `{LIVE}`")), "{text}");
        assert!(text.contains(&format!("`{function}`")), "{text}");
    }
    for function in [other, second] {
        let (weight, text) = calls(function, &[LIVE]).unwrap();
        assert_eq!(weight, Weight::Error);
        assert!(text.contains("not Signet's") && text.contains(function) && text.contains(LIVE), "{text}");
    }
    // Where nobody says what is Signet's.
    assert_eq!(calls(other, &[]), None);
    assert_eq!(calls(plain, &[]).unwrap().0, Weight::Warning);
}
