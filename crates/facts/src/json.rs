//! Claims in JSON, and how long others are.

use serde_json::{Map, Value, json};
use signet_core::oidc::{Claims, ROLES_CLAIM, SOURCE_IDENTITY_CLAIM, TAGS_CLAIM, Tags, escaped_bytes};
use signet_core::session::SessionTag;
use signet_okta::json::Json;

/// The claims of an ID token, in the order in which they are added.
#[must_use]
pub fn claims(claims: &Claims) -> Vec<(&'static str, Value)> {
    let mut all =
        vec![(TAGS_CLAIM, tags(&claims.tags)), (SOURCE_IDENTITY_CLAIM, Value::from(claims.source_identity.as_str()))];
    all.extend(claims.roles.as_ref().map(|roles| (ROLES_CLAIM, json!(roles))));
    all
}

/// The claims that Cognito's access token gets, for the analytics service to read. What opens a role is in
/// the ID token alone: an access token is shown to whoever has an API.
#[must_use]
pub fn access_claims(claims: &Claims) -> Vec<(&'static str, Value)> {
    vec![(TAGS_CLAIM, tags(&claims.tags))]
}

/// The session tags as STS reads them: each value is a list of one.
#[must_use]
pub fn tags(tags: &Tags) -> Value {
    let principal: Map<String, Value> =
        tags.principal.iter().map(|tag| (tag.key.clone(), json!([tag.value]))).collect();
    json!({ "principal_tags": principal, "transitive_tag_keys": tags.transitive })
}

/// The session tags as an identity pool reads them: claims of one text.
#[must_use]
pub fn flat(claims: &[SessionTag]) -> Map<String, Value> {
    claims.iter().map(|tag| (tag.key.clone(), Value::from(tag.value.as_str()))).collect()
}

/// The length of a member in JSON, its comma included, on the safe side.
#[must_use]
pub fn member_bytes(name: &str, value: &Json) -> usize {
    /// Quotes, colon and comma.
    const PUNCTUATION: usize = 4;
    PUNCTUATION + escaped_bytes(name) + bytes(value)
}

/// The length of a value in JSON, on the safe side. The depth is that of what was read: 128 at most.
fn bytes(value: &Json) -> usize {
    match value {
        Json::Null | Json::Bool(_) => 5,
        Json::Number(number) => number.to_string().len(),
        Json::String(text) => 2 + escaped_bytes(text),
        Json::Array(elements) => 2 + elements.iter().map(|element| 1 + bytes(element)).sum::<usize>(),
        Json::Object(members) => 2 + members.iter().map(|(name, value)| member_bytes(name, value)).sum::<usize>(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_never_too_short() {
        for text in [
            r#"{"a":[1,2.5,-3,true,false,null],"b":{"c":"d"},"e":"\u0001\"\\/ä日😀","":""}"#,
            "{}",
            r#"{"a":[[[[]]]]}"#,
        ] {
            let tree = signet_okta::json::read(text.as_bytes()).unwrap();
            assert!(bytes(&tree) >= serde_json::to_string(&tree).unwrap().len(), "{text}");
        }
    }

    #[test]
    fn claims_are_nested_and_each_tag_is_a_list_of_one() {
        let tag = |key: &str, value: &str| SessionTag { key: key.to_owned(), value: value.to_owned() };
        let tags = Tags {
            principal: vec![tag("GroupHash", ":abcd:"), tag("email", "a@b")],
            transitive: vec!["GroupHash".to_owned()],
        };
        let mut all =
            Claims { tags, source_identity: "jane@example.com".to_owned(), roles: Some(vec!["arn".to_owned()]) };
        assert_eq!(
            claims(&all),
            [
                (
                    "https://aws.amazon.com/tags",
                    json!({"principal_tags": {"GroupHash": [":abcd:"], "email": ["a@b"]},
                        "transitive_tag_keys": ["GroupHash"]})
                ),
                ("https://aws.amazon.com/source_identity", json!("jane@example.com")),
                ("https://aws.amazon.com/roles", json!(["arn"])),
            ]
        );
        assert_eq!(access_claims(&all), claims(&all)[..1]);
        all.roles = None;
        assert_eq!(claims(&all).len(), 2);
    }
}
