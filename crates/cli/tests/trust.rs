//! `trust` and `audit` on a real DynamoDB API, and on IAM and STS of some accounts.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may fail by a panic")]

mod support;

use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::{Value, json};
use signet_core::app::AppId;
use signet_core::grant::Timestamp;
use signet_core::role::{Protocol, ProviderName};
use signet_store::apply::Provenance;
use signet_store::statement::StatedProvider;
use support::accounts::{Accounts, EC2};
use support::sns::{Sns, refused};
use support::{Place, app, code, collision, command, fed};

/// What STS answers to who asks who they are.
const CALLER: &str = "<GetCallerIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">\
    <GetCallerIdentityResult><Arn>arn:aws:iam::111122223333:user/somebody</Arn><UserId>A</UserId>\
    <Account>111122223333</Account></GetCallerIdentityResult></GetCallerIdentityResponse>";
const FIRST: &str = "111122223333";
const SECOND: &str = "444455556666";

fn arn(account: &str, role: &str) -> String {
    format!("arn:aws:iam::{account}:role/{role}")
}

/// A file that grants groups roles; the app is 0oaA.
fn granting(grants: &[(&str, &str)]) -> String {
    let grants: Vec<String> =
        grants.iter().map(|(role, groups)| format!("- {{ role: {role}, groups: [{groups}] }}\n")).collect();
    format!("name: platform\napps:\n{}grants:\n{}", app("0oaA", ""), grants.concat())
}

/// A provider event of an app, with metadata that one certificate signs.
async fn provider(place: &Place, id: &str, certificate: &str) {
    let metadata =
        format!("<EntityDescriptor entityID=\"https://example.com/{id}\">{}</EntityDescriptor>", " ".repeat(1_000));
    let stated = StatedProvider {
        app: AppId::parse(id).unwrap(),
        active: true,
        name: "Databricks".to_owned(),
        protocol: Protocol::Saml,
        provider: ProviderName::parse(&format!("okta-{id}")).unwrap(),
        saml_metadata: Some(metadata),
        entity_id: Some(format!("https://example.com/{id}")),
        certificates: [certificate.to_owned()].into(),
        issuer_url: None,
        client_ids: [].into(),
        audience: None,
    };
    let provenance = Provenance { at: Timestamp::from_seconds(1_800_000_000), event: format!("p-{id}") };
    place.table().apply_provider(&stated, 1, &provenance).await.unwrap();
}

fn statements(policy: &Value) -> Vec<Value> {
    policy["Statement"].as_array().unwrap().clone()
}

fn patterns(statement: &Value) -> Vec<String> {
    let patterns = &statement["Condition"]["StringLike"]["aws:RequestTag/GroupHash"];
    match patterns {
        Value::String(one) => vec![one.clone()],
        many => many.as_array().unwrap().iter().map(|one| one.as_str().unwrap().to_owned()).collect(),
    }
}

/// Lets a role's last write be an hour ago.
async fn settle(place: &Place, role: &str) {
    let an_hour_ago = std::time::UNIX_EPOCH.elapsed().unwrap().as_secs() - 3_600;
    let account = role.split(':').nth(4).unwrap();
    let update = place.client().update_item().table_name(support::TABLE);
    let update = update.key("pk", AttributeValue::S(format!("ACCOUNT#{account}")));
    let update = update.key("sk", AttributeValue::S(format!("ROLE#{role}")));
    let update = update.update_expression("SET written_at = :at").condition_expression("attribute_exists(written_at)");
    let update = update.expression_attribute_values(":at", AttributeValue::N(an_hour_ago.to_string()));
    update.send().await.unwrap();
}

/// The findings of a kind, by what they concern.
fn of_kind(audit: &Value, kind: &str) -> Vec<(String, String)> {
    let all = audit["findings"].as_array().unwrap().iter().filter(|finding| finding["kind"] == kind);
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    all.map(|finding| (text(&finding["weight"]), text(&finding["subject"]))).collect()
}

#[tokio::test]
async fn a_policy_is_rendered_without_iam() {
    let place = Place::with_table().await;
    let reader = arn(FIRST, "data/reader");
    place.run(&["trust", "render", &reader]).exit(1).warns("nothing was ever granted").warns(&reader);
    place.apply(&granting(&[(&reader, "Readers, Stewards")]));
    let rendered = place.run(&["trust", "render", &reader]).ok().warns("of 2048 characters");
    assert!(rendered.out.starts_with("{\n  \"Version\": \"2012-10-17\",\n  \"Statement\": [\n"), "{}", rendered.out);
    let policy: Value = serde_json::from_str(&rendered.out).unwrap();
    let ours = statements(&policy);
    let mut codes = [code("Readers", 0), code("Stewards", 0)];
    codes.sort_unstable();
    assert_eq!(patterns(&ours[0]), codes.map(|code| format!("*:{code}:*")));
    assert_eq!(ours[0]["Principal"]["Federated"], format!("arn:aws:iam::{FIRST}:saml-provider/okta-0oaA"));

    let compact = place.run(&["trust", "render", &reader, "--compact"]).ok().out;
    assert_eq!(compact.lines().count(), 1);
    assert_eq!(serde_json::from_str::<Value>(&compact).unwrap(), policy);

    // What is not ours stays to the letter, and before ours; white space goes.
    let foreign = r#"{ "Id": "x\u0041", "Statement": {"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"} }"#;
    let file = place.file("policy.json", foreign);
    let merged = place.run(&["trust", "render", &reader, "--document", &file, "--compact"]).ok().out;
    let before = r#"{"Id":"x\u0041","Statement":[{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"},{"Sid":"Signet1","#;
    assert!(merged.starts_with(before), "{merged}");
    let value = place.json(&["trust", "render", &reader, "--document", &file]);
    assert_eq!(value["document"], serde_json::from_str::<Value>(&merged).unwrap());
    assert_eq!((&value["quota"], &value["fits"], &value["left_out"]), (&json!(2_048), &json!(true), &json!([])));
    assert_eq!(value["length"], merged.trim_end().chars().count());
    let file = place.file("policy.json", "{}");
    place.run(&["trust", "render", &reader, "--document", &file]).exit(2).warns("has no `Statement`");
    place.run(&["trust", "render", "reader"]).exit(2).warns("is not an ARN");
    place.run(&["trust", "render", &reader, "--quota", "100"]).exit(2).warns("between 2048 and 8192");
}

#[tokio::test]
async fn a_policy_from_the_standard_input_takes_ours_in() {
    let accounts = Place::with_table().await;
    let reader = arn(FIRST, "data/reader");
    accounts.apply(&granting(&[(&reader, "Readers")]));
    let mut signet = command(&accounts.path(""));
    signet.env("AWS_ENDPOINT_URL_DYNAMODB", accounts.endpoint()).env("SIGNET_TABLE", support::TABLE);
    signet.args(["trust", "render", &reader, "--document", "-"]);
    fed(signet, EC2.as_bytes()).ok().says("ec2.amazonaws.com").says("Signet1");
}

#[tokio::test]
async fn what_does_not_fit_is_said() {
    let place = Place::with_table().await;
    let reader = arn(FIRST, "data/reader");
    let groups: Vec<String> = (0..160).map(|n| format!("Team {n}")).collect();
    place.apply(&granting(&[(&reader, &groups.join(", "))]));
    let ended = place.run(&["trust", "render", &reader]).exit(1).warns("error: too long for IAM");
    let policy: Value = serde_json::from_str(&ended.out).unwrap();
    assert_eq!(patterns(&statements(&policy)[0]).len(), 160);
    place.run(&["trust", "render", &reader, "--quota", "4096"]).ok();
    place.run_with(&["trust", "render", &reader], &[("SIGNET_POLICY_QUOTA", "8192")]).ok();
}

#[tokio::test]
async fn a_plan_shows_what_a_sync_writes() {
    let accounts = Accounts::start().await;
    let (reader, writer) = (arn(FIRST, "data/reader"), arn(SECOND, "data/writer"));
    accounts.role(FIRST, "data/reader", EC2).await;
    accounts.role(SECOND, "data/writer", EC2).await;
    accounts.place.apply(&granting(&[(&reader, "{ key: 00g1, label: Clinical Readers }"), (&writer, "Stewards")]));
    provider(&accounts.place, "0oaA", "certificate").await;

    let planned = accounts.run(&["trust", "plan", "--exit-code"]).exit(3);
    let planned = planned.says(&format!("+ {}  Clinical Readers (00g1)\n", code("00g1", 0)));
    let planned = planned.says(&format!("~ {writer}")).says("Databricks (0oaA)").says("2 roles to write");
    let planned = planned.says("saml-provider/okta-0oaA").says("Signet1 new; 1 that is not ours stays as it is");
    planned.warns(&format!("account {FIRST} (1 of 2): 1 role")).warns("(2 of 2)");
    assert_eq!(accounts.policy(FIRST, "data/reader").await, serde_json::from_str::<Value>(EC2).unwrap());
    let one = accounts.json(&["trust", "plan", "--account", SECOND]);
    assert_eq!((&one["accounts"][0]["account"], &one["totals"]["roles_changed"]), (&json!(SECOND), &json!(1)));
    assert_eq!(one["accounts"].as_array().unwrap().len(), 1);

    accounts.run(&["trust", "sync"]).exit(2).warns("nobody can be asked without a terminal");
    let synced = accounts.run(&["trust", "sync", "--yes"]).ok().says("2 roles written").says("2 providers changed");
    synced.warns(&format!("{reader}  written")).warns(&format!("{writer}  written"));
    let policy = accounts.policy(FIRST, "data/reader").await;
    assert_eq!(statements(&policy)[0], statements(&serde_json::from_str(EC2).unwrap())[0]);
    assert_eq!(patterns(&statements(&policy)[1]), [format!("*:{}:*", code("00g1", 0))]);

    accounts.run(&["trust", "plan", "--exit-code"]).ok().says("0 roles to write, 2 as wanted");
    accounts.run(&["trust", "sync", "--yes"]).ok().says("0 roles written, 2 as wanted");
    // A withdrawal.
    accounts.place.apply(&granting(&[(&writer, "Stewards")]));
    let plan = accounts.json(&["trust", "plan", &reader]);
    let change = &plan["accounts"][0]["roles"][0];
    assert_eq!(change["apps"][0]["removed"][0]["label"], "Clinical Readers");
    assert_eq!((&change["statements"]["gone"], &change["outcome"]), (&json!(["Signet1"]), &json!("would_write")));
    accounts.run(&["trust", "sync", "--yes"]).ok().says("1 role written");
    assert_eq!(accounts.policy(FIRST, "data/reader").await, serde_json::from_str::<Value>(EC2).unwrap());
}

#[tokio::test]
async fn a_sync_of_one_role_leaves_the_others() {
    let accounts = Accounts::start().await;
    let (reader, writer) = (arn(FIRST, "data/reader"), arn(FIRST, "data/writer"));
    accounts.role(FIRST, "data/reader", EC2).await;
    accounts.role(FIRST, "data/writer", EC2).await;
    accounts.place.apply(&granting(&[(&reader, "Readers"), (&writer, "Stewards")]));
    provider(&accounts.place, "0oaA", "certificate").await;
    accounts.run(&["trust", "sync", &writer, "--yes"]).ok().says("1 role written");
    assert_eq!(statements(&accounts.policy(FIRST, "data/reader").await).len(), 1);
    assert_eq!(statements(&accounts.policy(FIRST, "data/writer").await).len(), 2);
    accounts.run(&["trust", "sync", &arn(FIRST, "data/other"), "--yes"]).exit(1).warns("nothing was ever granted");
    accounts.run(&["trust", "plan", "--account", SECOND]).exit(1).warns(SECOND);
}

#[tokio::test]
async fn a_role_out_of_bounds_is_refused_and_told() {
    let accounts = Accounts::start().await;
    let (inside, outside, own) = (arn(FIRST, "data/reader"), arn(FIRST, "admin"), arn(FIRST, "data/signet-member"));
    for role in ["data/reader", "admin", "data/signet-member"] {
        accounts.role(FIRST, role, EC2).await;
    }
    accounts.place.apply(&granting(&[(&inside, "Readers"), (&outside, "Readers"), (&own, "Readers")]));
    provider(&accounts.place, "0oaA", "certificate").await;
    let member = [("SIGNET_MEMBER_ROLE", "data/signet-member")];
    let sns = Sns::start(&[(200, &support::sns::published("m-1"))]);
    let endpoint = sns.endpoint();
    let settings = [member[0], ("AWS_ENDPOINT_URL_SNS", endpoint.as_str())];
    let topic = "arn:aws:sns:eu-central-1:111122223333:alerts";
    let ended = accounts.run_with(&["trust", "sync", "--yes", "--alert-topic", topic], &settings).exit(1);
    let ended = ended.says("1 role written").says("2 not as wanted").says(&format!("! {outside}  out of bounds"));
    ended.warns("ALERT role_unreachable").warns(&outside);
    let told = sns.calls();
    assert!(told.len() >= 2 && told.iter().all(|call| call.fields["TopicArn"] == topic), "{told:?}");
    for role in ["admin", "data/signet-member"] {
        assert_eq!(statements(&accounts.policy(FIRST, role).await).len(), 1, "{role}");
    }
    assert_eq!(statements(&accounts.policy(FIRST, "data/reader").await).len(), 2);
    let nothing = [("SIGNET_ROLE_PATHS", "")];
    accounts.run_with(&["trust", "sync", "--yes"], &nothing).exit(2).warns("--role-path or --role-tag");
    accounts.run_with(&["trust", "plan"], &nothing).ok().warns("nothing would be written");
    accounts.run_with(&["trust", "plan"], &[("SIGNET_ROLE_PATHS", "data")]).exit(2).warns("role path `data`");
    accounts.run_with(&["trust", "plan"], &[("SIGNET_ROLE_TAG", "signet")]).exit(2).warns("is not `KEY=VALUE`");
    // By its tag a role may be written that is under no path.
    let tag = aws_sdk_iam::types::Tag::builder().key("signet").value("yes").build().unwrap();
    accounts.iam(FIRST).await.tag_role().role_name("admin").tags(tag).send().await.unwrap();
    let tagged = [member[0], ("SIGNET_ROLE_TAG", "signet=yes")];
    accounts.run_with(&["trust", "sync", &outside, "--yes"], &tagged).ok().says("1 role written");
}

#[tokio::test]
async fn an_audit_finds_what_is_not_as_it_should_be() {
    let accounts = Accounts::start().await;
    let (reader, writer) = (arn(FIRST, "data/reader"), arn(FIRST, "data/writer"));
    accounts.role(FIRST, "data/reader", EC2).await;
    accounts.role(FIRST, "data/writer", EC2).await;
    accounts.place.apply(&granting(&[(&reader, "Readers"), (&writer, "Stewards")]));
    provider(&accounts.place, "0oaA", "certificate").await;
    accounts.run(&["trust", "sync", "--yes"]).ok();
    accounts.run(&["audit", "--exit-code"]).ok().says("Nothing found.").warns(&format!("account {FIRST} (1 of 1)"));
    accounts.run(&["audit", "--offline", "--exit-code"]).ok().says("Nothing found.");

    // A foreign statement lets the provider in more widely, and one of ours is changed by hand.
    let wide = json!({
        "Effect": "Allow",
        "Principal": { "Federated": format!("arn:aws:iam::{FIRST}:saml-provider/okta-0oaA") },
        "Action": "sts:AssumeRoleWithSAML",
    });
    let mut policy = accounts.policy(FIRST, "data/reader").await;
    policy["Statement"].as_array_mut().unwrap().push(wide.clone());
    accounts.set_policy(FIRST, "data/reader", &policy.to_string()).await;
    let mut policy = accounts.policy(FIRST, "data/writer").await;
    let text = policy.to_string().replace(&code("Stewards", 0), &code("Readers", 0));
    accounts.set_policy(FIRST, "data/writer", &text).await;
    // What was written a moment ago may show late: only settled writes are judged.
    assert_eq!(of_kind(&accounts.json(&["audit"]), "drift"), []);
    settle(&accounts.place, &writer).await;
    let audit = accounts.json(&["audit"]);
    assert_eq!(of_kind(&audit, "drift"), [("error".to_owned(), writer.clone())]);

    // Another app with the same certificate, a provider that is nobody's, a role that is not there.
    provider(&accounts.place, "0oaB", "certificate").await;
    let iam = accounts.iam(FIRST).await;
    let stray = iam.create_saml_provider().name("okta-stray").saml_metadata_document("x".repeat(1_000));
    stray.send().await.unwrap();
    let gone = arn(FIRST, "data/gone");
    let all = [(reader.as_str(), "Readers"), (writer.as_str(), "Stewards"), (gone.as_str(), "Readers")];
    accounts.place.apply(&granting(&all));

    let audit = accounts.json(&["audit"]);
    assert_eq!(of_kind(&audit, "wider"), [("warning".to_owned(), reader.clone())]);
    let shared = [("warning".to_owned(), "0oaA 0oaB".to_owned())];
    assert_eq!(of_kind(&audit, "shared_certificate"), shared);
    assert_eq!(of_kind(&audit, "gone"), [("warning".to_owned(), gone)]);
    let stray = format!("arn:aws:iam::{FIRST}:saml-provider/okta-stray");
    assert_eq!(of_kind(&audit, "provider_without_app"), [("note".to_owned(), stray)]);
    assert_eq!(of_kind(&audit, "stale"), [("note".to_owned(), FIRST.to_owned())]);
    accounts.run(&["audit", "--exit-code"]).exit(3).says("WARNINGS\n").says("aws:RequestTag/GroupHash");
    let offline = accounts.json(&["audit", "--offline"]);
    assert_eq!(of_kind(&offline, "shared_certificate"), shared);
    assert_eq!(of_kind(&offline, "wider"), []);

    // A role that lets the provider in as before there were tags.
    policy["Statement"] = json!([wide]);
    accounts.set_policy(FIRST, "data/writer", &policy.to_string()).await;
    let audit = accounts.json(&["audit"]);
    assert_eq!(of_kind(&audit, "not_ready"), [("error".to_owned(), writer)]);
    assert_eq!(of_kind(&audit, "wider").len(), 2);
}

#[tokio::test]
async fn an_account_that_cannot_be_entered_is_told() {
    let accounts = Accounts::start().await;
    let reader = arn(FIRST, "data/reader");
    accounts.role(FIRST, "data/reader", EC2).await;
    accounts.place.apply(&granting(&[(&reader, "Readers")]));
    provider(&accounts.place, "0oaA", "certificate").await;
    let no = refused("AccessDenied", "not authorized to perform: sts:AssumeRole");
    let sts = Sns::start(&[(403, &no)]);
    let closed = [("AWS_ENDPOINT_URL_STS", &*sts.endpoint())];
    let audit = accounts.run_with(&["audit", "--exit-code"], &closed).exit(3);
    audit.says("ERRORS\n").says("unreachable").says(FIRST).says("sts:AssumeRole");
    // Whoever may be the role itself writes nothing.
    accounts.run_with(&["trust", "sync", "--yes"], &closed).exit(1).warns("GetCallerIdentity");
    for (args, warning) in [(&["trust", "plan"][..], ""), (&["trust", "sync", "--yes"], "ALERT role_unreachable")] {
        let sts = Sns::start(&[(200, CALLER), (403, &no)]);
        let closed = [("AWS_ENDPOINT_URL_STS", &*sts.endpoint())];
        accounts.run_with(args, &closed).exit(1).says("denied").says("sts:AssumeRole").warns(warning);
    }
    // What was noted is told where nobody looks.
    let offline = accounts.json(&["audit", "--offline"]);
    assert_eq!(of_kind(&offline, "denied"), [("error".to_owned(), reader)]);
    assert_eq!(statements(&accounts.policy(FIRST, "data/reader").await).len(), 1);
}

#[tokio::test]
async fn groups_that_find_their_code_taken_are_told_without_iam() {
    let place = Place::empty().await;
    place.run(&["table", "create", "--on-collision", "refuse"]).ok();
    let (first, second) = collision();
    let reader = arn(FIRST, "data/reader");
    place.apply(&granting(&[(&reader, &first)]));
    place.apply(&granting(&[(&reader, &format!("{first}, {second}"))]));
    let audit = place.json(&["audit", "--offline"]);
    assert_eq!(of_kind(&audit, "left_out"), [("error".to_owned(), second.clone())]);
    assert_eq!(audit["totals"], json!({ "errors": 1, "warnings": 0, "notes": 1 }));
    place.run(&["audit", "--offline", "--exit-code"]).exit(3).warns("nothing would be written").says(&first);
    place.run(&["register", &second, "--salt", "7"]).ok();
    place.run(&["resync", "file:platform"]).ok();
    let audit = place.json(&["audit", "--offline"]);
    assert_eq!(of_kind(&audit, "left_out"), []);
    assert_eq!(of_kind(&audit, "collision"), [("note".to_owned(), second)]);
    place.run(&["audit", "--offline", "--exit-code"]).ok();
}
