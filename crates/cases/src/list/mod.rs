//! All cases.
//!
//! | Module | Holds |
//! |---|---|
//! | `calls` | what is no call, who may not call, what is malformed |
//! | `apps` | what the table says of the app; observed apps |
//! | `faults` | a table that fails, no time, no randomness |
//! | `groups` | groups, grants, codes; the claim that they are in |
//! | `people` | identities, tags, what the issuer emits itself |
//! | `limits` | what does not fit |

mod apps;
mod calls;
mod faults;
mod groups;
mod limits;
mod people;

use crate::case::Case;
use crate::kind::Kind;

/// All cases of a kind. Every kind has the same names, in the same order.
pub fn all(kind: Kind) -> Vec<Case> {
    let parts = [calls::cases, apps::cases, faults::cases, groups::cases, people::cases, limits::cases];
    parts.into_iter().flat_map(|part| part(kind)).collect()
}

/// The cases that a kind cannot have. They are named here a second time, so that none goes by unnoticed.
pub fn impossible(kind: Kind) -> &'static [&'static str] {
    match kind {
        Kind::Saml | Kind::Oidc => &[],
        Kind::CognitoOidc | Kind::IdentityPool => &[
            "the secret is missing",
            "the secret is wrong",
            "the secret is there twice",
            "the request is no JSON",
            "the gateway took the request long ago",
            "an identity from a claim of two values",
        ],
    }
}
