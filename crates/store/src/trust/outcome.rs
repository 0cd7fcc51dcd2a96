//! What became of a role or an account, noted on condition of the lease.

use std::collections::HashMap;

use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::types::builders::{ConditionCheckBuilder, UpdateBuilder};
use aws_sdk_dynamodb::types::{
    AttributeValue, ConditionCheck, ReturnValuesOnConditionCheckFailure, TransactWriteItem, Update,
};
use signet_core::grant::Timestamp;
use signet_core::role::RoleArn;

use crate::Table;
use crate::apply::transact::{Outcome, Updated};
use crate::codec::{self, Attributes, number, text, texts};
use crate::error::StoreError;
use crate::schema::{self, KIND};
use crate::trust::account::Written;
use crate::trust::lease::{LEASE, Lease};

/// What an attempt at a role came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoleOutcome {
    /// The role's `wanted` that the attempt saw.
    pub wanted: u64,
    /// The account's `wanted` that the attempt saw.
    pub account_wanted: u64,
    /// Whether the role is as wanted.
    pub is_applied: bool,
    /// In a word.
    pub outcome: String,
    /// The same for people; none where all went well.
    pub why: Option<String>,
    /// How many attempts failed one after the other, this one included.
    pub failures: u32,
    /// When the role is due again by itself.
    pub next: Option<Timestamp>,
    /// The document that the role has now; none where that is not known, and what was noted stays.
    pub written: Option<Written>,
}

/// What attending to an account came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountOutcome {
    /// The account's `wanted` that was attended to; none if it was not, and is due still.
    pub applied: Option<u64>,
    /// What is wrong with the account or its providers, for people.
    pub why: Option<String>,
    /// The first moment at which something of the account is due by itself.
    pub next: Option<Timestamp>,
}

/// What became of noting an outcome.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Noted {
    /// It is noted, and nothing was raised in between.
    Done,
    /// Nothing was noted: more is wanted since, and the role is to be attended to again.
    Raised,
    /// Nothing was noted: more is wanted of the whole account since. [`Table::mark_role`] alone says so.
    AccountRaised,
    /// Nothing was noted: the lease is not ours any more.
    Lost,
}

impl Table {
    /// Notes what an attempt at a role came to: one transaction, on condition that the lease is ours and
    /// that the role's `wanted` is the one that the attempt saw.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn note_role(&self, lease: &Lease, role: &RoleArn, outcome: &RoleOutcome) -> Result<Noted, StoreError> {
        let ours = self.is_leased(lease).condition_expression(LEASED);
        self.note_role_if(ours, lease, role, outcome).await
    }

    /// The same before a write of IAM, on condition as well that the account's `wanted` is the one that the
    /// attempt saw: what it goes by, apps and their providers, may have been withdrawn since.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn mark_role(&self, lease: &Lease, role: &RoleArn, outcome: &RoleOutcome) -> Result<Noted, StoreError> {
        let ours = self
            .is_leased(lease)
            .condition_expression(format!("{LEASED} AND (attribute_not_exists(#wanted) OR #wanted <= :seen)"))
            .expression_attribute_names("#wanted", schema::WANTED)
            .expression_attribute_values(":seen", number(outcome.account_wanted));
        self.note_role_if(ours, lease, role, outcome).await
    }

    fn is_leased(&self, lease: &Lease) -> ConditionCheckBuilder {
        ConditionCheck::builder()
            .table_name(&self.name)
            .set_key(Some(schema::account_key(&lease.account).attributes()))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .expression_attribute_names("#lease", LEASE)
            .expression_attribute_values(":token", text(&lease.token))
    }

    async fn note_role_if(
        &self,
        ours: ConditionCheckBuilder,
        lease: &Lease,
        role: &RoleArn,
        outcome: &RoleOutcome,
    ) -> Result<Noted, StoreError> {
        let ours = TransactWriteItem::builder().condition_check(self.built(ours.build())?).build();
        let note = role_note(lease, outcome).update(Update::builder().table_name(&self.name));
        // No condition can be stated of a number that is not there.
        let as_seen = if outcome.wanted == 0 {
            "(attribute_not_exists(#wanted) OR #wanted = :wanted)"
        } else {
            "#wanted = :wanted"
        };
        let note = note
            .set_key(Some(schema::role_state_key(role).attributes()))
            .condition_expression(as_seen)
            .expression_attribute_names("#wanted", schema::WANTED)
            .expression_attribute_values(":wanted", number(outcome.wanted));
        let note = TransactWriteItem::builder().update(self.built(note.build())?).build();
        match self.transact(vec![ours, note]).await? {
            Outcome::Written => Ok(Noted::Done),
            Outcome::Refused(refused) => match refused.into_iter().find(|(place, _)| *place == 0) {
                None => Ok(Noted::Raised),
                Some((_, row)) => {
                    let row = row.unwrap_or_default();
                    let place = codec::place(&row);
                    let is_ours = Attributes::new(&row, &place).text_or_none(LEASE)? == Some(&lease.token);
                    Ok(if is_ours { Noted::AccountRaised } else { Noted::Lost })
                }
            },
        }
    }

    /// Notes what attending to an account came to, on condition that the lease is ours. `Raised` if
    /// `applied` is less than the account's `wanted` by now (what else was stated is noted).
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn note_account(&self, lease: &Lease, outcome: &AccountOutcome) -> Result<Noted, StoreError> {
        let mut is_all = outcome.applied.is_some();
        loop {
            let mut note = Note::default();
            note.or_remove("why", outcome.why.as_ref().map(text));
            note.or_remove("next", outcome.next.map(|next| number(next.seconds())));
            if let Some(applied) = outcome.applied {
                note.set("applied", number(applied));
            }
            let mut condition = "#lease = :token".to_owned();
            if is_all {
                note.or_remove(schema::SINCE, None);
                condition.push_str(" AND (attribute_not_exists(#wanted) OR #wanted <= :applied)");
            }
            let update = note.fluent(self.of_account(&lease.account));
            let mut update = update
                .condition_expression(condition)
                .expression_attribute_names("#lease", LEASE)
                .expression_attribute_values(":token", text(&lease.token));
            if is_all {
                update = update.expression_attribute_names("#wanted", schema::WANTED);
            }
            match self.update(update).await? {
                Updated::Written(_) if is_all || outcome.applied.is_none() => return Ok(Noted::Done),
                Updated::Written(_) => return Ok(Noted::Raised),
                Updated::Refused(row) => {
                    let place = codec::place(&row);
                    if Attributes::new(&row, &place).text_or_none(LEASE)? != Some(&lease.token) {
                        return Ok(Noted::Lost);
                    }
                    // More is wanted since: what was wanted then is noted, and not that it was all.
                    is_all = false;
                }
            }
        }
    }
}

/// That the lease is ours.
const LEASED: &str = "#lease = :token";

fn role_note(lease: &Lease, outcome: &RoleOutcome) -> Note {
    let mut note = Note::default();
    note.set(KIND, text(schema::ROLE_KIND));
    note.set("tried", number(outcome.wanted));
    note.set("tried_account", number(outcome.account_wanted));
    note.set("outcome", text(&outcome.outcome));
    note.set("failures", number(outcome.failures));
    note.or_remove("why", outcome.why.as_ref().map(text));
    note.or_remove("next", outcome.next.map(|next| number(next.seconds())));
    if outcome.is_applied {
        note.set("applied", number(outcome.wanted));
        note.set("applied_account", number(outcome.account_wanted));
        note.or_remove(schema::SINCE, None);
    } else {
        // The account's own row does not say it any more once the account was attended to.
        note.set_first(schema::SINCE, number(lease.since.seconds()));
    }
    if let Some(written) = &outcome.written {
        let Written { digest, codes, at, length } = written;
        let codes = codes.iter().map(|(app, codes)| (app.to_string(), texts(codes))).collect();
        note.set("digest", text(codec::hex(digest)));
        note.set("codes", AttributeValue::M(codes));
        note.set("length", number(*length));
        note.or_remove("written_at", at.map(|at| number(at.seconds())));
    }
    note
}

/// The clauses of an update by a worker.
struct Note {
    set: Vec<String>,
    remove: Vec<String>,
    names: HashMap<String, String>,
    values: HashMap<String, AttributeValue>,
}

impl Default for Note {
    fn default() -> Self {
        let mut note = Self { set: Vec::new(), remove: Vec::new(), names: HashMap::new(), values: HashMap::new() };
        note.set(schema::LAST, text(schema::BY_WORKER));
        note
    }
}

impl Note {
    fn set(&mut self, name: &str, value: AttributeValue) {
        self.set.push(format!("#{name} = :{name}"));
        self.values.insert(format!(":{name}"), value);
        self.names.insert(format!("#{name}"), name.to_owned());
    }

    /// Sets what is not there yet.
    fn set_first(&mut self, name: &str, value: AttributeValue) {
        self.set.push(format!("#{name} = if_not_exists(#{name}, :{name})"));
        self.values.insert(format!(":{name}"), value);
        self.names.insert(format!("#{name}"), name.to_owned());
    }

    fn or_remove(&mut self, name: &str, value: Option<AttributeValue>) {
        if let Some(value) = value {
            return self.set(name, value);
        }
        self.remove.push(format!("#{name}"));
        self.names.insert(format!("#{name}"), name.to_owned());
    }

    fn expression(&self) -> String {
        let set = format!("SET {}", self.set.join(", "));
        if self.remove.is_empty() { set } else { format!("{set} REMOVE {}", self.remove.join(", ")) }
    }

    fn update(self, update: UpdateBuilder) -> UpdateBuilder {
        update
            .update_expression(self.expression())
            .set_expression_attribute_names(Some(self.names))
            .set_expression_attribute_values(Some(self.values))
    }

    fn fluent(self, update: UpdateItemFluentBuilder) -> UpdateItemFluentBuilder {
        update
            .update_expression(self.expression())
            .set_expression_attribute_names(Some(self.names))
            .set_expression_attribute_values(Some(self.values))
    }
}
