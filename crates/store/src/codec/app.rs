//! What a file states of an app, as its item and the history have it.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::types::AttributeValue;
use signet_core::app::{
    App, AppId, AttributeLists, AttributeSource, CodeCapacity, Codes, IdentityRule, Mode, SessionDuration, TagRule,
    TagRules, TokenGroups, TokenRules, WhenNoUser, WhenUnentitled,
};
use signet_core::identity::{IdentityField, IdentityPattern};
use signet_core::role::{Protocol, ProviderName};
use signet_core::trust::gate::Issuer;

use crate::error::Corrupt;
use crate::schema;
use crate::statement::StatedApp;

use super::{Attributes, Item, number, place, text, texts};

/// What a file states of an app, from the item's `app` half; none where only the other half is.
pub(crate) fn read_app(item: &Item) -> Result<Option<StatedApp>, Corrupt> {
    let place = place(item);
    let whole = Attributes::new(item, &place);
    let Some(map) = whole.map_or_none("app")? else { return Ok(None) };
    let id = whole.text(schema::PK)?.strip_prefix(schema::APP).unwrap_or_default();
    read_rules(&Attributes::new(map, &place), id).map(Some)
}

/// What a file states of the app of an id, from a map that [`write_app`] made.
pub(crate) fn read_rules(read: &Attributes<'_>, id: &str) -> Result<StatedApp, Corrupt> {
    let place = read.place;
    let mut rules = BTreeMap::new();
    for (key, value) in read.map_or_none("tags")?.into_iter().flatten() {
        let AttributeValue::M(rule) = value else { return Err(read.wrong("tags", "a map of maps")) };
        let rule = Attributes::new(rule, place);
        rules.insert(key.clone(), TagRule { claim: rule.text("claim")?.to_owned(), required: rule.flag("required")? });
    }
    let local = read.texts_or_none("local_tags")?.unwrap_or_default().into_iter().map(str::to_owned).collect();
    let duration: Option<u64> = read.number_or_none("session_duration")?;
    let capacity: Option<u64> = read.number_or_none("code_capacity")?;
    let app = App {
        id: read.valid(AppId::parse(id))?,
        name: read.text_or_none("name")?.map(str::to_owned),
        protocol: read.valid(Protocol::parse(read.text("protocol")?))?,
        provider: read.valid(ProviderName::parse(read.text("provider")?))?,
        audience: read.text("audience")?.to_owned(),
        mode: read.valid(Mode::parse(read.text("mode")?))?,
        groups_claim: read.text("groups_claim")?.to_owned(),
        identity: IdentityRule {
            from: read.valid(IdentityField::parse(read.text("identity_from")?))?,
            pattern: read.valid(IdentityPattern::parse(read.text("identity_pattern")?))?,
        },
        tags: read.valid(TagRules::new(rules, local))?,
        session_duration: duration.map(|seconds| read.valid(SessionDuration::new(seconds))).transpose()?,
        when_unentitled: read.valid(WhenUnentitled::parse(read.text("when_unentitled")?))?,
        codes: read.valid(Codes::parse(read.text("codes")?))?,
        code_capacity: capacity.map(|codes| read.valid(CodeCapacity::new(codes))).transpose()?,
        tokens: read_tokens(read)?,
    };
    Ok(StatedApp { app, active: read.flag("active")? })
}

/// The rules of an app's tokens. What an item does not have is as ever.
fn read_tokens(read: &Attributes<'_>) -> Result<TokenRules, Corrupt> {
    let mut rules = TokenRules::default();
    if let Some(url) = read.text_or_none("issuer")? {
        rules.issuer = Some(read.valid(Issuer::from_url(url))?);
    }
    if let Some(flag) = read.flag_or_none("roles_claim")? {
        rules.roles_claim = flag;
    }
    if let Some(word) = read.text_or_none("when_no_user")? {
        rules.when_no_user = read.valid(WhenNoUser::parse(word))?;
    }
    if let Some(word) = read.text_or_none("cognito_attributes")? {
        rules.cognito.attributes = read.valid(AttributeSource::parse(word))?;
    }
    if let Some(word) = read.text_or_none("cognito_lists")? {
        rules.cognito.lists = read.valid(AttributeLists::parse(word))?;
    }
    if let Some(word) = read.text_or_none("cognito_groups")? {
        rules.cognito.groups = read.valid(TokenGroups::parse(word))?;
    }
    rules.cognito.identity_provider = read.text_or_none("cognito_identity_provider")?.map(str::to_owned);
    Ok(rules)
}

/// Only what differs from what every app has: the items of apps that say nothing stay as they were.
fn write_tokens(map: &mut Item, rules: &TokenRules) {
    let usual = TokenRules::default();
    if let Some(issuer) = &rules.issuer {
        map.insert("issuer".to_owned(), text(issuer.url()));
    }
    if rules.roles_claim != usual.roles_claim {
        map.insert("roles_claim".to_owned(), AttributeValue::Bool(rules.roles_claim));
    }
    if rules.when_no_user != usual.when_no_user {
        map.insert("when_no_user".to_owned(), text(rules.when_no_user.as_str()));
    }
    if rules.cognito.attributes != usual.cognito.attributes {
        map.insert("cognito_attributes".to_owned(), text(rules.cognito.attributes.as_str()));
    }
    if rules.cognito.lists != usual.cognito.lists {
        map.insert("cognito_lists".to_owned(), text(rules.cognito.lists.as_str()));
    }
    if rules.cognito.groups != usual.cognito.groups {
        map.insert("cognito_groups".to_owned(), text(rules.cognito.groups.as_str()));
    }
    if let Some(name) = &rules.cognito.identity_provider {
        map.insert("cognito_identity_provider".to_owned(), text(name));
    }
}

/// The `app` half of an app's item.
pub(crate) fn write_app(stated: &StatedApp) -> AttributeValue {
    let app = &stated.app;
    let rule = |rule: &TagRule| {
        AttributeValue::M(Item::from([
            ("claim".to_owned(), text(&rule.claim)),
            ("required".to_owned(), AttributeValue::Bool(rule.required)),
        ]))
    };
    let tags = app.tags.rules().iter().map(|(key, value)| (key.clone(), rule(value))).collect();
    let mut map = Item::from([
        ("protocol".to_owned(), text(app.protocol.as_str())),
        ("provider".to_owned(), text(app.provider.as_str())),
        ("audience".to_owned(), text(&app.audience)),
        ("mode".to_owned(), text(app.mode.as_str())),
        ("active".to_owned(), AttributeValue::Bool(stated.active)),
        ("groups_claim".to_owned(), text(&app.groups_claim)),
        ("identity_from".to_owned(), text(app.identity.from.to_string())),
        ("identity_pattern".to_owned(), text(app.identity.pattern.as_str())),
        ("tags".to_owned(), AttributeValue::M(tags)),
        ("local_tags".to_owned(), texts(app.tags.local())),
        ("when_unentitled".to_owned(), text(app.when_unentitled.as_str())),
        ("codes".to_owned(), text(app.codes.as_str())),
    ]);
    if let Some(name) = &app.name {
        map.insert("name".to_owned(), text(name));
    }
    if let Some(duration) = app.session_duration {
        map.insert("session_duration".to_owned(), number(duration.seconds()));
    }
    if let Some(capacity) = app.code_capacity {
        map.insert("code_capacity".to_owned(), number(capacity.get()));
    }
    write_tokens(&mut map, &app.tokens);
    AttributeValue::M(map)
}
