//! The function's own role, which is never written: a trust policy that shuts Lambda out would end the
//! function for good.

use aws_sdk_sts::Client;
use signet_sync::cause::cause;

/// The own role is not known, and so nothing may be written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OwnRoleError {
    /// STS does not say who we are.
    #[error("the function's own role is not known, and without it no role is written: GetCallerIdentity: {0}")]
    Call(String),
    /// What STS says is no ARN of an identity.
    #[error("the function's own role is not known, and without it no role is written: `{0}` is no caller's ARN")]
    Unknown(String),
}

/// Asks STS under which role this function runs, which needs no permission. Gives the role's name, since
/// the ARN of a session has no path, and names are unique in an account whatever their path; none if the
/// credentials are of no role.
///
/// # Errors
/// [`OwnRoleError`].
pub async fn role_name(client: &Client) -> Result<Option<String>, OwnRoleError> {
    let answer = client.get_caller_identity().send().await;
    let answer = answer.map_err(|error| OwnRoleError::Call(cause(&error)))?;
    name_of(answer.arn().unwrap_or_default())
}

/// The role's name in the ARN of a caller (IAM user guide, "Unique identifiers").
fn name_of(arn: &str) -> Result<Option<String>, OwnRoleError> {
    let unknown = || OwnRoleError::Unknown(arn.to_owned());
    let parts: Vec<&str> = arn.splitn(6, ':').collect();
    let ["arn", _, "sts" | "iam", _, _, resource] = parts.as_slice() else { return Err(unknown()) };
    match resource.split_once('/') {
        Some(("assumed-role", rest)) => match rest.split_once('/') {
            Some((name, session)) if !name.is_empty() && !session.is_empty() => Ok(Some(name.to_owned())),
            _ => Err(unknown()),
        },
        Some(("user" | "federated-user", _)) => Ok(None),
        None if *resource == "root" => Ok(None),
        _ => Err(unknown()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_caller_is_a_role_or_none() {
        let role = "arn:aws:sts::111122223333:assumed-role/signet-trust-sync/signet-trust-sync";
        assert_eq!(name_of(role), Ok(Some("signet-trust-sync".to_owned())));
        for none in [
            "arn:aws:iam::111122223333:user/local",
            "arn:aws:sts::111122223333:federated-user/x",
            "arn:aws:iam::111122223333:root",
        ] {
            assert_eq!(name_of(none), Ok(None), "{none}");
        }
        for unknown in [
            "",
            "signet",
            "arn:aws:sts::111122223333:assumed-role/signet",
            "arn:aws:sts::111122223333:assumed-role//x",
            "arn:aws:iam::111122223333:role/x",
            "arn:aws:s3:::bucket",
        ] {
            assert!(name_of(unknown).is_err(), "{unknown}");
        }
    }
}
