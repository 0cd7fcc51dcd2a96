//! `secret new`.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde_json::json;
use sha2::{Digest, Sha256};

use crate::console::Console;
use crate::failure::{Exit, Failure};
use crate::random;
use crate::text::hex;

pub(super) fn new(as_json: bool, console: &mut Console<'_>) -> Result<Exit, Failure> {
    let secret = BASE64_URL_SAFE_NO_PAD.encode(random::bytes::<32>()?);
    let digest = hex(&Sha256::digest(secret.as_bytes()));
    if as_json {
        console.json(&json!({ "secret": secret, "sha256": digest }))?;
    } else {
        console.result(&format!("secret  {secret}\nsha256  {digest}\n"))?;
        console.message(
            "Give the secret to Okta as the value of the hook's Authorization header, and add the digest to\n\
             SIGNET_HOOK_SECRET_SHA256. The secret is shown this once and kept nowhere.",
        );
    }
    Ok(Exit::Done)
}
