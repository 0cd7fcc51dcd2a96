//! Random schedules against a model: statements late, repeated and reordered, workers that crash,
//! stall and run together, and afterwards a table that shows the highest revisions and nothing else.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "tests fail by panicking, and a seed is printed to repeat a schedule by"
)]

#[path = "../common/mod.rs"]
mod common;
mod report;
mod schedule;

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use report::Report;
use schedule::run;

/// How many schedules an ordinary run tries. `SIGNET_SCHEDULES` says otherwise.
const SCHEDULES: u64 = 10_000;

/// Runs one schedule after another on every core. `SIGNET_SEED` runs that one alone.
#[test]
fn every_schedule_ends_with_the_highest_revisions() {
    let number = |name| std::env::var(name).ok().map(|digits| digits.parse::<u64>().unwrap());
    let (first, count) = match number("SIGNET_SEED") {
        Some(seed) => (seed, 1),
        None => (0, number("SIGNET_SCHEDULES").unwrap_or(SCHEDULES)),
    };
    let next = AtomicU64::new(first);
    let sum = Mutex::new(Report::default());
    let failures = Mutex::new(BTreeMap::new());
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= first + count || !failures.lock().unwrap().is_empty() {
                        return;
                    }
                    match runtime.block_on(run(seed)) {
                        Ok(report) => sum.lock().unwrap().add(&report),
                        Err(what) => drop(failures.lock().unwrap().insert(seed, what)),
                    }
                }
            });
        }
    });
    let (sum, failures) = (sum.into_inner().unwrap(), failures.into_inner().unwrap());
    if let Some((seed, what)) = failures.first_key_value() {
        panic!("schedule {seed} fails (run it alone with SIGNET_SEED={seed}): {what}");
    }
    println!("{count} schedules: {sum:?}");
    // A schedule that never meets what it is for proves nothing.
    if count >= 500 {
        let often =
            [sum.changed, 2 * sum.superseded, sum.crashed, 4 * sum.dropped, 4 * sum.displaced, 4 * sum.unchanged];
        let seldom = [sum.repeated, sum.refused, sum.left_out, sum.completed, sum.retired, sum.announced];
        let met: Vec<u64> = often.into_iter().chain(seldom.map(|times| 20 * times)).collect();
        assert!(met.iter().all(|times| *times > count), "{sum:?}");
    }
}
