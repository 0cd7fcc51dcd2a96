//! The role that this process runs as.

use aws_sdk_iam::error::{ProvideErrorMetadata as _, SdkError};
use aws_sdk_sts::Client;

/// The role of this process could not be found out.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OwnRoleError {
    /// STS gave no answer, or a refusal.
    #[error("GetCallerIdentity, for the role of this process, failed: {0}")]
    Call(String),
    /// The answer is no ARN of an identity.
    #[error("GetCallerIdentity, for the role of this process, gave `{0}`, which is no ARN of a user or role")]
    Arn(String),
}

/// The name, without a path, of the role whose session this client's credentials are; none if they are
/// a user's. The ARN of a session has no path, and a role's name is unique in its account whatever its
/// path. Asks STS, which needs no permission.
///
/// # Errors
/// STS does not answer, or not with an ARN that tells. Then nothing must be written: it might be the role
/// itself.
pub async fn own_role(client: &Client) -> Result<Option<String>, OwnRoleError> {
    let answer = client.get_caller_identity().send().await;
    let answer = answer.map_err(|error| {
        OwnRoleError::Call(match &error {
            SdkError::ServiceError(answer) => answer.err().code().unwrap_or("no error code").to_owned(),
            other => super::fault::chain(other),
        })
    })?;
    let arn = answer.arn.unwrap_or_default();
    role_of(&arn).map_err(|()| OwnRoleError::Arn(arn.clone()))
}

/// The role's name in a caller's ARN: `arn:PARTITION:sts::ACCOUNT:assumed-role/NAME/SESSION` (IAM user
/// guide, "IAM identifiers").
fn role_of(arn: &str) -> Result<Option<String>, ()> {
    let mut parts = arn.splitn(6, ':');
    let (Some("arn"), Some(_), Some("iam" | "sts"), Some(""), Some(_), Some(identity)) =
        (parts.next(), parts.next(), parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Err(());
    };
    let mut words = identity.split('/');
    match (words.next(), words.next(), words.next()) {
        (Some("assumed-role"), Some(name), Some(session)) if !name.is_empty() && !session.is_empty() => {
            Ok(Some(name.to_owned()))
        }
        (Some("user" | "federated-user"), Some(_), _) | (Some("root"), None, None) => Ok(None),
        _ => Err(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_session_has_a_role() {
        for (arn, expected) in [
            ("arn:aws:sts::111122223333:assumed-role/signet-trust-sync/session", Ok(Some("signet-trust-sync"))),
            ("arn:aws-cn:sts::111122223333:assumed-role/x/y", Ok(Some("x"))),
            ("arn:aws:iam::111122223333:user/somebody", Ok(None)),
            ("arn:aws:sts::111122223333:federated-user/somebody", Ok(None)),
            ("arn:aws:iam::111122223333:root", Ok(None)),
            ("arn:aws:sts::111122223333:assumed-role/x", Err(())),
            ("arn:aws:sts::111122223333:assumed-role//y", Err(())),
            ("arn:aws:iam::111122223333:role/x", Err(())),
            ("arn:aws:s3:::bucket", Err(())),
            ("", Err(())),
        ] {
            assert_eq!(role_of(arn), expected.map(|name| name.map(str::to_owned)), "{arn}");
        }
    }
}
