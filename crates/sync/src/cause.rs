//! What a service said when it refused, in a sentence.

use std::error::Error;
use std::fmt::Debug;

use aws_sdk_sns::error::{ProvideErrorMetadata, SdkError};

/// What the service said, with its code; or else the chain of causes, down to the connection's.
pub fn cause<E, R>(error: &SdkError<E, R>) -> String
where
    E: Error + ProvideErrorMetadata + 'static,
    R: Debug,
{
    if let Some(code) = error.code() {
        return format!("{code}: {}", error.message().unwrap_or("no further message"));
    }
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(error) = next {
        text = format!("{text}: {error}");
        next = error.source();
    }
    text
}
