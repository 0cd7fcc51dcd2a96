//! The compiled command against an embedded DynamoDB.
#![allow(clippy::unwrap_used, dead_code, reason = "a test may fail by a panic, and not every test needs all of this")]

pub(crate) mod accounts;
pub(crate) mod sns;

use std::collections::HashMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use aws_sdk_dynamodb::config::{BehaviorVersion, Credentials, Region};
use serde_json::Value;
use signet_core::code::{CodeWidth, GroupCode, Salt, Sha256Hasher};
use signet_local::connector::InProcess;
use signet_local::dynamodb::DynamoDb;
use signet_store::Table;
use tempfile::TempDir;

/// A table's name.
pub(crate) const TABLE: &str = "entitlements";

/// A database with its clients' settings, and a folder for files. Everything goes with it.
pub(crate) struct Place {
    dynamodb: DynamoDb,
    folder: TempDir,
}

/// How a command ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Place {
    /// An empty database.
    pub(crate) async fn empty() -> Self {
        Self { dynamodb: DynamoDb::start().await.unwrap(), folder: TempDir::new().unwrap() }
    }

    /// A database with a table.
    pub(crate) async fn with_table() -> Self {
        let place = Self::empty().await;
        place.run(&["table", "create"]).ok();
        place
    }

    /// The table, past the command.
    pub(crate) fn table(&self) -> Table {
        Table::new(self.client(), TABLE)
    }

    /// The database, past the table's layout.
    pub(crate) fn client(&self) -> aws_sdk_dynamodb::Client {
        let config = aws_sdk_dynamodb::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("eu-central-1"))
            .credentials_provider(Credentials::new("local", "local", None, None, "local"))
            .http_client(InProcess::new(self.dynamodb.database().clone()));
        aws_sdk_dynamodb::Client::from_conf(config.build())
    }

    /// Puts items into a table, as they are.
    pub(crate) fn load(&self, table: &str, items: &[u8]) {
        signet_local::dynamodb::load(self.dynamodb.database(), table, items).unwrap();
    }

    /// Where the database is.
    pub(crate) fn endpoint(&self) -> &str {
        self.dynamodb.endpoint()
    }

    /// Writes a file, and returns its path.
    pub(crate) fn file(&self, name: &str, content: impl AsRef<[u8]>) -> String {
        let path = self.folder.path().join(name);
        std::fs::write(&path, content).unwrap();
        path.to_str().unwrap().to_owned()
    }

    /// The path of a file that need not be there.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Runs the command, with nobody at the terminal.
    pub(crate) fn run(&self, args: &[&str]) -> Ended {
        self.run_with(args, &[])
    }

    /// Runs the command with more settings in its environment.
    pub(crate) fn run_with(&self, args: &[&str], settings: &[(&str, &str)]) -> Ended {
        let mut command = command(self.folder.path());
        command.env("AWS_ENDPOINT_URL_DYNAMODB", self.dynamodb.endpoint()).env("SIGNET_TABLE", TABLE);
        command.envs(settings.iter().copied());
        ended(command.args(args).output().unwrap())
    }

    /// Runs the command with `--json`, and reads what it prints.
    pub(crate) fn json(&self, args: &[&str]) -> Value {
        let ended = self.run(&[args, &["--json"]].concat()).ok();
        serde_json::from_str(&ended.out).unwrap()
    }

    /// Applies a file's content.
    pub(crate) fn apply(&self, content: &str) -> Ended {
        let path = self.file("applied.yaml", content);
        self.run(&["apply", &path, "--yes"]).ok()
    }
}

/// The command in a clean environment: nothing of the machine's AWS settings reaches it.
pub(crate) fn command(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_signet"));
    command.env_clear().current_dir(folder).stdin(Stdio::null());
    command.env("HOME", folder).env("AWS_EC2_METADATA_DISABLED", "true");
    command.env("AWS_ACCESS_KEY_ID", "local").env("AWS_SECRET_ACCESS_KEY", "local").env("AWS_REGION", "eu-central-1");
    command
}

/// The path of a sample event.
pub(crate) fn sample(name: &str) -> String {
    format!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../events/entitlement-sync/{}.json"), name)
}

/// Runs a command that reads an input.
pub(crate) fn fed(mut command: Command, input: &[u8]) -> Ended {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut running = command.spawn().unwrap();
    // A command that does not read its input may be gone already.
    let _ = running.stdin.take().unwrap().write_all(input);
    ended(running.wait_with_output().unwrap())
}

/// How a command ended.
pub(crate) fn ended(output: Output) -> Ended {
    Ended {
        code: output.status.code().unwrap(),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

impl Ended {
    /// Demands that the command succeeded.
    #[track_caller]
    pub(crate) fn ok(self) -> Self {
        self.exit(0)
    }

    /// Demands an exit code.
    #[track_caller]
    pub(crate) fn exit(self, code: i32) -> Self {
        assert_eq!(self.code, code, "out: {}\nerr: {}", self.out, self.err);
        self
    }

    /// Demands a text in the results.
    #[track_caller]
    pub(crate) fn says(self, text: &str) -> Self {
        assert!(self.out.contains(text), "`{text}` is not in: {}", self.out);
        self
    }

    /// Demands a text in the messages.
    #[track_caller]
    pub(crate) fn warns(self, text: &str) -> Self {
        assert!(self.err.contains(text), "`{text}` is not in: {}", self.err);
        self
    }
}

/// An app of an entitlement file.
pub(crate) fn app(id: &str, more: &str) -> String {
    format!(
        "  - {{ id: {id}, name: Databricks, protocol: saml, provider: okta-{id}, when_unentitled: deny, \
         audience: https://signin.aws.amazon.com/saml, groups: {{ claim: groups }}, \
         identity: {{ pattern: \"*@example.com\" }}{more} }}\n"
    )
}

/// The ARN of a role.
pub(crate) fn role(name: &str) -> String {
    format!("arn:aws:iam::111122223333:role/{name}")
}

/// The code that a salt gives a group.
pub(crate) fn code(group: &str, salt: u32) -> String {
    GroupCode::propose(&Sha256Hasher, CodeWidth::DEFAULT, group, Salt::new(salt)).to_string()
}

/// Two names that propose one code.
pub(crate) fn collision() -> (String, String) {
    let mut seen: HashMap<String, String> = HashMap::new();
    for n in 0.. {
        let name = format!("Team {n}");
        if let Some(first) = seen.insert(code(&name, 0), name.clone()) {
            return (first, name);
        }
    }
    unreachable!()
}
