//! How accounts are entered, and what may be written there.

use std::collections::BTreeSet;
use std::time::Duration;

use signet_core::grant::Timestamp;
use signet_core::role::{AccountId, RoleArn};
use signet_iam::aws::{Aws, Entry};
use signet_iam::pace::{Paced, Rates};
use signet_reconcile::account::{Edge, Scope};
use signet_reconcile::{Bounds, Reconciler, Settings};
use signet_store::Table;

use crate::args::Connection;
use crate::args::trust::{Reach, Selection};
use crate::connect;
use crate::failure::Failure;
use crate::random;
use crate::text::printable;

/// How many accounts are worked on side by side: each has a rate of its own.
pub(in crate::commands) const ACCOUNTS_AT_ONCE: usize = 8;

/// A reconciler as commands use it.
pub(in crate::commands) type Remote = Reconciler<Paced<Aws>>;

/// What may be written.
///
/// # Errors
/// [`Failure::Usage`] for a path, a tag or a member role that is none.
pub(in crate::commands) fn bounds(reach: &Reach) -> Result<Bounds, Failure> {
    let mut bounds = Bounds::default();
    for path in reach.role_paths.iter().filter(|path| !path.is_empty()) {
        if !(path.starts_with('/') && path.ends_with('/')) {
            let path = printable(path);
            return Err(Failure::Usage(format!(
                "role path `{path}` does not begin and end with `/`: one such as `/data/` is expected"
            )));
        }
        bounds.paths.insert(path.clone());
    }
    if let Some(tag) = reach.role_tag.as_deref().filter(|tag| !tag.is_empty()) {
        let parts = tag.split_once('=').filter(|(key, _)| !key.is_empty());
        let Some((key, value)) = parts else {
            let tag = printable(tag);
            return Err(Failure::Usage(format!("role tag `{tag}` is not `KEY=VALUE`")));
        };
        bounds.tag = Some((key.to_owned(), value.to_owned()));
    }
    if let Some(member) = member(reach) {
        let arn = format!("arn:aws:iam::111122223333:role/{member}");
        if member.starts_with('/') || RoleArn::parse(&arn).is_err() {
            let member = printable(member);
            return Err(Failure::Usage(format!(
                "member role `{member}` is not a path and name, such as `signet/signet-member`"
            )));
        }
        bounds.never.insert(member.to_owned());
    }
    Ok(bounds)
}

fn member(reach: &Reach) -> Option<&str> {
    reach.member_role.as_deref().filter(|role| !role.is_empty())
}

/// Whether any role may be written at all.
pub(in crate::commands) fn is_bounded(bounds: &Bounds) -> bool {
    !bounds.paths.is_empty() || bounds.tag.is_some()
}

/// What those who only look are told where nothing may be written.
pub(in crate::commands) const UNBOUNDED: &str =
    "note: neither --role-path nor --role-tag says which roles may be written: nothing would be written";

/// How the command works.
pub(in crate::commands) fn settings(bounds: Bounds, reach: &Reach) -> Settings {
    Settings {
        bounds,
        quota: reach.quota.quota,
        settle: Duration::from_mins(1),
        roles_at_once: 4,
        lease: Duration::from_mins(5),
        retry: (Duration::from_mins(1), Duration::from_hours(1)),
    }
}

/// A reconciler for the accounts that the table knows.
///
/// # Errors
/// [`Failure::Usage`] if the environment or the command line are wrong.
pub(in crate::commands) async fn reconciler(
    table: Table,
    settings: Settings,
    reach: &Reach,
    connection: &Connection,
    clock: fn() -> Timestamp,
) -> Result<Remote, Failure> {
    // Leases and pauses want randomness: without any, nothing is begun.
    random::bytes::<1>()?;
    let entry = Entry {
        member_role: member(reach).map(str::to_owned),
        external_id: reach.external_id.clone().filter(|id| !id.is_empty()),
        session_name: "signet".to_owned(),
    };
    let rates = Rates { writes: 1.0, reads: 10.0, patience: Duration::from_secs(30) };
    let iam = Paced::new(Aws::new(&connect::accounts(connection).await?, entry), rates, random::fraction);
    Ok(Reconciler { table, iam, settings, edge: Edge { now: clock, token: random::token } })
}

/// The accounts that are meant, each with what of it is attended to.
///
/// # Errors
/// [`Failure::NoRole`] and [`Failure::NoAccount`] for what was never granted; [`Failure::Store`].
pub(super) async fn select(selection: &Selection, table: &Table) -> Result<Vec<(AccountId, Scope)>, Failure> {
    let name = || table.name().to_owned();
    let only: BTreeSet<&AccountId> = selection.accounts.iter().collect();
    let is_meant = |account: &AccountId| only.is_empty() || only.contains(account);
    if selection.roles.is_empty() {
        let known: BTreeSet<AccountId> = table.accounts().await?.into_iter().map(|state| state.account).collect();
        let unknown: Vec<String> =
            only.iter().filter(|account| !known.contains(**account)).map(|account| format!("`{account}`")).collect();
        if !unknown.is_empty() {
            return Err(Failure::NoAccount { accounts: unknown.join(", "), table: name() });
        }
        return Ok(known.into_iter().filter(is_meant).map(|account| (account, Scope::All)).collect());
    }
    let accounts: BTreeSet<AccountId> = selection.roles.iter().map(RoleArn::account_id).collect();
    let (mut selected, mut unknown) = (Vec::new(), Vec::new());
    for account in accounts.into_iter().filter(is_meant) {
        let state = table.account(&account).await?;
        let roles: BTreeSet<RoleArn> =
            selection.roles.iter().filter(|role| role.account_id() == account).cloned().collect();
        unknown.extend(roles.iter().filter(|role| !state.roles.contains_key(*role)).map(|role| format!("`{role}`")));
        selected.push((account, Scope::Roles(roles)));
    }
    if unknown.is_empty() { Ok(selected) } else { Err(Failure::NoRole { roles: unknown.join(", "), table: name() }) }
}
