//! Changes of data access and of apps reach the entitlement table, as a Lambda function: see the
//! library of this package.

use std::process::ExitCode;

use entitlement_sync::{Config, EntitlementSync};

fn main() -> ExitCode {
    signet_sync::serve::run(|get| Config::from_environment(get), EntitlementSync::of_config)
}
