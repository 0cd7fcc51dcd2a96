//! Okta's SAML assertion inline hook as a Lambda function: see the library of this package.

use std::process::ExitCode;

use saml_hook::SamlHook;
use signet_core::code::Sha256Hasher;
use signet_hook::config::Front;

fn main() -> ExitCode {
    signet_hook::serve::run("saml-hook", Front::Http, |config, table| {
        SamlHook::new(config.auth.clone(), config.deadline, table, Sha256Hasher)
    })
}
