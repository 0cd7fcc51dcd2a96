//! What can go wrong between here and the table.

use std::error::Error;

use aws_sdk_dynamodb::config::http::HttpResponse;
use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};

/// A call to the table failed, or its answer cannot be trusted.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The table is not there.
    #[error("table `{table}` does not exist in this account and region: create it, or correct the table's name")]
    NoTable {
        /// The table's name.
        table: String,
    },
    /// DynamoDB refused the call for its rate.
    #[error("{operation} on table `{table}` was throttled: {cause}")]
    Throttled {
        /// The call.
        operation: &'static str,
        /// The table's name.
        table: String,
        /// What DynamoDB said.
        cause: String,
    },
    /// The call was not answered in time.
    #[error("{operation} on table `{table}` was not answered in time: {cause}")]
    TimedOut {
        /// The call.
        operation: &'static str,
        /// The table's name.
        table: String,
        /// What ran out.
        cause: String,
    },
    /// DynamoDB answered only part of a batch, again and again.
    #[error("{operation} on table `{table}` was answered in part only: {left} keys are missing after {tries} tries")]
    Partial {
        /// The call.
        operation: &'static str,
        /// The table's name.
        table: String,
        /// How many keys are missing.
        left: usize,
        /// How often they were asked for.
        tries: usize,
    },
    /// Any other failure of a call.
    #[error("{operation} on table `{table}` failed: {cause}")]
    Call {
        /// The call.
        operation: &'static str,
        /// The table's name.
        table: String,
        /// What DynamoDB or the connection said.
        cause: String,
    },
    /// The table has no `META` item.
    #[error(
        "table `{table}` has no `META` item: it is not an entitlement table, or was not set up by `signet table create`"
    )]
    NoMeta {
        /// The table's name.
        table: String,
    },
    /// The table was set up with another code width.
    #[error(
        "table `{table}` has codes of {found} characters and {wanted} are wanted: a table's code width never changes"
    )]
    OtherWidth {
        /// The table's name.
        table: String,
        /// The table's width.
        found: usize,
        /// The width that was asked for.
        wanted: usize,
    },
    /// The table is of another layout: another version of Signet wrote it.
    #[error("the table has layout {found}, and this version reads layout {expected}")]
    OtherLayout {
        /// The table's layout.
        found: u32,
        /// This version's layout.
        expected: u32,
    },
    /// An item does not have the layout.
    #[error(transparent)]
    Corrupt(#[from] Corrupt),
}

/// An item that does not have the table's layout: something other than Signet wrote it, or a newer
/// version did.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("item `{item}` does not have the table's layout: {what}")]
pub struct Corrupt {
    /// The item's keys, `pk / sk`.
    pub item: String,
    /// What is wrong with it.
    pub what: String,
}

impl StoreError {
    /// The kind of failure, as metrics and logs write it.
    #[must_use]
    pub fn reason(&self) -> &'static str {
        match self {
            Self::NoTable { .. } => "table_missing",
            Self::Throttled { .. } => "table_throttled",
            Self::TimedOut { .. } => "table_timeout",
            Self::Partial { .. } => "table_partial",
            Self::Call { .. } => "table_error",
            Self::NoMeta { .. } => "meta_missing",
            Self::OtherWidth { .. } => "meta_width",
            Self::OtherLayout { .. } => "meta_unfit",
            Self::Corrupt(_) => "table_corrupt",
        }
    }

    /// Sorts a failed call of DynamoDB.
    pub fn of_call<E>(operation: &'static str, table: &str, error: &SdkError<E, HttpResponse>) -> Self
    where
        E: Error + ProvideErrorMetadata + 'static,
    {
        let table = table.to_owned();
        let code = error.as_service_error().and_then(ProvideErrorMetadata::code).map(str::to_owned);
        let timed_out = matches!(error, SdkError::TimeoutError(_))
            || matches!(error, SdkError::DispatchFailure(failure) if failure.is_timeout());
        let cause = cause(error);
        match code.as_deref() {
            Some("ResourceNotFoundException") => Self::NoTable { table },
            Some("ThrottlingException" | "ProvisionedThroughputExceededException" | "RequestLimitExceeded") => {
                Self::Throttled { operation, table, cause }
            }
            _ if timed_out => Self::TimedOut { operation, table, cause },
            _ => Self::Call { operation, table, cause },
        }
    }
}

/// What an AWS service said of a failed call, with its code; or else the HTTP status, if there is
/// one, and the chain of causes, down to the connection's.
#[must_use]
pub fn cause<E>(error: &SdkError<E, HttpResponse>) -> String
where
    E: Error + ProvideErrorMetadata + 'static,
{
    if let Some(code) = error.as_service_error().and_then(ProvideErrorMetadata::code) {
        let message = error.as_service_error().and_then(ProvideErrorMetadata::message);
        return format!("{code}: {}", message.unwrap_or("no further message"));
    }
    let causes = match error {
        SdkError::ServiceError(service) => chain(service.err().to_string(), service.err().source()),
        other => chain(other.to_string(), Error::source(other)),
    };
    match error.raw_response() {
        Some(response) => format!("HTTP status {}: {causes}", response.status().as_u16()),
        None => causes,
    }
}

fn chain(first: String, mut next: Option<&(dyn Error + 'static)>) -> String {
    let mut text = first;
    while let Some(error) = next {
        let more = error.to_string();
        // Wrappers often repeat what they wrap.
        if !text.contains(&more) {
            text.push_str(": ");
            text.push_str(&more);
        }
        next = error.source();
    }
    text
}
