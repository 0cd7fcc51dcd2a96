//! What a failed call means.

use std::error::Error;

use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_iam::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_sts::operation::assume_role::AssumeRoleError;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;

use super::entry::Entry;
use crate::api::Account;
use crate::error::IamError;

/// How much of a message is kept: some of AWS's repeat the whole document.
const LONGEST: usize = 500;
/// AWS answers these with what it was sent, credentials included.
const TELLTALE: [&str; 2] = ["SignatureDoesNotMatch", "IncompleteSignature"];

/// A call, by what its errors are told.
#[derive(Debug, Clone, Copy)]
pub(super) struct Call<'a> {
    /// The operation, as AWS names it.
    pub(super) operation: &'static str,
    pub(super) account: &'a Account,
    /// The role or provider that it is about.
    pub(super) what: &'a str,
    pub(super) entry: &'a Entry,
}

/// What AWS answered: its error code and message, and the HTTP status.
struct Answer<'a> {
    code: &'a str,
    message: &'a str,
    status: u16,
}

impl Call<'_> {
    /// A refusal of our own.
    pub(super) fn refused(&self, cause: String) -> IamError {
        IamError::Refused { operation: self.operation, account: self.number(), cause }
    }

    /// What an error of the SDK means.
    #[expect(clippy::needless_pass_by_value, reason = "so that it can be given to `map_err`")]
    pub(super) fn failed<E>(&self, error: SdkError<E, HttpResponse>) -> IamError
    where
        E: ProvideErrorMetadata + Error + 'static,
    {
        if let Some(answer) = Answer::of(&error) {
            return self.answered(&answer);
        }
        let causes = || std::iter::successors(error.source(), |&cause| cause.source());
        // The account's credentials are fetched within the call, and their failure is wrapped in it.
        let assuming = causes().find_map(|cause| cause.downcast_ref::<SdkError<AssumeRoleError, HttpResponse>>());
        if let Some(assuming) = assuming {
            let call = Call { operation: "AssumeRole", ..*self };
            let role = self.entry.member_role_arn(self.account).unwrap_or_default();
            if let Some(answer) = Answer::of(assuming) {
                return call.entered(&answer, &role);
            }
        }
        let operation = if assuming.is_some() { "AssumeRole" } else { self.operation };
        let cause = chain(&error);
        // Credentials that are not configured stay so; all else may be a bad moment of the network's.
        let unset = causes().filter_map(|cause| cause.downcast_ref::<CredentialsError>()).any(|cause| {
            matches!(cause, CredentialsError::CredentialsNotLoaded(_) | CredentialsError::InvalidConfiguration(_))
        });
        match error {
            _ if unset => IamError::Refused { operation, account: self.number(), cause },
            SdkError::ConstructionFailure(_) => IamError::Refused { operation, account: self.number(), cause },
            _ => IamError::Unavailable { operation, account: self.number(), cause },
        }
    }

    /// What STS's answer means when the member role was to be assumed.
    fn entered(&self, answer: &Answer<'_>, role: &str) -> IamError {
        let error = self.answered(answer);
        let cause = format!("AssumeRole of `{role}`: {}", answer.text());
        let (operation, account) = (self.operation, self.number());
        match error {
            IamError::Denied { .. } => IamError::Denied { operation, account, cause },
            IamError::Throttled { .. } => IamError::Throttled { operation, account, cause },
            IamError::Unavailable { .. } => IamError::Unavailable { operation, account, cause },
            // Whatever else STS has against it, it is not about the role or provider of the call.
            _ => IamError::Refused { operation, account, cause },
        }
    }

    /// What AWS's answer means (IAM API reference, "Common Errors", and the errors of each operation).
    fn answered(&self, answer: &Answer<'_>) -> IamError {
        let (operation, account, cause) = (self.operation, self.number(), answer.text());
        match answer.code {
            "NoSuchEntity" => IamError::NotFound { operation, account, what: self.what.to_owned() },
            "AccessDenied"
            | "AccessDeniedException"
            | "UnrecognizedClientException"
            | "UnrecognizedClient"
            | "ExpiredToken"
            | "ExpiredTokenException"
            | "InvalidClientTokenId" => IamError::Denied { operation, account, cause },
            "TooManyRequests" | "TooManyRequestsException" | "RequestLimitExceeded" => {
                IamError::Throttled { operation, account, cause }
            }
            code if code.starts_with("Throttl") => IamError::Throttled { operation, account, cause },
            "LimitExceeded" | "LimitExceededException" => IamError::LimitExceeded { operation, account, cause },
            "MalformedPolicyDocument" | "InvalidInput" => IamError::Malformed { operation, account, cause },
            "ConcurrentModification" | "EntityAlreadyExists" => IamError::Conflict { operation, account, cause },
            "ServiceFailure" => IamError::Unavailable { operation, account, cause },
            _ if answer.status == 429 => IamError::Throttled { operation, account, cause },
            _ if answer.status >= 500 => IamError::Unavailable { operation, account, cause },
            _ => IamError::Refused { operation, account, cause },
        }
    }

    fn number(&self) -> String {
        self.account.id.as_str().to_owned()
    }
}

impl<'a> Answer<'a> {
    fn of<E: ProvideErrorMetadata>(error: &'a SdkError<E, HttpResponse>) -> Option<Self> {
        let SdkError::ServiceError(answer) = error else { return None };
        Some(Self {
            code: answer.err().code().unwrap_or_default(),
            message: answer.err().message().unwrap_or_default(),
            status: answer.raw().status().as_u16(),
        })
    }

    fn text(&self) -> String {
        let Self { code, message, status } = *self;
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
}

/// An error with its causes. None of them shows a request or its headers.
pub(super) fn chain(error: &dyn Error) -> String {
    let causes = std::iter::successors(Some(error), |&error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}
