//! What is wrong with a user pool, by what apps rely on.
//!
//! | Finding | Says |
//! |---|---|
//! | `attribute_writable` | users can write attributes that decide about access |
//! | `attribute_unknown` | the pool has no such attribute: nobody has a value |
//! | `trigger_missing`, `trigger_version` | the pool has no trigger, or one that cannot carry what the app needs |
//! | `trigger_function` | the trigger calls another function than Signet's, or not by its alias |
//! | `identity_provider_unknown` | nobody can come from where the app's users must come from |
//! | `identity_provider_open` | users of every identity provider of the pool count |
//! | `pool_unreadable` | none of this is known, since the pool cannot be read or is none |

mod writable;

use std::collections::BTreeSet;

use crate::api::{Trigger, TriggerVersion, UserPool};
use crate::error::UserPoolError;
use crate::pool::{InvalidPool, PoolId};

/// How the ARN of the alias ends that user pools call (`infra/template.yaml`, output `PreTokenArn`).
const ALIAS: &str = ":live";

/// Whose attributes an app takes identity, groups and tags from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// Those of users who come from an identity provider, which writes them at each sign-in.
    Federated,
    /// Those of all users, since no client may write them.
    Protected,
}

/// What an app relies on in a user pool.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Relies {
    /// The app's id.
    pub app: String,
    /// The claims that it takes identity, groups and tags from. Those that are no attributes are left aside:
    /// `sub` and what begins `cognito:` is Cognito's own, and nobody writes it.
    pub attributes: BTreeSet<String>,
    /// Whose attributes count.
    pub source: Source,
    /// The identity provider that federated users must come from, by its name in the pool.
    pub identity_provider: Option<String>,
    /// Whether its tokens need claims that are no strings, which the trigger's first version has not.
    pub nested: bool,
}

impl Relies {
    /// The user attributes among the claims.
    fn user_attributes(&self) -> impl Iterator<Item = &str> {
        let is_own = |name: &str| name == "sub" || name.starts_with("cognito:");
        self.attributes.iter().map(String::as_str).filter(move |name| !is_own(name))
    }
}

/// How much a finding matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Weight {
    /// Good to know.
    Note,
    /// To be looked at.
    Warning,
    /// Somebody is let in who should not be, or kept out who should be in.
    Error,
}

/// What is wrong with a user pool, or good to know.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Finding {
    /// How much it matters.
    pub weight: Weight,
    /// What it is, in a word.
    pub kind: &'static str,
    /// What it concerns: an app, a pool, or a client as `<pool>/<client>`.
    pub subject: String,
    /// What it is and what to do, for people.
    pub text: String,
}

/// What is to be said of a pool, by what the apps whose tokens it issues rely on. `functions` are the ARNs of
/// `pre-token` in all stacks, each with its alias; where none is given, only that it is an alias is judged.
#[must_use]
pub fn judge(id: &PoolId, pool: &UserPool, relies: &[Relies], functions: &BTreeSet<String>) -> Vec<Finding> {
    let mut found: Vec<Finding> =
        pool.clients.iter().flat_map(|client| writable::findings(id, pool, client, relies)).collect();
    for app in relies {
        found.extend(trigger(id, pool.trigger.as_ref(), app));
        found.extend(pool.trigger.as_ref().and_then(|trigger| function(id, trigger, app, functions)));
        found.extend(attributes(id, pool, app));
        found.extend(identity_provider(id, pool, app));
    }
    found
}

/// What is to be said of a pool that cannot be read. It is no error: who audits may well lack permissions
/// in the pool's account, and nothing is known to be wrong.
#[must_use]
pub fn unreadable(id: &PoolId, relies: &[Relies], error: &UserPoolError) -> Finding {
    let apps: BTreeSet<&str> = relies.iter().map(|app| app.app.as_str()).collect();
    let takes =
        if apps.len() == 1 { format!("app {} takes", quoted(apps)) } else { format!("apps {} take", quoted(apps)) };
    let text = format!("whether users can write what {takes} from the pool is not known: {error}");
    Finding { weight: Weight::Warning, kind: "pool_unreadable", subject: id.to_string(), text }
}

/// What is to be said of an app whose issuer is no user pool.
#[must_use]
pub fn no_pool(app: &Relies, error: &InvalidPool) -> Finding {
    let text = format!("whether users can write what the app takes from its pool is not known: {error}");
    Finding { weight: Weight::Warning, kind: "pool_unreadable", subject: app.app.clone(), text }
}

fn trigger(id: &PoolId, trigger: Option<&Trigger>, app: &Relies) -> Option<Finding> {
    let (weight, kind, text) = match trigger.map(|trigger| &trigger.version) {
        None => (
            Weight::Error,
            "trigger_missing",
            format!(
                "user pool `{id}` has no pre token generation trigger: tokens carry nothing of Signet's. Set the function \
                 `pre-token` in the pool's `LambdaConfig.PreTokenGenerationConfig`"
            ),
        ),
        Some(TriggerVersion::V1) if app.nested => (
            Weight::Error,
            "trigger_version",
            format!(
                "user pool `{id}` sends its pre token generation trigger events of version `V1_0`, whose claims are \
                 strings: session tags do not fit in, and sign-ins are denied. Set `LambdaVersion` to `V2_0` or `V3_0`"
            ),
        ),
        Some(TriggerVersion::Other(version)) => (
            Weight::Warning,
            "trigger_version",
            format!(
                "user pool `{id}` sends its pre token generation trigger events of version `{version}`, which is not \
                 known here: sign-ins may be denied. Set `LambdaVersion` to `V2_0` or `V3_0`"
            ),
        ),
        Some(TriggerVersion::V1 | TriggerVersion::V2 | TriggerVersion::V3) => return None,
    };
    Some(Finding { weight, kind, subject: app.app.clone(), text })
}

/// Whether the trigger calls `pre-token`, by the alias: Lambda lets pools call nothing else of it, and whoever
/// may not be called keeps everybody from having tokens.
fn function(id: &PoolId, trigger: &Trigger, app: &Relies, functions: &BTreeSet<String>) -> Option<Finding> {
    let called = &trigger.function;
    if functions.contains(called) || (functions.is_empty() && called.ends_with(ALIAS)) {
        return None;
    }
    let set = "as `LambdaArn` of the pool's `LambdaConfig.PreTokenGenerationConfig`";
    let (weight, text) = match functions.iter().find(|known| name_of(known) == name_of(called)) {
        Some(known) => (
            Weight::Error,
            format!(
                "user pool `{id}` calls `{called}` for its tokens, and Lambda lets pools call the alias alone: nobody \
                 gets tokens. Set `{known}` {set}"
            ),
        ),
        None if functions.is_empty() => (
            Weight::Warning,
            format!(
                "user pool `{id}` calls `{called}` for its tokens, which is no alias `live`: either it is not \
                 Signet's, or nobody gets tokens. Set the stack's output `PreTokenArn` {set}"
            ),
        ),
        None => (
            Weight::Error,
            format!(
                "user pool `{id}` calls `{called}` for its tokens, and not {}: what tokens carry is not Signet's. Set \
                 that {set}",
                quoted(functions)
            ),
        ),
    };
    Some(Finding { weight, kind: "trigger_function", subject: app.app.clone(), text })
}

/// A function's ARN without version or alias: `arn:…:lambda:<region>:<account>:function:<name>`.
fn name_of(arn: &str) -> Vec<&str> {
    arn.split(':').take(7).collect()
}

fn attributes(id: &PoolId, pool: &UserPool, app: &Relies) -> Option<Finding> {
    let unknown: Vec<&str> = app.user_attributes().filter(|name| !pool.attributes.contains_key(*name)).collect();
    (!unknown.is_empty()).then(|| {
        let text = format!(
            "user pool `{id}` has no attribute {}: nobody has a value there. Correct the app's rules, or add it to the \
             pool; custom attributes begin `custom:`",
            quoted(unknown)
        );
        Finding { weight: Weight::Warning, kind: "attribute_unknown", subject: app.app.clone(), text }
    })
}

/// Where users come from matters only where it makes their attributes count.
fn identity_provider(id: &PoolId, pool: &UserPool, app: &Relies) -> Option<Finding> {
    if app.source == Source::Protected {
        return None;
    }
    let (weight, kind, text) = match &app.identity_provider {
        Some(name) if pool.identity_providers.contains(name) => return None,
        Some(name) => (
            Weight::Error,
            "identity_provider_unknown",
            format!(
                "user pool `{id}` has no identity provider `{name}`, so that nobody's attributes count: {}",
                match quoted(&pool.identity_providers) {
                    names if names.is_empty() => "it has none at all".to_owned(),
                    names => format!("it has {names}"),
                }
            ),
        ),
        None if pool.identity_providers.is_empty() => (
            Weight::Error,
            "identity_provider_unknown",
            format!(
                "user pool `{id}` has no identity provider, so that nobody's attributes count: add the one that people \
                 sign in by, or say `attributes: protected`"
            ),
        ),
        None if pool.identity_providers.len() > 1 => (
            Weight::Warning,
            "identity_provider_open",
            format!(
                "whoever comes from any identity provider of user pool `{id}` counts, with the identity and the groups \
                 that it states: {}. Name the one that is meant as `identity_provider`",
                quoted(&pool.identity_providers)
            ),
        ),
        None => return None,
    };
    Some(Finding { weight, kind, subject: app.app.clone(), text })
}

/// Names, each in backticks.
fn quoted<S: AsRef<str>>(names: impl IntoIterator<Item = S>) -> String {
    let names: Vec<String> = names.into_iter().map(|name| format!("`{}`", name.as_ref())).collect();
    names.join(", ")
}

#[cfg(test)]
mod tests;
