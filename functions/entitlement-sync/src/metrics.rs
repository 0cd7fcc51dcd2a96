//! The numbers of the function, in namespace `Signet`, dimension `Function`. What is counted by reason
//! is there twice: once without, for alarms, and once with the dimension `Reason`.
//!
//! | Metric | Unit | Meaning |
//! |---|---|---|
//! | `EventsApplied` | count | events that the table was brought to, or said already at a lower revision |
//! | `EventsIgnored` | count | events whose revision, or a higher one, was there already |
//! | `EventsRefused` | count | events that were refused, with an alert; also by `Reason` |
//! | `EventsFailed` | count | deliveries that failed and come again; also by `Reason`. One event may count several times, and as applied as well where only its alerts could not be published |
//! | `Lag` | milliseconds | from the `time` of an applied event to when the table had it; 0 where the producer's clock is ahead |
//! | `GrantsAdded`, `GrantsRemoved` | count | grants that came and went |
//! | `Collisions` | count | collisions that people were told of |
//! | `GroupFill` | percent | how full a group is of what one may hold, of groups from 80 % that an applied event states |

use metrics::Unit;

use crate::report::{Conclusion, Outcome};

/// The numbers, with their units.
pub const NUMBERS: &[(&str, Unit)] = &[
    ("EventsApplied", Unit::Count),
    ("EventsIgnored", Unit::Count),
    ("EventsRefused", Unit::Count),
    ("EventsFailed", Unit::Count),
    ("Lag", Unit::Milliseconds),
    ("GrantsAdded", Unit::Count),
    ("GrantsRemoved", Unit::Count),
    ("Collisions", Unit::Count),
    ("GroupFill", Unit::Percent),
];

/// Counts the end of a record.
pub fn count(conclusion: &Conclusion) {
    let by_reason = |name: &'static str| {
        metrics::counter!(name).increment(1);
        metrics::counter!(name, "Reason" => conclusion.reason().unwrap_or("none")).increment(1);
    };
    match conclusion.outcome {
        Outcome::Repeated | Outcome::Superseded => metrics::counter!("EventsIgnored").increment(1),
        Outcome::Refused => by_reason("EventsRefused"),
        Outcome::Failed => by_reason("EventsFailed"),
        Outcome::Applied | Outcome::Unchanged => {}
    }
    if let Some(effect) = conclusion.effect {
        metrics::counter!("EventsApplied").increment(1);
        for (name, number) in [("GrantsAdded", effect.added), ("GrantsRemoved", effect.removed)] {
            if number > 0 {
                metrics::counter!(name).increment(number as u64);
            }
        }
    }
    if conclusion.collisions > 0 {
        metrics::counter!("Collisions").increment(conclusion.collisions as u64);
    }
    if let Some(lag_ms) = conclusion.lag_ms {
        // 49 days, the most that fits, says all that there is to say.
        metrics::histogram!("Lag").record(f64::from(u32::try_from(lag_ms.max(0)).unwrap_or(u32::MAX)));
    }
    for crowded in &conclusion.crowded {
        metrics::histogram!("GroupFill").record(f64::from(crowded.percent));
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use serde_json::{Value, json};
    use signet_core::group::GroupKey;
    use signet_store::apply::Crowded;
    use signet_sync::limit::Cut;
    use signet_sync::log::Log;
    use signet_sync::metrics::Metrics;

    use super::*;
    use crate::refusal::NoEnvelope;
    use crate::report::Effect;

    // The recorder is the process', so one test looks at all of it.
    #[test]
    fn numbers_are_lines_in_the_embedded_format() {
        let kept = Arc::new(Mutex::new(Vec::new()));
        let to = Arc::clone(&kept);
        let log = Log::to(move |bytes| {
            to.lock().unwrap().extend_from_slice(bytes);
            Ok(())
        });
        let metrics = Metrics::install("sync", NUMBERS).unwrap();
        assert!(Metrics::install("sync", NUMBERS).is_err(), "there is one recorder");
        let flush = || {
            metrics.flush(&log).unwrap();
            let text = String::from_utf8(std::mem::take(&mut *kept.lock().unwrap())).unwrap();
            text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()).collect::<Vec<_>>()
        };
        let new = Conclusion::new;

        let crowded =
            Crowded { group: GroupKey::new("Trials Curators").unwrap(), roles: 270, bytes: 9_000, percent: 90 };
        let effect = Some(Effect { added: 3, removed: 1, ..Effect::default() });
        count(&Conclusion { effect, lag_ms: Some(-5), crowded: vec![crowded], ..new(Outcome::Applied) });
        count(&Conclusion { effect: Some(Effect::default()), lag_ms: Some(2_500), ..new(Outcome::Unchanged) });
        count(&new(Outcome::Repeated));
        count(&new(Outcome::Superseded));
        // Applied, but of two collisions only one could be told.
        let failed = Conclusion { effect, collisions: 1, ..new(Outcome::Applied) }.failed(Cut::Deadline.into());
        count(&failed);
        count(&Conclusion { refusal: Some(NoEnvelope::NoBody.into()), ..new(Outcome::Refused) });
        let lines = flush();
        let all = lines.iter().find(|line| line.get("Reason").is_none()).unwrap();
        let expected = [
            ("EventsApplied", json!(3)),
            ("EventsIgnored", json!(2)),
            ("EventsRefused", json!(1)),
            ("EventsFailed", json!(1)),
            ("GrantsAdded", json!(6)),
            ("GrantsRemoved", json!(2)),
            ("Collisions", json!(1)),
            ("Lag", json!([0.0, 2_500.0])),
            ("GroupFill", json!([90.0])),
        ];
        for (name, value) in expected {
            assert_eq!(all[name], value, "{name}: {all}");
        }
        assert_eq!(all["Function"], "sync");
        let directive = &all["_aws"]["CloudWatchMetrics"][0];
        assert_eq!(directive["Namespace"], "Signet");
        for (name, unit) in NUMBERS {
            let unit = json!({ "Name": name, "Unit": format!("{unit:?}") });
            assert!(directive["Metrics"].as_array().unwrap().contains(&unit), "{unit}: {directive}");
        }
        for (name, reason) in [("EventsRefused", "no_envelope"), ("EventsFailed", "deadline")] {
            let line = lines.iter().find(|line| line["Reason"] == reason).unwrap();
            assert_eq!(line[name], 1, "{line}");
        }
        assert_eq!(lines.len(), 3);
        assert!(flush().is_empty(), "nothing of one invocation is left for the next");
    }
}
