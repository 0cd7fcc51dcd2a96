//! DynamoDB's HTTP API, from an embedded database.

use dynoxide::Database;
use serde_json::{Value, json};

use crate::LocalError;
use crate::connector::dispatch;
use crate::server::{Server, Threads};

/// An embedded DynamoDB, in memory, behind its HTTP API. It starts empty. Dropping it closes the
/// port and the connections; clones of the [`Database`] keep the data.
///
/// It takes any credentials and any region, and does not check signatures. It is kinder than
/// AWS in places: more than 300 operators in one expression, transactions over 4 MB and
/// concurrent transactions on one item all succeed here.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), signet_local::LocalError> {
/// let dynamodb = signet_local::dynamodb::DynamoDb::start().await?;
/// assert!(dynamodb.endpoint().starts_with("http://127.0.0.1:"));
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct DynamoDb {
    endpoint: String,
    database: DatabaseHandle,
    _server: Server,
}

impl DynamoDb {
    /// Starts on a free port; returns when it accepts connections.
    ///
    /// # Errors
    /// No port can be bound, or the server's thread or the database cannot be created.
    pub async fn start() -> Result<Self, LocalError> {
        Self::start_on(0).await
    }

    /// Starts on `port`, or on a free one if that is 0; returns when it accepts connections.
    ///
    /// # Errors
    /// As [`start`](Self::start); also if the port is taken.
    pub async fn start_on(port: u16) -> Result<Self, LocalError> {
        let database = memory()?;
        let shared = database.clone();
        let server = Server::start("dynamodb", port, Threads::Two, move |listener| async move {
            let never = std::future::pending();
            if let Err(reason) = dynoxide::server::serve_with_shutdown(listener, shared, never).await {
                // Callers see refused connections; the reason is known only here.
                eprintln!("the local dynamodb server stopped: {reason}");
            }
        })
        .await?;
        Ok(Self {
            endpoint: format!("http://{}", server.address()),
            database: DatabaseHandle(database),
            _server: server,
        })
    }

    /// `http://127.0.0.1:PORT`, as `AWS_ENDPOINT_URL_DYNAMODB` and the SDKs take it.
    #[must_use]
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// The database behind the server, for calls without HTTP. A clone is the same database.
    #[must_use]
    pub fn database(&self) -> &Database {
        &self.database.0
    }
}

/// An empty database in memory, without a server.
///
/// # Errors
/// The database cannot be created.
pub fn memory() -> Result<Database, LocalError> {
    Database::memory().map_err(|error| LocalError::Database(error.to_string()))
}

/// Puts items into a table, as they are: a JSON array of items as DynamoDB writes them, such as
/// `[{"pk": {"S": "META"}, …}]`.
///
/// # Errors
/// [`LocalError::Database`] if it is no such array, there is no such table, or the table takes an item not.
pub fn load(database: &Database, table: &str, items: &[u8]) -> Result<(), LocalError> {
    let items: Vec<Value> =
        serde_json::from_slice(items).map_err(|error| LocalError::Database(format!("no array of items: {error}")))?;
    for item in items {
        let request = json!({ "TableName": table, "Item": item }).to_string();
        let (status, answer) = dispatch(database, "PutItem", request.as_bytes());
        if status != 200 {
            return Err(LocalError::Database(format!("{item}: {}", String::from_utf8_lossy(&answer))));
        }
    }
    Ok(())
}

/// Gives the database, which has no `Debug`, one.
struct DatabaseHandle(Database);

impl std::fmt::Debug for DatabaseHandle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Database")
    }
}
