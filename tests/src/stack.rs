//! DynamoDB, a filled table, a proxy that can fail, and the function in front of them.

use std::path::Path;
use std::process::{Command, Output};
use std::sync::Arc;

use serde_json::Value;
use signet_local::dynamodb::DynamoDb;
use signet_local::proxy::{FaultyProxy, Mode};
use tempfile::TempDir;

use crate::event::{self, Event};
use crate::front::Front;
use crate::hook::{Answer, Hook};
use crate::programs;
use crate::subject::Kind;

/// The table's name; no person who signs in may read it.
pub const TABLE: &str = "entitlements-of-the-tests";
/// SHA-256 of [`event::SECRET`].
const SECRET_SHA256: &str = "ed71a6a7d8e61d977aadd9cab27a439a49f631a4e02b3ccb040db58ac41d1ecc";

/// Everything that a sign-in needs. Dropping it stops the function, then the servers.
#[derive(Debug)]
pub struct Stack {
    /// The function. It reaches the table by way of [`Stack::proxy`] alone.
    pub hook: Arc<Hook>,
    /// Between the function and the table.
    pub proxy: FaultyProxy,
    dynamodb: DynamoDb,
    folder: TempDir,
}

/// What differs from one stack to the next.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    kind: Kind,
    environment: Vec<(String, String)>,
    at_start: Mode,
}

impl Settings {
    /// What is usual: `header` authentication, the default deadline, a table that can be reached.
    pub fn new() -> Self {
        Self::default()
    }

    /// Of another function than that of Okta's SAML hook.
    #[must_use]
    pub fn of(kind: Kind) -> Self {
        Self { kind, ..Self::default() }
    }

    /// With a variable of the function's environment, in place of the usual value if there is one.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    /// With the function's own deadline, in milliseconds.
    #[must_use]
    pub fn deadline_ms(self, milliseconds: u64) -> Self {
        self.with("SIGNET_DEADLINE_MS", &milliseconds.to_string())
    }

    /// With a table that fails in this way when the function starts.
    #[must_use]
    pub fn at_start(self, mode: Mode) -> Self {
        Self { at_start: mode, ..self }
    }

    /// Starts it all.
    pub async fn start(self) -> Stack {
        let dynamodb = DynamoDb::start().await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        let signet = |arguments: &[&str]| signet(dynamodb.endpoint(), folder.path(), arguments, &[]);
        succeed(&signet(&["table", "create"]));
        let entitlements = self.kind.events().join("entitlements.yaml");
        succeed(&signet(&["apply", entitlements.to_str().unwrap(), "--yes"]));
        let proxy = FaultyProxy::start(dynamodb.endpoint()).await.unwrap();
        proxy.set(self.at_start).await.unwrap();
        let usual = [
            ("SIGNET_TABLE", TABLE),
            ("SIGNET_HOOK_SECRET_SHA256", SECRET_SHA256),
            ("AWS_ENDPOINT_URL_DYNAMODB", proxy.endpoint()),
        ];
        let usual = usual.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let environment: Vec<_> = usual.into_iter().chain(self.environment).collect();
        let hook = Arc::new(Hook::start(&self.kind.program(), &environment).await);
        hook.init().await;
        Stack { hook, proxy, dynamodb, folder }
    }
}

impl Stack {
    /// Starts what is usual; see [`Settings`].
    pub async fn start() -> Self {
        Settings::new().start().await
    }

    /// Sends an event to the function, as if the gateway took it now.
    pub async fn send(&self, event: &Event) -> Answer {
        self.hook.send(&event.clone().taken_now()).await
    }

    /// Starts another function on the same table. It reaches it past the proxy.
    pub async fn also(&self, kind: Kind) -> Hook {
        let environment = [
            ("SIGNET_TABLE", TABLE),
            ("SIGNET_HOOK_SECRET_SHA256", SECRET_SHA256),
            ("AWS_ENDPOINT_URL_DYNAMODB", self.table_endpoint()),
        ];
        let environment = environment.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let hook = Hook::start(&kind.program(), &environment).await;
        hook.init().await;
        hook
    }

    /// Puts the HTTP API in front of the function.
    pub async fn front(&self) -> Front {
        Front::start(Arc::clone(&self.hook)).await
    }

    /// Applies an entitlement file by the compiled command; `--yes` and all that it withdraws.
    pub fn apply(&self, yaml: &str) {
        let file = self.file("changed.yaml", yaml);
        self.signet(&["apply", &file, "--yes", "--allow-withdrawals"], &[]);
    }

    /// What the compiled command says of a sample event, as JSON.
    pub fn explain(&self, case: &str) -> Value {
        let file = event::file(&format!("{case}.json"));
        let output = self.signet(&["explain", "--json", "--event", file.to_str().unwrap()], &[]);
        serde_json::from_slice(&output).unwrap()
    }

    /// The table itself, past every proxy: `http://127.0.0.1:PORT`.
    pub fn table_endpoint(&self) -> &str {
        self.dynamodb.endpoint()
    }

    /// The database of the table.
    pub fn database(&self) -> &signet_local::dynoxide::Database {
        self.dynamodb.database()
    }

    /// Runs the compiled command with these variables beside the usual ones. It must end well; gives
    /// what it wrote.
    pub fn signet(&self, arguments: &[&str], environment: &[(&str, &str)]) -> Vec<u8> {
        let output = signet(self.dynamodb.endpoint(), self.folder.path(), arguments, environment);
        succeed(&output);
        output.stdout
    }

    /// The path of a file with this content, which goes with the stack.
    pub fn file(&self, name: &str, content: &str) -> String {
        let file = self.folder.path().join(name);
        std::fs::write(&file, content).unwrap();
        file.to_str().unwrap().to_owned()
    }
}

/// Runs the command in an environment that has nothing of this machine's: no profile, no
/// credentials, no home.
fn signet(endpoint: &str, home: &Path, arguments: &[&str], environment: &[(&str, &str)]) -> Output {
    Command::new(programs::signet())
        .args(arguments)
        .env_clear()
        .env("HOME", home)
        .env("SIGNET_TABLE", TABLE)
        .env("AWS_ENDPOINT_URL_DYNAMODB", endpoint)
        .env("AWS_REGION", "eu-central-1")
        .env("AWS_ACCESS_KEY_ID", "local")
        .env("AWS_SECRET_ACCESS_KEY", "local")
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .envs(environment.iter().copied())
        .output()
        .unwrap()
}

/// The command must have ended well.
fn succeed(output: &Output) {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(output.status.success(), "{}:\n{}{}", output.status, text(&output.stdout), text(&output.stderr));
}
