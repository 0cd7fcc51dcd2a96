//! What a sign-in reads: one call, consistently, and nothing else of the table.

use serde_json::{Value, json};
use signet_tests::event::{self, Event};
use signet_tests::stack::{Stack, TABLE};

use super::{assert_denied, assert_one_group};

/// How many `BatchGetItem` a sign-in made. It may make no other call.
async fn calls(stack: &Stack, event: &Event) -> usize {
    let (before, all_before) = (stack.proxy.calls("BatchGetItem"), stack.proxy.total_calls());
    assert!([200, 204].contains(&stack.send(event).await.status));
    let (calls, all) = (stack.proxy.calls("BatchGetItem") - before, stack.proxy.total_calls() - all_before);
    assert_eq!(all, calls, "a call that is no BatchGetItem");
    calls
}

fn groups(count: usize) -> Event {
    Event::with_groups((1..count).map(|n| format!("Group {n}")).chain((count > 0).then(|| "Clinical Readers".into())))
}

#[tokio::test]
async fn one_read_for_a_hundred_keys() {
    let stack = Stack::start().await;
    // `META` and the app are two of the keys of a call.
    for (count, expected) in [(0, 1), (1, 1), (98, 1), (99, 2), (150, 2), (198, 2), (199, 3)] {
        assert_eq!(calls(&stack, &groups(count)).await, expected, "{count} groups");
    }
    assert_eq!(calls(&stack, &Event::with_groups(["Clinical Readers"; 500])).await, 1, "one group, repeated");
    for case in ["many-groups", "unknown-app", "observe", "okta-sample"] {
        assert_eq!(calls(&stack, &Event::load(case)).await, 1, "{case}");
    }
    let event = groups(150);
    assert_one_group(&stack.send(&event).await, &event);
    stack.hook.assert_discreet();
}

#[tokio::test]
async fn every_read_is_consistent_and_of_this_table() {
    let stack = Stack::start().await;
    stack.proxy.record();
    assert_eq!(calls(&stack, &groups(150)).await, 2);
    let recorded = stack.proxy.recorded();
    let mut keys = 0;
    for call in &recorded {
        let body: Value = serde_json::from_slice(&call.body).unwrap();
        let tables = body["RequestItems"].as_object().unwrap();
        assert_eq!(tables.keys().collect::<Vec<_>>(), [TABLE]);
        assert_eq!(tables[TABLE]["ConsistentRead"], json!(true), "{body}");
        let of_call = tables[TABLE]["Keys"].as_array().unwrap().len();
        assert!(of_call <= 100);
        keys += of_call;
    }
    assert_eq!((recorded.len(), keys), (2, 152));
}

#[tokio::test]
async fn groups_in_another_claim_cost_a_read_only_the_first_time() {
    let stack = Stack::start().await;
    let file = std::fs::read_to_string(event::file("entitlements.yaml")).unwrap();
    stack.apply(&file.replace("groups: { claim: groups }", "groups: { claim: memberOf }"));
    let claim = json!({"attributeValues": [{"value": "Clinical Readers"}]});
    let mut request = groups(0).request();
    request["data"]["assertion"]["claims"]["memberOf"] = claim;
    let event = groups(0).with_request(&request);
    assert!(calls(&stack, &event).await <= 2);
    assert_eq!(calls(&stack, &event).await, 1);
    assert_one_group(&stack.send(&event).await, &event);
    // The claim that was usual before gives nothing now.
    assert_denied(&stack.send(&Event::one_group()).await);
    stack.apply(&file);
    assert_denied(&stack.send(&event).await);
    let event = Event::one_group();
    assert_one_group(&stack.send(&event).await, &event);
    assert_eq!(calls(&stack, &event).await, 1);
    stack.hook.assert_discreet();
}
