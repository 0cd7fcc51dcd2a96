//! What a failed call means.

use std::error::Error;

use aws_sdk_cognitoidentityprovider::error::{ProvideErrorMetadata, SdkError};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;

use crate::error::UserPoolError;
use crate::pool::PoolId;

/// How much of a message is kept.
const LONGEST: usize = 500;
/// AWS answers these with what it was sent, credentials included.
const TELLTALE: [&str; 3] = ["SignatureDoesNotMatch", "IncompleteSignature", "InvalidSignatureException"];

/// A call, by what its errors are told.
#[derive(Debug, Clone, Copy)]
pub(super) struct Call<'a> {
    /// The operation, as AWS names it.
    pub(super) operation: &'static str,
    pub(super) pool: &'a PoolId,
}

impl Call<'_> {
    /// Cognito answered without something that its reference says is always there.
    pub(super) fn absent(&self, what: &str) -> UserPoolError {
        self.refused(format!("the answer has no {what}"))
    }

    /// The token of the next page, where there is one. The same token again would list for ever; a list
    /// that ends early would pass for the whole.
    pub(super) fn next(&self, last: Option<&str>, next: Option<String>) -> Result<Option<String>, UserPoolError> {
        let next = next.filter(|next| !next.is_empty());
        if next.is_some() && next.as_deref() == last {
            return Err(self.refused("the answer names the same page again".to_owned()));
        }
        Ok(next)
    }

    /// What an error of the SDK means (Cognito API reference, "Common Errors", and the errors of each
    /// operation).
    #[expect(clippy::needless_pass_by_value, reason = "so that it can be given to `map_err`")]
    pub(super) fn failed<E>(&self, error: SdkError<E, HttpResponse>) -> UserPoolError
    where
        E: ProvideErrorMetadata + Error + 'static,
    {
        let (operation, pool) = (self.operation, self.pool.to_string());
        let SdkError::ServiceError(answer) = &error else {
            let cause = chain(&error);
            return match error {
                SdkError::ConstructionFailure(_) => UserPoolError::Refused { operation, pool, cause },
                _ => UserPoolError::Unavailable { operation, pool, cause },
            };
        };
        let code = answer.err().code().unwrap_or_default();
        let status = answer.raw().status().as_u16();
        let cause = told(code, answer.err().message().unwrap_or_default(), status);
        match code {
            "ResourceNotFoundException" => UserPoolError::NotFound { operation, pool },
            "AccessDeniedException"
            | "AccessDenied"
            | "NotAuthorizedException"
            | "NotAuthorized"
            | "UnrecognizedClientException"
            | "InvalidClientTokenId"
            | "MissingAuthenticationTokenException"
            | "ExpiredTokenException"
            | "ExpiredToken" => UserPoolError::Denied { operation, pool, cause },
            "TooManyRequestsException" | "InternalErrorException" => {
                UserPoolError::Unavailable { operation, pool, cause }
            }
            code if code.starts_with("Throttl") => UserPoolError::Unavailable { operation, pool, cause },
            _ if status == 429 || status >= 500 => UserPoolError::Unavailable { operation, pool, cause },
            _ => UserPoolError::Refused { operation, pool, cause },
        }
    }

    fn refused(&self, cause: String) -> UserPoolError {
        UserPoolError::Refused { operation: self.operation, pool: self.pool.to_string(), cause }
    }
}

/// What AWS said, for people.
fn told(code: &str, message: &str, status: u16) -> String {
    match (code, message) {
        ("", _) => format!("HTTP status {status} without an error code"),
        (_, "") => code.to_owned(),
        _ if TELLTALE.contains(&code) => code.to_owned(),
        _ => {
            let mut text: String = message.chars().take(LONGEST).collect();
            if text.len() < message.len() {
                text.push_str(" … (cut)");
            }
            format!("{code}: {text}")
        }
    }
}

/// An error with its causes. None of them shows a request or its headers.
fn chain(error: &dyn Error) -> String {
    let causes = std::iter::successors(Some(error), |&error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}
