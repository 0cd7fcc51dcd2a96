//! Okta's token inline hook as a Lambda function: see the library of this package.

use std::process::ExitCode;

use signet_core::code::Sha256Hasher;
use signet_hook::config::Front;
use token_hook::TokenHook;

fn main() -> ExitCode {
    signet_hook::serve::run("token-hook", Front::Http, |config, table| {
        TokenHook::new(config.auth.clone(), config.deadline, table, Sha256Hasher)
    })
}
