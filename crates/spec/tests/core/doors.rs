//! A person's sign-ins, in the forms of all protocols, on the documents that core writes from the same
//! table: the sign-in side and the trust side of one grant meet here.
//!
//! The specification judges who gets in, by AWS's rules (`signet_spec::trust`).

use std::collections::{BTreeMap, BTreeSet};

use proptest::strategy::Strategy;
use proptest::test_runner::TestCaseError;
use proptest::{prop_assert, prop_assert_eq};
use serde_json::Value;
use signet_core::trust::document::Document;
use signet_core::trust::grants::Codes;
use signet_core::trust::plan::{Fit, Plan as Core, Quota};
use signet_spec::input::{Protocol, SignIn};
use signet_spec::outcome::{Access, Deny, Note, Outcome, Rendering};
use signet_spec::trust::entitled::{App, Entry, Kind, World, may_come_in};
use signet_spec::trust::policy::Policy;
use signet_spec::trust::sign_in::{self, Proof};

use crate::case::{Case, build};
use crate::coverage::Coverage;
use crate::documents::desired;
use crate::plan::{Plan, Shape, plans};
use crate::pools::{APP, NOW, OTHER_APPS};
use crate::{check, regressions, subject};

/// The apps of the table, one of each kind. Grants are for all of them, or some.
const APPS: [(Protocol, &str); 4] = [
    (Protocol::Saml, APP),
    (Protocol::Oidc, OTHER_APPS[0]),
    (Protocol::CognitoOidc, OTHER_APPS[1]),
    (Protocol::IdentityPool, OTHER_APPS[2]),
];
const ISSUER: &str = "example.okta.com/oauth2/default";
const USER_POOL: &str = "cognito-idp.us-east-1.amazonaws.com/us-east-1_Pool1";
const COGNITO: &str = "cognito-identity.amazonaws.com";

fn tables() -> impl Strategy<Value = Plan> {
    let shape = Shape {
        widths: 4..9,
        bits: 256..257,
        names: 60..75,
        groups: 1..9,
        fates: 7..8,
        roles: 0..12,
        grants: 1..4,
        honest: true,
        odd_rules: false,
    };
    plans(&shape).prop_map(|mut plan| {
        // An identity pool of one partition vouches to no role of another.
        let grants = plan.groups.iter_mut().flat_map(|group| &mut group.grants);
        grants.filter(|grant| grant.role % 6 == 4).for_each(|grant| grant.role += 1);
        plan
    })
}

/// The same person at another app of the same table.
fn at(case: &Case, (protocol, id): (Protocol, &str)) -> Case {
    let mut other = case.clone();
    (other.sign_in.app.protocol, other.sign_in.app.id) = (protocol, id.to_owned());
    other
}

fn access(case: &Case) -> Option<(Access, Rendering)> {
    let decision = subject::decide(case);
    match decision.outcome {
        Outcome::Access(access) => Some((access, decision.rendering.unwrap())),
        _ => None,
    }
}

/// All roles that the table has grants on.
fn roles(sign_in: &SignIn) -> BTreeSet<String> {
    sign_in.table.values().flat_map(|record| &record.grants).map(|grant| grant.role.clone()).collect()
}

fn account(role: &str) -> &str {
    role.split(":role/").next().unwrap()
}

/// What the table says of one role: all apps, and all grants on it, also those to other people's groups.
fn world(sign_in: &SignIn, role: &str) -> World {
    let app = |(protocol, id): (Protocol, &str)| {
        let rules = &sign_in.app;
        let oidc = || Kind::Oidc { pattern: rules.pattern.clone(), roles_claim: rules.roles_claim };
        let kind = match protocol {
            Protocol::Saml => Kind::Saml { pattern: rules.pattern.clone() },
            Protocol::Oidc | Protocol::CognitoOidc => oidc(),
            Protocol::IdentityPool => Kind::IdentityPool { user_pool: USER_POOL.to_owned() },
        };
        let audiences = vec![subject::audience(protocol).to_owned()];
        App { id: id.to_owned(), provider: provider(sign_in, protocol, role), audiences, kind }
    };
    let entries = sign_in.table.values().flat_map(|record| {
        let on_role = record.grants.iter().filter(|grant| grant.role == role);
        on_role.map(|grant| Entry { code: record.code.clone(), apps: grant.apps.clone(), expires_at: grant.expires_at })
    });
    World {
        role: role.to_owned(),
        width: sign_in.width,
        now: NOW,
        apps: APPS.map(app).into(),
        entries: entries.collect(),
    }
}

/// Who vouches for an app's people to a role.
fn provider(sign_in: &SignIn, protocol: Protocol, role: &str) -> String {
    let account = account(role);
    match protocol {
        Protocol::Saml => format!("{account}:saml-provider/{}", sign_in.app.provider),
        Protocol::Oidc => format!("{account}:oidc-provider/{ISSUER}"),
        Protocol::CognitoOidc => format!("{account}:oidc-provider/{USER_POOL}"),
        Protocol::IdentityPool => COGNITO.to_owned(),
    }
}

/// The document that core writes for a role that had only somebody else's statement.
fn policy(world: &World) -> Result<Policy, TestCaseError> {
    let other = r#"{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}"#;
    let current = Document::parse(&format!(r#"{{"Version":"2012-10-17","Statement":[{other}]}}"#)).unwrap();
    let plan = Core::new(&current, &desired(world), &Codes::new(), Quota::new(8_192).unwrap());
    prop_assert_eq!(&plan.fit, &Fit::Whole);
    Policy::read(&plan.document.render()).map_err(TestCaseError::fail)
}

/// What a person brings to a role, by what AWS reads of a rendering.
fn brings(case: &Case, rendering: &Rendering, role: &str) -> sign_in::SignIn {
    let protocol = case.sign_in.app.protocol;
    let provider = provider(&case.sign_in, protocol, role);
    let audience = subject::audience(protocol).to_owned();
    let mut brought = sign_in::SignIn {
        role: role.to_owned(),
        provider,
        proof: Proof::Assertion { audience: audience.clone() },
        tags: BTreeMap::new(),
        transitive: BTreeSet::new(),
        source_identity: None,
    };
    match rendering {
        Rendering::Attributes(attributes) => {
            for (name, values) in attributes {
                let short = name.strip_prefix("https://aws.amazon.com/SAML/Attributes/").unwrap();
                match short.strip_prefix("PrincipalTag:") {
                    Some(key) => drop(brought.tags.insert(key.to_owned(), values[0].clone())),
                    None if short == "TransitiveTagKeys" => brought.transitive.extend(values.iter().cloned()),
                    None if short == "SourceIdentity" => brought.source_identity = Some(values[0].clone()),
                    // The provider is the one that is named with the role.
                    None if short == "Role" => {
                        let pair = values.iter().find_map(|pair| pair.strip_prefix(&format!("{role},")));
                        brought.provider = pair.map_or(brought.provider, str::to_owned);
                    }
                    None => {}
                }
            }
        }
        Rendering::Nested(claims) => {
            let text = |value: &Value| value.as_str().unwrap().to_owned();
            let texts = |value: &Value| value.as_array().unwrap().iter().map(text).collect::<Vec<_>>();
            let tags = &claims["https://aws.amazon.com/tags"];
            let principal = tags["principal_tags"].as_object().unwrap();
            brought.tags = principal.iter().map(|(key, one)| (key.clone(), text(&one[0]))).collect();
            brought.transitive = texts(&tags["transitive_tag_keys"]).into_iter().collect();
            brought.source_identity = Some(text(&claims["https://aws.amazon.com/source_identity"]));
            let issuer = brought.provider.split_once("oidc-provider/").unwrap().1.to_owned();
            let roles = claims.get("https://aws.amazon.com/roles").map(texts);
            brought.proof = Proof::Token { issuer, audience, roles, amr: vec![] };
        }
        Rendering::Flat { claims, .. } => {
            // The pool's principal-tag map has every claim under its own name.
            brought.tags.clone_from(claims);
            let amr = ["authenticated", USER_POOL, &format!("{USER_POOL}:CognitoSignIn:jane")].map(str::to_owned);
            brought.proof = Proof::Token { issuer: COGNITO.to_owned(), audience, roles: None, amr: amr.into() };
        }
    }
    brought
}

/// The same sign-in, had the provider allowed every role: what the document alone makes of it.
fn for_any_role(sign_in: &sign_in::SignIn) -> sign_in::SignIn {
    let mut bold = sign_in.clone();
    if let Proof::Token { roles: Some(roles), .. } = &mut bold.proof {
        *roles = vec![sign_in.role.clone()];
    }
    bold
}

/// Whether one of the person's groups has a grant on a role that counts at an app, by the table alone.
fn is_granted(case: &Case, role: &str) -> bool {
    let sign_in = &case.sign_in;
    let records = sign_in.groups.iter().filter_map(|key| sign_in.table.get(key));
    records.flat_map(|record| &record.grants).any(|grant| {
        grant.role == role
            && grant.expires_at.is_none_or(|end| NOW < end)
            && grant.apps.as_ref().is_none_or(|apps| apps.contains(&sign_in.app.id))
    })
}

/// A role in the answer lets the person in, one that is not in it does not, by the document alone.
fn doors_are_as_answered(case: &Case, coverage: &Coverage) -> Result<(), TestCaseError> {
    for role in roles(&case.sign_in) {
        let world = world(&case.sign_in, &role);
        let policy = policy(&world)?;
        for app in APPS {
            let case = at(case, app);
            let Some((access, rendering)) = access(&case) else {
                coverage.note(format!("{:?}: denied", app.0));
                continue;
            };
            let sign_in = brings(&case, &rendering, &role);
            let answered = access.roles.contains(&role);
            prop_assert_eq!(answered, is_granted(&case, &role));
            prop_assert_eq!(may_come_in(&world, &sign_in), answered, "{:?}: {:?}", app, sign_in);
            for sign_in in [for_any_role(&sign_in), sign_in] {
                let is_in = sign_in.is_let_in(&policy).map_err(TestCaseError::fail)?;
                prop_assert_eq!(is_in, answered, "{:?}: {:?} on {:?}", app, sign_in, policy);
            }
            coverage.note(format!("{:?}: {}", app.0, if answered { "in" } else { "not answered, not in" }));
            let is_covered = |note: &Note| matches!(note, Note::CodesCovered(..));
            if answered && subject::decide_only(&case).notes.iter().any(is_covered) {
                coverage.note(format!("{:?}: in by fewer codes", app.0));
            }
        }
    }
    Ok(())
}

#[test]
fn a_role_in_the_answer_lets_the_person_in_and_no_other_does() {
    let coverage = Coverage::default();
    check(1_200, regressions!("doors"), &tables(), |plan| doors_are_as_answered(&build(&plan), &coverage));
    for (protocol, _) in APPS {
        coverage.assert_reached(
            ["in", "not answered, not in", "denied", "in by fewer codes"].map(|what| format!("{protocol:?}: {what}")),
        );
    }
}

/// Withdrawing what one group has on a role closes the role to its people at every app, to those with an
/// old assertion or token too; unless another of their groups still opens it.
#[test]
fn withdrawing_a_grant_closes_it_in_every_form() {
    let coverage = Coverage::default();
    let tables = (tables(), proptest::num::usize::ANY);
    check(1_500, regressions!("doors_closed"), &tables, |(plan, seed)| {
        let before = build(&plan);
        let granted: Vec<(&String, &String)> = before
            .sign_in
            .groups
            .iter()
            .filter_map(|key| Some((key, before.sign_in.table.get(key)?)))
            .flat_map(|(key, record)| record.grants.iter().map(move |grant| (key, &grant.role)))
            .collect();
        let Some((key, role)) = granted.get(seed % granted.len().max(1)).copied() else { return Ok(()) };
        let mut after = before.clone();
        after.sign_in.table.get_mut(key).unwrap().grants.retain(|grant| grant.role != *role);
        let (was, is) = (world(&before.sign_in, role), world(&after.sign_in, role));
        let (old, new) = (policy(&was)?, policy(&is)?);
        let mut closed = 0;
        for app in APPS {
            let (before, after) = (at(&before, app), at(&after, app));
            let Some((given, rendering)) = access(&before) else { continue };
            let held = brings(&before, &rendering, role);
            let is_in = |policy: &Policy| held.is_let_in(policy).map_err(TestCaseError::fail);
            prop_assert_eq!(is_in(&old)?, given.roles.contains(role));
            prop_assert_eq!(is_in(&new)?, may_come_in(&is, &held));
            let still = is_granted(&after, role);
            match subject::decide(&after).outcome {
                Outcome::Access(access) => prop_assert_eq!(access.roles.contains(role), still, "{:?}", app),
                // The group may have been the one that opened two roles by one code: a stated limit.
                Outcome::Deny(Deny::CodesDoNotFit { .. }) => coverage.note("no cover fits any more"),
                other => prop_assert!(!still, "{:?}: {:?}", app, other),
            }
            prop_assert!(still || !is_in(&new)?, "{:?}: {:?} is still in by {:?}", app, held, new);
            if given.roles.contains(role) {
                coverage.note(format!("{:?}: {}", app.0, if still { "still granted" } else { "closed" }));
                closed += usize::from(!still);
            }
        }
        if closed == APPS.len() {
            coverage.note("closed at all apps at once");
        }
        Ok(())
    });
    coverage.assert_reached(["closed at all apps at once", "no cover fits any more"]);
    for (protocol, _) in APPS {
        coverage.assert_reached(["closed", "still granted"].map(|what| format!("{protocol:?}: {what}")));
    }
}
