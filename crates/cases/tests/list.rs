//! The list of cases is whole: every kind has every case, and every reason to deny has one.
#![allow(clippy::unwrap_used, reason = "a test that fails shall fail loudly")]

use std::collections::BTreeSet;
use std::time::Duration;

use signet_cases::case::Case;
use signet_cases::{Fault, Kind, list};
use signet_hook::refusal::Refusal;

fn names(kind: Kind) -> Vec<&'static str> {
    list::all(kind).iter().map(|case| case.name).collect()
}

#[test]
fn every_kind_has_every_case_once() {
    let all = names(Kind::Saml);
    assert!(all.len() > 120, "{}", all.len());
    assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), all.len());
    for kind in Kind::ALL {
        assert_eq!(names(kind), all, "{kind:?}");
    }
}

#[test]
fn what_a_kind_cannot_have_is_said_with_its_reason() {
    for kind in Kind::ALL {
        let cases = list::all(kind);
        let impossible: Vec<&Case> = cases.iter().filter(|case| case.impossible.is_some()).collect();
        assert!(impossible.iter().all(|case| case.impossible.is_some_and(|why| why.len() > 20)), "{kind:?}");
        let names: Vec<&str> = impossible.iter().map(|case| case.name).collect();
        assert_eq!(names, list::impossible(kind), "{kind:?}");
        assert!(cases.iter().all(|case| !case.steps.is_empty()), "{kind:?}");
    }
    let everywhere: Vec<BTreeSet<&str>> =
        Kind::ALL.iter().map(|kind| list::impossible(*kind).iter().copied().collect()).collect();
    assert!(names(Kind::Saml).iter().all(|name| everywhere.iter().any(|impossible| !impossible.contains(name))));
}

/// The reasons that the cases of a kind end in.
fn reasons(kind: Kind) -> BTreeSet<&'static str> {
    let cases = list::all(kind);
    let possible = cases.iter().filter(|case| case.impossible.is_none());
    possible.flat_map(|case| case.steps.iter().filter_map(|step| step.expected.reason)).collect()
}

/// The reasons of one kind of refusal. Whoever adds one finds this match, and adds a case.
fn reasons_of(refusal: &Refusal) -> Vec<&'static str> {
    match refusal {
        Refusal::NoApp | Refusal::UnknownApp => vec!["unknown_app"],
        Refusal::InactiveApp(_) => vec!["inactive_app"],
        // The other ways in which a request does not fit its app are each a protocol's own.
        Refusal::Unfit(_) => vec!["app_protocol", "malformed_request"],
        Refusal::Malformed(_) => vec!["malformed_request"],
        Refusal::Table(_) => Fault::ALL.iter().map(|fault| fault.error().reason()).collect(),
        Refusal::Decision(_) => vec![
            "unentitled",
            "identity_missing",
            "identity_unfit",
            "identity_pattern",
            "required_tag",
            "codes_do_not_fit",
        ],
        // Longer than the assertion or the token may be, it is never as long as Okta's limit: each hook
        // tests that alone. Nothing of a request makes a function panic.
        Refusal::Answer(_) | Refusal::Panic => Vec::new(),
        Refusal::Deadline { .. } => vec!["deadline"],
        Refusal::NoRandomness => vec!["internal"],
    }
}

#[test]
fn every_reason_to_deny_has_a_case_in_every_kind() {
    let all = [
        Refusal::UnknownApp,
        Refusal::InactiveApp(""),
        Refusal::Unfit(signet_facts::Unfit::NoUser),
        Refusal::Table(Fault::Call.error()),
        Refusal::Decision(signet_core::decision::Deny::Unentitled),
        Refusal::Deadline { after: Duration::ZERO },
        Refusal::NoRandomness,
        Refusal::Panic,
    ];
    for kind in Kind::ALL {
        let own: &[&str] = match kind {
            Kind::Saml => &["base_assertion", "assertion_too_long"],
            _ => &["base_token", "token_too_long"],
        };
        let known = reasons(kind);
        for reason in all.iter().flat_map(reasons_of).chain(own.iter().copied()) {
            assert!(known.contains(reason), "no case of {kind:?} ends in `{reason}`");
        }
    }
}
