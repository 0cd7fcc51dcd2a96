//! What is granted and withdrawn is seen at the next sign-in.

use serde_json::json;
use signet_tests::event::{self, Event};
use signet_tests::stack::Stack;

use super::{CLINICAL_READER, assert_denied, assert_one_group, session};

const GRANT: &str = "  - role: arn:aws:iam::111122223333:role/data/clinical-reader
    groups: [Clinical Readers, Clinical Stewards]
";

fn entitlements() -> String {
    std::fs::read_to_string(event::file("entitlements.yaml")).unwrap()
}

fn edited(from: &str, to: &str) -> String {
    let file = entitlements();
    assert_eq!(file.matches(from).count(), 1, "`{from}`");
    file.replace(from, to)
}

#[tokio::test]
async fn grants_and_withdrawals_count_at_once() {
    let stack = Stack::start().await;
    let reader = Event::one_group();
    let outsider = Event::with_groups(["Night Shift"]);
    let steward = Event::with_groups(["Clinical Stewards"]);
    assert_one_group(&stack.send(&reader).await, &reader);
    assert_denied(&stack.send(&outsider).await);

    // One group loses the role and another one gets it; the role stays with the third.
    stack.apply(&edited(GRANT, &GRANT.replace("Clinical Readers", "Night Shift")));
    let answer = stack.send(&reader).await;
    assert_denied(&answer);
    assert_eq!(stack.hook.log(&answer).await["reason"], "unentitled");
    let answer = stack.send(&outsider).await;
    assert_eq!(session(&answer, &outsider).role_arns(), [CLINICAL_READER]);
    assert_eq!(session(&stack.send(&steward).await, &steward).roles.len(), 2);

    // And back: the group has the code it had, and nothing of the other one's is left.
    stack.apply(&entitlements());
    assert_one_group(&stack.send(&reader).await, &reader);
    assert_denied(&stack.send(&outsider).await);
    stack.hook.assert_discreet();
}

#[tokio::test]
async fn an_app_follows_its_file_at_once() {
    let stack = Stack::start().await;
    let event = Event::one_group();
    assert_one_group(&stack.send(&event).await, &event);
    let mode = "    provider: okta-databricks\n    audience: https://signin.aws.amazon.com/saml\n    mode: enforce\n";

    stack.apply(&edited(mode, &mode.replace("enforce", "observe")));
    assert_eq!(stack.send(&event).await.status, 204);

    stack.apply(&edited(mode, &format!("{mode}    active: false\n")));
    let answer = stack.send(&event).await;
    assert_denied(&answer);
    assert_eq!(stack.hook.log(&answer).await["reason"], "inactive_app");

    let pattern = "tags: { email: { claim: email }, department: { claim: department, required: true } }";
    stack.apply(&edited(pattern, "tags: { department: { claim: email } }"));
    let session = session(&stack.send(&event).await, &event);
    assert_eq!(session.tags["department"], "jane.doe@example.com");
    assert_eq!(session.tags.get("email"), None);
    stack.hook.assert_discreet();
}

#[tokio::test]
async fn a_grant_ends_when_its_time_is_over() {
    let stack = Stack::start().await;
    let event = Event::one_group();
    stack.apply(&edited(GRANT, &format!("{GRANT}    expires_at: 2125-01-31T00:00:00Z\n")));
    assert_one_group(&stack.send(&event).await, &event);
    stack.apply(&edited(GRANT, &format!("{GRANT}    expires_at: 2025-01-31T00:00:00Z\n")));
    let answer = stack.send(&event).await;
    assert_denied(&answer);
    assert_eq!(stack.hook.log(&answer).await["groups"][0]["expired"], json!(1));
    stack.hook.assert_discreet();
}
