//! The steps of a sign-in with a wire that cannot carry what was decided.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that fails shall fail loudly")]

use std::time::Duration;

use serde_json::json;
use signet_cases::case::{LOGIN, USER};
use signet_cases::{APP, Fake, Kind, block_on, call};
use signet_core::app::{App, Mode};
use signet_core::code::Sha256Hasher;
use signet_core::saml::Attribute;
use signet_core::session::DecisionId;
use signet_hook::payload::Payload;
use signet_hook::record::{NoteLine, Verdict};
use signet_hook::refusal::Refusal;
use signet_hook::serve::Conclusion;
use signet_hook::sign_in::{Given, SignIns, Wire};
use signet_okta::request::Envelope;
use signet_okta::response::ResponseError;
use signet_okta::saml::SamlRequest;

/// What the wire was asked for last.
#[derive(Debug, PartialEq)]
enum Answer {
    Nothing(&'static str),
    NoAccess,
    Unchanged,
    Denied(&'static str, String),
}

/// A wire whose answers are too long.
struct Refusing;

/// A wire that has no place for what is given.
struct Placeless;

macro_rules! wire {
    ($wire:ident, $access:expr) => {
        impl Wire for $wire {
            type Request = SamlRequest;
            type Answer = Answer;

            fn access(
                _: &SamlRequest,
                _: &DecisionId,
                _: &App,
                attributes: Vec<Attribute>,
            ) -> Result<Given<Answer>, Refusal> {
                assert!(!attributes.is_empty());
                $access
            }

            fn no_access(_: &SamlRequest, _: &App) -> Answer {
                Answer::NoAccess
            }

            fn unchanged(_: &SamlRequest) -> Answer {
                Answer::Unchanged
            }

            fn deny(refusal: &Refusal, reference: &str) -> Answer {
                Answer::Denied(refusal.reason(), reference.to_owned())
            }
        }
    };
}

wire!(Refusing, Err(Refusal::Answer(ResponseError::TooLarge { bytes: 300_000, limit: 262_144 })));
wire!(Placeless, {
    let note = NoteLine { kind: "no_place", detail: "there is no place for it".to_owned() };
    Ok(Given::Nothing(Answer::Nothing("placeless"), note))
});

fn sign_in<W: Wire<Request = SamlRequest>>(app: App, group: &str) -> Conclusion<W::Answer> {
    let table = Fake::new(app).grant("Clinical Readers", "reader");
    let request = json!({
        "eventType": "com.okta.saml.tokens.transform",
        "data": {
            "context": {"protocol": {"issuer": {"id": APP}}, "user": {"id": USER, "profile": {"login": LOGIN}}},
            "assertion": {"claims": {"groups": {"attributeValues": [{"value": group}]}}},
        },
    });
    let envelope = Envelope::parse(request.to_string().as_bytes()).unwrap();
    let request = SamlRequest::from_envelope(&envelope).unwrap();
    let sign_ins = SignIns::new(Duration::from_secs(1), &table, Sha256Hasher);
    block_on(async { sign_ins.answer::<W, _>(&call(Payload::default()), &request).await })
}

#[test]
fn an_answer_that_would_not_be_carried_out_is_a_denial_and_recorded_as_one() {
    let Conclusion { answer, record } = sign_in::<Refusing>(Kind::Saml.app(), "Clinical Readers");
    assert_eq!(answer, Answer::Denied("answer_too_long", signet_cases::id()));
    assert_eq!((record.verdict, record.reason, record.fault), (Verdict::Deny, Some("answer_too_long"), true));
    assert!(record.detail.unwrap().contains("300000"));
    assert!(record.roles.is_empty() && record.codes.is_empty() && record.source_identity.is_none());
    assert_eq!(record.groups.len(), 1, "what was considered is told all the same");
}

#[test]
fn what_there_is_no_place_for_is_recorded_as_no_access() {
    let Conclusion { answer, record } = sign_in::<Placeless>(Kind::Saml.app(), "Clinical Readers");
    assert_eq!(answer, Answer::Nothing("placeless"));
    assert_eq!((record.verdict, record.reason, record.fault), (Verdict::NoAccess, None, false));
    assert!(record.roles.is_empty() && record.codes.is_empty() && record.source_identity.is_none());
    assert_eq!(record.notes.iter().map(|note| note.kind).collect::<Vec<_>>(), ["no_place"]);
    assert_eq!(record.groups.len(), 1);
}

#[test]
fn a_wire_is_not_asked_to_give_what_was_not_decided() {
    for (group, verdict) in [("Everyone", Verdict::Deny), ("", Verdict::Deny)] {
        let conclusion = sign_in::<Placeless>(Kind::Saml.app(), group);
        assert_eq!(conclusion.record.verdict, verdict);
        assert_eq!(conclusion.answer, Answer::Denied("unentitled", signet_cases::id()));
    }
    let pass = App { when_unentitled: signet_core::app::WhenUnentitled::Pass, ..Kind::Saml.app() };
    assert_eq!(sign_in::<Placeless>(pass, "Everyone").answer, Answer::NoAccess);
}

#[test]
fn observed_apps_are_left_alone_whatever_the_wire_says() {
    let observed = || App { mode: Mode::Observe, ..Kind::Saml.app() };
    let refused = sign_in::<Refusing>(observed(), "Clinical Readers");
    assert_eq!((refused.answer, refused.record.reason), (Answer::Unchanged, Some("answer_too_long")));
    let placeless = sign_in::<Placeless>(observed(), "Clinical Readers");
    assert_eq!((placeless.answer, placeless.record.verdict), (Answer::Unchanged, Verdict::NoAccess));
    assert!(refused.record.observed && placeless.record.observed);
}
