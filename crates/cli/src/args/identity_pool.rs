//! The command line of `identity-pool`.

use clap::{Args as ClapArgs, Subcommand};

/// What to do for a Cognito identity pool.
#[derive(Debug, Subcommand)]
pub enum IdentityPoolCommand {
    /// Print how the pool is to map claims to principal tags for an app; touches no pool. With --json
    /// the input of `aws cognito-identity set-principal-tag-attribute-map --cli-input-json`
    Tags(PoolTags),
}

/// Options of `identity-pool tags`.
#[derive(Debug, ClapArgs)]
pub struct PoolTags {
    /// The app's id: the user pool client's
    pub app: String,
}
