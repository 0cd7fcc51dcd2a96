//! From when on time counts: from when the gateway took the request, if that can be believed.

use std::ops::RangeInclusive;
use std::time::Duration;

use serde_json::json;
use signet_local::proxy::Mode;
use signet_tests::event::{Event, now_ms};
use signet_tests::stack::Stack;

use super::{assert_denied, assert_one_group};

const DAY_MS: i64 = 86_400_000;

/// A sign-in to a table that never answers takes so long, in milliseconds.
async fn assert_takes(stack: &Stack, event: impl Fn() -> Event, milliseconds: RangeInclusive<u64>) {
    stack.proxy.set(Mode::Silent).await.unwrap();
    let answer = stack.hook.send(&event()).await;
    assert_denied(&answer);
    let (from, to) = (Duration::from_millis(*milliseconds.start()), Duration::from_millis(*milliseconds.end()));
    assert!((from..=to).contains(&answer.elapsed), "{:?}, expected {milliseconds:?}", answer.elapsed);
    let log = stack.hook.log(&answer).await;
    assert!([json!("deadline"), json!("table_timeout")].contains(&log["reason"]), "{log}");
    stack.proxy.set(Mode::Pass).await.unwrap();
    let event = Event::one_group();
    assert_one_group(&stack.send(&event).await, &event);
}

#[tokio::test]
async fn what_the_way_to_the_function_took_is_gone() {
    let stack = Stack::start().await;
    assert_takes(&stack, || Event::one_group().taken_at(now_ms() - 2_000), 200..=900).await;
    assert_takes(&stack, || Event::one_group().taken_at(now_ms() - 4_000), 0..=400).await;
    // What is left is enough for a table that is only slow.
    stack.proxy.set(Mode::Slow(Duration::from_millis(50))).await.unwrap();
    let event = Event::one_group().taken_at(now_ms() - 1_500);
    assert_one_group(&stack.hook.send(&event).await, &event);
    stack.hook.assert_discreet();
}

#[tokio::test]
async fn a_time_that_cannot_be_believed_does_not_count() {
    let whole = 1_900..=2_900;
    let at = async |change: fn(i64) -> i64| {
        let stack = Stack::start().await;
        assert_takes(&stack, || Event::one_group().taken_at(change(now_ms())), whole.clone()).await;
        stack.hook.assert_discreet();
    };
    let absent = async {
        let stack = Stack::start().await;
        assert_takes(&stack, || Event::one_group().with_member("requestContext", json!({})), whole.clone()).await;
        stack.hook.assert_discreet();
    };
    tokio::join!(at(|now| now - 365 * DAY_MS), at(|now| now + DAY_MS), at(|_| i64::MAX), absent);
}
