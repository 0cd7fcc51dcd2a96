//! What CloudTrail writes of a role session that was opened: the members that the IAM User Guide shows in
//! "Logging IAM and AWS STS API calls with AWS CloudTrail".

use serde_json::{Value, json};
use signet_spec::trust::sign_in::{Proof, SignIn};

/// How a session came about, beside what it brought to the role.
#[derive(Debug, Clone)]
pub struct Opening<'a> {
    /// The session's name: the assertion's, or what the caller of a token chose.
    pub name: &'a str,
    /// Whom the assertion or the token is about.
    pub subject: &'a str,
    /// When, in RFC 3339.
    pub at: &'a str,
    /// Which of the records it is: what has to be unique hangs on it.
    pub number: usize,
}

/// The record of a session.
pub fn record(attempt: &SignIn, opening: &Opening<'_>) -> Value {
    let Opening { name, subject, at, number } = opening;
    let mut parameters = json!({
        "roleArn": attempt.role,
        "roleSessionName": name,
        "principalTags": attempt.tags,
        "transitiveTagKeys": attempt.transitive,
        "durationSeconds": 3600,
    });
    if let Some(identity) = &attempt.source_identity {
        parameters["sourceIdentity"] = json!(identity);
    }
    let mut elements = json!({ "credentials": { "accessKeyId": format!("ASIAEXAMPLE{number:09}") } });
    let (call, kind) = match &attempt.proof {
        Proof::Assertion { audience } => {
            parameters["principalArn"] = json!(attempt.provider);
            parameters["sAMLAssertionID"] = json!(format!("_assertion{number}"));
            elements["audience"] = json!(audience);
            elements["subject"] = json!(subject);
            ("AssumeRoleWithSAML", "SAMLUser")
        }
        Proof::Token { audience, .. } => {
            elements["provider"] = json!(attempt.provider);
            elements["audience"] = json!(audience);
            elements["subjectFromWebIdentityToken"] = json!(subject);
            ("AssumeRoleWithWebIdentity", "WebIdentityUser")
        }
    };
    json!({
        "eventVersion": "1.11",
        "eventID": format!("record-{number}"),
        // CloudTrail's times are of whole seconds.
        "eventTime": format!("{}Z", at.get(..19).expect("a time in RFC 3339")),
        "eventSource": "sts.amazonaws.com",
        "eventName": call,
        "awsRegion": "eu-central-1",
        "sourceIPAddress": "192.0.2.10",
        "userIdentity": { "type": kind },
        "requestParameters": parameters,
        "responseElements": elements,
        "eventType": "AwsApiCall",
    })
}
