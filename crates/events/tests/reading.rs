//! What is refused, with all that is wrong and where, and what is taken.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::needless_pass_by_value,
    reason = "a test may fail by a panic, and takes what `json!` gives"
)]

mod support;

use serde_json::{Value, json};
use signet_core::grant::Timestamp;
use signet_core::role::Protocol;
use signet_events::dataset::DatasetChanged;
use signet_events::event::{Change, Event, EventError, MAX_BYTES};
use signet_events::provider::ProviderChanged;
use signet_events::state::State;
use support::{parse, sample};

const ROLE: &str = "arn:aws:iam::111122223333:role/data/reader";

fn dataset_event(data: Value) -> Value {
    let mut event = sample("dataset-active");
    event["subject"] = json!("d");
    event["data"] = json!({ "dataset": "d", "revision": 1, "state": "active" });
    let Value::Object(data) = data else { panic!("no object") };
    event["data"].as_object_mut().unwrap().extend(data);
    event
}

fn granting(grants: Value) -> Value {
    dataset_event(json!({ "grants": grants }))
}

fn dataset(event: &Value) -> (DatasetChanged, Vec<String>) {
    let event = parse(event).unwrap();
    let Change::Dataset(dataset) = event.change else { panic!("not about a dataset") };
    (dataset, event.warnings.iter().map(ToString::to_string).collect())
}

fn provider(event: &Value) -> ProviderChanged {
    let Change::Provider(provider) = parse(event).unwrap().change else { panic!("not about a provider") };
    provider
}

fn problems(message: &[u8]) -> String {
    let problems = Event::parse(message).expect_err("the event was taken").problems();
    let lines: Vec<String> = problems.iter().map(|problem| format!("  {problem}\n")).collect();
    lines.concat()
}

fn with(event: &Value, changes: Value) -> Value {
    let mut event = event.clone();
    let Value::Object(changes) = changes else { panic!("no object") };
    for (place, value) in changes {
        let (parent, name) = place.rsplit_once('/').unwrap();
        event.pointer_mut(parent).unwrap()[name] = value;
    }
    event
}

/// All problems of each message, one a line.
fn told(cases: Vec<(&str, String)>) -> String {
    let told = cases.into_iter().map(|(what, message)| format!("{what}\n{}\n", problems(message.as_bytes())));
    told.collect::<Vec<_>>().concat()
}

#[test]
fn what_is_wrong_with_the_envelope() {
    let active = sample("dataset-active");
    let long = "x".repeat(2_000);
    let changed = |changes: Value| with(&active, changes).to_string();
    let text = active.to_string();
    let twice = "\"revision\":1,\"revision\":2,\"state\":\"deleted\"";
    let cases = vec![
        ("not JSON", "hello".to_owned()),
        ("nothing", String::new()),
        ("two texts", "{} {}".to_owned()),
        ("not an object", "\"x\"".to_owned()),
        ("a batch", "[{}]".to_owned()),
        ("no attributes", "{}".to_owned()),
        ("attributes that are null", changed(json!({ "/id": null, "/time": null, "/data": null }))),
        (
            "attributes of other kinds",
            changed(json!({
                "/specversion": 1.0,
                "/id": 5,
                "/source": [],
                "/type": {},
                "/subject": true,
                "/time": 1_782_898_200,
                "/data": "x",
            })),
        ),
        (
            "attributes that say something else",
            changed(json!({
                "/specversion": "0.3",
                "/id": "",
                "/source": "a\nb",
                "/type": "signet.dataset.changed.v2",
                "/time": "2026-07-01",
                "/datacontenttype": "application/xml",
                "/data_base64": "e30=",
            })),
        ),
        ("an alert", changed(json!({ "/type": "signet.alert.v1" }))),
        ("attributes that are too long", changed(json!({ "/id": long, "/source": long }))),
        ("another subject", changed(json!({ "/subject": "genomes" }))),
        ("no data at all", changed(json!({ "/data": {} }))),
        (
            "doubled members",
            text.replacen("\"revision\":1", twice, 1).replacen('{', "{\"id\":\"x\",\"ext\":1,\"ext\":2,", 1),
        ),
        ("doubled groups of a grant", text.replacen("\"role\":", "\"groups\":[\"Everyone\"],\"role\":", 1)),
    ];
    insta::assert_snapshot!("envelope_problems", told(cases));
}

#[test]
fn what_is_wrong_with_a_dataset() {
    let active = sample("dataset-active");
    let changed = |changes: Value| with(&active, changes).to_string();
    let unknown = json!({
        "/data/owner": "x",
        "/data/grants/0/expire_at": "2027-01-31T00:00:00Z",
        "/data/grants/0/a~b": 1,
    });
    let wrong = json!([
        {},
        "x",
        {
            "role": "arn:aws:iam::111122223333:user/jane",
            "groups": "Readers",
            "apps": "0oaA",
            "expires_at": 1_801_353_600,
        },
        { "role": "data/reader", "groups": [], "apps": [], "expires_at": "2027-01-31" },
        {
            "role": "arn:aws:s3:::bucket",
            "groups": ["", 5, null, ["x"], {}, { "key": "", "label": "" }, { "name": "x" }],
            "apps": ["a b", ""],
            "expires_at": "2027-01-31T00:00:00.5Z",
        },
        {
            "role": "arn:aws:iam::1:role/x",
            "groups": ["é".repeat(513), { "key": "k", "label": "x".repeat(257) }, { "key": "k", "label": "a\u{7}" }],
        },
    ]);
    let cases = vec![
        ("unknown members", changed(unknown).replace("a~b\"", "a~b/c\"")),
        (
            "members that are null",
            changed(json!({
                "/data/location": null,
                "/data/grants/1/apps": null,
                "/data/grants/1/expires_at": null,
            })),
        ),
        (
            "members of other kinds",
            changed(json!({
                "/data/dataset": 1,
                "/data/revision": "7",
                "/data/location": [],
                "/data/state": true,
                "/data/grants": {},
            })),
        ),
        ("a dataset that cannot be a source", changed(json!({ "/subject": "a b", "/data/dataset": "a b" }))),
        ("an unknown state", changed(json!({ "/data/state": "Active" }))),
        ("active without grants", dataset_event(json!({})).to_string()),
        ("deleted with grants", changed(json!({ "/data/state": "deleted" }))),
        ("grants that are wrong", granting(wrong).to_string()),
    ];
    insta::assert_snapshot!("dataset_problems", told(cases));
}

#[test]
fn what_is_wrong_with_a_provider() {
    let of_saml = sample("provider-saml-active");
    let of_oidc = sample("provider-oidc-active");
    let saml = |changes: Value| with(&of_saml, changes).to_string();
    let oidc = |changes: Value| with(&of_oidc, changes).to_string();
    let issuer = |url: &str| oidc(json!({ "/data/issuer_url": url }));
    let document = of_saml["data"]["saml_metadata"].as_str().unwrap();
    let metadata = |from: &str, to: &str| saml(json!({ "/data/saml_metadata": document.replace(from, to) }));
    let nothing =
        json!({ "app": "0oa/x", "revision": 1, "state": "active", "name": "", "protocol": "SAML", "provider": "a b" });
    let bare = json!({
        "app": of_saml["subject"],
        "revision": 1,
        "state": "active",
        "name": "Databricks",
        "protocol": "saml",
        "provider": "okta-databricks",
    });
    let cases = vec![
        ("another subject", saml(json!({ "/subject": "0oaOther" }))),
        ("no member is right", saml(json!({ "/data": nothing }))),
        ("metadata that is too short", saml(json!({ "/data/saml_metadata": "<EntityDescriptor/>" }))),
        ("metadata that is not XML", saml(json!({ "/data/saml_metadata": "x".repeat(1_000) }))),
        (
            "metadata with a DTD",
            metadata("<md:EntityDescriptor", "<!DOCTYPE x [<!ENTITY a \"b\">]><md:EntityDescriptor"),
        ),
        ("metadata of several", metadata("md:EntityDescriptor", "md:EntitiesDescriptor")),
        ("metadata without an entity id", metadata(" entityID=", " ID=")),
        ("metadata of a service", metadata("md:IDPSSODescriptor", "md:SPSSODescriptor")),
        ("metadata without a signing key", metadata("use=\"signing\"", "use=\"encryption\"")),
        ("metadata with half a certificate", metadata("MIIDRzCCAi", "MIIDRzCC")),
        ("an audience that is a pattern", saml(json!({ "/data/audience": "https://example.com/*" }))),
        ("an audience with a variable", saml(json!({ "/data/audience": "${aws:username}" }))),
        ("an audience with a space", saml(json!({ "/data/audience": "a b" }))),
        ("SAML without metadata", saml(json!({ "/data": bare }))),
        ("SAML with an issuer", saml(json!({ "/data/issuer_url": "https://example.com", "/data/client_ids": ["x"] }))),
        ("OIDC with metadata alone", saml(json!({ "/data/protocol": "oidc" }))),
        ("no client id", oidc(json!({ "/data/client_ids": [] }))),
        ("client ids that are none", oidc(json!({ "/data/client_ids": ["", 1] }))),
        ("client ids that no policy could demand", oidc(json!({ "/data/client_ids": ["a b", "*", "${x}"] }))),
        ("too many client ids", oidc(json!({ "/data/client_ids": vec!["x"; 41] }))),
        ("an issuer without https", issuer("http://example.okta.com")),
        ("an issuer with a query", issuer("https://example.okta.com/?a=b")),
        ("an issuer without a host", issuer("https:///x")),
        ("an issuer with a user", issuer("https://jane@example.okta.com")),
        ("an issuer with a port", issuer("https://example.okta.com:8443")),
        ("an issuer with a space", issuer("https://example.okta.com/ x")),
        ("an issuer that is too long", issuer(&format!("https://example.okta.com/{}", "x".repeat(255)))),
    ];
    insta::assert_snapshot!("provider_problems", told(cases));
}

#[test]
fn revisions_are_whole_numbers_up_to_2_to_the_53rd() {
    for good in ["1", "7", "9007199254740992"] {
        let event = granting(json!([])).to_string().replace("\"revision\":1", &format!("\"revision\":{good}"));
        assert_eq!(Event::parse(event.as_bytes()).unwrap().revision().to_string(), good);
    }
    for bad in ["0", "-1", "1.0", "1.5", "9007199254740993", "18446744073709551616", "1e300", "null", "\"1\"", "true"] {
        let event = granting(json!([])).to_string().replace("\"revision\":1", &format!("\"revision\":{bad}"));
        let problems = problems(event.as_bytes());
        assert!(problems.starts_with("  /data/revision: "), "{bad}: {problems}");
    }
}

#[test]
fn an_event_has_256_kb_at_most_and_is_not_even_read_beyond() {
    let grant = |n: usize| json!({ "role": ROLE, "groups": [format!("Team {n}")] });
    let many = granting((0..100_000).map(grant).collect()).to_string();
    assert!(matches!(Event::parse(many.as_bytes()), Err(EventError::TooLarge { bytes }) if bytes == many.len()));
    let error = Event::parse(&vec![b'x'; MAX_BYTES + 1]).unwrap_err().to_string();
    assert!(error.starts_with("the event has `262145` bytes, and 262144 is the most that SNS takes"), "{error}");

    let mut event = granting((0..2_000).map(grant).collect());
    event["padding"] = json!("");
    event["padding"] = json!("x".repeat(MAX_BYTES - event.to_string().len()));
    assert_eq!(event.to_string().len(), MAX_BYTES);
    assert_eq!(dataset(&event).0.grants.len(), 2_000);
    assert!(matches!(Event::parse(format!("{event} ").as_bytes()), Err(EventError::TooLarge { .. })));
}

#[test]
fn a_small_event_cannot_fill_the_memory() {
    let names = |n: usize| (0..n).map(|n| format!("{n:x}")).collect::<Vec<_>>();
    let event = granting(json!([{ "role": ROLE, "groups": names(10_000), "apps": names(10_000) }]));
    let problems = problems(event.to_string().as_bytes());
    assert_eq!(problems, "  /data/grants/0: makes more than 200000 pairs of a group and an app: name fewer of both\n");
    let event = granting(json!([{ "role": ROLE, "groups": names(10_000), "apps": names(20) }]));
    assert_eq!(dataset(&event).0.grants.len(), 10_000);
}

#[test]
fn a_line_of_problems_says_how_many_more_there_are() {
    let event = granting(json!([{ "role": ROLE, "groups": vec![""; 50] }]));
    let error = parse(&event).unwrap_err();
    assert_eq!(error.problems().len(), 50);
    assert!(error.to_string().ends_with("/data/grants/0/groups/19: group key `` is empty; and 30 more"), "{error}");
}

#[test]
fn deep_nesting_is_an_error_and_no_crash() {
    for message in ["[".repeat(100_000), "{\"a\":".repeat(40_000), format!("{{\"data\":{}", "[".repeat(1_000))] {
        assert!(matches!(Event::parse(message.as_bytes()), Err(EventError::NotJson(_))));
    }
    assert!(matches!(Event::parse(b"\xff\xfe"), Err(EventError::NotJson(_))));
    assert!(matches!(Event::parse(br#"{"id":"\ud800"}"#), Err(EventError::NotJson(_))));
}

#[test]
fn attributes_that_are_not_known_are_tolerated() {
    let event = with(
        &sample("dataset-active"),
        json!({
            "/traceparent": "00-0af7-b7ad-01",
            "/dataschema": "https://example.com/schema",
            "/x": { "a": null },
            "/y": null,
        }),
    );
    assert_eq!(parse(&event).unwrap(), parse(&sample("dataset-active")).unwrap());
    let mut bare = sample("dataset-active");
    bare.as_object_mut().unwrap().remove("datacontenttype");
    assert!(parse(&bare).is_ok());
    assert!(parse(&with(&bare, json!({ "/datacontenttype": null }))).is_ok());
}

#[test]
fn grants_are_read_as_they_are() {
    let (dataset, warnings) = dataset(&granting(json!([
        {
            "role": "arn:aws-cn:iam::444455556666:role/data/reader",
            "groups": ["Readers", " readers ", { "key": "00g1", "label": "Stewards" }, { "key": "00g2" }],
            "apps": ["0oaB", "0oaA"],
            "expires_at": "2027-01-31T01:00:00+01:00",
        },
        { "role": ROLE, "groups": ["*", "x".repeat(1_024), "a\u{0}b"] },
    ])));
    assert_eq!(warnings, [""; 0]);
    assert_eq!(dataset.dataset.as_str(), "dataset:d");
    assert_eq!((dataset.state, dataset.duplicates, dataset.location), (State::Active, 0, None));
    let groups: Vec<_> =
        dataset.grants.iter().map(|(key, label, _)| (key.as_str().to_owned(), label.as_deref())).collect();
    let expected = [
        (" readers ".to_owned(), None),
        ("*".to_owned(), None),
        ("00g1".to_owned(), Some("Stewards")),
        ("00g2".to_owned(), None),
        ("Readers".to_owned(), None),
        ("a\u{0}b".to_owned(), None),
        ("x".repeat(1_024), None),
    ];
    assert_eq!(groups, expected);
    let (_, _, grant) = &dataset.grants[0];
    assert_eq!(grant.role.partition(), "aws-cn");
    assert_eq!(grant.expires_at, Some(Timestamp::from_seconds(1_801_353_600)));
    assert_eq!(grant.apps.as_ref().unwrap().len(), 2);
    assert_eq!(dataset.grants[1].2.apps, None);
}

#[test]
fn grants_stated_twice_count_once() {
    let (dataset, warnings) = dataset(&granting(json!([
        { "role": ROLE, "groups": ["a", "a", { "key": "b", "label": "One" }], "apps": ["y", "x", "x"] },
        { "role": ROLE, "groups": [{ "key": "b", "label": "Two" }, { "key": "a", "label": "A" }], "apps": ["x", "y"] },
        { "role": ROLE, "groups": [{ "key": "b", "label": "One" }, "b"] },
    ])));
    let grants: Vec<_> = dataset.grants.iter().map(|(key, label, _)| (key.as_str(), label.as_deref())).collect();
    assert_eq!(grants, [("a", Some("A")), ("b", Some("One")), ("b", Some("One"))]);
    assert_eq!(dataset.duplicates, 4);
    assert_eq!((dataset.groups().len(), dataset.roles().len()), (2, 1));
    assert_eq!(
        warnings,
        [
            "/data/grants/0/apps/2: is there twice",
            "/data/grants/0/groups/1: group `a` has this very grant already",
            "/data/grants/1/groups/0: group `b` has this very grant already",
            "/data/grants/1/groups/0: group `b` is called `Two` here and `One` before: the first label is taken",
            "/data/grants/1/groups/1: group `a` has this very grant already",
            "/data/grants/2/groups/1: group `b` has this very grant already",
        ]
    );
}

#[test]
fn a_dataset_may_state_nothing() {
    assert_eq!(dataset(&granting(json!([]))).0.grants, []);
    let (deleted, _) = dataset(&dataset_event(json!({ "state": "deleted" })));
    assert_eq!((deleted.state, deleted.grants.len()), (State::Deleted, 0));
}

#[test]
fn providers_are_read_as_they_are() {
    let saml = provider(&sample("provider-saml-active"));
    assert_eq!((saml.protocol, saml.state, saml.revision), (Protocol::Saml, State::Active, 1));
    assert!(saml.saml_metadata.unwrap().starts_with("<?xml"));
    let says = saml.saml.unwrap();
    assert_eq!(says.entity_id, "http://www.okta.com/exk1fcia6d6EMsf331d8");
    assert_eq!(says.certificates.iter().map(String::len).collect::<Vec<_>>(), [64]);
    assert_eq!((saml.provider.as_str(), saml.name.as_str()), ("okta-databricks", "Databricks"));
    let cognito = with(
        &sample("provider-oidc-active"),
        json!({
            "/data/protocol": "cognito",
            "/data/issuer_url": "https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_Sample",
            "/data/client_ids": ["b", "a", "b"],
        }),
    );
    let cognito_read = provider(&cognito);
    assert_eq!(cognito_read.protocol, Protocol::Cognito);
    assert_eq!(cognito_read.client_ids.into_iter().collect::<Vec<_>>(), ["a", "b"]);
    assert_eq!(parse(&cognito).unwrap().warnings[0].to_string(), "/data/client_ids/2: is there twice");
    assert_eq!(provider(&sample("provider-deleted")).saml_metadata, None);
    // Nothing is made of what goes with a deletion, so that it is not refused for it.
    let unread = provider(&with(
        &sample("provider-saml-active"),
        json!({ "/data/state": "deleted", "/data/saml_metadata": "x".repeat(1_000) }),
    ));
    assert_eq!((unread.state, unread.saml), (State::Deleted, None));
    assert_eq!(provider(&with(&cognito, json!({ "/data/state": "deleted" }))).client_ids.len(), 2);
}

#[test]
fn times_keep_their_fractions() {
    let event = parse(&sample("dataset-withdrawn")).unwrap();
    assert_eq!(event.time.as_millisecond(), 1_783_001_130_250);
}
