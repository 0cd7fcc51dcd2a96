//! A sign-in handed to core, and core's answer in the specification's words.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde_json::Value;
use signet_core::app::{
    App, AppId, CodeCapacity, Codes, IdentityRule, Mode, SessionDuration, TagRule, TagRules, TokenRules, WhenUnentitled,
};
use signet_core::code::{CodeHasher, CodeWidth, GroupCode, Salt};
use signet_core::cognito;
use signet_core::decision::{self as core, SignIn as CoreSignIn};
use signet_core::grant::{Grant, SourceId, Timestamp};
use signet_core::group::{GroupKey, GroupRecord, GroupState, Registration};
use signet_core::identity::{IdentityField, IdentityPattern, UnfitIdentity};
use signet_core::oidc::{self, BaseToken, Claims};
use signet_core::role::{self, ProviderName, RoleArn};
use signet_core::saml::{self, Attribute, BaseAssertion};
use signet_core::session::{self, DecisionId};
use signet_facts::json;
use signet_json::Json;
use signet_spec::input::{Protocol, Record, SignIn};
use signet_spec::outcome::{Access, Decision, Deny, Finding, Length, Note, Outcome, Rendering, UnfitTag};
use signet_spec::token;

use crate::case::{Case, weak_hash};

struct Weak(usize);

impl CodeHasher for Weak {
    fn digest(&self, input: &[u8]) -> [u8; 32] {
        weak_hash(self.0)(input)
    }
}

/// A sign-in decided and rendered by core for the app's protocol.
pub(crate) fn decide(case: &Case) -> Decision {
    with_sign_in(case, |input, hasher| {
        let sign_in = &case.sign_in;
        let (decision, rendering) = match sign_in.app.protocol {
            Protocol::Saml => {
                let (decision, attributes) = saml::decide(input, &base_assertion(sign_in), hasher);
                // No access has no attributes at all.
                (decision, (!attributes.is_empty()).then(|| Rendering::Attributes(pairs(attributes))))
            }
            Protocol::Oidc => {
                let (decision, claims) = oidc::decide(input, &base_token(sign_in), hasher);
                (decision, claims.map(|claims| nested(&claims)))
            }
            Protocol::CognitoOidc | Protocol::IdentityPool => {
                let (decision, rendering) = cognito::decide(input, &base_token(sign_in), hasher);
                (decision, rendering.map(through_a_user_pool))
            }
        };
        in_the_words_of_the_specification(&decision, rendering)
    })
}

/// A sign-in decided by core, and not rendered.
pub(crate) fn decide_only(case: &Case) -> Decision {
    with_sign_in(case, |input, hasher| in_the_words_of_the_specification(&core::decide(input, hasher), None))
}

/// A sign-in in core's types. The sources, which core keeps apart, come in the order given or
/// the opposite one: it must not matter.
fn with_sign_in<T>(case: &Case, decide: impl FnOnce(&CoreSignIn<'_>, &Weak) -> T) -> T {
    let sign_in = &case.sign_in;
    let id = DecisionId::from_random(sign_in.decision_id);
    let app = app(sign_in);
    let records: HashMap<String, GroupRecord> =
        sign_in.table.iter().map(|(key, found)| (key.clone(), record(found))).collect();
    let groups: Vec<&str> = sign_in.groups.iter().map(String::as_str).collect();
    let tag_values = sign_in.tag_values.iter().map(|(key, values)| (key.as_str(), strs(values))).collect();
    let input = CoreSignIn {
        id: &id,
        app: &app,
        width: CodeWidth::new(sign_in.width as u64).unwrap(),
        now: Timestamp::from_seconds(sign_in.now),
        identity: sign_in.identity.as_deref(),
        groups: &groups,
        records: &records,
        tag_values,
    };
    decide(&input, &Weak(case.bits))
}

fn base_assertion(sign_in: &SignIn) -> BaseAssertion<'_> {
    BaseAssertion { attributes: sign_in.base.iter().map(|(name, values)| (name.as_str(), strs(values))).collect() }
}

/// The tokens as the functions hand them to core.
fn base_token(sign_in: &SignIn) -> BaseToken<'_> {
    let value = |values: &[String]| match values {
        [one] => Json::String(one.clone()),
        other => Json::Array(other.iter().cloned().map(Json::String).collect()),
    };
    let names = sign_in.base.iter().map(|(name, _)| name).chain(&sign_in.access_token);
    BaseToken {
        claims: names.map(String::as_str).collect(),
        bytes: sign_in.base.iter().map(|(name, values)| json::member_bytes(name, &value(values))).sum(),
    }
}

fn pairs(attributes: Vec<Attribute>) -> Vec<(String, Vec<String>)> {
    attributes.into_iter().map(|attribute| (attribute.name, attribute.values)).collect()
}

/// The claims as they stand in answers.
fn nested(claims: &Claims) -> Rendering {
    let members = json::claims(claims).into_iter().map(|(name, value)| (name.to_owned(), value));
    Rendering::Nested(Value::Object(members.collect()))
}

fn through_a_user_pool(rendering: cognito::Rendering) -> Rendering {
    let flat = match rendering {
        cognito::Rendering::Nested(claims) => return nested(&claims),
        cognito::Rendering::Flat(flat) => flat,
    };
    let count = flat.claims.len();
    let claims: BTreeMap<_, _> = flat.claims.into_iter().map(|claim| (claim.key, claim.value)).collect();
    assert_eq!(claims.len(), count, "a claim is there twice");
    Rendering::Flat { claims, roles: flat.roles }
}

fn strs(values: &[String]) -> Vec<&str> {
    values.iter().map(String::as_str).collect()
}

/// What tokens and assertions are for.
pub(crate) fn audience(protocol: Protocol) -> &'static str {
    match protocol {
        Protocol::Saml => "https://signin.aws.amazon.com/saml",
        Protocol::Oidc => "0oath92zlO60urQOP0g3",
        Protocol::CognitoOidc => "1h57kf5cpq17m0eml12EXAMPLE",
        Protocol::IdentityPool => "us-east-1:11111111-2222-3333-4444-555555555555",
    }
}

fn app(sign_in: &SignIn) -> App {
    let app = &sign_in.app;
    let rules = app
        .tags
        .iter()
        .map(|(key, tag)| (key.clone(), TagRule { claim: key.clone(), required: tag.required }))
        .collect();
    let local = app.tags.iter().filter(|(_, tag)| tag.local).map(|(key, _)| key.clone()).collect();
    App {
        id: AppId::parse(&app.id).unwrap(),
        name: None,
        protocol: match app.protocol {
            Protocol::Saml => role::Protocol::Saml,
            Protocol::Oidc => role::Protocol::Oidc,
            Protocol::CognitoOidc | Protocol::IdentityPool => role::Protocol::Cognito,
        },
        provider: ProviderName::parse(&app.provider).unwrap(),
        audience: audience(app.protocol).to_owned(),
        mode: Mode::Enforce,
        groups_claim: "groups".to_owned(),
        identity: IdentityRule { from: IdentityField::login(), pattern: IdentityPattern::parse(&app.pattern).unwrap() },
        tags: TagRules::new(rules, local).unwrap(),
        session_duration: app.session_duration.map(|seconds| SessionDuration::new(seconds.into()).unwrap()),
        when_unentitled: if app.deny_unentitled { WhenUnentitled::Deny } else { WhenUnentitled::Pass },
        codes: if app.all_codes { Codes::All } else { Codes::Cover },
        code_capacity: app.code_capacity.map(|codes| CodeCapacity::new(codes as u64).unwrap()),
        tokens: TokenRules { roles_claim: app.roles_claim, ..TokenRules::default() },
    }
}

fn record(found: &Record) -> GroupRecord {
    let mut grants: BTreeMap<SourceId, Vec<Grant>> = BTreeMap::new();
    for grant in &found.grants {
        let apps = grant.apps.as_ref();
        grants.entry(SourceId::parse(&grant.source).unwrap()).or_default().push(Grant {
            role: RoleArn::parse(&grant.role).unwrap(),
            apps: apps.map(|ids| ids.iter().map(|id| AppId::parse(id).unwrap()).collect::<BTreeSet<_>>()),
            expires_at: grant.expires_at.map(Timestamp::from_seconds),
        });
    }
    let registration = Registration {
        key: GroupKey::new(&*found.key).unwrap(),
        label: None,
        code: GroupCode::parse(&found.code).unwrap(),
        salt: Salt::new(found.salt),
        state: if found.retired { GroupState::Retired } else { GroupState::Registered },
    };
    GroupRecord { registration, grants }
}

fn in_the_words_of_the_specification(decision: &core::Decision<'_>, rendering: Option<Rendering>) -> Decision {
    let findings: BTreeMap<String, Finding> =
        decision.groups.iter().map(|group| (group.key.to_owned(), finding(group.finding))).collect();
    // What becomes a map or a set below must have been sorted and free of repetition.
    assert!(decision.groups.windows(2).all(|two| two[0].key < two[1].key), "groups: {:?}", decision.groups);
    assert!(decision.notes.windows(2).all(|two| two[0] < two[1]), "notes: {:?}", decision.notes);
    Decision {
        outcome: outcome(&decision.outcome),
        findings,
        notes: decision.notes.iter().map(note).collect(),
        rendering,
        length: match &decision.outcome {
            // Core only estimates, and says how much.
            core::Outcome::Deny(core::Deny::TokenTooLong { characters, limit }) => {
                assert!(*limit == token::MAX_CHARACTERS && characters > limit, "{characters} and {limit}");
                Some(Length { least: *characters, most: *characters })
            }
            _ => None,
        },
    }
}

fn outcome(outcome: &core::Outcome<'_>) -> Outcome {
    match outcome {
        core::Outcome::NoAccess => Outcome::NoAccess,
        core::Outcome::Deny(why) => Outcome::Deny(deny(why)),
        core::Outcome::Access(access) => {
            assert!(access.roles.windows(2).all(|two| two[0] < two[1]), "roles: {:?}", access.roles);
            assert!(access.codes.windows(2).all(|two| two[0] < two[1]), "codes: {:?}", access.codes);
            assert!(access.tags.windows(2).all(|two| two[0].key < two[1].key), "tags: {:?}", access.tags);
            assert!(access.transitive.windows(2).all(|two| two[0] < two[1]), "{:?}", access.transitive);
            Outcome::Access(Access {
                identity: access.identity.as_str().to_owned(),
                roles: access.roles.iter().map(ToString::to_string).collect(),
                codes: access.codes.iter().map(ToString::to_string).collect(),
                tags: access.tags.iter().map(|tag| (tag.key.clone(), tag.value.clone())).collect(),
                transitive: access.transitive.iter().cloned().collect(),
            })
        }
    }
}

fn deny(deny: &core::Deny) -> Deny {
    match deny {
        core::Deny::BaseAssertion { name } => Deny::BaseAssertion(name.clone()),
        core::Deny::Identity(UnfitIdentity::Missing) => Deny::IdentityMissing,
        core::Deny::Identity(UnfitIdentity::AwsRules) => Deny::IdentityUnfit,
        core::Deny::Identity(UnfitIdentity::Pattern) => Deny::IdentityPattern,
        core::Deny::RequiredTag { key, why } => Deny::RequiredTag(key.clone(), unfit(why.as_str())),
        core::Deny::CodesDoNotFit { codes, capacity } => Deny::CodesDoNotFit { needed: *codes, fit: *capacity },
        core::Deny::BaseToken { name } => Deny::BaseToken(name.clone()),
        core::Deny::TokenTooLong { .. } => Deny::TokenTooLong,
        core::Deny::AssertionTooLong { bytes, limit } => {
            assert_eq!(*limit, 75_000);
            Deny::AssertionTooLong(*bytes)
        }
        core::Deny::Unentitled => Deny::Unentitled,
    }
}

fn finding(finding: core::Finding) -> Finding {
    match finding {
        core::Finding::Counts { code, roles } => Finding::Counts(code.to_string(), roles),
        core::Finding::CodeLeftOut { code, roles } => Finding::CodeLeftOut(code.to_string(), roles),
        core::Finding::Unregistered => Finding::Unregistered,
        core::Finding::Retired => Finding::Retired,
        core::Finding::KeyMismatch => Finding::KeyMismatch,
        core::Finding::CodeMismatch => Finding::CodeMismatch,
        core::Finding::NoGrant { expired, other_app } => Finding::NoGrant(expired, other_app),
        core::Finding::Clash { code } => Finding::Clash(code.to_string()),
    }
}

fn note(note: &core::Note<'_>) -> Note {
    match note {
        core::Note::Clash { code, keys } => {
            assert!(keys.windows(2).all(|two| two[0] < two[1]), "keys: {keys:?}");
            Note::Clash(code.to_string(), keys.iter().map(|key| (*key).to_owned()).collect())
        }
        core::Note::Unsound { key } => Note::Unsound((*key).to_owned()),
        core::Note::CodesCovered { emitted, of } => Note::CodesCovered(*emitted, *of),
        core::Note::TagLeftOut { key, why } => Note::TagLeftOut((*key).to_owned(), unfit(why)),
    }
}

fn unfit(word: &str) -> UnfitTag {
    match word {
        "missing" => UnfitTag::Missing,
        "several_values" => UnfitTag::SeveralValues,
        "too_long" => UnfitTag::TooLong,
        "character" => UnfitTag::Character,
        other => panic!("`{other}` is no reason"),
    }
}

/// Core's verdict on one tag value.
pub(crate) fn tag_value(values: &[String]) -> Result<String, UnfitTag> {
    session::tag_value(&strs(values)).map(str::to_owned).map_err(|why| unfit(why.as_str()))
}
