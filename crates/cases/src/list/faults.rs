//! A table that fails, no time, no randomness.

use crate::case::{Case, Expected, Rule, case};
use crate::kind::{Kind, OTHER_GROUPS};
use crate::table::{Fault, Mood, NOW_MS};

pub(super) fn cases(kind: Kind) -> Vec<Case> {
    let reader = |name| case(name, &["Clinical Readers"]).grant("Clinical Readers", "reader");
    let elsewhere = [Rule::GroupsClaim(OTHER_GROUPS)];
    let second = |name, mood| {
        case(name, &[]).claim(OTHER_GROUPS, &["Clinical Readers"]).grant("Clinical Readers", "reader").mood(mood)
    };
    let mut cases: Vec<Case> = Fault::ALL
        .into_iter()
        .map(|fault| reader(name(fault)).mood(Mood::Fails(fault)).gives(Expected::fault(reason(fault))))
        .collect();
    cases.extend([
        reader("the table hangs").mood(Mood::Hangs).gives(Expected::fault("deadline")),
        second("the second read fails", Mood::FailsSecond(Fault::Throttled))
            .step(&elsewhere, Expected::fault("table_throttled").reads(2)),
        second("the second read hangs", Mood::HangsSecond).step(&elsewhere, Expected::fault("deadline").reads(2)),
        reader("the gateway took the request long ago")
            .mood(Mood::Hangs)
            .given(|given| given.delivery.taken_ms = Some(NOW_MS - 9_900))
            .given_time(10_000)
            .impossible_if(kind.is_cognito(), "Cognito does not say when it asked")
            .gives(Expected::fault("deadline")),
        reader("there is no randomness").without_randomness().gives(Expected::fault("internal").reads(0)),
    ]);
    cases
}

fn name(fault: Fault) -> &'static str {
    match fault {
        Fault::NoTable => "there is no table",
        Fault::Throttled => "the table is throttled",
        Fault::TimedOut => "the table does not answer in time",
        Fault::Partial => "the table answers in part",
        Fault::Call => "the table cannot be reached",
        Fault::NoMeta => "the table has no settings",
        Fault::OtherWidth => "the table has another code width",
        Fault::OtherLayout => "the table is of another layout",
        Fault::Corrupt => "an item is not of the table's layout",
    }
}

fn reason(fault: Fault) -> &'static str {
    match fault {
        Fault::NoTable => "table_missing",
        Fault::Throttled => "table_throttled",
        Fault::TimedOut => "table_timeout",
        Fault::Partial => "table_partial",
        Fault::Call => "table_error",
        Fault::NoMeta => "meta_missing",
        Fault::OtherWidth => "meta_width",
        Fault::OtherLayout => "meta_unfit",
        Fault::Corrupt => "table_corrupt",
    }
}
