//! A plan made into a sign-in, right but for what the plan says.

use std::collections::{BTreeMap, BTreeSet};

use signet_spec::trust::entitled::{Kind, World};
use signet_spec::trust::sign_in::{Proof, SignIn};

use crate::plan::{AppPlan, AttemptPlan, Part};
use crate::pools::{CODES, IDENTITIES, ISSUERS, OTHER_ROLE, PATTERNS, PROVIDERS, ROLE, USER_POOLS, group_hash};
use crate::world::{COGNITO, oidc_provider, saml_provider};

/// The sign-in of an attempt; a stranger's where the world has no app.
pub(crate) fn sign_in(world: &World, apps: &[AppPlan], plan: &AttemptPlan) -> SignIn {
    let code = match world.entries.as_slice() {
        [] => CODES[0].to_owned(),
        entries => entries[plan.entry % entries.len()].code.clone(),
    };
    let all: Vec<&str> = world.entries.iter().map(|entry| entry.code.as_str()).collect();
    let mut tags = BTreeMap::from([("SignetDecision".to_owned(), "x".to_owned())]);
    if let Some(value) = group_hash(plan.of(Part::GroupHash), &code, &all) {
        let key = ["GroupHash", "grouphash", "GROUPHASH", "GroupHash2", "Group", "GroupHash "];
        tags.insert(key[plan.of(Part::TagKey) % key.len()].to_owned(), value);
    }
    if plan.of(Part::TagKey) == 14 {
        tags.clear();
    }
    let set = |keys: &[&str]| keys.iter().map(|key| (*key).to_owned()).collect::<BTreeSet<_>>();
    let transitive = match plan.of(Part::Transitive) {
        0 => set(&["GroupHash", "SignetDecision"]),
        1 => set(&["GroupHash"]),
        2 => set(&["grouphash"]),
        3 => set(&["SignetDecision"]),
        4 => set(&["*"]),
        _ => set(&[]),
    };
    let app = (!world.apps.is_empty()).then(|| plan.app % world.apps.len());
    let fitting = app.map_or(PATTERNS[0].1, |index| PATTERNS[apps[index].pattern].1);
    let behind_pool = app.is_some_and(|index| matches!(world.apps[index].kind, Kind::IdentityPool { .. }));
    let source_identity = match plan.of(Part::Identity) {
        // Those of an identity pool have none.
        0 => Some(fitting).filter(|_| !behind_pool),
        n => IDENTITIES.get(n - 1).copied(),
    };
    let (provider, proof) = proof(world, app, plan);
    SignIn {
        role: ROLE.to_owned(),
        provider,
        proof,
        tags,
        transitive,
        source_identity: source_identity.map(str::to_owned),
    }
}

fn proof(world: &World, app: Option<usize>, plan: &AttemptPlan) -> (String, Proof) {
    let Some(app) = app.map(|index| &world.apps[index]) else {
        let audience = "https://signin.aws.amazon.com/saml".to_owned();
        return (saml_provider("okta"), Proof::Assertion { audience });
    };
    let wrong = plan.of(Part::Provider);
    let provider = match (&app.kind, wrong) {
        (_, 0) => app.provider.clone(),
        // A provider of the same name in another account.
        (_, 1) => app.provider.replace("111122223333", "444455556666"),
        (_, 2) => format!("{}x", app.provider),
        (Kind::Saml { .. }, n) => saml_provider(PROVIDERS[n % 4]),
        (_, n) => oidc_provider(ISSUERS[n % 4]),
    };
    let audience = match plan.of(Part::Audience) {
        0 => app.audiences[0].clone(),
        1 => app.audiences.last().unwrap().clone(),
        2 => "0oa2".to_owned(),
        3 => format!("{}x", app.audiences[0]),
        4 => app.audiences[0].to_uppercase(),
        5 => "*".to_owned(),
        6 => "https://signin.aws.amazon.com/saml2".to_owned(),
        7 => "us-east-1:11111111-2222-3333-4444-555555555556".to_owned(),
        _ => String::new(),
    };
    if matches!(app.kind, Kind::Saml { .. }) {
        return (provider, Proof::Assertion { audience });
    }
    let issuer = provider.split_once("oidc-provider/").map_or(COGNITO, |(_, issuer)| issuer).to_owned();
    let list = |roles: &[&str]| Some(roles.iter().map(|role| (*role).to_owned()).collect());
    let demands_claim = matches!(app.kind, Kind::Oidc { roles_claim: true, .. });
    let roles = match plan.of(Part::Roles) {
        0 if demands_claim => list(&[ROLE]),
        1 => list(&[OTHER_ROLE, ROLE]),
        2 => list(&[OTHER_ROLE]),
        3 => list(&[]),
        4 => list(&["arn:aws:iam::111122223333:role/data/*"]),
        _ => None,
    };
    let user_pool = match &app.kind {
        Kind::IdentityPool { user_pool } => user_pool.clone(),
        _ => USER_POOLS[0].to_owned(),
    };
    let (other, user) = (format!("{user_pool}1"), format!("{user_pool}:CognitoSignIn:jane"));
    let amr: &[&str] = match plan.of(Part::Methods) {
        0 => &["authenticated", &user_pool, &user],
        1 => &[&user, &user_pool, "authenticated"],
        2 => &["unauthenticated"],
        // By another way, or another pool.
        3 => &["authenticated"],
        4 => &["authenticated", "graph.facebook.com", "graph.facebook.com:1"],
        5 => &["authenticated", &other],
        6 => &["authenticated", &user],
        7 => &["authenticated", &user_pool.to_uppercase()],
        8 => &["authenticated", "*"],
        // Both of two linked ways.
        9 => &["authenticated", "graph.facebook.com", &user_pool],
        _ => &[],
    };
    (provider, Proof::Token { issuer, audience, roles, amr: amr.iter().map(|method| (*method).to_owned()).collect() })
}
