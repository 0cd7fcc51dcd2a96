//! What is asked of Cognito.

use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;

use crate::error::UserPoolError;
use crate::pool::PoolId;

/// An app client of a user pool, by what its users may do with their own attributes.
///
/// `DescribeUserPoolClient` also answers with the client's secret; it is dropped where it is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppClient {
    /// The client's id.
    pub id: String,
    /// What people call it.
    pub name: Option<String>,
    /// The attributes that it may write: `WriteAttributes`. None, or an empty list, is Cognito's default:
    /// it may write the pool's standard attributes, and no custom ones (Cognito API reference,
    /// `UserPoolClientType`: the list is only there where somebody gave one).
    pub write: Option<BTreeSet<String>>,
    /// The scopes that its users can get by OAuth: `AllowedOAuthScopes`.
    pub scopes: BTreeSet<String>,
}

/// An attribute of a user pool's schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Attribute {
    /// Whether its value can change. If not, it is set when a user signs up or is created, and never again
    /// (Cognito API reference, `AddCustomAttributes`).
    pub mutable: bool,
    /// Whether every user must have it. Every client may write it then, whatever its list says (Cognito
    /// Developer Guide, "Attribute permissions and scopes").
    pub required: bool,
}

/// A user pool's pre token generation trigger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trigger {
    /// The function's ARN.
    pub function: String,
    /// The version of the events that the function gets.
    pub version: TriggerVersion,
}

/// A version of the events of a pre token generation trigger: `LambdaVersion`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TriggerVersion {
    /// `V1_0`: claims are strings, in the ID token alone.
    V1,
    /// `V2_0`: claims are any JSON, in ID and access tokens.
    V2,
    /// `V3_0`: as `V2_0`, also for tokens without a user.
    V3,
    /// One that was not there when this was written.
    Other(String),
}

/// What Cognito says of a user pool.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UserPool {
    /// All app clients.
    pub clients: Vec<AppClient>,
    /// The attributes of its users, by name; custom ones begin `custom:`.
    pub attributes: BTreeMap<String, Attribute>,
    /// The trigger that tokens go through, if there is one.
    pub trigger: Option<Trigger>,
    /// The names of the identity providers that users can come from.
    pub identity_providers: BTreeSet<String>,
}

/// What is asked of Cognito.
pub trait UserPools {
    /// A user pool with all its clients: one call for the pool, one a client, and one for each 60 clients
    /// and each 60 identity providers.
    fn user_pool(&self, pool: &PoolId) -> impl Future<Output = Result<UserPool, UserPoolError>>;
}
