//! What the table says of the app; observed apps.

use crate::case::{Case, Expected, Rule, case};
use crate::kind::{Kind, OTHER_GROUPS};
use crate::table::{Fault, Mood};

pub(super) fn cases(kind: Kind) -> Vec<Case> {
    let mut cases = standing();
    cases.extend(observed(kind));
    cases
}

fn reader(name: &'static str) -> Case {
    case(name, &["Clinical Readers"]).grant("Clinical Readers", "reader")
}

fn standing() -> Vec<Case> {
    let unnamed = |name, id: Option<&str>| {
        let id = id.map(str::to_owned);
        // Without an app there is nothing to read.
        let reads = usize::from(id.as_ref().is_some_and(|id| !id.is_empty()));
        reader(name).given(|given| given.app = id).gives(Expected::denied("unknown_app").reads(reads))
    };
    vec![
        unnamed("the request names no app", None),
        unnamed("the request's app is empty", Some("")),
        unnamed("the request's app is another one", Some("0oaother")),
        unnamed("the request's app is no id", Some("\u{0}/../x")),
        reader("the table does not have the app").step(&[Rule::Unknown], Expected::denied("unknown_app")),
        reader("the app is switched off").step(&[Rule::Inactive], Expected::denied("inactive_app")),
        reader("the app is of another protocol").step(&[Rule::OtherProtocol], Expected::denied("app_protocol")),
        reader("the app changes from one call to the next")
            .gives(Expected::access(&["Clinical Readers"], &["reader"]))
            .step(&[Rule::Inactive], Expected::denied("inactive_app"))
            .gives(Expected::access(&["Clinical Readers"], &["reader"]))
            .step(&[Rule::Unknown], Expected::denied("unknown_app")),
    ]
}

fn observed(kind: Kind) -> Vec<Case> {
    let observe = [Rule::Observe];
    let elsewhere = [Rule::Observe, Rule::GroupsClaim(OTHER_GROUPS)];
    let second = |name, mood| {
        case(name, &[]).claim(OTHER_GROUPS, &["Clinical Readers"]).grant("Clinical Readers", "reader").mood(mood)
    };
    vec![
        reader("observed: access").step(&observe, Expected::access(&["Clinical Readers"], &["reader"]).observed()),
        case("observed: no role", &["Everyone"]).step(&observe, Expected::denied("unentitled").observed()),
        case("observed: no role, and that is fine", &["Everyone"])
            .step(&[Rule::Observe, Rule::Pass], Expected::no_access().observed()),
        reader("observed: an unfit identity")
            .given(|given| given.login = Some("jane@example.org".to_owned()))
            .step(&observe, Expected::denied("identity_pattern").observed()),
        reader("observed: the issuer emits what AWS reads").claim(super::people::base_claim(kind), &["x"]).step(
            &observe,
            Expected::denied(super::people::base_reason(kind))
                .but_for_it(&["Clinical Readers"], &["reader"])
                .observed(),
        ),
        case("observed: the issuer emits what AWS reads, and there is no role", &["Everyone"])
            .claim(super::people::base_claim(kind), &["x"])
            .step(&observe, Expected::denied(super::people::base_reason(kind)).observed()),
        reader("observed: another protocol")
            .step(&[Rule::Observe, Rule::OtherProtocol], Expected::denied("app_protocol").observed()),
        second("observed: the second read fails", Mood::FailsSecond(Fault::Call))
            .step(&elsewhere, Expected::fault("table_error").observed().reads(2)),
        second("observed: the second read hangs", Mood::HangsSecond)
            .step(&elsewhere, Expected::fault("deadline").observed().reads(2)),
        // Before the app is known, nobody can say that it is only observed.
        reader("observed: the first read fails")
            .mood(Mood::Fails(Fault::Call))
            .step(&observe, Expected::fault("table_error")),
        reader("observed: the first read hangs").mood(Mood::Hangs).step(&observe, Expected::fault("deadline")),
    ]
}
