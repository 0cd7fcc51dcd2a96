//! The apps of an entitlement file.

mod identity;
mod tags;
mod tokens;
mod way;

use std::collections::HashMap;

use signet_core::app::{App, AppId, CodeCapacity, Codes, Mode, SessionDuration, WhenUnentitled};
use signet_core::role::ProviderName;
use signet_store::statement::StatedApp;

use self::way::Way;
use super::fields::{Field, Fields, Report};

/// The longest name that people call an app, and the longest audience and claim's name, in
/// characters. No rule of AWS: an app's item is read at every sign-in.
const MAX_NAME: usize = 256;
const MAX_URI: usize = 1_024;

/// The fields of an app, in the order in which files have them.
const FIELDS: [&str; 19] = [
    "id",
    "name",
    "protocol",
    "provider",
    "audience",
    "issuer",
    "mode",
    "groups",
    "identity",
    "tags",
    "local_tags",
    "session_duration",
    "when_unentitled",
    "codes",
    "code_capacity",
    "roles_claim",
    "when_no_user",
    "cognito",
    "active",
];

/// Reads the list of apps: no id and no provider twice.
pub(super) fn read_all(apps: &Field<'_>, report: &mut Report) -> Option<Vec<StatedApp>> {
    let mut all = Some(Vec::new());
    let mut ids: HashMap<AppId, u64> = HashMap::new();
    let mut providers: HashMap<ProviderName, (u64, AppId)> = HashMap::new();
    for field in apps.list(report)? {
        let Some(stated) = read(&field, report) else {
            all = None;
            continue;
        };
        let (app, at) = (&stated.app, field.node.at);
        if let Some(line) = ids.insert(app.id.clone(), at.line) {
            let what = format!("app `{}` is there twice, first in line {line}", app.id);
            report.error(at, &format!("{}.id", field.path), &what);
        } else if let Some((line, other)) = providers.insert(app.provider.clone(), (at.line, app.id.clone())) {
            let what = format!(
                "provider `{}` is that of app `{other}` in line {line}: a provider belongs to one app, for ever",
                app.provider.as_str()
            );
            report.error(at, &format!("{}.provider", field.path), &what);
        }
        if let Some(all) = &mut all {
            all.push(stated);
        }
    }
    all
}

fn read(field: &Field<'_>, report: &mut Report) -> Option<StatedApp> {
    let fields = Fields::read(field.node, &field.path, &FIELDS, report)?;
    // All fields are looked at before the first `?`, so that all mistakes are reported together.
    let id =
        word(fields.required("id", "the app's id in Okta, or the client's, is expected", report), AppId::parse, report);
    let name = default(fields.get("name"), None, |f| f.name(MAX_NAME, report).map(|name| Some(name.to_owned())));
    let provider = fields.required("provider", "the name of the app's identity provider in IAM is expected", report);
    let provider = word(provider, ProviderName::parse, report);
    let audience = fields.required("audience", "the audience that trust policies demand is expected", report);
    let audience = audience.and_then(|f| uri(&f, report));
    let way = Way::read(&fields, audience.as_deref(), report);
    let mode = default(fields.get("mode"), Mode::Enforce, |f| word(Some(f), Mode::parse, report));
    let groups_claim = groups_claim(&fields, report);
    let identity = identity::read(&fields, way, report);
    let tags = tags::read(&fields, way, report);
    let session_duration =
        default(fields.get("session_duration"), None, |f| session_duration(&f, way, report).map(Some));
    let when_unentitled = fields.required("when_unentitled", "`deny` or `pass` is expected", report);
    let when_unentitled = word(when_unentitled, WhenUnentitled::parse, report);
    let codes = default(fields.get("codes"), Codes::Cover, |f| word(Some(f), Codes::parse, report));
    let code_capacity = default(fields.get("code_capacity"), None, |f| {
        let codes = f.number(report)?;
        report.parsed(&f, CodeCapacity::new(codes)).map(Some)
    });
    let tokens = tokens::read(&fields, way, report);
    let active = default(fields.get("active"), true, |f| f.flag(report));
    let app = App {
        id: id?,
        name: name?,
        protocol: way.protocol?,
        provider: provider?,
        audience: audience?,
        mode: mode?,
        groups_claim: groups_claim?,
        identity: identity?,
        tags: tags?,
        session_duration: session_duration?,
        when_unentitled: when_unentitled?,
        codes: codes?,
        code_capacity: code_capacity?,
        tokens: tokens?,
    };
    Some(StatedApp { app, active: active? })
}

fn session_duration(field: &Field<'_>, way: Way, report: &mut Report) -> Option<SessionDuration> {
    let seconds = field.number(report)?;
    if way.has_tokens() {
        let what = "has no effect: a token does not say how long a session lasts; whoever asks for the session does";
        report.warning(field.node.at, &field.path, what);
    }
    report.parsed(field, SessionDuration::new(seconds))
}

fn groups_claim(fields: &Fields<'_>, report: &mut Report) -> Option<String> {
    let hint = "write `groups: { claim: <the claim that carries the person's groups> }`";
    let groups = fields.required("groups", hint, report)?;
    let groups = Fields::read(groups.node, &groups.path, &["claim"], report)?;
    let claim = groups.required("claim", "the claim that carries the person's groups is expected", report)?;
    claim.name(MAX_URI, report).map(str::to_owned)
}

fn uri(field: &Field<'_>, report: &mut Report) -> Option<String> {
    let text = field.name(MAX_URI, report)?;
    if text.chars().any(char::is_whitespace) {
        report.error(field.node.at, &field.path, "has white space");
        return None;
    }
    Some(text.to_owned())
}

/// A text that a type of the core reads. Nothing where there is no field: whoever looked for it
/// has noted that.
fn word<T, E: std::fmt::Display>(
    field: Option<Field<'_>>,
    parse: impl FnOnce(&str) -> Result<T, E>,
    report: &mut Report,
) -> Option<T> {
    let field = field?;
    let text = field.text(report)?;
    report.parsed(&field, parse(text))
}

/// What a field that may be left out says; `otherwise` where it is left out, nothing where it is
/// wrong.
fn default<'n, T>(field: Option<Field<'n>>, otherwise: T, read: impl FnOnce(Field<'n>) -> Option<T>) -> Option<T> {
    match field {
        None => Some(otherwise),
        Some(field) => read(field),
    }
}

#[cfg(test)]
mod tests;
