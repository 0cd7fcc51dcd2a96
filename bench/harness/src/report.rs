//! The tables that are printed, as Markdown that reads well as it is.

use std::fmt::Write as _;
use std::time::Duration;

use crate::args::{BLOCK, Plan, SIZES};
use crate::contender::{Contender, KINDS, Kind};
use crate::measure::{FIRST_GROUPS, Results};
use crate::summary::Summary;
use crate::targets;
use crate::trust::{Figures, MOST_CALLS, MOST_TIMES_THE_BOUND};
use crate::writes::Figure;

/// What stands for a figure that there is not.
const NONE: &str = "–";

/// The whole report.
pub(crate) fn render(
    plan: &Plan,
    contenders: &[Contender],
    results: &Results,
    events: &[Figure],
    roles: &Figures,
) -> String {
    let mut sections = vec!["# Benchmark\n".to_owned()];
    if plan.is_trial {
        sections
            .push("**A trial run: few rounds or unoptimised functions. Its figures are worth nothing.**\n".to_owned());
    }
    sections.push(setting(plan, contenders));
    let mut section = |title: &str, table: String| sections.push(format!("## {title}\n\n{table}"));
    section(&format!("Start, first request with {FIRST_GROUPS} groups"), starts(results));
    for (index, groups) in plan.tables.iter().enumerate() {
        section(&format!("Warm, {} groups in the table", grouped(*groups)), warm(results, index));
    }
    section("Growth with the table: warm p50 in the large table, in the small one = 1", growth(results));
    section("Memory and size", memory(contenders, results));
    let rows = targets::all(results).into_iter().map(|target| vec![target.what, target.measured, target.verdict]);
    section("Targets", table(&["target", "measured", "verdict"], rows));
    sections.push(writes(events));
    sections.push(trust(roles));
    sections.join("\n")
}

/// The calls that events take, each with its limit.
pub(crate) fn writes(figures: &[Figure]) -> String {
    let rows = figures.iter().map(|figure| {
        let verdict = if figure.calls <= figure.limit { "met" } else { "MISSED" };
        vec![figure.what.to_owned(), figure.calls.to_string(), figure.limit.to_string(), verdict.to_owned()]
    });
    let rows = table(&["event of a dataset", "calls of DynamoDB", "at most", "verdict"], rows);
    format!(
        "## Events\n\n{rows}\nAfter each event the next sign-in's read was made as soon as the last call returned, \
         and found exactly what the event says.\n"
    )
}

/// How fast roles follow, each figure with its limit.
pub(crate) fn trust(figures: &Figures) -> String {
    let verdict = |is_met: bool| if is_met { "met" } else { "MISSED" }.to_owned();
    let ratio = figures.ratio();
    let rows = [
        vec![
            "all roles trust what one provider event says".to_owned(),
            format!(
                "{:.1} s, {ratio:.2} × the {:.1} s that the rate alone would need ({} writes, {} throttled)",
                figures.elapsed.as_secs_f64(),
                figures.bound.as_secs_f64(),
                figures.writes,
                figures.throttled,
            ),
            format!("{MOST_TIMES_THE_BOUND} ×"),
            verdict(ratio <= MOST_TIMES_THE_BOUND),
        ],
        vec![
            "calls of IAM for one role".to_owned(),
            figures.most_calls.to_string(),
            MOST_CALLS.to_string(),
            verdict(figures.most_calls <= MOST_CALLS),
        ],
        vec![
            format!("writes to IAM of a sweep without differences ({} reads)", figures.sweep_reads),
            figures.sweep_writes.to_string(),
            "0".to_owned(),
            verdict(figures.sweep_writes == 0),
        ],
    ];
    let rows = table(&["roles", "measured", "at most", "verdict"], rows);
    format!(
        "## Roles\n\n5,000 roles in 200 accounts, IAM simulated at 1 write and 10 reads a second and account.\n\n{rows}"
    )
}

fn setting(plan: &Plan, contenders: &[Contender]) -> String {
    let versions: Vec<&str> = contenders.iter().filter_map(|contender| contender.version.as_deref()).collect();
    let cores = std::thread::available_parallelism().map_or_else(|_| NONE.to_owned(), |n| n.to_string());
    format!(
        "{} {}, {cores} cores; Node.js, Python: {}. Each function {} starts, and {} warm invocations for each \
         figure, every answer checked. All on loopback, the table embedded: only ratios transfer.\n",
        std::env::consts::OS,
        std::env::consts::ARCH,
        if versions.is_empty() { NONE.to_owned() } else { versions.join(", ") },
        plan.starts,
        plan.rounds * BLOCK,
    )
}

fn starts(results: &Results) -> String {
    let of = |kind| Summary::of(results.first_polls.get(&kind)?);
    let answer = |kind| Summary::of(results.first_answers.get(&kind)?);
    let both = |kind| {
        let pairs = results.first_polls.get(&kind)?.iter().zip(results.first_answers.get(&kind)?);
        Summary::of(&pairs.map(|(poll, answer)| *poll + *answer).collect::<Vec<_>>())
    };
    let rows = measured(|kind| of(kind).is_some()).map(|kind| {
        vec![
            kind.name().to_owned(),
            spread(of(kind)),
            times(median(of(kind)), median(of(Kind::Echo))),
            spread(answer(kind)),
            times(median(answer(kind)), median(answer(Kind::BatchGet))),
            spread(both(kind)),
            times(median(both(kind)), median(both(Kind::BatchGet))),
        ]
    });
    let header = [
        "function",
        "start to first poll: median (min–max) ms",
        "× echo",
        "first answer: median (min–max) ms",
        "× batch-get",
        "both ms",
        "× batch-get",
    ];
    table(&header, rows)
}

fn warm(results: &Results, index: usize) -> String {
    let of = |kind, size| Summary::of(results.warm.get(&(kind, index, size))?);
    let mut header = vec!["function".to_owned()];
    for size in SIZES {
        header.push(format!("{size} group{}: p50 / p99 ms", if size == 1 { "" } else { "s" }));
        header.push("p50 × batch-get".to_owned());
    }
    let header: Vec<&str> = header.iter().map(String::as_str).collect();
    let rows = measured(|kind| SIZES.iter().any(|size| of(kind, *size).is_some())).map(|kind| {
        let mut row = vec![kind.name().to_owned()];
        for size in SIZES {
            let here = of(kind, size);
            row.push(here.map_or_else(|| NONE.to_owned(), |s| format!("{} / {}", ms(s.median), ms(s.p99))));
            row.push(times(median(here), median(of(Kind::BatchGet, size))));
        }
        row
    });
    table(&header, rows)
}

fn growth(results: &Results) -> String {
    let header: Vec<String> =
        SIZES.iter().map(|size| format!("{size} group{}", if *size == 1 { "" } else { "s" })).collect();
    let header: Vec<&str> = std::iter::once("function").chain(header.iter().map(String::as_str)).collect();
    let of = |kind, index, size| median(Summary::of(results.warm.get(&(kind, index, size))?));
    let rows = measured(|kind| SIZES.iter().any(|size| of(kind, 1, *size).is_some())).map(|kind| {
        let ratios = SIZES.iter().map(|size| times(of(kind, 1, *size), of(kind, 0, *size)));
        std::iter::once(kind.name().to_owned()).chain(ratios).collect()
    });
    table(&header, rows)
}

fn memory(contenders: &[Contender], results: &Results) -> String {
    let of = |kind, index| results.memory.get(&(kind, index)).copied();
    let shown = |bytes: Option<u64>| bytes.map_or_else(|| NONE.to_owned(), megabytes);
    let rows = contenders.iter().map(|contender| {
        let kind = contender.kind;
        vec![
            kind.name().to_owned(),
            shown(of(kind, 0)),
            shown(of(kind, 1)),
            byte_ratio(of(kind, 1), of(Kind::Echo, 1)),
            shown(contender.size.map(|(unpacked, _)| unpacked)),
            shown(contender.size.map(|(_, zip)| zip)),
        ]
    });
    let header =
        ["function", "peak memory MB, small table", "large table", "× echo", "deployed MB, unpacked", "as a zip"];
    table(&header, rows)
}

/// The functions that there is a figure of.
fn measured(is_there: impl Fn(Kind) -> bool) -> impl Iterator<Item = Kind> {
    KINDS.into_iter().filter(move |kind| is_there(*kind))
}

/// The median of a summary that may not be there.
pub(crate) fn median(summary: Option<Summary>) -> Option<Duration> {
    summary.map(|summary| summary.median)
}

/// How many times as long something takes.
pub(crate) fn ratio(measured: Option<Duration>, against: Option<Duration>) -> Option<f64> {
    let against = against?.as_secs_f64();
    (against > 0.0).then_some(measured?.as_secs_f64() / against)
}

fn times(measured: Option<Duration>, against: Option<Duration>) -> String {
    ratio(measured, against).map_or_else(|| NONE.to_owned(), |ratio| format!("{ratio:.2}"))
}

fn byte_ratio(measured: Option<u64>, against: Option<u64>) -> String {
    // Lengths of time as a way to divide: whole numbers below 2^32 microseconds are exact.
    times(measured.map(Duration::from_micros), against.map(Duration::from_micros))
}

/// Milliseconds with two decimals.
pub(crate) fn ms(duration: Duration) -> String {
    format!("{:.2}", duration.as_secs_f64() * 1_000.0)
}

/// Millions of bytes with two decimals.
pub(crate) fn megabytes(bytes: u64) -> String {
    let hundredths = (bytes + 5_000) / 10_000;
    format!("{}.{:02}", hundredths / 100, hundredths % 100)
}

fn spread(summary: Option<Summary>) -> String {
    summary.map_or_else(|| NONE.to_owned(), |s| format!("{} ({}–{})", ms(s.median), ms(s.min), ms(s.max)))
}

/// A number with a comma before each three digits.
fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A Markdown table with even columns.
fn table(header: &[&str], rows: impl IntoIterator<Item = Vec<String>>) -> String {
    let header: Vec<String> = header.iter().map(|cell| (*cell).to_owned()).collect();
    let rows: Vec<Vec<String>> = rows.into_iter().collect();
    let width = |column: usize| {
        let cells = rows.iter().chain([&header]).filter_map(|row| row.get(column));
        cells.map(|cell| cell.chars().count()).max().unwrap_or_default()
    };
    let widths: Vec<usize> = (0..header.len()).map(width).collect();
    let mut text = String::new();
    let mut line = |cells: &[String]| {
        for (cell, width) in cells.iter().zip(&widths) {
            // INVARIANT: writing to a String does not fail.
            let _ = write!(text, "| {cell:width$} ");
        }
        text.push_str("|\n");
    };
    line(&header);
    line(&widths.iter().map(|width| "-".repeat(*width)).collect::<Vec<_>>());
    for row in &rows {
        line(row);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_easily() {
        assert_eq!(
            ["999", "1,000", "100,000", "1,234,567"],
            [999, 1_000, 100_000, 1_234_567].map(grouped).each_ref().map(String::as_str)
        );
        assert_eq!([megabytes(16_000_000), megabytes(2_166_499), megabytes(5_000)], ["16.00", "2.17", "0.01"]);
        assert_eq!(ms(Duration::from_micros(4_625)), "4.62");
    }

    #[test]
    fn columns_are_even() {
        let text = table(&["a", "long one"], [vec!["word".to_owned(), "×".to_owned()]]);
        assert_eq!(text, "| a    | long one |\n| ---- | -------- |\n| word | ×        |\n");
    }
}
