//! Whose tokens are whose: one client of an issuer is of one active app.
//!
//! Two apps with one issuer and one audience cannot be told apart by any trust policy, and what was
//! granted for one of them would be granted for both. So each client has an owner's row, as a provider's
//! name has. Unlike a name, which stands in trust policies and logs for ever, a client that its app gives
//! up is free for others: a token has no memory.

use std::collections::{BTreeSet, HashMap};
use std::fmt;

use aws_sdk_dynamodb::types::{Delete, TransactWriteItem};
use signet_core::app::AppId;
use signet_core::role::Protocol;
use signet_core::trust::gate::IdentityPoolId;

use crate::Table;
use crate::batch::Key;
use crate::codec::{self, Attributes, Item, text};
use crate::error::StoreError;
use crate::provider::{AppProvider, Half};
use crate::schema;

use super::ApplyError;
use super::actions::{own, update};

/// Who issues what Cognito's identity pools hand out, with the pool as its audience.
const IDENTITY_POOLS: &str = "cognito-identity.amazonaws.com";

/// A client of an issuer: what tokens name as `iss` and `aud`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Client {
    /// Host and path.
    issuer: String,
    audience: String,
}

impl Client {
    /// The clients that are an app's alone by what events say of it: none of a deleted app.
    pub(super) fn all_of(says: &AppProvider) -> BTreeSet<Self> {
        let Some(url) = says.issuer_url.as_ref().filter(|_| says.active) else { return BTreeSet::new() };
        // Names of condition keys, which issuers become in trust policies, are alike in any case (IAM
        // User Guide, "Condition").
        let issuer = url.strip_prefix("https://").unwrap_or(url).to_ascii_lowercase();
        let client = |issuer: &str, audience: &String| Self { issuer: issuer.to_owned(), audience: audience.clone() };
        let audiences = says.client_ids.iter().chain(&says.audience);
        let mut clients: BTreeSet<Self> = audiences.map(|audience| client(&issuer, audience)).collect();
        // An identity pool is one, whichever issuers' tokens it takes.
        let pool = says.audience.as_ref().filter(|_| says.protocol == Protocol::Cognito);
        clients
            .extend(pool.filter(|pool| IdentityPoolId::parse(pool).is_ok()).map(|pool| client(IDENTITY_POOLS, pool)));
        clients
    }

    pub(super) fn key(&self) -> Key {
        schema::client_key(&self.issuer, &self.audience)
    }
}

impl fmt::Display for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "client `{}` of issuer `{}`", self.audience, self.issuer)
    }
}

/// Refuses clients of other apps.
pub(super) fn check(app: &AppId, clients: &BTreeSet<Client>, items: &HashMap<Key, Item>) -> Result<(), ApplyError> {
    for client in clients {
        let Some(row) = items.get(&client.key()) else { continue };
        let place = codec::place(row);
        let owner = Attributes::new(row, &place).text("app").map_err(StoreError::from)?;
        if owner != app.as_str() {
            let (app, client, owner) = (app.clone(), client.to_string(), owner.to_owned());
            return Err(ApplyError::ClientOfAnotherApp { app, client, owner });
        }
    }
    Ok(())
}

/// What the half that was seen has rows for: that of an older version has none.
fn owned(seen: Option<&Half>) -> BTreeSet<Client> {
    seen.filter(|seen| seen.owns_clients).map(|seen| Client::all_of(&seen.says)).unwrap_or_default()
}

/// Takes the clients that an app has no row for, on condition that no other app has one, and frees those
/// that it gives up.
pub(super) fn actions(
    table: &Table,
    app: &AppId,
    clients: &BTreeSet<Client>,
    seen: Option<&Half>,
) -> Result<Vec<TransactWriteItem>, StoreError> {
    let owned = owned(seen);
    let mut actions = Vec::new();
    for client in clients.difference(&owned) {
        actions.push(update(table.built(own(table, &client.key(), "app", app.as_str(), None).build())?));
    }
    for client in owned.difference(clients) {
        let delete = Delete::builder()
            .table_name(table.name())
            .set_key(Some(client.key().attributes()))
            .condition_expression("attribute_not_exists(#owner) OR #owner = :owner")
            .expression_attribute_names("#owner", "app")
            .expression_attribute_values(":owner", text(app.as_str()));
        actions.push(TransactWriteItem::builder().delete(table.built(delete.build())?).build());
    }
    Ok(actions)
}
