//! Who works on an account: one at a time.
//!
//! A queue gives one worker an account, but a worker may stall, and an operator may run the command at
//! the same time. So a worker takes a lease, and every outcome is noted on its condition. Who finds an
//! account leased marks it, and the holder looks again before it lets go: nothing that was raised in
//! between is lost.
//!
//! The account's row holds the holder's token (`lease`), the end (`lease_until`), the token of who asked
//! meanwhile (`again`), how often the holder was sent to look again (`turn`), and the token of who let go
//! last (`released`). Of a raise and a holder that is about to let go, there are these orders:
//!
//! - the asker's mark comes before the release: the release is refused for it, and the holder looks again;
//! - it comes after the release: it is refused, since the lease it is for is gone, and the asker takes the
//!   lease itself;
//! - the holder never lets go: its lease runs out, and the account is due by that
//!   ([`AccountState::is_due`](crate::trust::account::AccountState::is_due)). Whoever takes it next looks at
//!   everything.
//!
//! A mark is taken away by its own name, and a release is for one turn. So a request that arrives a second
//! time, late, neither takes a newer mark away nor lets go of an account whose holder went back to work.

use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::types::ReturnValue;
use signet_core::grant::Timestamp;
use signet_core::role::AccountId;

use crate::Table;
use crate::apply::transact::Updated;
use crate::codec::{self, Attributes, Item, number, text};
use crate::error::{Corrupt, StoreError};
use crate::schema::{self, KIND};

/// The attribute of an account's row that holds the token of whoever works on it.
pub(crate) const LEASE: &str = "lease";
/// The attribute that says until when.
pub(crate) const UNTIL: &str = "lease_until";
const AGAIN: &str = "again";
const TURN: &str = "turn";
const RELEASED: &str = "released";

/// How often a lease is asked for, or let go of, anew because its row changed in between.
const TRIES: usize = 32;

/// The right to work on an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    pub(crate) account: AccountId,
    pub(crate) token: String,
    /// Since when something of the account as a whole was wanted when the lease was given, or else when
    /// that was.
    pub(crate) since: Timestamp,
}

impl Lease {
    /// The account.
    #[must_use]
    pub fn account(&self) -> &AccountId {
        &self.account
    }
}

/// What became of asking for a lease.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Leased {
    /// It was given.
    Held(Lease),
    /// Somebody else has it, and will look again before letting go.
    Busy {
        /// When that lease runs out.
        until: Timestamp,
    },
}

/// What became of letting go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Released {
    /// Nobody works on the account now, or only who came later.
    Done,
    /// Somebody asked in between: the lease is held still, and the holder looks again.
    Again,
    /// The lease had run out, and somebody else has or had the account since.
    Lost,
}

/// What an account's row says of its lease.
struct State<'r> {
    holder: Option<&'r str>,
    until: Option<Timestamp>,
    again: Option<&'r str>,
    turn: Option<u64>,
    released: Option<&'r str>,
}

impl<'r> State<'r> {
    fn read(row: &'r Item, place: &'r str) -> Result<Self, Corrupt> {
        let read = Attributes::new(row, place);
        Ok(Self {
            holder: read.text_or_none(LEASE)?,
            until: read.number_or_none(UNTIL)?.map(Timestamp::from_seconds),
            again: read.text_or_none(AGAIN)?,
            turn: read.number_or_none(TURN)?,
            released: read.text_or_none(RELEASED)?,
        })
    }
}

impl Table {
    /// Takes the account's lease, unless somebody has one that has not run out; that one is then marked,
    /// so that its holder looks again. `token` must be new and unguessable by chance. Creates the
    /// account's row.
    ///
    /// # Errors
    /// [`StoreError`]; also for a token that the account was let go with before. Asking again with the
    /// same token after an error is safe.
    pub async fn lease(
        &self,
        account: &AccountId,
        token: &str,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<Leased, StoreError> {
        for _ in 0..TRIES {
            let row = match self.update(self.taking(account, token, now, until)).await? {
                Updated::Written(row) => {
                    let place = codec::place(&row);
                    let since = Attributes::new(&row, &place).number_or_none(schema::SINCE)?;
                    let since = since.map_or(now, Timestamp::from_seconds);
                    return Ok(Leased::Held(Lease { account: account.clone(), token: token.to_owned(), since }));
                }
                Updated::Refused(row) => row,
            };
            let place = codec::place(&row);
            let state = State::read(&row, &place)?;
            if state.released == Some(token) {
                return Err(self.unleasable(account, "the token was used before: a lease needs a new one"));
            }
            let Some(holder) = state.holder else { continue };
            let until = state.until.ok_or_else(|| Attributes::new(&row, &place).corrupt("its lease has no end"))?;
            let ask = self
                .of_account(account)
                .update_expression("SET #again = :token, #last = :last")
                .condition_expression("#lease = :holder")
                .expression_attribute_names("#again", AGAIN)
                .expression_attribute_names("#last", schema::LAST)
                .expression_attribute_names("#lease", LEASE)
                .expression_attribute_values(":token", text(token))
                .expression_attribute_values(":last", text(schema::BY_WORKER))
                .expression_attribute_values(":holder", text(holder));
            if let Updated::Written(_) = self.update(ask).await? {
                return Ok(Leased::Busy { until });
            }
            // That holder let go in between.
        }
        Err(self.unleasable(account, "its lease changed hands again and again"))
    }

    /// Keeps a lease for longer; false if it is not ours any more. An end before the present one changes
    /// nothing.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn renew(&self, lease: &Lease, until: Timestamp) -> Result<bool, StoreError> {
        let renew = self
            .of_account(&lease.account)
            .update_expression("SET #until = :until, #last = :last")
            .condition_expression("#lease = :token AND #until <= :until")
            .expression_attribute_names("#lease", LEASE)
            .expression_attribute_names("#until", UNTIL)
            .expression_attribute_names("#last", schema::LAST)
            .expression_attribute_values(":token", text(&lease.token))
            .expression_attribute_values(":last", text(schema::BY_WORKER))
            .expression_attribute_values(":until", number(until.seconds()));
        match self.update(renew).await? {
            Updated::Written(_) => Ok(true),
            Updated::Refused(row) => Ok(State::read(&row, &codec::place(&row))?.holder == Some(&lease.token)),
        }
    }

    /// Lets go of an account, unless somebody asked for it in between.
    ///
    /// # Errors
    /// [`StoreError`]. After one it is not known whether somebody asked, and that may be asked for no more:
    /// look again before letting go again, or leave the lease to run out.
    pub async fn let_go(&self, lease: &Lease) -> Result<Released, StoreError> {
        let key = schema::account_key(&lease.account);
        for _ in 0..TRIES {
            let row = self.read([key.clone()]).await?.remove(&key).unwrap_or_default();
            let place = codec::place(&row);
            let state = State::read(&row, &place)?;
            if state.holder != Some(&lease.token) {
                return Ok(lost_or_done(&state, lease));
            }
            let turn = state.turn;
            let Some(asker) = state.again else {
                let release = self
                    .of_turn(lease, turn)
                    .update_expression("SET #released = :token, #last = :last REMOVE #lease, #until, #turn")
                    .condition_expression(format!("{} AND attribute_not_exists(#again)", of_turn(turn)))
                    .expression_attribute_names("#released", RELEASED)
                    .expression_attribute_names("#until", UNTIL)
                    .expression_attribute_names("#again", AGAIN);
                match self.update(release).await? {
                    Updated::Written(_) => return Ok(Released::Done),
                    Updated::Refused(row) => {
                        let place = codec::place(&row);
                        let state = State::read(&row, &place)?;
                        if state.holder != Some(&lease.token) {
                            return Ok(lost_or_done(&state, lease));
                        }
                    }
                }
                continue;
            };
            let hear = self
                .of_turn(lease, turn)
                .update_expression("SET #turn = :next, #last = :last REMOVE #again")
                .condition_expression(format!("{} AND #again = :asker", of_turn(turn)))
                .expression_attribute_names("#again", AGAIN)
                .expression_attribute_values(":asker", text(asker))
                .expression_attribute_values(":next", number(turn.unwrap_or_default().saturating_add(1)));
            match self.update(hear).await? {
                Updated::Written(_) => return Ok(Released::Again),
                // Asked by another one too, or it was written and the answer lost. In the latter case
                // the mark is gone without the holder having looked.
                Updated::Refused(row) => {
                    let place = codec::place(&row);
                    let state = State::read(&row, &place)?;
                    if state.holder == Some(&lease.token) && state.turn > turn {
                        return Ok(Released::Again);
                    }
                }
            }
        }
        Err(self.unleasable(&lease.account, "others kept asking for it while it was let go"))
    }

    /// The update that takes a lease that is free, has run out, or is ours. A mark stays, and is for
    /// whoever holds the account: at worst one look too many.
    fn taking(&self, account: &AccountId, token: &str, now: Timestamp, until: Timestamp) -> UpdateItemFluentBuilder {
        self.of_account(account)
            .update_expression("SET #kind = :kind, #lease = :token, #until = :until, #last = :last")
            .condition_expression(
                "(attribute_not_exists(#lease) OR #lease = :token OR #until <= :now) AND \
                 (attribute_not_exists(#released) OR #released <> :token)",
            )
            .expression_attribute_names("#kind", KIND)
            .expression_attribute_names("#lease", LEASE)
            .expression_attribute_names("#until", UNTIL)
            .expression_attribute_names("#released", RELEASED)
            .expression_attribute_names("#last", schema::LAST)
            .expression_attribute_values(":kind", text(schema::ACCOUNT_KIND))
            .expression_attribute_values(":token", text(token))
            .expression_attribute_values(":now", number(now.seconds()))
            .expression_attribute_values(":until", number(until.seconds()))
            .expression_attribute_values(":last", text(schema::BY_WORKER))
            .return_values(ReturnValue::AllNew)
    }

    /// An update of a lease's account, to be conditioned by [`of_turn`].
    fn of_turn(&self, lease: &Lease, turn: Option<u64>) -> UpdateItemFluentBuilder {
        let update = self
            .of_account(&lease.account)
            .expression_attribute_names("#lease", LEASE)
            .expression_attribute_names("#turn", TURN)
            .expression_attribute_names("#last", schema::LAST)
            .expression_attribute_values(":token", text(&lease.token))
            .expression_attribute_values(":last", text(schema::BY_WORKER));
        match turn {
            Some(turn) => update.expression_attribute_values(":turn", number(turn)),
            None => update,
        }
    }

    pub(crate) fn of_account(&self, account: &AccountId) -> UpdateItemFluentBuilder {
        self.client.update_item().set_key(Some(schema::account_key(account).attributes()))
    }

    fn unleasable(&self, account: &AccountId, why: &str) -> StoreError {
        StoreError::Call {
            operation: "UpdateItem",
            table: self.name.clone(),
            cause: format!("the lease of account {account} could not be changed: {why}"),
        }
    }
}

/// That a lease is ours, and of a turn.
fn of_turn(turn: Option<u64>) -> &'static str {
    match turn {
        Some(_) => "#lease = :token AND #turn = :turn",
        None => "#lease = :token AND attribute_not_exists(#turn)",
    }
}

/// What letting go came to where the lease is not ours: our own release, whose answer was lost, is none of
/// somebody else's.
fn lost_or_done(state: &State<'_>, lease: &Lease) -> Released {
    if state.released == Some(&lease.token) { Released::Done } else { Released::Lost }
}
