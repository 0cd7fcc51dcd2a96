//! A sign-in handed to core, and core's answer in the specification's words.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use signet_core::app::{
    App, AppId, Codes, IdentityRule, Mode, SessionDuration, TagRule, TagRules, TokenRules, WhenUnentitled,
};
use signet_core::code::{CodeHasher, CodeWidth, GroupCode, Salt};
use signet_core::decision::{self as core, SignIn as CoreSignIn};
use signet_core::grant::{Grant, SourceId, Timestamp};
use signet_core::group::{GroupKey, GroupRecord, GroupState, Registration};
use signet_core::identity::{IdentityField, IdentityPattern, UnfitIdentity};
use signet_core::role::{Protocol, ProviderName, RoleArn};
use signet_core::saml::{self, Attribute, BaseAssertion};
use signet_core::session::{self, DecisionId};
use signet_spec::input::{Record, SignIn};
use signet_spec::outcome::{Access, Decision, Deny, Finding, Note, Outcome, UnfitTag};

use crate::case::{Case, weak_hash};

struct Weak(usize);

impl CodeHasher for Weak {
    fn digest(&self, input: &[u8]) -> [u8; 32] {
        weak_hash(self.0)(input)
    }
}

/// A sign-in in core's types. The sources, which core keeps apart, come in the order given or
/// the opposite one: it must not matter.
pub(crate) fn decide(case: &Case) -> Decision {
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
    let base =
        BaseAssertion { attributes: sign_in.base.iter().map(|(name, values)| (name.as_str(), strs(values))).collect() };
    let (decision, attributes) = saml::decide(&input, &base, &Weak(case.bits));
    in_the_words_of_the_specification(&decision, attributes)
}

fn strs(values: &[String]) -> Vec<&str> {
    values.iter().map(String::as_str).collect()
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
        protocol: Protocol::Saml,
        provider: ProviderName::parse(&app.provider).unwrap(),
        audience: "https://signin.aws.amazon.com/saml".to_owned(),
        mode: Mode::Enforce,
        groups_claim: "groups".to_owned(),
        identity: IdentityRule { from: IdentityField::login(), pattern: IdentityPattern::parse(&app.pattern).unwrap() },
        tags: TagRules::new(rules, local).unwrap(),
        session_duration: app.session_duration.map(|seconds| SessionDuration::new(seconds.into()).unwrap()),
        when_unentitled: if app.deny_unentitled { WhenUnentitled::Deny } else { WhenUnentitled::Pass },
        codes: if app.all_codes { Codes::All } else { Codes::Cover },
        code_capacity: None,
        tokens: TokenRules::default(),
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

fn in_the_words_of_the_specification(decision: &core::Decision<'_>, attributes: Vec<Attribute>) -> Decision {
    let findings: BTreeMap<String, Finding> =
        decision.groups.iter().map(|group| (group.key.to_owned(), finding(group.finding))).collect();
    // What becomes a map or a set below must have been sorted and free of repetition.
    assert!(decision.groups.windows(2).all(|two| two[0].key < two[1].key), "groups: {:?}", decision.groups);
    assert!(decision.notes.windows(2).all(|two| two[0] < two[1]), "notes: {:?}", decision.notes);
    Decision {
        outcome: outcome(&decision.outcome),
        findings,
        notes: decision.notes.iter().map(note).collect(),
        attributes: attributes.into_iter().map(|attribute| (attribute.name, attribute.values)).collect(),
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
        core::Deny::BaseToken { .. } | core::Deny::TokenTooLong { .. } => panic!("an assertion is no token: {deny}"),
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
