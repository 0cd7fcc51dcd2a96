//! Attributes that decide about access, and that users can write.
//!
//! A user writes attributes by `SignUp` and, with an access token that has the scope
//! [`SELF_SERVICE`], by `UpdateUserAttributes`; both as far as the app client may write them (Cognito API
//! reference). Whoever signs in by way of the user pools API gets that scope with every client. So where
//! all users count, any client that may write an attribute is enough, whatever it is used for: a token of
//! one client changes what the tokens of all others say.
//!
//! Federated users are another matter, in two ways. They cannot sign in by the API (`InitiateAuth`), only
//! by OAuth, and get that scope where the client allows it. And the client that they sign in by *must* be
//! able to write what is mapped from the identity provider, or their sign-in fails (`WriteAttributes`). So
//! what protects them is the scope, not the list. Where a client has both it is an error like the other:
//! the provider's value comes back only with the next sign-in, and a refreshed token carries what the user
//! wrote. Where it has the list alone, nothing is wrong; it is noted, since one setting more would be.

use std::collections::{BTreeMap, BTreeSet};

use super::{Finding, Relies, Source, Weight, quoted};
use crate::api::{AppClient, UserPool};
use crate::pool::PoolId;

/// The scope of access tokens by which users change their own attributes.
const SELF_SERVICE: &str = "aws.cognito.signin.user.admin";

/// What a client's users can do, which is one finding each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Can {
    /// All users can write it.
    Write,
    /// All users can write it, since the pool requires it.
    WriteRequired,
    /// All users can perhaps write it.
    PerhapsWrite,
    /// Federated users can write it.
    WriteFederated,
    /// Federated users can perhaps write it.
    PerhapsWriteFederated,
    /// Federated users could write it if the client allowed one scope more.
    NotYet,
}

/// Whether a client may write an attribute.
enum May {
    No,
    Yes,
    /// The pool requires the attribute, and no list keeps it from being written.
    Required,
    /// A custom attribute, and the client has no list. Cognito's references have such a client write
    /// standard attributes alone; the reference of AWS CDK (`UserPoolClientOptions.writeAttributes`) has it
    /// write custom ones as well.
    Unclear,
}

/// What is to be said of a client. That an attribute is immutable excuses nothing: then it is written at
/// sign-up.
pub(super) fn findings(id: &PoolId, pool: &UserPool, client: &AppClient, relies: &[Relies]) -> Vec<Finding> {
    let mut cases: BTreeMap<Can, BTreeMap<&str, BTreeSet<&str>>> = BTreeMap::new();
    for app in relies {
        for name in app.user_attributes() {
            if let Some(case) = case(may(pool, client, name), app.source, client) {
                cases.entry(case).or_default().entry(name).or_default().insert(&app.app);
            }
        }
    }
    let finding = |(case, attributes)| finding(id, pool, client, case, &attributes);
    cases.into_iter().map(finding).collect()
}

fn may(pool: &UserPool, client: &AppClient, name: &str) -> May {
    if pool.attributes.get(name).is_some_and(|attribute| attribute.required) {
        return May::Required;
    }
    match client.write.as_ref().filter(|list| !list.is_empty()) {
        Some(list) if list.contains(name) => May::Yes,
        Some(_) => May::No,
        None if name.starts_with("custom:") || name.starts_with("dev:") => May::Unclear,
        None => May::Yes,
    }
}

fn case(may: May, source: Source, client: &AppClient) -> Option<Can> {
    match (may, source, client.scopes.contains(SELF_SERVICE)) {
        (May::No, ..) | (May::Unclear, Source::Federated, false) => None,
        (May::Yes, Source::Protected, _) => Some(Can::Write),
        (May::Required, Source::Protected, _) => Some(Can::WriteRequired),
        (May::Unclear, Source::Protected, _) => Some(Can::PerhapsWrite),
        (May::Yes | May::Required, Source::Federated, true) => Some(Can::WriteFederated),
        (May::Unclear, Source::Federated, true) => Some(Can::PerhapsWriteFederated),
        (May::Yes | May::Required, Source::Federated, false) => Some(Can::NotYet),
    }
}

fn finding(
    id: &PoolId,
    pool: &UserPool,
    client: &AppClient,
    case: Can,
    attributes: &BTreeMap<&str, BTreeSet<&str>>,
) -> Finding {
    let who = client.name.as_ref().map_or_else(|| "the client".to_owned(), |name| format!("client `{name}`"));
    let what = attributes.iter().map(|(name, apps)| {
        // What is immutable is written once.
        let fixed = pool.attributes.get(*name).is_some_and(|attribute| !attribute.mutable);
        let fixed = if fixed { "at sign-up, " } else { "" };
        format!("`{name}` ({fixed}of {} {})", if apps.len() == 1 { "app" } else { "apps" }, quoted(apps))
    });
    let what: Vec<String> = what.collect();
    let what = what.join(" and ");
    let (weight, text) = match case {
        Can::Write => (
            Weight::Error,
            format!(
                "whoever signs in by {who} can write {what}, and so their own identity, groups or tags. List its \
                 `WriteAttributes` without that; where an identity provider is to write it, apps must say `attributes: \
                 federated`"
            ),
        ),
        Can::WriteRequired => (
            Weight::Error,
            format!(
                "whoever signs in by {who} can write {what}, and so their own identity, groups or tags: the pool requires \
                 that of every user, and no list of `WriteAttributes` keeps a client from writing it. Have the apps take \
                 another attribute, or say `attributes: federated`"
            ),
        ),
        Can::PerhapsWrite => (
            Weight::Warning,
            format!(
                "{who} has no list of `WriteAttributes`, and AWS's references disagree whether its users can then write \
                 {what}. Give it a list without that"
            ),
        ),
        Can::WriteFederated => (
            Weight::Error,
            format!(
                "users of an identity provider who sign in by {who} can write {what} with a token of the scope \
                 `{SELF_SERVICE}`, and their refreshed tokens carry it. Take the scope out of its `AllowedOAuthScopes`; or, \
                 where no such user signs in by it, list its `WriteAttributes` without that, unless the pool requires it"
            ),
        ),
        Can::PerhapsWriteFederated => (
            Weight::Warning,
            format!(
                "{who} allows the scope `{SELF_SERVICE}` and has no list of `WriteAttributes`, and AWS's references \
                 disagree whether its users can then write {what}. Take the scope out of its `AllowedOAuthScopes`"
            ),
        ),
        Can::NotYet => (
            Weight::Note,
            format!(
                "{who} may write {what}, as it must if users of an identity provider sign in by it. They cannot do so \
                 themselves while it does not allow the scope `{SELF_SERVICE}`: leave it like that"
            ),
        ),
    };
    Finding { weight, kind: "attribute_writable", subject: format!("{id}/{}", client.id), text }
}
