//! The claims of tokens that are Okta's own (Okta's list of reserved claims, August 2026). An operation on
//! one of them voids the whole answer.

use crate::pointer::{self, Pointer};
use crate::response::CommandType;

/// Of every token.
const ALL: [&str; 5] = ["iss", "jti", "scp", "token_type", "ver"];

/// Of access tokens.
const ACCESS: [&str; 9] = ["acr", "amr", "as_uri", "cid", "groups", "rpt", "rsi", "uid", "username"];

/// Of ID tokens.
const IDENTITY: [&str; 46] = [
    "active",
    "aid",
    "app_id",
    "app_type",
    "at_hash",
    "aud",
    "auth_time",
    "c_hash",
    "client_id",
    "client_ip",
    "client_req_id",
    "client_type",
    "client_user_agent",
    "cnf",
    "device_compliance",
    "device_id",
    "device_known",
    "device_managed",
    "device_name",
    "device_trust",
    "did",
    "dst",
    "group",
    "groups",
    "hotk",
    "idp",
    "idp_iss",
    "mac_key",
    "may_act",
    "nonce",
    "oid",
    "okta_emailVerified",
    "okta_lastUpdated",
    "orig",
    "permissions",
    "purpose",
    "pwd_exp_days",
    "pwd_exp_time",
    "rid",
    "role",
    "scope",
    "scopes",
    "sid",
    "sub",
    "term",
    "user_ip",
];

/// Whether an operation at that place would change a claim of Okta's own, or a part of one.
pub(crate) fn is_reserved(kind: CommandType, path: &Pointer) -> bool {
    let mut tokens = path.as_str().split('/').skip(1);
    let (Some("claims"), Some(name)) = (tokens.next(), tokens.next()) else { return false };
    // INVARIANT: a pointer's tokens are in escaped form.
    let name = pointer::unescape(name).unwrap_or_default();
    let own: &[&str] = match kind {
        CommandType::Assertion => return false,
        CommandType::Access => &ACCESS,
        CommandType::Identity => &IDENTITY,
    };
    ALL.contains(&name.as_ref()) || own.contains(&name.as_ref())
}
