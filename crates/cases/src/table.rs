//! An entitlement table in memory, and calls that come at a fixed time under a fixed id.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
use std::future::Future;

use signet_core::app::App;
use signet_core::code::{CodeWidth, GroupCode, Salt, Sha256Hasher};
use signet_core::grant::{Grant, SourceId};
use signet_core::group::{GroupKey, GroupRecord, GroupState, Registration};
use signet_core::role::RoleArn;
use signet_core::session::DecisionId;
use signet_hook::Entitlements;
use signet_hook::serve::{Call, Event};
use signet_store::StoreError;
use signet_store::error::Corrupt;
use signet_store::schema::{LAYOUT, Meta, OnCollision};
use signet_store::sign_in::{AppState, Snapshot};
use tokio::time::Instant;

/// The id of the app that people sign in to.
pub const APP: &str = "0oath92zlO60urQOP0g3";
/// 2026-11-01, in milliseconds since 1970.
pub const NOW_MS: i64 = 1_793_491_200_000;
/// The account of the roles.
const ACCOUNT: &str = "111122223333";

/// How the table behaves.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Mood {
    /// It answers.
    #[default]
    Well,
    /// The first read fails.
    Fails(Fault),
    /// The first read is answered, the second fails.
    FailsSecond(Fault),
    /// The first read is never answered.
    Hangs,
    /// The first read is answered, the second never.
    HangsSecond,
}

/// What is wrong with a table that fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// It does not exist.
    NoTable,
    /// It is throttled.
    Throttled,
    /// It does not answer in time.
    TimedOut,
    /// It answers in part.
    Partial,
    /// The call fails in another way.
    Call,
    /// It has no `META` item.
    NoMeta,
    /// It has codes of another width than is wanted.
    OtherWidth,
    /// It is of another layout.
    OtherLayout,
    /// An item is not of the table's layout.
    Corrupt,
}

impl Fault {
    /// Every fault.
    pub const ALL: [Self; 9] = [
        Self::NoTable,
        Self::Throttled,
        Self::TimedOut,
        Self::Partial,
        Self::Call,
        Self::NoMeta,
        Self::OtherWidth,
        Self::OtherLayout,
        Self::Corrupt,
    ];

    /// The error that the store has for it. Its texts are such as nobody who signs in may read.
    pub fn error(self) -> StoreError {
        let (operation, table, cause) = ("BatchGetItem", "internal-table".to_owned(), "connection refused".to_owned());
        match self {
            Self::NoTable => StoreError::NoTable { table },
            Self::Throttled => StoreError::Throttled { operation, table, cause },
            Self::TimedOut => StoreError::TimedOut { operation, table, cause },
            Self::Partial => StoreError::Partial { operation, table, left: 3, tries: 10 },
            Self::Call => StoreError::Call { operation, table, cause },
            Self::NoMeta => StoreError::NoMeta { table },
            Self::OtherWidth => StoreError::OtherWidth { table, found: 5, wanted: 4 },
            Self::OtherLayout => StoreError::OtherLayout { found: 2, expected: 1 },
            Self::Corrupt => {
                StoreError::Corrupt(Corrupt { item: "internal-table GROUP#1".to_owned(), what: "no code".to_owned() })
            }
        }
    }
}

/// The table.
#[derive(Debug)]
pub struct Fake {
    /// The code width that its `META` item names.
    pub width: CodeWidth,
    /// Its apps, by their ids.
    pub apps: RefCell<HashMap<String, AppState>>,
    /// Its groups, by their keys.
    pub groups: HashMap<String, GroupRecord>,
    /// How it behaves.
    pub mood: Mood,
    /// The groups that each read asked for.
    pub reads: RefCell<Vec<Vec<String>>>,
}

impl Fake {
    /// A table of one app, which people may sign in to, and no groups.
    pub fn new(app: App) -> Self {
        let apps = HashMap::from([(app.id.as_str().to_owned(), AppState::Active(Box::new(app)))]);
        Self {
            width: CodeWidth::DEFAULT,
            apps: RefCell::new(apps),
            groups: HashMap::new(),
            mood: Mood::Well,
            reads: RefCell::default(),
        }
    }

    /// Changes what the table says of the app.
    pub fn state(&self, state: AppState) {
        self.apps.borrow_mut().insert(APP.to_owned(), state);
    }

    /// Registers a group under the code of its key, unless it is registered, and grants it a role.
    #[must_use]
    pub fn grant(self, key: &str, role: &str) -> Self {
        self.grants(key, Grant { role: RoleArn::parse(&arn(role)).unwrap(), apps: None, expires_at: None })
    }

    /// As [`Fake::grant`], with all that a grant can say.
    #[must_use]
    pub fn grants(mut self, key: &str, grant: Grant) -> Self {
        let source = SourceId::file("platform").unwrap();
        self.groups
            .entry(key.to_owned())
            .or_insert_with(|| record(key, Salt::NONE))
            .grants
            .entry(source)
            .or_default()
            .push(grant);
        self
    }

    fn read(&self, groups: &[&str]) -> HashMap<String, GroupRecord> {
        self.reads.borrow_mut().push(groups.iter().map(|key| (*key).to_owned()).collect());
        groups.iter().filter_map(|key| Some(((*key).to_owned(), self.groups.get(*key)?.clone()))).collect()
    }
}

/// The ARN of a role of that path and name.
pub fn arn(role: &str) -> String {
    format!("arn:aws:iam::{ACCOUNT}:role/{role}")
}

/// A group's item without grants, with the code of that salt.
pub fn record(key: &str, salt: Salt) -> GroupRecord {
    let code = GroupCode::propose(&Sha256Hasher, CodeWidth::DEFAULT, key, salt);
    let key = GroupKey::new(key).unwrap();
    let registration = Registration { key, label: None, code, salt, state: GroupState::Registered };
    GroupRecord { registration, grants: BTreeMap::new() }
}

impl Entitlements for &Fake {
    async fn sign_in(&self, app: &str, groups: &[&str]) -> Result<Snapshot, StoreError> {
        let groups = self.read(groups);
        match self.mood {
            Mood::Fails(fault) => Err(fault.error()),
            Mood::Hangs => std::future::pending().await,
            Mood::Well | Mood::FailsSecond(_) | Mood::HangsSecond => Ok(Snapshot {
                meta: Meta { layout: LAYOUT, width: self.width, on_collision: OnCollision::Displace },
                app: self.apps.borrow().get(app).cloned().unwrap_or(AppState::Unknown),
                groups,
            }),
        }
    }

    async fn groups(&self, groups: &[&str]) -> Result<HashMap<String, GroupRecord>, StoreError> {
        let groups = self.read(groups);
        match self.mood {
            Mood::FailsSecond(fault) => Err(fault.error()),
            Mood::HangsSecond => std::future::pending().await,
            _ => Ok(groups),
        }
    }
}

/// A call that begins now, at the time [`NOW_MS`], with [`id`] for its decision.
pub fn call<V: Event>(event: V) -> Call<V> {
    Call {
        event,
        now_ms: NOW_MS,
        began: Instant::now(),
        decision: Some(DecisionId::from_random([7; 16])),
        request_id: "invocation-1".to_owned(),
    }
}

/// The id of every decision.
pub fn id() -> String {
    DecisionId::from_random([7; 16]).to_string()
}

/// Waits for work to be done, on a runtime of its own.
pub fn block_on<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(work)
}
