//! The decision alone: everything of a sign-in between the table's answer and Okta's or Cognito's. And the
//! decision with each of its renderings, side by side.
//!
//! Each group has two grants, on roles that it shares with others. Up to 51 groups all codes are
//! emitted; 500 groups need a cover. To be reached: 20 µs at 50 groups, 150 µs at 500.
#![allow(clippy::unwrap_used, missing_docs, reason = "a benchmark may stop at the first surprise")]

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use signet_core::app::{App, AppId, Codes, IdentityRule, Mode, TagRule, TagRules, TokenRules, WhenUnentitled};
use signet_core::code::{CodeWidth, GroupCode, Salt, Sha256Hasher};
use signet_core::cognito;
use signet_core::decision::{Outcome, SignIn, decide};
use signet_core::grant::{Grant, SourceId, Timestamp};
use signet_core::group::{GroupKey, GroupRecord, GroupState, Registration};
use signet_core::identity::{IdentityField, IdentityPattern};
use signet_core::oidc::{self, BaseToken};
use signet_core::role::{Protocol, ProviderName, RoleArn};
use signet_core::saml::{self, BaseAssertion};
use signet_core::session::DecisionId;

const NOW: i64 = 1_790_000_000;

fn app() -> App {
    let email = TagRule { claim: "email".to_owned(), required: true };
    App {
        id: AppId::parse("0oath92zlO60urQOP0g3").unwrap(),
        name: Some("Databricks".to_owned()),
        protocol: Protocol::Saml,
        provider: ProviderName::parse("okta-databricks").unwrap(),
        audience: "https://signin.aws.amazon.com/saml".to_owned(),
        mode: Mode::Enforce,
        groups_claim: "groups".to_owned(),
        identity: IdentityRule {
            from: IdentityField::login(),
            pattern: IdentityPattern::parse("*@example.com").unwrap(),
        },
        tags: TagRules::new(BTreeMap::from([("email".to_owned(), email)]), BTreeSet::new()).unwrap(),
        session_duration: None,
        when_unentitled: WhenUnentitled::Deny,
        codes: Codes::Cover,
        code_capacity: None,
        tokens: TokenRules::default(),
    }
}

/// A group as the table has it, with the first salt whose code is free.
fn record(key: &str, number: usize, roles: usize, owned: &mut BTreeSet<GroupCode>) -> GroupRecord {
    let proposals =
        (0..9).map(|n| (Salt::new(n), GroupCode::propose(&Sha256Hasher, CodeWidth::DEFAULT, key, Salt::new(n))));
    let (salt, code) = proposals.into_iter().find(|(_, code)| owned.insert(*code)).unwrap();
    let grant = |role: usize| {
        let role = format!("arn:aws:iam::{:012}:role/data/clinical-reader-{role}", 111_122_223_000 + role % 9);
        Grant { role: RoleArn::parse(&role).unwrap(), apps: None, expires_at: Some(Timestamp::from_seconds(NOW + 60)) }
    };
    let grants = vec![grant(number % roles), grant((number * 7 + 1) % roles)];
    let registration =
        Registration { key: GroupKey::new(key).unwrap(), label: None, code, salt, state: GroupState::Registered };
    GroupRecord { registration, grants: BTreeMap::from([(SourceId::file("platform").unwrap(), grants)]) }
}

fn decisions(criterion: &mut Criterion) {
    let (app, id) = (app(), DecisionId::from_random([7; 16]));
    // An identity pool's app by its audience; its protocol, and with it its capacity, stays.
    let behind_pool = App { audience: "us-east-1:11111111-2222-3333-4444-555555555555".to_owned(), ..app.clone() };
    let mut bench = criterion.benchmark_group("decision");
    for (groups, roles, opens) in [(1, 2, true), (20, 20, true), (50, 50, true), (500, 60, true), (500, 200, false)] {
        let keys: Vec<String> = (0..groups).map(|n| format!("Clinical Research Group {n}")).collect();
        let mut owned = BTreeSet::new();
        let records: HashMap<String, GroupRecord> =
            keys.iter().enumerate().map(|(n, key)| (key.clone(), record(key, n, roles, &mut owned))).collect();
        let groups: Vec<&str> = keys.iter().map(String::as_str).collect();
        let sign_in = SignIn {
            id: &id,
            app: &app,
            width: CodeWidth::DEFAULT,
            now: Timestamp::from_seconds(NOW),
            identity: Some("jane@example.com"),
            groups: &groups,
            records: &records,
            tag_values: BTreeMap::from([("email", vec!["jane@example.com"])]),
        };
        assert_eq!(matches!(decide(&sign_in, &Sha256Hasher).outcome, Outcome::Access(_)), opens);

        let name = format!("{} groups, {roles} roles", groups.len());
        bench.bench_with_input(BenchmarkId::new("decide", &name), &sign_in, |bencher, sign_in| {
            bencher.iter(|| decide(black_box(sign_in), &Sha256Hasher));
        });
        // The hashes alone: the decision checks each group's code against its key.
        bench.bench_with_input(BenchmarkId::new("propose codes", &name), &groups, |bencher, groups| {
            let propose = |key: &&str| GroupCode::propose(&Sha256Hasher, CodeWidth::DEFAULT, key, Salt::NONE);
            bencher.iter(|| groups.iter().map(propose).max());
        });
        let base = BaseAssertion { attributes: vec![("groups", groups.clone())] };
        bench.bench_with_input(BenchmarkId::new("with attributes", &name), &sign_in, |bencher, sign_in| {
            bencher.iter(|| saml::decide(black_box(sign_in), &base, &Sha256Hasher));
        });
        // The same app, so that all three render one decision.
        let base = BaseToken { claims: vec!["groups"], bytes: groups.iter().map(|group| group.len() + 3).sum() };
        bench.bench_with_input(BenchmarkId::new("with claims", &name), &sign_in, |bencher, sign_in| {
            bencher.iter(|| oidc::decide(black_box(sign_in), &base, &Sha256Hasher));
        });
        let behind_pool = SignIn { app: &behind_pool, ..sign_in };
        bench.bench_with_input(BenchmarkId::new("with flat claims", &name), &behind_pool, |bencher, sign_in| {
            bencher.iter(|| cognito::decide(black_box(sign_in), &base, &Sha256Hasher));
        });
    }
    bench.finish();
}

criterion_group!(benches, decisions);
criterion_main!(benches);
