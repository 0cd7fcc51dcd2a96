//! The answer as a whole: the event as it came, or an error.

use serde_json::{Value, json};
use signet_cases::case::Rule;
use signet_cases::{Fake, Fault, Kind, Mood, id};
use signet_hook::record::Verdict;
use signet_hook::serve::Reply;

use crate::support::{answer, answer_text, app, app_with, person, reason, table, with_attributes};

/// An event in an order and with members as no version has had them so far.
const ODD: &str = r#"{
    "response": {"claimsAndScopeOverrideDetails": null, "other": 7},
    "version": "2",
    "new": {"z": 1, "a": [1.50, -0, 18446744073709551615, "\u00e4", null], "z2": {}},
    "triggerSource": "TokenGeneration_HostedAuth",
    "userPoolId": "eu-central-1_Example01",
    "region": "eu-central-1",
    "request": {
        "userAttributes": {
            "sub": "00u1janeA2b3C4d5E6f7",
            "email": "jane.doe@example.com",
            "cognito:user_status": "EXTERNAL_PROVIDER",
            "identities": "[{\"providerName\":\"Corporate\"}]",
            "zoneinfo": "Europe/Zurich"
        },
        "new": [true],
        "groupConfiguration": {"preferredRole": null, "groupsToOverride": ["Clinical Readers"], "new": 1},
        "clientMetadata": {"b": "1", "a": "2"}
    },
    "callerContext": {"clientId": "0oath92zlO60urQOP0g3", "awsSdkVersion": "x"},
    "userName": "corporate_jane"
}"#;

/// The answer's text.
fn text(table: &Fake, event: &str) -> String {
    serde_json::to_string(&answer_text(table, event).answer.reply().unwrap()).unwrap()
}

/// An event's text, written as the answer is.
fn written(event: &str) -> String {
    serde_json::to_string(&signet_cognito::json::read(event.as_bytes()).unwrap()).unwrap()
}

#[test]
fn the_event_comes_back_as_it_was_with_its_response() {
    for kind in [Kind::CognitoOidc, Kind::IdentityPool] {
        let text = text(&table(app(kind)), ODD);
        let (event, response) = text.split_once(r#","response":"#).unwrap();
        // Everything but the response, in its order.
        let original = written(ODD).replacen(r#""response":{"claimsAndScopeOverrideDetails":null,"other":7},"#, "", 1);
        assert_eq!(format!("{event}}}"), original);
        let response: Value = serde_json::from_str(response.strip_suffix('}').unwrap()).unwrap();
        assert!(response["claimsAndScopeOverrideDetails"]["idTokenGeneration"].is_object());
        assert_eq!(response.as_object().unwrap().len(), 1);
    }
}

#[test]
fn an_event_that_is_left_alone_comes_back_to_the_letter() {
    let observed = table(app_with(Kind::CognitoOidc, &[Rule::Observe]));
    assert_eq!(text(&observed, ODD), written(ODD));
    let machine = ODD.replace("TokenGeneration_HostedAuth", "TokenGeneration_ClientCredentials");
    assert_eq!(text(&table(app(Kind::CognitoOidc)), &machine), written(&machine));
}

#[test]
fn an_event_without_a_response_gets_one() {
    let mut event = person();
    for response in [None, Some(json!(null)), Some(json!({})), Some(json!([])), Some(json!(7))] {
        let members = event.as_object_mut().unwrap();
        members.remove("response");
        members.extend(response.map(|response| ("response".to_owned(), response)));
        let body = crate::support::body(&answer(&table(app(Kind::CognitoOidc)), &event));
        assert!(body["response"]["claimsAndScopeOverrideDetails"].is_object());
    }
    // Which of two it would mean, nobody knows.
    let twice = event.to_string().replacen('{', "{\"response\":{},", 1);
    assert_eq!(reason(&answer_text(&table(app(Kind::CognitoOidc)), &twice)), "malformed_request");
}

#[test]
fn the_same_event_has_the_same_answer() {
    for kind in [Kind::CognitoOidc, Kind::IdentityPool] {
        let table = table(app(kind));
        let first = text(&table, ODD);
        assert_eq!(text(&table, ODD), first);
        // Also what Cognito asks again with the answer it already had.
        assert_eq!(text(&table, &first), first);
    }
}

#[test]
fn a_denial_is_an_error_with_a_reference_and_no_internals() {
    let mut failing = table(app(Kind::CognitoOidc));
    let read = |table: &Fake, event: &Value| {
        let conclusion = answer(table, event);
        assert_eq!(conclusion.record.verdict, Verdict::Deny);
        let error = conclusion.answer.reply().unwrap_err();
        assert_eq!(error.error_type, "SignetDenied");
        error.error_message
    };
    let nobody = Fake::new(app(Kind::CognitoOidc));
    assert_eq!(
        read(&nobody, &person()),
        format!(
            "You have no access to data through this app yet. If you think you should have, give this reference to \
             your support: {}",
            id()
        )
    );
    failing.mood = Mood::Fails(Fault::Throttled);
    assert_eq!(
        read(&failing, &person()),
        format!(
            "Sign-in to AWS did not work just now. Please try again in a moment; if it still does not work, give this \
             reference to your support: {}",
            id()
        )
    );
    let refused = format!("Sign-in to AWS was refused. Give this reference to your support: {}", id());
    assert_eq!(read(&table(app(Kind::CognitoOidc)), &with_attributes(&json!({"email": "secret@else.where"}))), refused);
    assert_eq!(read(&table(app(Kind::CognitoOidc)), &with_attributes(&json!({"sub": 7}))), refused);
    assert_eq!(
        read(&table(app(Kind::IdentityPool)), &with_attributes(&json!({"https://aws.amazon.com/x": "y"}))),
        refused
    );
}
