//! Cognito's pre token generation trigger as a Lambda function: see the library of this package.

use std::process::ExitCode;

use pre_token::PreTokenTrigger;
use signet_core::code::Sha256Hasher;
use signet_hook::config::Front;

fn main() -> ExitCode {
    signet_hook::serve::run("pre-token", Front::Invoke, |config, table| {
        PreTokenTrigger::new(config.deadline, table, Sha256Hasher)
    })
}
