//! A table in memory, and calls to the hook.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Duration;

use saml_hook::{Entitlements, SamlHook};
use serde_json::{Value, json};
use signet_core::app::{App, AppId, Codes, IdentityRule, Mode, TagRule, TagRules, TokenRules, WhenUnentitled};
use signet_core::code::{CodeWidth, GroupCode, Salt, Sha256Hasher};
use signet_core::grant::{Grant, SourceId};
use signet_core::group::{GroupKey, GroupRecord, GroupState, Registration};
use signet_core::identity::{IdentityField, IdentityPattern};
use signet_core::role::{Protocol, ProviderName, RoleArn};
use signet_core::session::DecisionId;
use signet_hook::auth::Auth;
use signet_hook::payload::Payload;
use signet_hook::serve::{Call, Conclusion, Handler};
use signet_okta::auth::{HeaderSecrets, digest_hex};
use signet_store::StoreError;
use signet_store::schema::{LAYOUT, Meta, OnCollision};
use signet_store::sign_in::{AppState, Snapshot};
use tokio::time::Instant;

pub const APP: &str = "0oath92zlO60urQOP0g3";
pub const SECRET: &str = "signet-local-secret";
/// 2026-11-01.
pub const NOW_MS: i64 = 1_793_491_200_000;

/// How the table behaves.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Mood {
    #[default]
    Well,
    Fails,
    /// The first read is answered, the second is not.
    FailsSecond,
    Hangs,
    HangsSecond,
}

#[derive(Debug)]
pub struct Fake {
    pub layout: u32,
    pub apps: RefCell<HashMap<String, AppState>>,
    pub groups: HashMap<String, GroupRecord>,
    pub mood: Mood,
    /// The groups of each read.
    pub reads: RefCell<Vec<Vec<String>>>,
}

impl Fake {
    pub fn new(app: App) -> Self {
        let apps = HashMap::from([(app.id.as_str().to_owned(), AppState::Active(Box::new(app)))]);
        Self {
            layout: LAYOUT,
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

    pub fn grant(mut self, key: &str, role: &str) -> Self {
        let role = RoleArn::parse(&format!("arn:aws:iam::111122223333:role/{role}")).unwrap();
        let record = self.groups.entry(key.to_owned()).or_insert_with(|| record(key));
        let source = SourceId::file("platform").unwrap();
        record.grants.entry(source).or_default().push(Grant { role, apps: None, expires_at: None });
        self
    }

    fn read(&self, groups: &[&str]) -> HashMap<String, GroupRecord> {
        self.reads.borrow_mut().push(groups.iter().map(|key| (*key).to_owned()).collect());
        groups.iter().filter_map(|key| Some(((*key).to_owned(), self.groups.get(*key)?.clone()))).collect()
    }
}

fn record(key: &str) -> GroupRecord {
    let code = GroupCode::propose(&Sha256Hasher, CodeWidth::DEFAULT, key, Salt::NONE);
    let key = GroupKey::new(key).unwrap();
    let registration = Registration { key, label: None, code, salt: Salt::NONE, state: GroupState::Registered };
    GroupRecord { registration, grants: BTreeMap::new() }
}

fn failure() -> StoreError {
    let cause = "connection refused".to_owned();
    StoreError::Call { operation: "BatchGetItem", table: "signet".to_owned(), cause }
}

impl Entitlements for &Fake {
    async fn sign_in(&self, app: &str, groups: &[&str]) -> Result<Snapshot, StoreError> {
        let groups = self.read(groups);
        match self.mood {
            Mood::Fails => Err(failure()),
            Mood::Hangs => std::future::pending().await,
            Mood::Well | Mood::FailsSecond | Mood::HangsSecond => Ok(Snapshot {
                meta: Meta { layout: self.layout, width: CodeWidth::DEFAULT, on_collision: OnCollision::Displace },
                app: self.apps.borrow().get(app).cloned().unwrap_or(AppState::Unknown),
                groups,
            }),
        }
    }

    async fn groups(&self, groups: &[&str]) -> Result<HashMap<String, GroupRecord>, StoreError> {
        let groups = self.read(groups);
        match self.mood {
            Mood::FailsSecond => Err(failure()),
            Mood::HangsSecond => std::future::pending().await,
            _ => Ok(groups),
        }
    }
}

pub fn app() -> App {
    let email = TagRule { claim: "email".to_owned(), required: false };
    App {
        id: AppId::parse(APP).unwrap(),
        name: None,
        protocol: Protocol::Saml,
        provider: ProviderName::parse("okta-databricks").unwrap(),
        audience: "https://signin.aws.amazon.com/saml".to_owned(),
        mode: Mode::Enforce,
        groups_claim: "groups".to_owned(),
        identity: IdentityRule {
            from: IdentityField::login(),
            pattern: IdentityPattern::parse("*@example.com").unwrap(),
        },
        tags: TagRules::new(BTreeMap::from([("email".to_owned(), email)]), BTreeSet::new()).unwrap(),
        session_duration: None,
        when_unentitled: WhenUnentitled::Deny,
        codes: Codes::Cover,
        code_capacity: None,
        tokens: TokenRules::default(),
    }
}

/// A request whose claims are these.
pub fn request(claims: &[(&str, &[&str])]) -> Value {
    let value = |value: &&str| json!({"attributes": {"xsi:type": "xs:string"}, "value": value});
    let claim = |values: &[&str]| json!({"attributeValues": values.iter().map(value).collect::<Vec<_>>()});
    let claims: serde_json::Map<_, _> =
        claims.iter().map(|(name, values)| ((*name).to_owned(), claim(values))).collect();
    json!({
        "eventType": "com.okta.saml.tokens.transform",
        "eventId": "event-1",
        "data": {
            "context": {
                "protocol": {"issuer": {"id": APP}},
                "user": {"id": "00u1", "profile": {"login": "jane@example.com"}},
            },
            "assertion": {"claims": claims},
        },
    })
}

pub fn payload(body: &str) -> Payload {
    let envelope = json!({"headers": {"authorization": SECRET}, "body": body});
    serde_json::from_value(envelope).unwrap()
}

pub fn call(payload: Payload) -> Call {
    Call {
        event: payload,
        now_ms: NOW_MS,
        began: Instant::now(),
        decision: Some(DecisionId::from_random([7; 16])),
        request_id: "invocation-1".to_owned(),
    }
}

pub fn id() -> String {
    DecisionId::from_random([7; 16]).to_string()
}

pub fn hook(table: &Fake) -> SamlHook<&Fake, Sha256Hasher> {
    hook_within(table, Duration::from_millis(150))
}

pub fn hook_within(table: &Fake, deadline: Duration) -> SamlHook<&Fake, Sha256Hasher> {
    let auth = Auth::Header(HeaderSecrets::parse(&digest_hex(SECRET)).unwrap());
    SamlHook::new(auth, deadline, table, Sha256Hasher)
}

pub fn block_on<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(work)
}

/// What the hook makes of one request.
pub fn answer(table: &Fake, request: &Value) -> Conclusion {
    answer_text(table, &request.to_string())
}

pub fn answer_text(table: &Fake, body: &str) -> Conclusion {
    block_on(async { hook(table).handle(&call(payload(body))).await })
}

/// The answer's body as JSON.
pub fn body(conclusion: &Conclusion) -> Value {
    serde_json::from_str(conclusion.answer.body().unwrap()).unwrap()
}

pub fn is_denied(conclusion: &Conclusion) -> bool {
    conclusion.answer.status() == 200 && body(conclusion)["error"]["errorSummary"].is_string()
}
