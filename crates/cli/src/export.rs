//! A statement as an entitlement file: what `file::parse` reads back to the same statement.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::{Value, json};
use signet_core::app::{App, AppId, CodeCapacity, Codes, CognitoRules, SessionDuration, TokenRules};
use signet_core::grant::{Grant, SourceId};
use signet_core::group::GroupKey;
use signet_core::trust::gate::Issuer;
use signet_store::statement::{StatedApp, Statement};

use crate::text::is_visible;
use crate::time;

/// A grant with all the groups that have it, each with its label.
type Grouped<'s> = BTreeMap<&'s Grant, Vec<(&'s GroupKey, Option<&'s str>)>>;

/// The name that a file of this source has, or that a dataset's grants would have as a file.
#[must_use]
pub fn name(source: &SourceId) -> &str {
    source.as_str().split_once(':').map_or(source.as_str(), |(_, name)| name)
}

/// Writes a statement as an entitlement file. Deterministic: apps by id, grants by role, apps and
/// end, groups by key; a list a line where people will add and remove lines.
#[must_use]
pub fn yaml(name: &str, statement: &Statement) -> String {
    let mut text = format!("name: {}\n", scalar(name));
    let apps = sorted_apps(statement);
    if !apps.is_empty() {
        text.push_str("apps:\n");
    }
    for stated in apps {
        write_app(&mut text, stated);
    }
    let grants = grouped(statement);
    text.push_str(if grants.is_empty() { "grants: []\n" } else { "grants:\n" });
    for (grant, groups) in grants {
        line(&mut text, "  - role", grant.role.as_str());
        text.push_str("    groups:\n");
        for (key, label) in groups {
            let key = scalar(key.as_str());
            let item = match label {
                Some(label) => format!("{{ key: {key}, label: {} }}", scalar(label)),
                None => key,
            };
            let _ = writeln!(text, "      - {item}");
        }
        if let Some(apps) = &grant.apps {
            let _ = writeln!(text, "    apps: {}", flow_list(apps.iter().map(AppId::as_str)));
        }
        if let Some(end) = grant.expires_at {
            let _ = writeln!(text, "    expires_at: {}", time::show(end));
        }
    }
    text
}

/// Writes a statement as JSON with the fields of an entitlement file; being JSON, it is YAML too.
#[must_use]
pub fn json(name: &str, statement: &Statement) -> Value {
    let grants: Vec<Value> = grouped(statement)
        .into_iter()
        .map(|(grant, groups)| {
            let groups: Vec<Value> = groups
                .into_iter()
                .map(|(key, label)| match label {
                    Some(label) => json!({ "key": key.as_str(), "label": label }),
                    None => json!(key.as_str()),
                })
                .collect();
            let mut value = json!({ "role": grant.role.as_str(), "groups": groups });
            put(&mut value, "apps", grant.apps.as_ref().map(|a| a.iter().map(AppId::as_str).collect::<Vec<_>>()));
            put(&mut value, "expires_at", grant.expires_at.map(time::show));
            value
        })
        .collect();
    let apps: Vec<Value> = sorted_apps(statement).into_iter().map(app_json).collect();
    json!({ "name": name, "apps": apps, "grants": grants })
}

fn put(object: &mut Value, member: &str, value: Option<impl Into<Value>>) {
    if let (Some(object), Some(value)) = (object.as_object_mut(), value) {
        object.insert(member.to_owned(), value.into());
    }
}

/// What a file states of an app, as JSON with the fields of an entitlement file.
pub(crate) fn app_json(stated: &StatedApp) -> Value {
    let app = &stated.app;
    let tags: serde_json::Map<String, Value> = app
        .tags
        .rules()
        .iter()
        .map(|(key, rule)| (key.clone(), json!({ "claim": rule.claim, "required": rule.required })))
        .collect();
    let mut value = json!({
        "id": app.id.as_str(),
        "protocol": app.protocol.as_str(),
        "provider": app.provider.as_str(),
        "audience": app.audience,
        "mode": app.mode.as_str(),
        "groups": { "claim": app.groups_claim },
        "identity": { "from": app.identity.from.to_string(), "pattern": app.identity.pattern.as_str() },
        "tags": tags,
        "local_tags": app.tags.local(),
        "when_unentitled": app.when_unentitled.as_str(),
        "codes": app.codes.as_str(),
        "active": stated.active,
    });
    put(&mut value, "name", app.name.clone());
    put(&mut value, "session_duration", app.session_duration.map(SessionDuration::seconds));
    put(&mut value, "code_capacity", app.code_capacity.map(CodeCapacity::get));
    put(&mut value, "issuer", app.tokens.issuer.as_ref().map(Issuer::url));
    let (tokens, usual) = (&app.tokens, TokenRules::default());
    put(&mut value, "roles_claim", (tokens.roles_claim != usual.roles_claim).then_some(tokens.roles_claim));
    let when_no_user = tokens.when_no_user;
    put(&mut value, "when_no_user", (when_no_user != usual.when_no_user).then_some(when_no_user.as_str()));
    let cognito: serde_json::Map<String, Value> =
        cognito_members(&tokens.cognito).into_iter().map(|(member, word)| (member.to_owned(), word.into())).collect();
    put(&mut value, "cognito", (!cognito.is_empty()).then_some(cognito));
    value
}

/// Of the rules of a user pool client those that differ from what every app has.
fn cognito_members(rules: &CognitoRules) -> Vec<(&'static str, &str)> {
    let usual = CognitoRules::default();
    let attributes = (rules.attributes != usual.attributes).then_some(("attributes", rules.attributes.as_str()));
    let provider = rules.identity_provider.as_deref().map(|name| ("identity_provider", name));
    let lists = (rules.lists != usual.lists).then_some(("lists", rules.lists.as_str()));
    let groups = (rules.groups != usual.groups).then_some(("groups", rules.groups.as_str()));
    attributes.into_iter().chain(provider).chain(lists).chain(groups).collect()
}

fn sorted_apps(statement: &Statement) -> Vec<&StatedApp> {
    let mut apps: Vec<_> = statement.apps.iter().collect();
    apps.sort_by(|a, b| a.app.id.cmp(&b.app.id));
    apps
}

fn grouped(statement: &Statement) -> Grouped<'_> {
    let mut grants = Grouped::new();
    for (key, group) in &statement.groups {
        for grant in &group.grants {
            grants.entry(grant).or_default().push((key, group.label.as_deref()));
        }
    }
    grants
}

fn write_app(text: &mut String, stated: &StatedApp) {
    let App {
        id,
        name,
        protocol,
        provider,
        audience,
        mode,
        groups_claim,
        identity,
        tags,
        session_duration,
        when_unentitled,
        codes,
        code_capacity,
        tokens,
    } = &stated.app;
    line(text, "  - id", id.as_str());
    if let Some(name) = name {
        line(text, "    name", name);
    }
    line(text, "    protocol", protocol.as_str());
    line(text, "    provider", provider.as_str());
    line(text, "    audience", audience);
    if let Some(issuer) = &tokens.issuer {
        line(text, "    issuer", &issuer.url());
    }
    line(text, "    mode", mode.as_str());
    let _ = writeln!(text, "    groups: {{ claim: {} }}", scalar(groups_claim));
    let (from, pattern) = (scalar(&identity.from.to_string()), scalar(identity.pattern.as_str()));
    let _ = writeln!(text, "    identity: {{ from: {from}, pattern: {pattern} }}");
    if !tags.rules().is_empty() {
        text.push_str("    tags:\n");
    }
    for (key, rule) in tags.rules() {
        let required = if rule.required { ", required: true" } else { "" };
        let _ = writeln!(text, "      {}: {{ claim: {}{required} }}", scalar(key), scalar(&rule.claim));
    }
    if !tags.local().is_empty() {
        let _ = writeln!(text, "    local_tags: {}", flow_list(tags.local().iter().map(String::as_str)));
    }
    if let Some(duration) = session_duration {
        let _ = writeln!(text, "    session_duration: {}", duration.seconds());
    }
    line(text, "    when_unentitled", when_unentitled.as_str());
    if *codes != Codes::Cover {
        line(text, "    codes", codes.as_str());
    }
    if let Some(capacity) = code_capacity {
        let _ = writeln!(text, "    code_capacity: {}", capacity.get());
    }
    write_tokens(text, tokens);
    if !stated.active {
        text.push_str("    active: false\n");
    }
}

fn write_tokens(text: &mut String, tokens: &TokenRules) {
    let usual = TokenRules::default();
    if tokens.roles_claim != usual.roles_claim {
        let _ = writeln!(text, "    roles_claim: {}", tokens.roles_claim);
    }
    if tokens.when_no_user != usual.when_no_user {
        line(text, "    when_no_user", tokens.when_no_user.as_str());
    }
    let cognito = cognito_members(&tokens.cognito);
    if !cognito.is_empty() {
        let members: Vec<_> = cognito.into_iter().map(|(member, word)| format!("{member}: {}", scalar(word))).collect();
        let _ = writeln!(text, "    cognito: {{ {} }}", members.join(", "));
    }
}

fn line(text: &mut String, field: &str, value: &str) {
    let _ = writeln!(text, "{field}: {}", scalar(value));
}

fn flow_list<'v>(values: impl Iterator<Item = &'v str>) -> String {
    format!("[{}]", values.map(scalar).collect::<Vec<_>>().join(", "))
}

/// A text as a YAML scalar, in flow and block context alike: as it is where no reader of YAML 1.1
/// or 1.2 would take it for something else, else in double quotes.
fn scalar(text: &str) -> String {
    if is_plain(text) { text.to_owned() } else { quoted(text) }
}

fn is_plain(text: &str) -> bool {
    let is_char = |c: char| c.is_alphanumeric() || matches!(c, ' ' | '_' | '.' | '/' | '@' | '=' | '+' | '-' | ':');
    let starts_well = text.starts_with(|c: char| c.is_alphanumeric() || matches!(c, '/' | '_'));
    let ends_well = text.ends_with(|c: char| c.is_alphanumeric() || matches!(c, '/' | '_' | '.' | '-' | '='));
    starts_well && ends_well && text.chars().all(is_char) && !text.contains(": ") && !is_word(text) && !is_number(text)
}

/// Whether a reader of YAML 1.1 or 1.2 takes an unquoted text for nothing or a truth value.
fn is_word(text: &str) -> bool {
    let words = ["null", "true", "false", "yes", "no", "on", "off", "y", "n"];
    words.iter().any(|word| text.eq_ignore_ascii_case(word))
}

/// Whether some reader of YAML might take an unquoted text for a number or a time. Generous: quotes
/// do no harm.
fn is_number(text: &str) -> bool {
    let is_decimal = |c: char| c.is_numeric() || matches!(c, '_' | '.' | ':' | '+' | '-' | 'e' | 'E');
    let is_time = |c: char| matches!(c, ' ' | 'T' | 't' | 'Z' | 'z');
    let in_base = |(start, base): (&str, u32)| {
        let digits = text.get(..2).filter(|first| first.eq_ignore_ascii_case(start)).and_then(|_| text.get(2..));
        digits.is_some_and(|digits| digits.chars().all(|c| c == '_' || c.is_digit(base)))
    };
    let has_base = [("0x", 16), ("0o", 8), ("0b", 2)].into_iter().any(in_base);
    text.starts_with(char::is_numeric) && (has_base || text.chars().all(|c| is_decimal(c) || is_time(c)))
}

/// A text in double quotes. Whatever cannot be seen, or would turn the line around, is escaped.
fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            '\t' => quoted.push_str("\\t"),
            '\0' => quoted.push_str("\\0"),
            ' '..='~' => quoted.push(c),
            _ if is_visible(c) => quoted.push(c),
            _ if u32::from(c) <= 0xffff => {
                let _ = write!(quoted, "\\u{:04X}", u32::from(c));
            }
            _ => {
                let _ = write!(quoted, "\\U{:08X}", u32::from(c));
            }
        }
    }
    quoted.push('"');
    quoted
}
