//! Two groups with one code.

use std::collections::HashMap;

use signet_tests::flow::{Flow, dataset, deleted};

use super::{TRIALS, assert_opens, assert_unentitled, code};

/// Two names whose hashes begin alike, which take about a thousand tries to find.
fn pair() -> (String, String) {
    let mut seen = HashMap::new();
    for number in 0.. {
        let name = format!("Team {number}");
        if let Some(first) = seen.insert(code(&name, 0), name.clone()) {
            return (first, name);
        }
    }
    unreachable!("codes of four characters are 2^20")
}

#[tokio::test]
async fn the_newcomer_is_displaced_and_one_alert_tells_of_it() {
    let flow = Flow::start().await;
    let (first, second) = pair();
    let taken = code(&first, 0);
    assert_eq!(taken, code(&second, 0));

    flow.state(&dataset("clinical-trials", 1, &[(TRIALS, &[&first])])).await;
    assert_eq!(flow.messaging.alerts().await.len(), 0);
    let collides = dataset("clinical-images", 1, &[(TRIALS, &[&second])]);
    flow.state(&collides).await;
    assert_opens(&flow, &first, TRIALS, &taken).await;
    assert_opens(&flow, &second, TRIALS, &code(&second, 1)).await;

    let alerts = flow.messaging.alerts().await;
    assert_eq!(alerts.len(), 1, "{alerts:?}");
    assert_eq!(alerts[0]["type"], "signet.alert.v1");
    assert_eq!(alerts[0]["data"]["kind"], "collision");
    let text = alerts[0]["data"].to_string();
    for part in [&first, &second, &taken, &code(&second, 1), "clinical-images"] {
        assert!(text.contains(part), "no `{part}` in {text}");
    }

    // Told once: not when the event comes again, nor with the next revision.
    flow.state(&collides).await;
    flow.state(&dataset("clinical-images", 2, &[(TRIALS, &[&second, "Day Shift"])])).await;
    assert_eq!(flow.messaging.alerts().await.len(), 0);
    // And the code stays taken when its owner has no grants left.
    flow.state(&deleted("clinical-trials", 2)).await;
    assert_unentitled(&flow, &first).await;
    assert_opens(&flow, &second, TRIALS, &code(&second, 1)).await;
}
