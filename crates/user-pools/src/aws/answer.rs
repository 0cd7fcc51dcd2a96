//! What stands in Cognito's answers.

use std::collections::BTreeMap;

use aws_sdk_cognitoidentityprovider::types::{
    LambdaConfigType, PreTokenGenerationLambdaVersionType, SchemaAttributeType, UserPoolClientType,
};

use crate::api::{AppClient, Attribute, Trigger, TriggerVersion};

/// A client, without its secret.
pub(super) fn client(id: &str, facts: UserPoolClientType) -> AppClient {
    AppClient {
        id: id.to_owned(),
        name: facts.client_name,
        write: facts.write_attributes.map(|names| names.into_iter().collect()),
        scopes: facts.allowed_o_auth_scopes.unwrap_or_default().into_iter().collect(),
    }
}

/// The schema. What it leaves open is taken as what lets more people write.
pub(super) fn attributes(schema: &[SchemaAttributeType]) -> BTreeMap<String, Attribute> {
    let attribute = |one: &SchemaAttributeType| {
        let facts = Attribute { mutable: one.mutable.unwrap_or(true), required: one.required.unwrap_or(false) };
        Some((one.name.clone()?, facts))
    };
    schema.iter().filter_map(attribute).collect()
}

/// The trigger, by the newer member or by the older, which has no version and means the first (Cognito API
/// reference, `LambdaConfigType`: where both are there they name one function).
pub(super) fn trigger(config: &LambdaConfigType) -> Option<Trigger> {
    let older = config.pre_token_generation().filter(|function| !function.is_empty());
    let Some(newer) = config.pre_token_generation_config() else {
        return Some(Trigger { function: older?.to_owned(), version: TriggerVersion::V1 });
    };
    let version = match newer.lambda_version() {
        PreTokenGenerationLambdaVersionType::V10 => TriggerVersion::V1,
        PreTokenGenerationLambdaVersionType::V20 => TriggerVersion::V2,
        PreTokenGenerationLambdaVersionType::V30 => TriggerVersion::V3,
        other => TriggerVersion::Other(other.as_str().to_owned()),
    };
    let function = Some(newer.lambda_arn()).filter(|function| !function.is_empty()).or(older)?;
    Some(Trigger { function: function.to_owned(), version })
}

#[cfg(test)]
mod tests {
    use aws_sdk_cognitoidentityprovider::types::PreTokenGenerationVersionConfigType;

    use super::*;

    const FUNCTION: &str = "arn:aws:lambda:eu-central-1:111122223333:function:pre-token:live";

    fn config(older: Option<&str>, newer: Option<(&str, &str)>) -> LambdaConfigType {
        let newer = newer.map(|(version, function)| {
            let version = PreTokenGenerationLambdaVersionType::from(version);
            let newer = PreTokenGenerationVersionConfigType::builder().lambda_version(version).lambda_arn(function);
            newer.build().unwrap()
        });
        let config = LambdaConfigType::builder().set_pre_token_generation(older.map(str::to_owned));
        config.set_pre_token_generation_config(newer).build()
    }

    #[test]
    fn a_trigger_is_told_by_either_member() {
        let of = |older, newer| trigger(&config(older, newer));
        let version = |version| Some(Trigger { function: FUNCTION.to_owned(), version });
        assert_eq!(of(None, None), None);
        assert_eq!(of(Some(""), None), None);
        assert_eq!(of(None, Some(("V2_0", ""))), None);
        assert_eq!(of(Some(FUNCTION), None), version(TriggerVersion::V1));
        assert_eq!(of(Some(FUNCTION), Some(("V1_0", FUNCTION))), version(TriggerVersion::V1));
        assert_eq!(of(Some(FUNCTION), Some(("V2_0", FUNCTION))), version(TriggerVersion::V2));
        assert_eq!(of(None, Some(("V3_0", FUNCTION))), version(TriggerVersion::V3));
        assert_eq!(of(None, Some(("V4_0", FUNCTION))), version(TriggerVersion::Other("V4_0".to_owned())));
    }

    #[test]
    fn a_secret_is_dropped() {
        let facts = UserPoolClientType::builder().client_id("web").client_secret("hidden").build();
        let shown = format!("{:?}", client("web", facts));
        assert!(!shown.contains("hidden"), "{shown}");
    }

    #[test]
    fn what_a_schema_leaves_open_lets_more_people_write() {
        let named = |name: &str| SchemaAttributeType::builder().name(name);
        let schema = [
            named("email").mutable(true).required(true).build(),
            named("custom:groups").mutable(false).build(),
            named("custom:open").build(),
            SchemaAttributeType::builder().build(),
        ];
        let expected = [("custom:groups", false, false), ("custom:open", true, false), ("email", true, true)];
        let expected = expected.map(|(name, mutable, required)| (name.to_owned(), Attribute { mutable, required }));
        assert_eq!(attributes(&schema), BTreeMap::from(expected));
    }
}
