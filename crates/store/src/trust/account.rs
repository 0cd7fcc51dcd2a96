//! An account and its roles: what is wanted, what was done, what is due.

use std::collections::{BTreeMap, BTreeSet};
use std::str::FromStr;

use signet_core::app::AppId;
use signet_core::code::GroupCode;
use signet_core::grant::Timestamp;
use signet_core::role::{AccountId, RoleArn};
use signet_core::trust::grants::Codes;

use crate::Table;
use crate::codec::{self, Attributes, Item, text};
use crate::error::{Corrupt, StoreError};
use crate::schema::{self, PK, SK};
use crate::trust::lease;

/// A role's row below its account (`ACCOUNT#<id>` / `ROLE#<arn>`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoleState {
    /// The role.
    pub role: RoleArn,
    /// Raised by each change of the role's grants.
    pub wanted: u64,
    /// The `wanted` that the last attempt saw, however it ended.
    pub tried: u64,
    /// The `wanted` that the last attempt that succeeded saw.
    pub applied: u64,
    /// The account's `wanted` that the last attempt saw.
    pub tried_account: u64,
    /// The account's `wanted` that the last attempt that succeeded saw.
    pub applied_account: u64,
    /// When what is wanted and not applied was first wanted, or from when on the account's last change, or
    /// an attempt, failed to reach the role; none where nothing is to be done.
    pub since: Option<Timestamp>,
    /// What the last attempt came to, in a word; none before the first.
    pub outcome: Option<String>,
    /// The same for people; none where all went well.
    pub why: Option<String>,
    /// How many attempts failed one after the other.
    pub failures: u32,
    /// When the role is due even if nothing is raised: the next attempt, or the next expiry.
    pub next: Option<Timestamp>,
    /// The last document that was written, or found as it should be.
    pub written: Option<Written>,
}

/// The last document that was written to a role, or found there as it should be.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Written {
    /// What the document means (`Document::digest`).
    pub digest: [u8; 32],
    /// The codes that it lets in, by app.
    pub codes: Codes,
    /// When IAM last took a document; none if this one was found as it should be.
    pub at: Option<Timestamp>,
    /// The characters that count against the quota.
    pub length: usize,
}

/// An account's own row (`ACCOUNT#<id>` / `ACCOUNT`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountRow {
    /// Raised by what concerns all roles of the account: providers and apps.
    pub wanted: u64,
    /// The `wanted` up to which providers and all roles were attended to.
    pub applied: u64,
    /// When what is wanted and not applied was first wanted; none where nothing is.
    pub since: Option<Timestamp>,
    /// The apps that `wanted` was raised for, ever: new ones may not be in the index yet.
    pub apps: BTreeSet<AppId>,
    /// Until when somebody works on the account; none if nobody does.
    pub leased_until: Option<Timestamp>,
    /// The first moment at which something of the account is due by itself.
    pub next: Option<Timestamp>,
    /// What is wrong with the account or its providers, for people; none where nothing is.
    pub why: Option<String>,
}

/// An account with its roles.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountState {
    /// The account.
    pub account: AccountId,
    /// Its own row; none before anybody worked on it or raised it.
    pub row: Option<AccountRow>,
    /// Every role of the account that was ever granted.
    pub roles: BTreeMap<RoleArn, RoleState>,
}

/// All accounts, and what could not be read of them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Accounts {
    /// The accounts by their numbers, those included of which something could not be read: of these the
    /// rest alone is here, which says neither that they are due nor that they are not.
    pub states: Vec<AccountState>,
    /// The rows that could not be read.
    pub unreadable: Vec<UnreadableRow>,
}

/// A row below an account that could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnreadableRow {
    /// The account; none if the row's keys name none.
    pub account: Option<AccountId>,
    /// Which row it is, and what is wrong with it.
    pub corrupt: Corrupt,
}

impl RoleState {
    /// Whether the role is to be attended to now.
    #[must_use]
    pub fn is_due(&self, account_wanted: u64, now: Timestamp) -> bool {
        self.wanted > self.tried || account_wanted > self.tried_account || self.next.is_some_and(|next| next <= now)
    }

    /// Whether the role may not be as wanted.
    #[must_use]
    pub fn is_unreconciled(&self, account_wanted: u64) -> bool {
        self.wanted > self.applied || account_wanted > self.applied_account
    }
}

impl Table {
    /// An account with its roles: one consistent query.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn account(&self, account: &AccountId) -> Result<AccountState, StoreError> {
        let mut state = AccountState::new(account);
        for item in self.partition(&schema::account_key(account).pk).await? {
            state.add(&item)?;
        }
        Ok(state)
    }

    /// Every account that has a row of its own or of a role, by way of the index, which may lag by a
    /// moment: for audits and people.
    ///
    /// # Errors
    /// [`StoreError`]; one row that cannot be read is enough.
    pub async fn accounts(&self) -> Result<Vec<AccountState>, StoreError> {
        let Accounts { states, unreadable } = self.accounts_with_faults().await?;
        match unreadable.into_iter().next() {
            Some(row) => Err(row.corrupt.into()),
            None => Ok(states),
        }
    }

    /// The same, where a row that cannot be read is named and keeps no other from being read: for the
    /// schedule, which must not pass over all accounts for the sake of one.
    ///
    /// # Errors
    /// [`StoreError`], and never [`StoreError::Corrupt`].
    pub async fn accounts_with_faults(&self) -> Result<Accounts, StoreError> {
        let mut accounts: BTreeMap<AccountId, AccountState> = BTreeMap::new();
        let mut unreadable = Vec::new();
        for kind in [schema::ACCOUNT_KIND, schema::ROLE_KIND] {
            for item in self.of_kind(kind).await? {
                let account = match schema::account_of(&item) {
                    Ok(account) => account,
                    Err(corrupt) => {
                        unreadable.push(UnreadableRow { account: None, corrupt });
                        continue;
                    }
                };
                let state = accounts.entry(account.clone()).or_insert_with(|| AccountState::new(&account));
                if let Err(corrupt) = state.add(&item) {
                    unreadable.push(UnreadableRow { account: Some(account), corrupt });
                }
            }
        }
        Ok(Accounts { states: accounts.into_values().collect(), unreadable })
    }

    /// All items of a partition, consistently, page by page.
    pub(crate) async fn partition(&self, pk: &str) -> Result<Vec<Item>, StoreError> {
        let query = self
            .client
            .query()
            .table_name(&self.name)
            .consistent_read(true)
            .key_condition_expression("#pk = :pk")
            .expression_attribute_names("#pk", PK)
            .expression_attribute_values(":pk", text(pk));
        self.all_pages(query).await
    }
}

impl AccountState {
    fn new(account: &AccountId) -> Self {
        Self { account: account.clone(), row: None, roles: BTreeMap::new() }
    }

    /// Whether there is anything to do now: something wanted, an attempt or an expiry that is due, or a
    /// lease that ran out in the middle of work.
    #[must_use]
    pub fn is_due(&self, now: Timestamp) -> bool {
        let wanted = self.wanted();
        let is_row_due = self.row.as_ref().is_some_and(|row| {
            let has_come = |moment: Option<Timestamp>| moment.is_some_and(|moment| moment <= now);
            row.wanted > row.applied || has_come(row.next) || has_come(row.leased_until)
        });
        is_row_due || self.roles.values().any(|role| role.is_due(wanted, now))
    }

    /// The account's `wanted`; 0 without a row.
    #[must_use]
    pub fn wanted(&self) -> u64 {
        self.row.as_ref().map_or(0, |row| row.wanted)
    }

    /// When the oldest of what is wanted and not applied was first wanted. Of rows that an older version
    /// wrote that is not known until the next raise or attempt.
    #[must_use]
    pub fn oldest_unreconciled(&self) -> Option<Timestamp> {
        let roles = self.roles.values().filter_map(|role| role.since);
        roles.chain(self.row.as_ref().and_then(|row| row.since)).min()
    }

    fn add(&mut self, item: &Item) -> Result<(), Corrupt> {
        let place = codec::place(item);
        let read = Attributes::new(item, &place);
        let sk = read.text(SK)?;
        if sk == schema::account_key(&self.account).sk {
            self.row = Some(read_row(&read)?);
            return Ok(());
        }
        let role = sk.strip_prefix(schema::ROLE).ok_or_else(|| read.corrupt("an account has no such row"))?;
        let role = read.valid(RoleArn::parse(role))?;
        if role.account() != self.account.as_str() {
            return Err(read.corrupt("the role is of another account"));
        }
        self.roles.insert(role.clone(), read_role(role, &read)?);
        Ok(())
    }
}

fn moment(read: &Attributes<'_>, name: &str) -> Result<Option<Timestamp>, Corrupt> {
    Ok(read.number_or_none(name)?.map(Timestamp::from_seconds))
}

/// A counter; rows that an older version wrote lack most.
fn count<N: FromStr + Default>(read: &Attributes<'_>, name: &str) -> Result<N, Corrupt> {
    Ok(read.number_or_none(name)?.unwrap_or_default())
}

fn read_row(read: &Attributes<'_>) -> Result<AccountRow, Corrupt> {
    let apps = read.text_set("apps")?;
    Ok(AccountRow {
        wanted: count(read, schema::WANTED)?,
        applied: count(read, "applied")?,
        since: moment(read, schema::SINCE)?,
        apps: apps.iter().map(|id| read.valid(AppId::parse(id))).collect::<Result<_, _>>()?,
        leased_until: if read.text_or_none(lease::LEASE)?.is_some() { moment(read, lease::UNTIL)? } else { None },
        next: moment(read, "next")?,
        why: read.text_or_none("why")?.map(str::to_owned),
    })
}

fn read_role(role: RoleArn, read: &Attributes<'_>) -> Result<RoleState, Corrupt> {
    Ok(RoleState {
        role,
        wanted: count(read, schema::WANTED)?,
        tried: count(read, "tried")?,
        applied: count(read, "applied")?,
        tried_account: count(read, "tried_account")?,
        applied_account: count(read, "applied_account")?,
        since: moment(read, schema::SINCE)?,
        outcome: read.text_or_none("outcome")?.map(str::to_owned),
        why: read.text_or_none("why")?.map(str::to_owned),
        failures: count(read, "failures")?,
        next: moment(read, "next")?,
        written: read_written(read)?,
    })
}

fn read_written(read: &Attributes<'_>) -> Result<Option<Written>, Corrupt> {
    let Some(digest) = read.text_or_none("digest")? else { return Ok(None) };
    let digest = codec::unhex(digest).ok_or_else(|| read.corrupt("attribute `digest` is not a SHA-256 in hex"))?;
    let mut codes = Codes::new();
    for (app, value) in read.map_or_none("codes")?.into_iter().flatten() {
        let texts = value.as_l().ok().map(|values| values.iter().map(|value| value.as_s().map(String::as_str)));
        let texts: Option<Vec<&str>> = texts.and_then(|texts| texts.collect::<Result<_, _>>().ok());
        let texts = texts.ok_or_else(|| read.corrupt("attribute `codes` is not a map of lists of strings"))?;
        let of_app = texts.into_iter().map(|code| read.valid(GroupCode::parse(code)));
        codes.insert(read.valid(AppId::parse(app))?, of_app.collect::<Result<_, _>>()?);
    }
    Ok(Some(Written { digest, codes, at: moment(read, "written_at")?, length: count(read, "length")? }))
}
