//! What is no call, who may not call, what is malformed.

use crate::case::{Case, Delivery, Expected, Flaw, Rule, Secret, case};
use crate::kind::{Kind, OTHER_GROUPS};

const NO_HTTP: &str = "the user pool calls by way of Lambda, whose permissions say who may";
const JSON_ALONE: &str = "Lambda hands over JSON and nothing else";

pub(super) fn cases(kind: Kind) -> Vec<Case> {
    let mut cases = unauthenticated(kind);
    cases.extend(no_calls(kind));
    cases.extend(malformed(kind));
    cases
}

fn unauthenticated(kind: Kind) -> Vec<Case> {
    let of = |name, secret, reason| {
        case(name, &["Clinical Readers"])
            .grant("Clinical Readers", "reader")
            .given(|given| given.delivery = Delivery { secret, taken_ms: None })
            .impossible_if(kind.is_cognito(), NO_HTTP)
            .gives(Expected::rejected(reason))
    };
    vec![
        of("the secret is missing", Secret::Missing, "auth_missing"),
        of("the secret is wrong", Secret::Wrong, "auth_mismatch"),
        of("the secret is there twice", Secret::Doubled, "auth_doubled"),
    ]
}

fn no_calls(kind: Kind) -> Vec<Case> {
    let of = |name, flaw, expected| {
        case(name, &["Clinical Readers"]).grant("Clinical Readers", "reader").flaw(flaw).gives(expected)
    };
    let (no_call, no_type, type_no_text) = if kind.is_cognito() {
        // The event names the trigger beside what decides: whatever is in its place is read strictly.
        ("other_trigger", "other_trigger", Expected::denied("malformed_request").reads(0))
    } else {
        ("not_a_hook_call", "other_event_type", Expected::rejected("not_a_hook_call"))
    };
    vec![
        of("the request is empty", Flaw::Empty, Expected::rejected(no_call)),
        of("the request is no JSON", Flaw::NotJson, Expected::rejected(no_call))
            .impossible_if(kind.is_cognito(), JSON_ALONE),
        of("the request is nested too deep", Flaw::TooDeep, Expected::rejected(no_call)),
        of("the request is no object", Flaw::NoObject, Expected::rejected(no_call)),
        of("the request does not say what it is", Flaw::NoType, Expected::rejected(no_type)),
        of("the request is for something else", Flaw::OtherType, Expected::rejected(no_type)),
        of("what the request is, is no text", Flaw::TypeNoText, type_no_text),
    ]
}

fn malformed(kind: Kind) -> Vec<Case> {
    let of = |name, flaw| {
        case(name, &["Clinical Readers"])
            .grant("Clinical Readers", "reader")
            .flaw(flaw)
            .gives(Expected::denied("malformed_request").reads(0))
    };
    // A token's claims can be of any type: each is looked at when it is asked for, and the groups are asked
    // for again once the app is known.
    let group_reads = usize::from(kind == Kind::Oidc);
    let mut cases = vec![
        of("all of the request is of a wrong type", Flaw::Data),
        of("the app's id is of a wrong type", Flaw::App),
        of("the person's id is of a wrong type", Flaw::User),
        of("the identity is of a wrong type", Flaw::Login),
        of("the claims are of a wrong type", Flaw::Claims),
        of("all of the request is there twice", Flaw::DataTwice),
        of("a claim is there twice", Flaw::ClaimTwice),
    ];
    cases.push(
        case("a group is no text", &["Clinical Readers"])
            .grant("Clinical Readers", "reader")
            .flaw(Flaw::Group)
            .gives(Expected::denied("malformed_request").reads(group_reads)),
    );
    // Only a token's reader can still go on: the app's groups may be elsewhere.
    let elsewhere = [Rule::GroupsClaim(OTHER_GROUPS)];
    let expected = if kind == Kind::Oidc {
        Expected::access(&["Clinical Stewards"], &["steward"]).asked(&[&[], &["Clinical Stewards"]])
    } else {
        Expected::denied("malformed_request").reads(0)
    };
    cases.push(
        case("a group is no text, in a claim that the app does not name", &["Clinical Readers"])
            .claim(OTHER_GROUPS, &["Clinical Stewards"])
            .grant("Clinical Stewards", "steward")
            .flaw(Flaw::Group)
            .step(&elsewhere, expected),
    );
    cases
}
