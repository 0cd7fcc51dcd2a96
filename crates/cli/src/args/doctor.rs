//! The command line of `doctor`.

use std::path::PathBuf;

use clap::Args as ClapArgs;

/// Options of `doctor`.
#[derive(Debug, ClapArgs)]
pub struct Doctor {
    /// A hook's address, as Okta calls it: without the secret it must refuse; repeat it for more
    #[arg(long = "url", value_name = "URL")]
    pub urls: Vec<String>,
    /// The environment variable that holds the value of Okta's Authorization header: with it, a hook must
    /// deny a sign-in to an app that is not there, and within the time that Okta waits
    #[arg(long, value_name = "NAME", requires = "urls")]
    pub secret_env: Option<String>,
    /// A sign-in as a function receives it, to see whether Okta or the user pool is set up as its app needs:
    /// Okta's preview, or what `explain --event` takes; repeat it for more
    #[arg(long = "request", value_name = "FILE")]
    pub requests: Vec<PathBuf>,
    /// End with 3 if there are warnings or errors; without it doctor ends with 0 whatever it finds
    #[arg(long)]
    pub exit_code: bool,
}
