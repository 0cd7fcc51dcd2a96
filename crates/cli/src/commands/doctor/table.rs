//! The table from outside, and what an answer of DynamoDB tells of the clock.

use std::sync::{Arc, Mutex, PoisonError};

use aws_sdk_dynamodb::config::interceptors::{
    BeforeDeserializationInterceptorContextRef, BeforeTransmitInterceptorContextRef,
};
use aws_sdk_dynamodb::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_dynamodb::error::BoxError;
use aws_sdk_dynamodb::types::{IndexStatus, KeyType, PointInTimeRecoveryStatus, TableDescription, TableStatus};
use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;
use signet_core::grant::Timestamp;
use signet_store::error::cause;
use signet_store::{StoreError, Table};

use crate::connect::Reached;
use crate::doctor::table::{self, Shape};
use crate::doctor::{Check, environment, fault};

/// What was found, and what else can be read.
pub(super) struct Looked {
    /// What was found.
    pub(super) checks: Vec<Check>,
    /// Whether the table's settings were read, so that its items are.
    pub(super) is_readable: bool,
    /// Whether it has the index that lists apps and sources, as far as that is known.
    pub(super) has_index: bool,
}

/// Looks at the table, at the credentials, and at the clock.
pub(super) async fn look(reached: &Reached, clock: fn() -> Timestamp) -> Looked {
    let Reached { client, name, .. } = reached;
    let unread = |checks| Looked { checks, is_readable: false, has_index: false };
    let id = match reached.credentials().await {
        Ok(id) => id,
        Err(cause) => {
            let used = environment::used(name, reached.region(), None);
            return unread(vec![used, environment::credentials(Err(&cause))]);
        }
    };
    let seen = Seen { clock, told: Arc::default() };
    let described = client.describe_table().table_name(name).customize().interceptor(seen.clone()).send().await;
    let described = described.map_err(|error| StoreError::of_call("DescribeTable", name, &error));
    let shape = described.map(|answer| answer.table.as_ref().map(shape_of).unwrap_or_default());
    let Told { address, ahead } = seen.told();
    let mut checks = vec![environment::used(name, reached.region(), address.as_deref())];
    if let Some(error) = shape.as_ref().err().filter(|error| fault::is_of_credentials(error)) {
        checks.extend([environment::not_taken(&id, error), environment::clock(ahead)]);
        return unread(checks);
    }
    checks.extend([environment::credentials(Ok(&id)), environment::clock(ahead)]);
    checks.extend(table::shape(name, shape.as_ref()));
    // What every further call would meet is told once.
    if shape.as_ref().is_err_and(|error| !fault::is_refused(error)) {
        return unread(checks);
    }
    let backups = client.describe_continuous_backups().table_name(name).send().await;
    let is_on = backups.map_err(|error| cause(&error)).map(|answer| {
        let recovery = answer.continuous_backups_description.and_then(|found| found.point_in_time_recovery_description);
        recovery.and_then(|found| found.point_in_time_recovery_status) == Some(PointInTimeRecoveryStatus::Enabled)
    });
    checks.push(table::recovery(name, is_on.as_ref().copied().map_err(String::as_str)));
    let meta = Table::new(client.clone(), name).warm().await;
    checks.push(table::meta(name, meta.as_ref()));
    checks.push(environment::not_tried(name));
    let has_index = shape.as_ref().map_or(true, Shape::has_index);
    Looked { checks, is_readable: meta.is_ok(), has_index }
}

fn shape_of(table: &TableDescription) -> Shape {
    let mut keys: Vec<_> = table.key_schema().iter().collect();
    keys.sort_by_key(|key| key.key_type != KeyType::Hash);
    let index = |index: &aws_sdk_dynamodb::types::GlobalSecondaryIndexDescription| {
        let name = index.index_name.clone().unwrap_or_default();
        // Local stand-ins say nothing of an index that is there.
        (name, index.index_status.as_ref().is_none_or(|status| *status == IndexStatus::Active))
    };
    let stream = table.stream_specification.as_ref().filter(|stream| stream.stream_enabled);
    Shape {
        // A table that is being changed takes reads and writes all the same.
        is_active: matches!(table.table_status, Some(TableStatus::Active | TableStatus::Updating)),
        keys: keys.into_iter().map(|key| key.attribute_name.clone()).collect(),
        indexes: table.global_secondary_indexes().iter().map(index).collect(),
        stream: stream.map(|stream| stream.stream_view_type.as_ref().map_or("-", |view| view.as_str()).to_owned()),
        is_protected: table.deletion_protection_enabled.unwrap_or_default(),
    }
}

/// What a call tells beside its answer.
#[derive(Debug, Clone, Default)]
struct Told {
    /// Where it was sent.
    address: Option<String>,
    /// How many seconds the clock was ahead of the answer's time; none where no answer told the time.
    ahead: Option<i64>,
}

/// Notes where a call goes, and compares the time of its answer with the clock at its arrival.
#[derive(Debug, Clone)]
struct Seen {
    clock: fn() -> Timestamp,
    told: Arc<Mutex<Told>>,
}

impl Seen {
    fn told(&self) -> Told {
        self.told.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn note(&self, note: impl FnOnce(&mut Told)) {
        note(&mut self.told.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

impl Intercept for Seen {
    fn name(&self) -> &'static str {
        "Seen"
    }

    fn read_before_transmit(
        &self,
        context: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let address = context.request().uri().trim_end_matches('/').to_owned();
        self.note(|told| told.address = Some(address));
        Ok(())
    }

    fn read_before_deserialization(
        &self,
        context: &BeforeDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let date = context.response().headers().get("date");
        if let Some(date) = date.and_then(|date| DateTime::from_str(date, Format::HttpDate).ok()) {
            let ahead = (self.clock)().seconds().saturating_sub(date.secs());
            self.note(|told| told.ahead = Some(ahead));
        }
        Ok(())
    }
}
