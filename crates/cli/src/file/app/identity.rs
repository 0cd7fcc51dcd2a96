//! Where an app's identities come from.

use signet_core::app::IdentityRule;
use signet_core::identity::{IdentityField, IdentityPattern};
use signet_core::role::Protocol;

use super::super::fields::{Field, Fields, Report};
use super::way::Way;
use super::{default, word};
use crate::text::printable;

pub(super) fn read(fields: &Fields<'_>, way: Way, report: &mut Report) -> Option<IdentityRule> {
    let hint = "write `identity: { pattern: \"*@example.com\" }` with your own domain";
    let identity = fields.required("identity", hint, report)?;
    let identity = Fields::read(identity.node, &identity.path, &["from", "pattern"], report)?;
    let usual =
        if way.is(Protocol::Cognito) { IdentityField::Claim("email".to_owned()) } else { IdentityField::login() };
    let from = default(identity.get("from"), usual, |f| from(&f, way, report));
    let pattern =
        identity.required("pattern", "what identities look like is expected, such as `*@example.com`", report);
    let pattern = word(pattern, IdentityPattern::parse, report);
    Some(IdentityRule { from: from?, pattern: pattern? })
}

/// The field that identities come from: one that the requests of the app's protocol have.
fn from(field: &Field<'_>, way: Way, report: &mut Report) -> Option<IdentityField> {
    let from = word(Some(field.clone()), IdentityField::parse, report)?;
    let what = match (way.protocol, &from) {
        (Some(Protocol::Oidc), IdentityField::NameId) => {
            format!("`{from}` is nothing that a token has: use `claim:sub`, or another field of the person")
        }
        (Some(Protocol::Cognito), IdentityField::Profile(_) | IdentityField::NameId) => format!(
            "`{}` is nothing that a user pool has: use `claim:<attribute>`, such as `claim:email`, or `user.id`",
            printable(&from.to_string())
        ),
        _ => return Some(from),
    };
    report.error(field.node.at, &field.path, &what);
    None
}
