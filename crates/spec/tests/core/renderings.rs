//! One decision, whatever it is rendered as: nothing but a form's own limits may differ.

use std::collections::{BTreeMap, BTreeSet};

use proptest::strategy::Strategy;
use proptest::test_runner::TestCaseError;
use proptest::{prop_assert, prop_assert_eq, prop_oneof};
use serde_json::Value;
use signet_spec::input::Protocol;
use signet_spec::outcome::{Access, Decision, Deny, Outcome, Rendering};

use crate::agreement::many_roles;
use crate::case::{Case, build};
use crate::coverage::Coverage;
use crate::plan::{Plan, Shape, plans};
use crate::promises::busy;
use crate::{check, regressions, subject};

const ALL: [Protocol; 4] = [Protocol::Saml, Protocol::Oidc, Protocol::CognitoOidc, Protocol::IdentityPool];

/// Busy sign-ins, odd ones, and such as hardly fit.
fn sign_ins() -> impl Strategy<Value = Plan> {
    let odd = Shape {
        widths: 4..17,
        bits: 20..257,
        names: 60..70,
        groups: 1..4,
        fates: 7..60,
        roles: 0..6,
        grants: 1..3,
        honest: false,
        odd_rules: true,
    };
    let many = (1..330usize, 0..2u8).prop_map(|(roles, claim)| many_roles(roles, 0, claim == 0));
    prop_oneof![4 => busy(), 4 => plans(&odd), 1 => many]
}

fn as_protocol(case: &Case, protocol: Protocol) -> Case {
    let mut other = case.clone();
    other.sign_in.app.protocol = protocol;
    other
}

/// What a rendering says, as AWS would read it. None of what its form does not have.
#[derive(Debug, PartialEq, Eq)]
struct Said {
    roles: Option<BTreeSet<String>>,
    codes: BTreeSet<String>,
    identity: Option<String>,
    tags: BTreeMap<String, String>,
    transitive: Option<BTreeSet<String>>,
    session_duration: Option<String>,
}

fn said(rendering: &Rendering) -> Said {
    let (mut said, tags) = match rendering {
        Rendering::Attributes(attributes) => of_attributes(attributes),
        Rendering::Nested(claims) => of_claims(claims),
        Rendering::Flat { claims, roles } => {
            let said = Said { roles: Some(set(roles)), transitive: None, identity: None, ..nothing() };
            (said, claims.clone())
        }
    };
    let inner = tags["GroupHash"].trim_matches(':').split(':');
    said.codes = inner.map(str::to_owned).collect();
    said.tags = tags;
    said
}

fn nothing() -> Said {
    Said {
        roles: None,
        codes: BTreeSet::new(),
        identity: None,
        tags: BTreeMap::new(),
        transitive: None,
        session_duration: None,
    }
}

/// A list as a set, in which nothing was there twice.
fn set(list: &[String]) -> BTreeSet<String> {
    let set: BTreeSet<String> = list.iter().cloned().collect();
    assert_eq!(set.len(), list.len(), "{list:?}");
    set
}

fn of_attributes(attributes: &[(String, Vec<String>)]) -> (Said, BTreeMap<String, String>) {
    let (mut said, mut tags) = (nothing(), BTreeMap::new());
    let mut session_name = None;
    for (name, values) in attributes {
        let short = name.strip_prefix("https://aws.amazon.com/SAML/Attributes/").unwrap();
        let one = || values[0].clone();
        match short.split_once(':').map_or((short, ""), |(kind, key)| (kind, key)) {
            ("Role", "") => {
                let role = |pair: &String| pair.split_once(',').unwrap().0.to_owned();
                said.roles = Some(set(&values.iter().map(role).collect::<Vec<_>>()));
            }
            ("RoleSessionName", "") => session_name = Some(one()),
            ("SourceIdentity", "") => said.identity = Some(one()),
            ("TransitiveTagKeys", "") => said.transitive = Some(set(values)),
            ("SessionDuration", "") => said.session_duration = Some(one()),
            ("PrincipalTag", key) => assert_eq!(tags.insert(key.to_owned(), one()), None),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(session_name, said.identity);
    (said, tags)
}

fn of_claims(claims: &Value) -> (Said, BTreeMap<String, String>) {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let texts = |value: &Value| set(&value.as_array().unwrap().iter().map(text).collect::<Vec<_>>());
    let (mut said, mut tags) = (nothing(), BTreeMap::new());
    for (name, value) in claims.as_object().unwrap() {
        match name.as_str() {
            "https://aws.amazon.com/tags" => {
                let members: Vec<_> = value.as_object().unwrap().keys().collect();
                assert_eq!(members, ["principal_tags", "transitive_tag_keys"]);
                said.transitive = Some(texts(&value["transitive_tag_keys"]));
                let all = value["principal_tags"].as_object().unwrap();
                tags = all.iter().map(|(key, one)| (key.clone(), text(&one[0]))).collect();
            }
            "https://aws.amazon.com/source_identity" => said.identity = Some(text(value)),
            "https://aws.amazon.com/roles" => said.roles = Some(texts(value)),
            other => panic!("`{other}` is no claim of Signet's"),
        }
    }
    (said, tags)
}

/// What a rendering must say: the decision, no more and no less.
fn to_be_said(case: &Case, access: &Access) -> Said {
    let app = &case.sign_in.app;
    let (roles, identity, transitive, session_duration) = match app.protocol {
        Protocol::Saml => (true, true, true, app.session_duration),
        Protocol::Oidc | Protocol::CognitoOidc => (app.roles_claim, true, true, None),
        Protocol::IdentityPool => (true, false, false, None),
    };
    Said {
        roles: roles.then(|| access.roles.clone()),
        codes: access.codes.clone(),
        identity: identity.then(|| access.identity.clone()),
        tags: access.tags.clone(),
        transitive: transitive.then(|| access.transitive.clone()),
        session_duration: session_duration.map(|seconds| seconds.to_string()),
    }
}

/// Whether AWS reads what has such a name, where an app's people come with one of these.
fn is_read(protocol: Protocol, name: &str) -> bool {
    let below = if protocol == Protocol::Saml { "saml/attributes/" } else { "" };
    let lower: String = name.trim().chars().map(|c| c.to_ascii_lowercase()).collect();
    lower.strip_prefix("https://aws.amazon.com/").is_some_and(|rest| rest.starts_with(below))
}

/// The names that are there without Signet, where an app's people come with one of these.
fn names(case: &Case) -> impl Iterator<Item = &String> {
    let is_saml = case.sign_in.app.protocol == Protocol::Saml;
    let base = case.sign_in.base.iter().map(|(name, _)| name);
    base.chain(case.sign_in.access_token.iter().filter(move |_| !is_saml))
}

/// What one form makes of a decision that all forms share.
fn is_only_rendered(case: &Case, shared: &Decision, found: &Decision) -> Result<(), TestCaseError> {
    let protocol = case.sign_in.app.protocol;
    prop_assert_eq!((&found.findings, &found.notes), (&shared.findings, &shared.notes));
    let emitted = names(case).filter(|name| is_read(protocol, name)).min();
    match (&found.outcome, emitted) {
        (Outcome::Deny(Deny::BaseAssertion(name)), Some(first)) => {
            prop_assert_eq!((protocol, name), (Protocol::Saml, first));
        }
        (Outcome::Deny(Deny::BaseToken(name)), Some(first)) => {
            prop_assert!(protocol != Protocol::Saml);
            prop_assert_eq!(name, first);
        }
        (_, Some(first)) => prop_assert!(false, "{:?}, with `{}` in it", found.outcome, first),
        (Outcome::Deny(Deny::AssertionTooLong(_)), None) => {
            prop_assert!(protocol == Protocol::Saml && matches!(shared.outcome, Outcome::Access(_)));
        }
        (Outcome::Deny(Deny::TokenTooLong), None) => {
            prop_assert!(protocol != Protocol::Saml && matches!(shared.outcome, Outcome::Access(_)));
        }
        (outcome, None) => prop_assert_eq!(outcome, &shared.outcome),
    }
    match (&found.outcome, &found.rendering) {
        (Outcome::Access(access), Some(rendering)) => prop_assert_eq!(said(rendering), to_be_said(case, access)),
        (outcome, rendering) => prop_assert!(rendering.is_none() && !matches!(outcome, Outcome::Access(_))),
    }
    Ok(())
}

/// The same input gives the same roles, codes, identity and tags through all renderings. A denial by a
/// rule of the decision is one in all of them.
#[test]
fn the_same_input_gives_the_same_through_all_renderings() {
    let coverage = Coverage::default();
    let sign_ins = (sign_ins(), 1..52usize);
    check(3_000, regressions!("renderings"), &sign_ins, |(plan, capacity)| {
        let mut case = build(&plan);
        case.sign_in.app.code_capacity = Some(capacity);
        let shared = subject::decide_only(&case);
        let mut all = BTreeMap::new();
        for protocol in ALL {
            let case = as_protocol(&case, protocol);
            prop_assert_eq!(&subject::decide_only(&case), &shared, "{:?}", protocol);
            let found = subject::decide(&case);
            coverage.add(&case.sign_in, &found);
            is_only_rendered(&case, &shared, &found)?;
            all.insert(protocol, found);
        }
        // A user pool that is an OIDC provider is an issuer like any other.
        prop_assert_eq!(&all[&Protocol::Oidc], &all[&Protocol::CognitoOidc]);
        note(&shared, &all, &coverage);
        Ok(())
    });
    coverage.assert_reached([
        "access in all",
        "no access in all",
        "denied in all: identity",
        "denied in all: codes",
        "denied in all: a tag",
        "denied in all: unentitled",
        "denied by BaseAssertion, and by others",
        "denied by BaseToken alone",
        "denied by AssertionTooLong alone",
        "denied by TokenTooLong alone",
        "nested, with roles",
        "nested, without roles",
        "flat",
        "note: codes covered",
        "a tag is local",
    ]);
}

fn note(shared: &Decision, all: &BTreeMap<Protocol, Decision>, coverage: &Coverage) {
    if all.values().all(|found| found.outcome == shared.outcome) {
        return coverage.note(match &shared.outcome {
            Outcome::Access(_) => "access in all",
            Outcome::NoAccess => "no access in all",
            Outcome::Deny(Deny::IdentityMissing | Deny::IdentityUnfit | Deny::IdentityPattern) => {
                "denied in all: identity"
            }
            Outcome::Deny(Deny::CodesDoNotFit { .. }) => "denied in all: codes",
            Outcome::Deny(Deny::RequiredTag(..)) => "denied in all: a tag",
            Outcome::Deny(Deny::Unentitled) => "denied in all: unentitled",
            Outcome::Deny(deny) => panic!("{deny:?} is no rule of the decision"),
        });
    }
    for found in all.values() {
        let Outcome::Deny(deny) = &found.outcome else { continue };
        let name = format!("{deny:?}");
        let name = name.split('(').next().unwrap();
        // Every name below SAML's prefix is below that of tokens as well, and denies everywhere.
        let is_alone = all.values().any(|other| other.outcome == shared.outcome);
        coverage.note(format!("denied by {name}{}", if is_alone { " alone" } else { ", and by others" }));
    }
}

/// Where apps leave their capacity to the protocol, they may differ in the codes that are left out, and in
/// nothing else: the codes of each open the same roles.
#[test]
fn by_their_usual_capacities_only_codes_differ() {
    let coverage = Coverage::default();
    check(3_000, regressions!("usual_capacities"), &busy(), |plan| {
        let mut case = build(&plan);
        case.sign_in.app.code_capacity = None;
        let [saml, tokens @ ..] = ALL.map(|protocol| subject::decide_only(&as_protocol(&case, protocol)));
        prop_assert!(tokens.iter().all(|other| *other == tokens[0]));
        let (Outcome::Access(assertion), Outcome::Access(token)) = (&saml.outcome, &tokens[0].outcome) else {
            let by_codes = matches!(tokens[0].outcome, Outcome::Deny(Deny::CodesDoNotFit { .. }));
            if saml.outcome != tokens[0].outcome {
                coverage.note("codes that fit an assertion and no token");
                prop_assert!(by_codes, "{:?} and {:?}", saml.outcome, tokens[0].outcome);
            }
            return Ok(());
        };
        prop_assert!(token.codes.len() <= 20, "{:?}", token.codes);
        prop_assert!(token.codes.is_subset(&assertion.codes) || assertion.codes.is_subset(&token.codes));
        if token.codes != assertion.codes {
            coverage.note("more codes in an assertion");
        }
        let without_codes = |access: &Access| {
            let mut access = access.clone();
            access.codes.clear();
            access.tags.remove("GroupHash");
            access
        };
        prop_assert_eq!(without_codes(token), without_codes(assertion));
        Ok(())
    });
    coverage.assert_reached(["codes that fit an assertion and no token", "more codes in an assertion"]);
}
