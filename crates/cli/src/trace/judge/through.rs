//! Whether a session came through the app of its decision, with the tags that the app gives.

use signet_core::app::{App, CognitoKind};
use signet_core::role::{Protocol, RoleArn};
use signet_core::session::{DECISION_TAG, GROUP_HASH_TAG};
use signet_core::trust::gate::IdentityPoolId;

use super::{Evidence, Judged, Kind};
use crate::trace::logged::Logged;
use crate::trace::made::AppThen;
use crate::trace::session::{Session, Way};

/// Compares protocol, provider, audience and tags.
pub(super) fn judge(evidence: &Evidence<'_>, logged: &Logged, judged: &mut Judged) {
    let session = evidence.session;
    let is_saml = logged.protocol == Protocol::Saml.as_str();
    if is_saml != (session.way == Way::Saml) {
        let (call, protocol) = (session.way.event_name(), &logged.protocol);
        judged.wrong(Kind::OtherApp, format!("it was opened by {call}, and the decision was for `{protocol}`"));
        // What the tags of the one are says nothing of the other's.
        return;
    }
    let Some(made) = evidence.made else {
        judged.untold("app", "the table's history has nothing of that time");
        tags(session, logged, None, judged);
        return;
    };
    // Of an app that changed while the decision was made, one of its forms is that of the decision.
    let by_form = |then: &AppThen| {
        let mut judged = Judged::default();
        came_through(session, logged, then, &mut judged);
        judged
    };
    let forms = made.apps.iter().map(by_form);
    let Some(Judged { findings, untold }) = forms.min_by_key(|form| (form.findings.len(), form.untold.len())) else {
        judged.wrong(Kind::OtherApp, "by the table's history, the decision's app was not active");
        tags(session, logged, None, judged);
        return;
    };
    judged.findings.extend(findings);
    judged.untold.extend(untold);
}

fn came_through(session: &Session, logged: &Logged, then: &AppThen, judged: &mut Judged) {
    let AppThen { app, audiences } = then;
    if app.protocol.as_str() != logged.protocol {
        let (was, protocol) = (app.protocol.as_str(), &logged.protocol);
        judged.wrong(
            Kind::OtherApp,
            format!("by the table's history the app is `{was}`, and the decision was for `{protocol}`"),
        );
        return;
    }
    match (providers(session, app), session.provider.as_deref()) {
        (Err(why), _) => judged.untold("app", why),
        (Ok(_), None) => judged.untold("app", "the record names no provider"),
        (Ok(expected), Some(found)) if expected.iter().any(|one| one == found) => {}
        (Ok(expected), Some(found)) => {
            let expected = expected.first().map_or("-", String::as_str);
            judged.wrong(Kind::OtherApp, format!("it came through `{found}`, and the app's provider is `{expected}`"));
        }
    }
    match session.audience.as_deref() {
        None => judged.untold("app", "the record names no audience"),
        Some(found) if audiences.iter().any(|one| one == found) => {}
        Some(found) => {
            let audiences = list(audiences.iter().map(String::as_str));
            judged.wrong(Kind::OtherApp, format!("it was meant for `{found}`, and the app's audience is {audiences}"));
        }
    }
    tags(session, logged, Some(app), judged);
}

/// The app's provider as records name it, in each of the ways that they do.
fn providers(session: &Session, app: &App) -> Result<Vec<String>, &'static str> {
    let Ok(role) = RoleArn::parse(&session.role) else { return Err("the record's role is no ARN of a role") };
    match (app.protocol, app.cognito_kind(), &app.tokens.issuer) {
        (Protocol::Saml, ..) => Ok(vec![role.saml_provider(&app.provider)]),
        (_, Some(CognitoKind::IdentityPool), _) => {
            let principal = IdentityPoolId::parse(&app.audience).ok().and_then(|pool| pool.principal(role.partition()));
            principal.map(|name| vec![name]).ok_or("nobody documents how identity pools are named in that partition")
        }
        (_, _, Some(issuer)) => Ok(vec![issuer.provider(&role), issuer.url(), issuer.as_str().to_owned()]),
        (_, _, None) => Err("nobody states the issuer of the app's tokens"),
    }
}

/// Whether its tags are such as a decision gives: Signet's own and those of the app's rules, none of the required
/// ones missing, and those lasting when another role is assumed that the app does not keep to the session. An
/// identity pool marks no tag as lasting.
fn tags(session: &Session, logged: &Logged, app: Option<&App>, judged: &mut Judged) {
    let own = [GROUP_HASH_TAG, DECISION_TAG];
    let is_in = |keys: &[&str], key: &str| keys.iter().any(|known| folded(known) == folded(key));
    let found: Vec<&str> = session.tags.keys().map(String::as_str).collect();
    let lasting: Vec<&str> = session.transitive.iter().map(String::as_str).collect();
    let (mut to_last, mut to_go) = (own.to_vec(), Vec::new());
    let mut wrong = Vec::new();
    if let Some(app) = app {
        let rules = app.tags.rules();
        let known: Vec<&str> = own.into_iter().chain(rules.keys().map(String::as_str)).collect();
        let beyond: Vec<&str> = found.iter().filter(|key| !is_in(&known, key)).copied().collect();
        if !beyond.is_empty() {
            wrong.push(format!("{} beyond those that the app gives", list(beyond)));
        }
        let required = rules.iter().filter(|(_, rule)| rule.required).map(|(key, _)| key.as_str());
        let missing: Vec<&str> = required.filter(|key| !is_in(&found, key)).collect();
        if !missing.is_empty() {
            wrong.push(format!("{} missing, without which the app gives nothing", list(missing)));
        }
        for key in rules.keys().filter(|key| is_in(&found, key)) {
            if app.tags.is_transitive(key) { to_last.push(key) } else { to_go.push(key.as_str()) }
        }
    }
    let by_pool = match app {
        Some(app) => app.cognito_kind() == Some(CognitoKind::IdentityPool),
        None => logged.protocol == Protocol::Cognito.as_str(),
    };
    if !by_pool {
        let fleeting: Vec<&str> = to_last.into_iter().filter(|key| !is_in(&lasting, key)).collect();
        if !fleeting.is_empty() {
            wrong.push(format!(
                "{} not transitive, so that whoever assumes another role can replace it",
                list(fleeting)
            ));
        }
        let kept: Vec<&str> = to_go.into_iter().filter(|key| is_in(&lasting, key)).collect();
        if !kept.is_empty() {
            wrong.push(format!("{} transitive, which the app keeps to the session", list(kept)));
        }
    }
    if !wrong.is_empty() {
        judged.wrong(Kind::OtherTags, format!("its tags are not a decision's: {}", wrong.join("; ")));
    }
}

/// A key as AWS compares keys: ignoring case. Upper case first, for letters that have no lower case of their own.
fn folded(key: &str) -> String {
    key.to_uppercase().to_lowercase()
}

fn list<'a>(words: impl IntoIterator<Item = &'a str>) -> String {
    let words: Vec<String> = words.into_iter().map(|word| format!("`{word}`")).collect();
    if words.is_empty() { "none".to_owned() } else { words.join(", ") }
}
