//! The whole content of a table, read past the crate.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::AttributeValue;
use signet_core::code::{CodeHasher, CodeWidth, GroupCode, Salt};
use signet_core::grant::Grant;

use super::TABLE;

pub type Item = HashMap<String, AttributeValue>;

/// A grant as an item holds it: a role or a code, with its limits.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Entry {
    pub what: String,
    pub apps: Option<Vec<String>>,
    pub expires_at: Option<i64>,
}

impl Entry {
    pub fn of(what: &str, grant: &Grant) -> Self {
        Self {
            what: what.to_owned(),
            apps: grant.apps.as_ref().map(|apps| apps.iter().map(ToString::to_string).collect()),
            expires_at: grant.expires_at.map(signet_core::grant::Timestamp::seconds),
        }
    }

    fn read(value: &AttributeValue, name: &str) -> Self {
        let map = value.as_m().unwrap();
        let known = [name, "apps", "expires_at"];
        assert!(map.keys().all(|key| known.contains(&key.as_str())), "{map:?}");
        Self {
            what: text_of(map, name),
            apps: map
                .get("apps")
                .map(|apps| apps.as_l().unwrap().iter().map(|id| id.as_s().unwrap().clone()).collect()),
            expires_at: map.get("expires_at").map(|end| end.as_n().unwrap().parse().unwrap()),
        }
    }

    fn read_all(value: &AttributeValue, name: &str) -> Vec<Self> {
        value.as_l().unwrap().iter().map(|value| Self::read(value, name)).collect()
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupItem {
    pub pk: String,
    pub label: Option<String>,
    pub code: String,
    pub salt: u64,
    pub state: String,
    pub sources: BTreeSet<String>,
    pub parts: BTreeMap<String, Vec<Entry>>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceItem {
    pub claims: u64,
    pub claimed: u64,
    pub applied: u64,
    pub left_out: u64,
    pub resyncing: bool,
    pub collided: u64,
    pub told: u64,
}

/// A group that is left out of a source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeftRow {
    pub grants: Vec<Entry>,
    pub taken: String,
    pub owner: String,
}

/// A collision that people have to be told of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CollisionRow {
    pub id: String,
    pub group: String,
    pub taken: String,
    pub owner: String,
    pub code: Option<String>,
    pub event: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HistoryRow {
    pub version: String,
    pub at: u64,
    pub event: String,
    pub revision: u64,
    pub groups: Vec<HistoryGroup>,
    pub apps: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HistoryGroup {
    pub group: String,
    pub code: String,
    pub salt: u64,
    pub registers: bool,
    pub retires: bool,
    pub before: Vec<Entry>,
    pub after: Vec<Entry>,
    /// The code that a displaced group found taken, and its owner.
    pub displaced: Option<(String, String)>,
    pub label: Option<String>,
}

/// Every item of a table.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Content {
    pub groups: BTreeMap<String, GroupItem>,
    /// Owner and state, by code.
    pub codes: BTreeMap<String, (String, String)>,
    /// By role and source.
    pub roles: BTreeMap<(String, String), Vec<Entry>>,
    pub wanted: BTreeMap<String, u64>,
    /// The apps that an account was raised for.
    pub raised: BTreeMap<String, BTreeSet<String>>,
    pub sources: BTreeMap<String, SourceItem>,
    pub pages: BTreeMap<String, BTreeSet<String>>,
    /// By source and group.
    pub left: BTreeMap<(String, String), LeftRow>,
    /// By source, in the order of their ids.
    pub collisions: BTreeMap<String, Vec<CollisionRow>>,
    pub history: BTreeMap<String, Vec<HistoryRow>>,
    /// The owning source, by app.
    pub apps: BTreeMap<String, String>,
    /// The app, by the name of its provider.
    pub providers: BTreeMap<String, String>,
    /// The apps that have a client of an issuer, by the row's id.
    pub clients: BTreeMap<String, String>,
    /// What provider events said, by app.
    pub halves: BTreeMap<String, ProviderHalf>,
    /// App, revision and document, by the name of the provider.
    pub metadata: BTreeMap<String, (String, u64, String)>,
    /// Revision, the state before and the state after of each change by a provider event, by app.
    pub provider_history: BTreeMap<String, Vec<(u64, Option<ProviderHalf>, ProviderHalf)>>,
}

/// What a provider event said of an app.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProviderHalf {
    /// None in the history.
    pub revision: Option<u64>,
    pub state: String,
    pub name: String,
    pub protocol: String,
    pub provider: String,
    /// The digest of the document.
    pub metadata: Option<String>,
    pub unannounced: bool,
}

impl ProviderHalf {
    /// The revision of an app's item.
    pub fn at(&self) -> usize {
        usize::try_from(self.revision.unwrap()).unwrap()
    }

    fn read(value: &AttributeValue) -> Self {
        let map = value.as_m().unwrap();
        Self {
            revision: map.contains_key("revision").then(|| number_of(map, "revision")),
            state: text_of(map, "state"),
            name: text_of(map, "name"),
            protocol: text_of(map, "protocol"),
            provider: text_of(map, "provider"),
            metadata: map.contains_key("metadata").then(|| text_of(map, "metadata")),
            unannounced: map.contains_key("unannounced"),
        }
    }
}

impl Content {
    pub async fn read(client: &Client) -> Self {
        let mut content = Self::default();
        let mut from = None;
        loop {
            let page = client.scan().table_name(TABLE).set_exclusive_start_key(from.take());
            let page = page.consistent_read(true).send().await.unwrap();
            for item in page.items.unwrap_or_default() {
                content.add(&item);
            }
            from = page.last_evaluated_key;
            if from.is_none() {
                break;
            }
        }
        for rows in content.history.values_mut() {
            rows.sort_by(|a, b| a.version.cmp(&b.version));
        }
        for rows in content.provider_history.values_mut() {
            rows.sort_by_key(|(revision, ..)| *revision);
        }
        content
    }

    #[allow(clippy::too_many_lines, reason = "an arm for each kind of item")]
    fn add(&mut self, item: &Item) {
        let (pk, sk) = (text_of(item, "pk"), text_of(item, "sk"));
        let (kind, id) = pk.split_once('#').unwrap_or((&pk, ""));
        let id = id.to_owned();
        match (kind, sk.split_once('#').map_or(sk.as_str(), |(kind, _)| kind)) {
            ("META", "META") => {}
            ("GROUP", "GROUP") => {
                let group = GroupItem {
                    pk: pk.clone(),
                    label: item.get("label").map(|label| label.as_s().unwrap().clone()),
                    code: text_of(item, "code"),
                    salt: number_of(item, "salt"),
                    state: text_of(item, "state"),
                    sources: set_of(item, "sources"),
                    parts: item
                        .iter()
                        .filter_map(|(name, value)| Some((name.strip_prefix("s:")?, value)))
                        .map(|(source, value)| (source.to_owned(), Entry::read_all(value, "role")))
                        .collect(),
                };
                assert!(self.groups.insert(text_of(item, "key"), group).is_none(), "two items of one group: {item:?}");
            }
            ("CODE", "OWNER") => {
                self.codes.insert(id, (text_of(item, "key"), text_of(item, "state")));
            }
            ("ROLE", "SOURCE") => {
                let source = sk.strip_prefix("SOURCE#").unwrap().to_owned();
                self.roles.insert((id, source), Entry::read_all(&item["grants"], "code"));
            }
            ("ACCOUNT", "ROLE") => {
                let role = sk.strip_prefix("ROLE#").unwrap().to_owned();
                assert!(role.contains(&format!("::{id}:")), "{item:?}");
                assert_eq!(text_of(item, "kind"), "role");
                self.wanted.insert(role, number_of(item, "wanted"));
            }
            ("ACCOUNT", "ACCOUNT") => {
                assert_eq!(text_of(item, "kind"), "account");
                self.raised.insert(id, set_of(item, "apps"));
            }
            ("SOURCE", "SOURCE") => {
                assert_eq!(text_of(item, "kind"), "source");
                let [claims, claimed, applied] = ["claims", "claimed", "applied"].map(|name| number_of(item, name));
                let [left_out, collided, told] = ["left_out", "collided", "told"]
                    .map(|name| if item.contains_key(name) { number_of(item, name) } else { 0 });
                let resyncing = item.contains_key("resyncing");
                let source = SourceItem { claims, claimed, applied, left_out, resyncing, collided, told };
                self.sources.insert(id, source);
            }
            ("SOURCE", "PAGE") => {
                let noted = set_of(item, "groups").into_iter().chain(set_of(item, "roles"));
                self.pages.entry(id).or_default().extend(noted);
            }
            ("SOURCE", "LEFT") => {
                let group = text_of(item, "group");
                let grants = Entry::read_all(&item["grants"], "role");
                let row = LeftRow { grants, taken: text_of(item, "taken"), owner: text_of(item, "owner") };
                assert!(self.left.insert((id, group), row).is_none(), "two rows of one group: {item:?}");
            }
            ("SOURCE", "COLLISION") => {
                let row = CollisionRow {
                    id: sk.strip_prefix("COLLISION#").unwrap().to_owned(),
                    group: text_of(item, "group"),
                    taken: text_of(item, "taken"),
                    owner: text_of(item, "owner"),
                    code: item.get("code").map(|code| code.as_s().unwrap().clone()),
                    event: text_of(item, "event"),
                };
                self.collisions.entry(id).or_default().push(row);
            }
            // What operators did by hand: the typed rows are tested by themselves.
            ("HISTORY", _) if id.starts_with("CODE#") => {}
            ("HISTORY", _) if id.starts_with("APP#") => {
                let (revision, change) = (number_of(item, "revision"), item["provider"].as_m().unwrap());
                assert_eq!((sk, text_of(item, "kind")), (format!("{revision:020}"), "provider".to_owned()));
                assert_eq!(id, format!("APP#{}", text_of(change, "app")));
                let (before, after) =
                    (change.get("before").map(ProviderHalf::read), ProviderHalf::read(&change["after"]));
                self.provider_history.entry(text_of(change, "app")).or_default().push((revision, before, after));
            }
            ("HISTORY", _) => {
                assert_eq!(text_of(item, "source"), id);
                self.history.entry(id).or_default().push(history(item, sk));
            }
            ("APP", "APP") => {
                assert_eq!(text_of(item, "kind"), "app");
                if let Some(half) = item.get("provider") {
                    self.halves.insert(id.clone(), ProviderHalf::read(half));
                }
                if item.contains_key("app") {
                    self.apps.insert(id, text_of(item, "owner"));
                }
            }
            ("PROVIDER", "OWNER") => {
                self.providers.insert(id, text_of(item, "app"));
            }
            ("ISSUER", "OWNER") => {
                self.clients.insert(id, text_of(item, "app"));
            }
            ("PROVIDER", "METADATA") => {
                let metadata = (text_of(item, "app"), number_of(item, "revision"), text_of(item, "document"));
                self.metadata.insert(id, metadata);
            }
            _ => panic!("an item that the table's layout does not have: {item:?}"),
        }
    }

    /// The owner of each code among the groups.
    pub fn code_of(&self, group: &str) -> &str {
        &self.groups[group].code
    }

    /// What holds after every single transaction: each group's code is the hash of its key and salt,
    /// it alone owns it, and it is retired exactly when nobody grants it anything.
    pub fn check_sound(&self, hasher: &dyn CodeHasher) -> Result<(), String> {
        let mut owned = BTreeMap::new();
        for (key, group) in &self.groups {
            let salt = Salt::new(u32::try_from(group.salt).unwrap());
            let code = GroupCode::propose(hasher, CodeWidth::DEFAULT, key, salt);
            if code.as_str() != group.code {
                return Err(format!("the code of `{key}` is not its hash: {group:?}"));
            }
            if let Some(other) = owned.insert(group.code.clone(), (key.clone(), group.state.clone())) {
                return Err(format!("`{key}` and `{}` have one code: {group:?}", other.0));
            }
            if group.parts.keys().cloned().collect::<BTreeSet<_>>() != group.sources {
                return Err(format!("`sources` of `{key}` is not whose parts it has: {group:?}"));
            }
            if group.parts.values().any(Vec::is_empty) {
                return Err(format!("`{key}` has an empty part: {group:?}"));
            }
            let state = if group.parts.is_empty() { "retired" } else { "registered" };
            if group.state != state {
                return Err(format!("`{key}` should be {state}: {group:?}"));
            }
        }
        for ((source, group), row) in &self.left {
            let code = GroupCode::propose(hasher, CodeWidth::DEFAULT, group, Salt::NONE);
            let has_part = self.groups.get(group).is_some_and(|item| item.parts.contains_key(source));
            if row.taken != code.as_str() || row.grants.is_empty() || has_part {
                return Err(format!("`{group}` is left out of `{source}` without a reason: {row:?}"));
            }
        }
        if owned != self.codes {
            return Err(format!("the codes' owners are {:?} and by the groups {owned:?}", self.codes));
        }
        match self.roles.iter().find(|(place, entries)| entries.is_empty() || !self.wanted.contains_key(&place.0)) {
            Some((place, _)) => Err(format!("the row {place:?} is empty, or nobody was told of it")),
            None => Ok(()),
        }
    }

    /// Replays the history: each row begins where the last one ended, and the end is what the items say.
    pub fn check_history(&self) -> Result<(), String> {
        let mut replayed: BTreeMap<(String, String), Vec<Entry>> = BTreeMap::new();
        for (source, rows) in &self.history {
            for change in rows.iter().flat_map(|row| &row.groups) {
                let place = (change.group.clone(), source.clone());
                let before = replayed.insert(place, change.after.clone()).unwrap_or_default();
                if before != change.before {
                    return Err(format!("the history of `{source}` has a gap before {change:?}: {before:?}"));
                }
            }
        }
        replayed.retain(|_, entries| !entries.is_empty());
        let by_items: BTreeMap<_, _> = self
            .groups
            .iter()
            .flat_map(|(key, group)| {
                group.parts.iter().map(move |(source, part)| ((key.clone(), source.clone()), part.clone()))
            })
            .collect();
        if replayed == by_items { Ok(()) } else { Err(format!("history {replayed:?} differs from items {by_items:?}")) }
    }
}

fn history(item: &Item, sk: String) -> HistoryRow {
    let list = |name: &str| item.get(name).map(|list| list.as_l().unwrap().as_slice()).unwrap_or_default();
    let group = |value: &AttributeValue| {
        let map = value.as_m().unwrap();
        HistoryGroup {
            group: text_of(map, "group"),
            code: text_of(map, "code"),
            salt: number_of(map, "salt"),
            registers: map.contains_key("registers"),
            retires: map.contains_key("retires"),
            before: Entry::read_all(&map["before"], "role"),
            after: Entry::read_all(&map["after"], "role"),
            displaced: map.get("taken").map(|taken| (taken.as_s().unwrap().clone(), text_of(map, "owner"))),
            label: map.get("label").map(|label| label.as_s().unwrap().clone()),
        }
    };
    HistoryRow {
        version: sk,
        at: number_of(item, "at"),
        event: text_of(item, "event"),
        revision: number_of(item, "revision"),
        groups: list("groups").iter().map(group).collect(),
        apps: list("apps").iter().map(|app| text_of(app.as_m().unwrap(), "app")).collect(),
    }
}

fn text_of(item: &Item, name: &str) -> String {
    item.get(name).and_then(|value| value.as_s().ok()).cloned().unwrap_or_else(|| panic!("no text `{name}`: {item:?}"))
}

fn number_of(item: &Item, name: &str) -> u64 {
    let number = item.get(name).and_then(|value| value.as_n().ok()).and_then(|digits| digits.parse().ok());
    number.unwrap_or_else(|| panic!("no number `{name}`: {item:?}"))
}

fn set_of(item: &Item, name: &str) -> BTreeSet<String> {
    item.get(name).map(|set| set.as_ss().unwrap().iter().cloned().collect()).unwrap_or_default()
}
