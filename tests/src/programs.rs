//! The compiled programs.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// The function that answers Okta's SAML hook.
pub fn saml_hook() -> PathBuf {
    built().join("saml-hook")
}

/// The function that answers Okta's token hook.
pub fn token_hook() -> PathBuf {
    built().join("token-hook")
}

/// The function that answers Cognito's pre token generation trigger.
pub fn pre_token() -> PathBuf {
    built().join("pre-token")
}

/// The function that takes events into the table.
pub fn entitlement_sync() -> PathBuf {
    built().join("entitlement-sync")
}

/// The function that brings roles to what the table wants.
pub fn trust_sync() -> PathBuf {
    built().join("trust-sync")
}

/// The `signet` command.
pub fn signet() -> PathBuf {
    built().join("signet")
}

/// The folder of the programs, once they are there and as the sources say.
///
/// Built in the profile and target directory of the test that asks, and with its tests, so that
/// every feature is as in `cargo test --workspace`: after `make test` has built everything, cargo
/// only looks. Several test processes at once wait for each other at cargo's own lock.
fn built() -> &'static Path {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| {
        // <target>/<profile>/deps/<test>
        let test = std::env::current_exe().unwrap();
        let folder = test.parent().and_then(Path::parent).expect("a test is in `deps` of its profile's folder");
        let profile = match folder.file_name().and_then(|name| name.to_str()) {
            Some("debug") => "dev",
            Some(profile) => profile,
            None => panic!("`{}` is not in a target directory", test.display()),
        };
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| env!("CARGO").into());
        let mut command = Command::new(cargo);
        // Build scripts, such as that of ring, have cargo watch these: what it told this test about
        // its package would have it build them anew, and again for the next who builds without.
        for (name, _) in std::env::vars_os().filter(|(name, _)| is_of_a_package(&name.to_string_lossy())) {
            command.env_remove(name);
        }
        let status = command
            .args(["build", "--workspace", "--bins", "--tests", "--locked", "--quiet", "--profile", profile])
            .arg("--manifest-path")
            .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/../Cargo.toml"))
            .arg("--target-dir")
            .arg(folder.parent().unwrap())
            .status()
            .expect("cargo starts");
        assert!(status.success(), "the programs cannot be built: {status}");
        folder.to_owned()
    })
}

/// Whether cargo sets a variable for the package that it builds or runs (The Cargo Book,
/// "Environment variables Cargo sets for crates"), and not a person for cargo.
fn is_of_a_package(name: &str) -> bool {
    ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_", "CARGO_CRATE_NAME", "CARGO_PRIMARY_PACKAGE", "CARGO_TARGET_TMPDIR"]
        .iter()
        .any(|prefix| name.starts_with(prefix))
        || name == "OUT_DIR"
}
