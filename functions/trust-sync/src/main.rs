//! The trust policies of roles, in step with the entitlement table, as a Lambda function: see the
//! library of this package.

use std::process::ExitCode;

use trust_sync::{Config, TrustSync, random};

fn main() -> ExitCode {
    let configure = |get: fn(&str) -> Option<String>| {
        random::seed()?;
        Config::from_environment(get)
    };
    signet_sync::serve::run(configure, TrustSync::of_config)
}
