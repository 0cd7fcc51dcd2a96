//! Identity pools outside the partition `aws`: each has its own name, and no other lets anybody in.

use std::collections::{BTreeMap, BTreeSet};

use signet_core::app::AppId;
use signet_core::code::{CodeWidth, GroupCode};
use signet_core::role::RoleArn;
use signet_core::trust::desired::Desired;
use signet_core::trust::document::Document;
use signet_core::trust::gate::{Gate, IdentityPoolId, Issuer};
use signet_core::trust::grants::Codes;
use signet_core::trust::plan::{Plan, Quota};
use signet_spec::trust::policy::Policy;
use signet_spec::trust::sign_in::{Proof, SignIn};

use crate::pools::FILLER;
use crate::world::COGNITO;

#[test]
fn an_identity_pool_is_let_in_by_its_own_name_alone() {
    // "In AWS GovCloud (US), your trust policies must grant AssumeRoleWithWebIdentity permission to the
    // cognito-identity-us-gov.amazonaws.com service principal. For AWS GovCloud (US-East), replace it with
    // cognito-identity.us-gov-east-1.amazonaws.com."
    let names = [
        ("aws", "eu-west-1", COGNITO),
        ("aws-us-gov", "us-gov-west-1", "cognito-identity-us-gov.amazonaws.com"),
        ("aws-us-gov", "us-gov-east-1", "cognito-identity.us-gov-east-1.amazonaws.com"),
        ("aws-cn", "cn-north-1", "cognito-identity.cn-north-1.amazonaws.com.cn"),
    ];
    for (partition, region, name) in names {
        let role = format!("arn:{partition}:iam::111122223333:role/data/reader");
        let pool = format!("{region}:11111111-2222-3333-4444-555555555555");
        let user_pool = format!("cognito-idp.{region}.amazonaws.com/{region}_Pool1");
        let policy = policy(&role, &pool, &user_pool);
        for (_, _, other) in names {
            let sign_in = SignIn {
                role: role.clone(),
                provider: other.to_owned(),
                proof: Proof::Token {
                    issuer: other.to_owned(),
                    audience: pool.clone(),
                    roles: None,
                    amr: vec!["authenticated".to_owned(), user_pool.clone()],
                },
                tags: BTreeMap::from([("GroupHash".to_owned(), ":abcd:".to_owned())]),
                transitive: BTreeSet::new(),
                source_identity: None,
            };
            assert_eq!(sign_in.is_let_in(&policy), Ok(other == name), "{other} on a role of {partition}, {region}");
        }
    }
}

fn policy(role: &str, pool: &str, user_pool: &str) -> Policy {
    let app = AppId::parse("app0").unwrap();
    let gate = Gate::IdentityPool {
        pool: IdentityPoolId::parse(pool).unwrap(),
        user_pool: Issuer::from_url(&format!("https://{user_pool}")).unwrap(),
    };
    let codes = Codes::from([(app.clone(), BTreeSet::from([GroupCode::parse("abcd").unwrap()]))]);
    let role = RoleArn::parse(role).unwrap();
    let desired = Desired::new(&role, CodeWidth::DEFAULT, &BTreeMap::from([(app, gate)]), &codes);
    let current = Document::parse(&format!(r#"{{"Version":"2012-10-17","Statement":{FILLER}}}"#)).unwrap();
    Policy::read(&Plan::new(&current, &desired, &Codes::new(), Quota::DEFAULT).document.render()).unwrap()
}
