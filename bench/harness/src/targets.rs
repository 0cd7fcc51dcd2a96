//! What is to be reached, and whether it is. A missed target is said and fails nothing: a machine
//! that is busy, or of another kind, misses some.

use crate::args::SIZES;
use crate::contender::Kind;
use crate::measure::{Results, TableIndex};
use crate::report::{median, megabytes, ms, ratio};
use crate::summary::Summary;

/// The longest start, in starts of the echo.
const START: f64 = 2.0;
/// The longest warm p50 at [`GROUPS`] groups, in those of the bare read.
const WARM: f64 = 1.5;
const GROUPS: usize = 20;
/// The most memory, in bytes.
const MEMORY: u64 = 16_000_000;
/// The most growth from the small table to the large one.
const GROWTH: f64 = 1.2;

/// One target, in words.
#[derive(Debug)]
pub(crate) struct Target {
    /// What is to be reached.
    pub(crate) what: String,
    /// What was measured.
    pub(crate) measured: String,
    /// Met, or missed by how much.
    pub(crate) verdict: String,
}

/// Every target of the sign-in function.
pub(crate) fn all(results: &Results) -> Vec<Target> {
    vec![start(results), warm(results, 0, "small"), warm(results, 1, "large"), memory(results), growth(results)]
}

fn start(results: &Results) -> Target {
    let of = |kind| median(Summary::of(results.first_polls.get(&kind)?));
    let (hook, echo) = (of(Kind::Hook), of(Kind::Echo));
    let shown = hook.zip(echo).map(|(hook, echo)| format!("{} ms, echo {} ms", ms(hook), ms(echo)));
    times(format!("start ≤ {START} × echo"), ratio(hook, echo), START, &shown.unwrap_or_default())
}

fn warm(results: &Results, index: TableIndex, name: &str) -> Target {
    let of = |kind| median(Summary::of(results.warm.get(&(kind, index, GROUPS))?));
    let (hook, read) = (of(Kind::Hook), of(Kind::BatchGet));
    let shown = hook.zip(read).map(|(hook, read)| format!("{} ms, batch-get {} ms", ms(hook), ms(read)));
    let what = format!("warm p50 at {GROUPS} groups ≤ {WARM} × batch-get, {name} table");
    times(what, ratio(hook, read), WARM, &shown.unwrap_or_default())
}

fn memory(results: &Results) -> Target {
    let what = format!("memory ≤ {} MB", megabytes(MEMORY));
    let peak = results.memory.iter().filter(|((kind, _), _)| *kind == Kind::Hook).map(|(_, peak)| *peak).max();
    let Some(peak) = peak else { return unmeasured(what) };
    let verdict = match peak.checked_sub(MEMORY) {
        None | Some(0) => "met".to_owned(),
        Some(over) => format!("MISSED by {} MB", megabytes(over)),
    };
    Target { what, measured: format!("{} MB", megabytes(peak)), verdict }
}

/// The worst of all numbers of groups.
fn growth(results: &Results) -> Target {
    let of = |index, size| median(Summary::of(results.warm.get(&(Kind::Hook, index, size))?));
    let ratios = SIZES.iter().filter_map(|size| Some((ratio(of(1, *size), of(0, *size))?, *size)));
    let worst = ratios.max_by(|a, b| a.0.total_cmp(&b.0));
    let shown = worst.map(|(_, size)| format!("the most, at {size} groups")).unwrap_or_default();
    let what = format!("warm p50 in the large table ≤ {GROWTH} × in the small one");
    times(what, worst.map(|(ratio, _)| ratio), GROWTH, &shown)
}

fn times(what: String, measured: Option<f64>, limit: f64, shown: &str) -> Target {
    let Some(measured) = measured else { return unmeasured(what) };
    let verdict = if measured <= limit {
        "met".to_owned()
    } else {
        format!("MISSED by {:.2} × ({:.1} %)", measured - limit, (measured / limit - 1.0) * 100.0)
    };
    Target { what, measured: format!("{measured:.2} × ({shown})"), verdict }
}

fn unmeasured(what: String) -> Target {
    Target { what, measured: "–".to_owned(), verdict: "not measured".to_owned() }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn what_is_missed_is_said_by_how_much() {
        let mut results = Results::default();
        assert!(all(&results).iter().all(|target| target.verdict == "not measured"));
        let ms = Duration::from_millis;
        results.first_polls.insert(Kind::Hook, vec![ms(40)]);
        results.first_polls.insert(Kind::Echo, vec![ms(20)]);
        results.memory.insert((Kind::Hook, 0), 15_000_000);
        results.memory.insert((Kind::Hook, 1), 17_000_000);
        results.memory.insert((Kind::Node, 1), 90_000_000);
        for (index, times) in [(0, 10), (1, 15)] {
            results.warm.insert((Kind::Hook, index, GROUPS), vec![ms(times)]);
            results.warm.insert((Kind::BatchGet, index, GROUPS), vec![ms(8)]);
        }
        let verdicts: Vec<String> = all(&results).into_iter().map(|target| target.verdict).collect();
        let missed = ["met", "met", "MISSED by 0.38 × (25.0 %)", "MISSED by 1.00 MB", "MISSED by 0.30 × (25.0 %)"];
        assert_eq!(verdicts, missed);
    }
}
