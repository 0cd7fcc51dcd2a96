//! Whether a request is Okta's.

use signet_okta::auth::{AuthError, HeaderSecrets};
use signet_okta::json::Json;

use crate::payload::Payload;

/// The header that carries the secret.
const HEADER: &str = "Authorization";

/// How requests are authenticated.
#[derive(Debug, Clone)]
pub enum Auth {
    /// By a secret in the `Authorization` header, compared by digest in constant time.
    Header(HeaderSecrets),
    /// By the JWT authorizer of the HTTP API in front. The function itself requires the claims
    /// that the authorizer has verified, so that an API without authorizer lets nobody in. It
    /// never reads the token.
    Jwt,
    /// By Lambda: only whom the function's resource policy names can invoke it, and it has no address of
    /// its own. A request over HTTP is not authenticated by this, and refused.
    Invoker,
}

/// Why a request is not Okta's: answer HTTP 401. No text says anything about the secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unauthenticated {
    /// The secret's header is missing, doubled or wrong.
    #[error(transparent)]
    Header(#[from] AuthError),
    /// No authorizer has verified a token.
    #[error("no verified token came with the request: put a JWT authorizer in front of the route")]
    NoClaims,
    /// The verified token names no issuer.
    #[error("the verified token has no issuer")]
    NoIssuer,
    /// The function answers no HTTP.
    #[error("this function answers no request over HTTP")]
    NoHttp,
}

impl Unauthenticated {
    /// The reason as logs and metrics write it.
    #[must_use]
    pub fn reason(self) -> &'static str {
        match self {
            Self::Header(AuthError::Missing) => "auth_missing",
            Self::Header(AuthError::Doubled) => "auth_doubled",
            Self::Header(AuthError::Mismatch) => "auth_mismatch",
            Self::NoClaims => "jwt_missing",
            Self::NoIssuer => "jwt_issuer",
            Self::NoHttp => "no_http",
        }
    }
}

impl Auth {
    /// Checks a request.
    ///
    /// # Errors
    /// [`Unauthenticated`].
    pub fn check(&self, payload: &Payload) -> Result<(), Unauthenticated> {
        match self {
            Self::Header(secrets) => Ok(secrets.verify(&payload.header(HEADER))?),
            Self::Invoker => Err(Unauthenticated::NoHttp),
            Self::Jwt => {
                let claims = payload.jwt_claims().filter(|claims| claims.as_object().is_some_and(|c| !c.is_empty()));
                let issuer = claims.ok_or(Unauthenticated::NoClaims)?.get("iss").and_then(Json::as_str);
                match issuer {
                    None | Some("") => Err(Unauthenticated::NoIssuer),
                    Some(_) => Ok(()),
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn payload(text: &str) -> Payload {
        serde_json::from_str(text).unwrap()
    }

    fn check(auth: &Auth, text: &str) -> Result<(), Unauthenticated> {
        auth.check(&payload(text))
    }

    #[test]
    fn the_header_is_needed_once_and_right() {
        let digests = ["old secret", "new secret"].map(signet_okta::auth::digest_hex).join(", ");
        let auth = Auth::Header(HeaderSecrets::parse(&digests).unwrap());
        for value in ["old secret", "new secret"] {
            assert_eq!(check(&auth, &format!(r#"{{"headers":{{"AuthoriZation":"{value}"}}}}"#)), Ok(()));
        }
        for (headers, reason) in [
            ("{}", "auth_missing"),
            ("null", "auth_missing"),
            (r#"{"x-authorization":"new secret"}"#, "auth_missing"),
            (r#"{"authorization":"new secret","Authorization":"new secret"}"#, "auth_doubled"),
            (r#"{"authorization":"new secret","Authorization":7}"#, "auth_doubled"),
            (r#"{"authorization":"new secret,new secret"}"#, "auth_mismatch"),
            (r#"{"authorization":" new secret"}"#, "auth_mismatch"),
            (r#"{"authorization":""}"#, "auth_mismatch"),
            (r#"{"authorization":null}"#, "auth_mismatch"),
        ] {
            let refused = check(&auth, &format!(r#"{{"headers":{headers}}}"#)).unwrap_err();
            assert_eq!(refused.reason(), reason, "{headers}");
            assert!(!refused.to_string().contains("new secret"));
        }
    }

    #[test]
    fn in_jwt_mode_only_verified_claims_count() {
        let with = |claims: &str| {
            check(&Auth::Jwt, &format!(r#"{{"requestContext":{{"authorizer":{{"jwt":{{"claims":{claims}}}}}}}}}"#))
        };
        assert_eq!(with(r#"{"iss":"https://example.com"}"#), Ok(()));
        for claims in ["null", "{}", "[]", "7", r#""iss""#] {
            assert_eq!(with(claims), Err(Unauthenticated::NoClaims), "{claims}");
        }
        for claims in [r#"{"sub":"a"}"#, r#"{"iss":""}"#, r#"{"iss":7}"#, r#"{"iss":null}"#, r#"{"iss":"a","iss":"b"}"#]
        {
            assert_eq!(with(claims), Err(Unauthenticated::NoIssuer), "{claims}");
        }
        // A token that no authorizer has looked at is no authentication.
        let bearer = r#"{"headers":{"authorization":"Bearer eyJhbGciOiJub25lIn0.eyJpc3MiOiJhIn0."}}"#;
        assert_eq!(check(&Auth::Jwt, bearer), Err(Unauthenticated::NoClaims));
        assert_eq!(check(&Auth::Invoker, bearer), Err(Unauthenticated::NoHttp));
    }
}
