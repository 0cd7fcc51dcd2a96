//! The table from outside, and what an answer of DynamoDB tells of the clock.

use std::sync::{Arc, Mutex, PoisonError};

use aws_sdk_dynamodb::config::interceptors::BeforeDeserializationInterceptorContextRef;
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
use crate::doctor::{Check, environment};

/// Looks at the table, at the credentials, and at the clock.
pub(super) async fn checks(reached: &Reached, clock: fn() -> Timestamp) -> Vec<Check> {
    let Reached { client, name, .. } = reached;
    let credentials = reached.credentials().await;
    let mut checks = vec![environment::credentials(credentials.as_deref().map_err(String::as_str))];
    if credentials.is_err() {
        return checks;
    }
    let dates = Dates { clock, ahead: Arc::default() };
    let described = client.describe_table().table_name(name).customize().interceptor(dates.clone()).send().await;
    let described = described.map_err(|error| StoreError::of_call("DescribeTable", name, &error));
    let shape = described.map(|answer| answer.table.as_ref().map(shape_of).unwrap_or_default());
    checks.push(environment::clock(dates.ahead()));
    checks.extend(table::shape(name, shape.as_ref()));
    if shape.as_ref().is_err_and(|error| matches!(error, StoreError::NoTable { .. })) {
        return checks;
    }
    let backups = client.describe_continuous_backups().table_name(name).send().await;
    let is_on = backups.map_err(|error| cause(&error)).map(|answer| {
        let recovery = answer.continuous_backups_description.and_then(|found| found.point_in_time_recovery_description);
        recovery.and_then(|found| found.point_in_time_recovery_status) == Some(PointInTimeRecoveryStatus::Enabled)
    });
    checks.push(table::recovery(name, is_on.as_ref().copied().map_err(String::as_str)));
    let meta = Table::new(client.clone(), name).warm().await;
    checks.push(table::meta(name, meta.as_ref()));
    checks
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

/// Compares the time of an answer with the clock at its arrival.
#[derive(Debug, Clone)]
struct Dates {
    clock: fn() -> Timestamp,
    ahead: Arc<Mutex<Option<i64>>>,
}

impl Dates {
    /// How many seconds the clock is ahead; none where no answer told the time.
    fn ahead(&self) -> Option<i64> {
        *self.ahead.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Intercept for Dates {
    fn name(&self) -> &'static str {
        "Dates"
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
            *self.ahead.lock().unwrap_or_else(PoisonError::into_inner) = Some(ahead);
        }
        Ok(())
    }
}
