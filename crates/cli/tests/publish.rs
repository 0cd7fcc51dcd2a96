//! `event publish`, with a server at SNS's HTTP boundary.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test may fail by a panic")]

mod support;

use serde_json::{Value, json};
use signet_local::proxy::{FaultyProxy, Mode};
use support::sns::{Sns, published, refused};
use support::{Ended, command, fed, sample};
use tempfile::TempDir;

const TOPIC: &str = "arn:aws:sns:eu-north-1:111122223333:clinical";

/// Runs `event publish` with more arguments, settings and an input. Without any other setting, nobody
/// is reached: the machine has no route to AWS.
fn publish(args: &[&str], settings: &[(&str, &str)], input: &[u8]) -> Ended {
    let folder = TempDir::new().unwrap();
    let mut command = command(folder.path());
    command.args(["event", "publish"]).args(args).envs(settings.iter().copied());
    fed(command, input)
}

fn to(sns: &Sns, args: &[&str], input: &[u8]) -> Ended {
    publish(args, &[("AWS_ENDPOINT_URL_SNS", &sns.endpoint())], input)
}

#[test]
fn an_event_reaches_its_topic_as_it_is() {
    let sns = Sns::start(&[(200, &published("m-1"))]);
    let ended = to(&sns, &[&sample("dataset-active"), "--topic", TOPIC], b"").ok();
    let event: Value = serde_json::from_slice(&std::fs::read(sample("dataset-active")).unwrap()).unwrap();
    let id = event["id"].as_str().unwrap();
    assert_eq!(
        ended.out,
        format!(
            "Published signet.dataset.changed.v1 of clinical-trials at revision 1, active: 2 groups, 2 roles, 3 \
             grants\n  topic    {TOPIC}\n  event    {id}\n  message  m-1\n"
        )
    );
    assert_eq!(ended.err, "");
    let [call] = &sns.calls()[..] else { panic!("one call is expected") };
    assert_eq!(call.fields["Action"], "Publish");
    assert_eq!(call.fields["TopicArn"], TOPIC);
    assert_eq!(call.fields["Message"], std::fs::read_to_string(sample("dataset-active")).unwrap());
    assert!(!call.fields.contains_key("MessageGroupId"));
    // The region is the topic's, whatever the environment says.
    assert!(call.authorization.contains("/eu-north-1/sns/"), "{}", call.authorization);
}

#[test]
fn programs_get_json_and_the_standard_input_is_read() {
    let sns = Sns::start(&[(200, &published("m-2"))]);
    let event = std::fs::read(sample("provider-saml-active")).unwrap();
    let ended = to(&sns, &["-", "--topic", TOPIC, "--json"], &event).ok();
    let value: Value = serde_json::from_str(&ended.out).unwrap();
    assert_eq!((&value["ok"], &value["topic"], &value["message_id"]), (&json!(true), &json!(TOPIC), &json!("m-2")));
    let [file] = &value["files"].as_array().unwrap()[..] else { panic!("{value}") };
    let names = ["file", "type", "subject", "revision"];
    let expected = json!(["-", "signet.provider.changed.v1", "0oath92zlO60urQOP0g3", 1]);
    assert_eq!(json!(names.map(|name| &file[name])), expected);
    assert_eq!(sns.calls().len(), 1);
}

#[test]
fn a_bad_event_is_not_published() {
    let sns = Sns::start(&[(200, &published("m"))]);
    let event = std::fs::read_to_string(sample("dataset-active")).unwrap();
    let bad = event.replace("\"revision\": 1", "\"revision\": 0");
    let ended = to(&sns, &["-", "--topic", TOPIC], bad.as_bytes()).exit(2);
    assert_eq!((ended.out.as_str(), ended.err.lines().count()), ("", 1));
    ended.warns("-: /data/revision: `0` is not a whole number from 1 to");
    let ended = to(&sns, &["-", "--topic", TOPIC, "--json"], bad.as_bytes()).exit(2);
    assert_eq!(serde_json::from_str::<Value>(&ended.out).unwrap()["ok"], false);
    to(&sns, &["nowhere.json", "--topic", TOPIC], b"").exit(2).warns("cannot read `nowhere.json`");
    to(&sns, &["-", "--topic", TOPIC], &vec![b' '; 300_000]).exit(2).warns("262144 is the most");
    to(&sns, &[&sample("dataset-active"), "--topic", "clinical"], b"")
        .exit(2)
        .warns("topic `clinical` is not a topic's");
    to(&sns, &[&sample("dataset-active")], b"").exit(2).warns("--topic");
    assert_eq!(sns.calls().len(), 0);
}

#[test]
fn a_warning_does_not_hold_an_event_back() {
    let sns = Sns::start(&[(200, &published("m"))]);
    let event = std::fs::read_to_string(sample("dataset-withdrawn")).unwrap();
    let event = event.replace("\"Trials Curators\"", "\"Trials Curators\", \"Trials Curators\"");
    to(&sns, &["-", "--topic", TOPIC], event.as_bytes())
        .ok()
        .says("at revision 2, active: 1 group")
        .warns("-: warning: /data/grants/0/groups/1: group `Trials Curators` has this very grant already");
}

#[test]
fn a_fifo_topic_gets_an_order_and_an_id() {
    let sns = Sns::start(&[(200, &published("m"))]);
    let topic = format!("{TOPIC}.fifo");
    for name in ["dataset-active", "dataset-withdrawn", "provider-saml-active", "dataset-active"] {
        to(&sns, &[&sample(name), "--topic", &topic], b"").ok();
    }
    let calls = sns.calls();
    let [active, withdrawn, provider, again] = &calls[..] else { panic!("four calls are expected") };
    let of = |name: &'static str| move |call: &support::sns::Call| call.fields[name].clone();
    let (group, id) = (of("MessageGroupId"), of("MessageDeduplicationId"));
    assert_eq!(group(active), group(withdrawn));
    assert_ne!(group(active), group(provider));
    assert_ne!(id(active), id(withdrawn));
    assert_eq!(id(active), id(again));
}

#[test]
fn what_sns_refuses_is_said() {
    for (status, code, message, expected) in [
        (404, "NotFound", "Topic does not exist", format!("error: topic `{TOPIC}` does not exist: correct its ARN")),
        (
            403,
            "AuthorizationError",
            "not authorized",
            format!("error: these credentials may not publish to topic `{TOPIC}`"),
        ),
        (400, "KMSAccessDenied", "no key", format!("error: these credentials may not publish to topic `{TOPIC}`")),
        (403, "InvalidClientTokenId", "bad token", "InvalidClientTokenId: bad token".to_owned()),
        (
            400,
            "InvalidParameter",
            "TopicArn",
            format!("error: cannot publish to topic `{TOPIC}`: InvalidParameter: TopicArn"),
        ),
    ] {
        let sns = Sns::start(&[(status, &refused(code, message))]);
        let ended = to(&sns, &[&sample("dataset-active"), "--topic", TOPIC], b"").exit(1).warns(&expected);
        assert_eq!((ended.out.as_str(), ended.err.lines().count()), ("", 1), "{ended:?}");
        assert_eq!(sns.calls().len(), 1, "{code}");
    }
    let sns = Sns::start(&[(200, "<PublishResponse/>")]);
    to(&sns, &[&sample("dataset-active"), "--topic", TOPIC], b"").exit(1).warns("cannot publish");
}

#[test]
fn a_throttled_call_is_repeated() {
    let sns = Sns::start(&[(400, &refused("Throttling", "Rate exceeded")), (500, "oops"), (200, &published("m-3"))]);
    to(&sns, &[&sample("dataset-active"), "--topic", TOPIC], b"").ok().says("message  m-3");
    assert_eq!(sns.calls().len(), 3);
}

#[tokio::test]
async fn an_sns_that_is_not_there_is_said() {
    // Its port stays its own, and refuses.
    let refusing = FaultyProxy::start("http://127.0.0.1:9").await.unwrap();
    refusing.set(Mode::Refuse).await.unwrap();
    let nobody = refusing.endpoint();
    let event = sample("dataset-active");
    let args = [&event, "--topic", TOPIC, "--endpoint-url", nobody];
    publish(&args, &[], b"")
        .exit(1)
        .warns(&format!("error: cannot publish to topic `{TOPIC}`: "))
        .warns("publishing it again does no harm");
    let sns = Sns::start(&[(200, &published("m-4"))]);
    let both = [&event, "--topic", TOPIC, "--endpoint-url", &sns.endpoint(), "--region", "eu-west-3"];
    publish(&both, &[("AWS_ENDPOINT_URL_SNS", nobody)], b"").ok().says("m-4");
    assert!(sns.calls()[0].authorization.contains("/eu-west-3/sns/"));
    for (settings, args, place) in [
        (&[][..], &["--endpoint-url", "localhost:4566"][..], "--endpoint-url: `localhost:4566`"),
        (&[("AWS_ENDPOINT_URL_SNS", "nowhere")], &[], "AWS_ENDPOINT_URL_SNS: `nowhere`"),
        (&[("AWS_ENDPOINT_URL", "http://")], &[], "AWS_ENDPOINT_URL: `http://`"),
    ] {
        let args = [&[&event, "--topic", TOPIC], args].concat();
        publish(&args, settings, b"").exit(2).warns(&format!("error: {place} is no address"));
    }
    let keyless = [("AWS_ENDPOINT_URL_SNS", sns.endpoint()), ("AWS_ACCESS_KEY_ID", String::new())];
    let keyless = keyless.each_ref().map(|(name, value)| (*name, value.as_str()));
    let ended = publish(&[&event, "--topic", TOPIC], &keyless, b"").exit(1).warns("no credentials found");
    assert!(!ended.err.contains("all the same"), "{}", ended.err);
    assert_eq!(sns.calls().len(), 1);
}
