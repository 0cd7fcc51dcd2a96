//! `identity-pool` on a real DynamoDB API.
#![allow(clippy::unwrap_used, reason = "a test may fail by a panic")]

mod support;

use serde_json::json;
use support::{Place, app};

const POOL: &str = "eu-west-1:12345678-dead-beef-0000-123456790abc";
const USER_POOL: &str = "cognito-idp.eu-west-1.amazonaws.com/eu-west-1_Tv0493apJ";

fn stated(id: &str, audience: &str, more: &str) -> String {
    format!(
        "- {{ id: {id}, protocol: cognito, provider: p-{id}, audience: \"{audience}\", groups: {{ claim: \
         \"custom:groups\" }}, identity: {{ pattern: \"*@example.com\" }}, when_unentitled: deny{more} }}\n"
    )
}

#[tokio::test]
async fn the_map_of_an_app() {
    let place = Place::with_table().await;
    let issuer = format!(", issuer: \"https://{USER_POOL}\"");
    let tags = "tags: { department: { claim: \"custom:department\", required: true }, initials: { claim: i } }";
    place.apply(&format!(
        "name: platform\napps:\n{}{}{}{}{}grants: []\n",
        stated("notebooks", POOL, &format!("{issuer}, {tags}")),
        stated("direct", "7abc", &issuer),
        stated("nowhere", POOL, ""),
        stated("off", POOL, &format!("{issuer}, active: false")),
        app("0oaA", "").trim_start(),
    ));
    let value = place.json(&["identity-pool", "tags", "notebooks"]);
    let expected = json!({
        "IdentityPoolId": POOL,
        "IdentityProviderName": USER_POOL,
        "UseDefaults": false,
        "PrincipalTags": {
            "GroupHash": "GroupHash", "SignetDecision": "SignetDecision",
            "department": "department", "initials": "initials",
        },
    });
    assert_eq!(value, expected);
    let text = place.run(&["identity-pool", "tags", "notebooks"]).ok().out;
    // What a shell would hand over.
    let (_, command) = text.split_once("--region eu-west-1 --cli-input-json '").unwrap();
    let (input, _) = command.split_once('\'').unwrap();
    assert_eq!(serde_json::from_str::<serde_json::Value>(input).unwrap(), expected);
    for (id, why) in [
        ("direct", "it is `cognito-oidc`"),
        ("0oaA", "it is `saml`"),
        ("nowhere", "nobody states its user pool"),
        ("off", "it is not active"),
        ("none", "has no such app"),
        ("not an app", "has no such app"),
    ] {
        let ended = place.run(&["identity-pool", "tags", id]).exit(1).warns(why);
        assert!(ended.err.contains(&format!("app `{id}`")), "{}", ended.err);
    }
    place.run(&["identity-pool", "tags"]).exit(2);
}
