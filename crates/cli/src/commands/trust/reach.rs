//! How accounts are entered, and what may be written there.

use std::collections::BTreeSet;

use signet_core::grant::Timestamp;
use signet_core::role::{AccountId, RoleArn};
use signet_iam::aws::{Aws, Entry, own_role};
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
    } else if external_id(reach).is_some() {
        return Err(Failure::Usage(
            "an external id without a member role that demands it: say --member-role".to_owned(),
        ));
    }
    Ok(bounds)
}

fn member(reach: &Reach) -> Option<&str> {
    reach.member_role.as_deref().filter(|role| !role.is_empty())
}

fn external_id(reach: &Reach) -> Option<&str> {
    reach.external_id.as_deref().filter(|id| !id.is_empty())
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
    Settings::new(bounds, reach.quota.quota)
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
        external_id: external_id(reach).map(str::to_owned),
        session_name: "signet".to_owned(),
    };
    let iam = Paced::new(Aws::new(&connect::accounts(connection).await?, entry), Rates::DEFAULT, random::fraction);
    Ok(Reconciler { table, iam, settings, edge: Edge { now: clock, token: random::token } })
}

/// The accounts that are meant, each with what of it is attended to. The role of these credentials is
/// not among what may be written: whoever shut themselves out could mend nothing any more.
///
/// # Errors
/// [`Failure::NoRole`] and [`Failure::NoAccount`] for what was never granted; [`Failure::Store`];
/// [`Failure::OwnRole`].
pub(super) async fn select(
    selection: &Selection,
    table: &Table,
    connection: &Connection,
    bounds: &mut Bounds,
) -> Result<Vec<(AccountId, Scope)>, Failure> {
    let selected = selected(selection, table).await?;
    let sts = aws_sdk_sts::Client::new(&connect::accounts(connection).await?);
    bounds.never.extend(own_role(&sts).await?);
    Ok(selected)
}

async fn selected(selection: &Selection, table: &Table) -> Result<Vec<(AccountId, Scope)>, Failure> {
    let name = || table.name().to_owned();
    let only: BTreeSet<&AccountId> = selection.accounts.iter().collect();
    let is_meant = |account: &AccountId| only.is_empty() || only.contains(account);
    if selection.roles.is_empty() {
        let known = table.accounts().await?;
        let is_unknown = |account: &AccountId| known.iter().all(|state| state.account != *account);
        let unknown: Vec<String> =
            only.iter().filter(|account| is_unknown(account)).map(|account| format!("`{account}`")).collect();
        if !unknown.is_empty() {
            return Err(Failure::NoAccount { accounts: unknown.join(", "), table: name() });
        }
        let accounts: BTreeSet<AccountId> = known.into_iter().map(|state| state.account).filter(is_meant).collect();
        return Ok(accounts.into_iter().map(|account| (account, Scope::All)).collect());
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
    if !unknown.is_empty() {
        return Err(Failure::NoRole { roles: unknown.join(", "), table: name() });
    }
    Ok(selected)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::args::trust::QuotaArg;
    use signet_core::trust::plan::Quota;

    fn reach(paths: &[&str], tag: Option<&str>, member: Option<&str>) -> Reach {
        Reach {
            member_role: member.map(str::to_owned),
            external_id: None,
            role_paths: paths.iter().map(|path| (*path).to_owned()).collect(),
            role_tag: tag.map(str::to_owned),
            quota: QuotaArg { quota: Quota::DEFAULT },
        }
    }

    #[test]
    fn what_may_be_written_is_said_in_full() {
        let all = bounds(&reach(&["/data/", "/x/"], Some("signet=a=b"), Some("signet/member"))).unwrap();
        assert_eq!(all.paths, ["/data/".to_owned(), "/x/".to_owned()].into());
        assert_eq!(all.tag, Some(("signet".to_owned(), "a=b".to_owned())));
        assert_eq!(all.never, ["signet/member".to_owned()].into());
        assert!(is_bounded(&all));
        // What a variable sets to nothing is not set.
        let nothing = bounds(&reach(&[""], Some(""), Some(""))).unwrap();
        assert!(!is_bounded(&nothing) && nothing.never.is_empty());
        let empty = Reach { external_id: Some(String::new()), ..reach(&[], None, None) };
        assert!(bounds(&empty).is_ok());
        let alone = Reach { external_id: Some("id".to_owned()), ..empty };
        assert!(bounds(&alone).unwrap_err().to_string().contains("without a member role"));
    }

    #[test]
    fn what_is_wrong_is_refused() {
        for (reach, why) in [
            (reach(&["data/"], None, None), "role path `data/`"),
            (reach(&["/data"], None, None), "role path `/data`"),
            (reach(&[], Some("signet"), None), "role tag `signet`"),
            (reach(&[], Some("=yes"), None), "role tag `=yes`"),
            (reach(&[], None, Some("/signet/member")), "member role `/signet/member`"),
            (reach(&[], None, Some("a b")), "member role `a b`"),
        ] {
            let failure = bounds(&reach).unwrap_err().to_string();
            assert!(failure.contains(why), "{failure}");
        }
    }
}
