//! Items as DynamoDB holds them, read and written. The layout itself is in [`crate::schema`].

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt::Write as _;
use std::str::FromStr;

use aws_sdk_dynamodb::types::AttributeValue;
use signet_core::app::AppId;
use signet_core::code::{CodeWidth, GroupCode, Salt};
use signet_core::grant::{Grant, SourceId, Timestamp};
use signet_core::group::{GroupKey, GroupRecord, GroupState, Registration};
use signet_core::role::RoleArn;
use signet_core::trust::grants::RoleEntry;

use crate::error::{Corrupt, StoreError};
use crate::schema::{self, LAYOUT, Meta, OnCollision};

mod app;

pub(crate) use app::{read_app, read_rules, write_app};

/// An item, or a map within one.
pub(crate) type Item = HashMap<String, AttributeValue>;

/// What begins the name of the attribute that holds a source's part of a group item.
const PART: &str = "s:";

/// The name of the attribute that holds a source's part of a group item.
pub(crate) fn part_name(source: &SourceId) -> String {
    format!("{PART}{source}")
}

pub(crate) fn text(value: impl Into<String>) -> AttributeValue {
    AttributeValue::S(value.into())
}

pub(crate) fn number<N: ToString + Copy>(value: N) -> AttributeValue {
    AttributeValue::N(value.to_string())
}

pub(crate) fn texts<T: ToString>(values: impl IntoIterator<Item = T>) -> AttributeValue {
    AttributeValue::L(values.into_iter().map(|value| text(value.to_string())).collect())
}

/// Lower-case hex.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // INVARIANT: writing to a String does not fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// The bytes of a digest that [`hex`] wrote.
pub(crate) fn unhex(text: &str) -> Option<[u8; 32]> {
    let digit = |c: &u8| char::from(*c).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let bytes: Option<Vec<u8>> = text
        .as_bytes()
        .chunks(2)
        .map(|pair| match pair {
            [high, low] => Some(digit(high)? * 16 + digit(low)?),
            _ => None,
        })
        .collect();
    bytes?.try_into().ok()
}

/// The size of a value as DynamoDB counts it, give or take a few bytes.
pub(crate) fn size(value: &AttributeValue) -> usize {
    match value {
        AttributeValue::S(text) | AttributeValue::N(text) => text.len(),
        AttributeValue::Ss(values) => values.iter().map(|value| value.len() + 1).sum(),
        AttributeValue::L(values) => 3 + values.iter().map(|value| 1 + size(value)).sum::<usize>(),
        AttributeValue::M(map) => 3 + map.iter().map(|(name, value)| 1 + name.len() + size(value)).sum::<usize>(),
        _ => 1,
    }
}

/// Reads the attributes of an item, or of a map within one, and says which one does not fit.
pub(crate) struct Attributes<'a> {
    map: &'a Item,
    place: &'a str,
}

impl<'a> Attributes<'a> {
    /// Reads `map`, which an error calls `place`.
    pub(crate) fn new(map: &'a Item, place: &'a str) -> Self {
        Self { map, place }
    }

    pub(crate) fn corrupt(&self, what: impl Into<String>) -> Corrupt {
        Corrupt { item: self.place.to_owned(), what: what.into() }
    }

    fn wrong(&self, name: &str, expected: &str) -> Corrupt {
        self.corrupt(format!("attribute `{name}` is not {expected}"))
    }

    fn required<T>(&self, name: &str, value: Option<T>) -> Result<T, Corrupt> {
        value.ok_or_else(|| self.corrupt(format!("attribute `{name}` is missing")))
    }

    pub(crate) fn text_or_none(&self, name: &str) -> Result<Option<&'a str>, Corrupt> {
        match self.map.get(name) {
            None => Ok(None),
            Some(AttributeValue::S(text)) => Ok(Some(text)),
            Some(_) => Err(self.wrong(name, "a string")),
        }
    }

    pub(crate) fn text(&self, name: &str) -> Result<&'a str, Corrupt> {
        self.required(name, self.text_or_none(name)?)
    }

    pub(crate) fn number_or_none<N: FromStr>(&self, name: &str) -> Result<Option<N>, Corrupt> {
        match self.map.get(name) {
            None => Ok(None),
            Some(AttributeValue::N(digits)) => {
                digits.parse().map(Some).map_err(|_| self.wrong(name, "a number in range"))
            }
            Some(_) => Err(self.wrong(name, "a number")),
        }
    }

    pub(crate) fn number<N: FromStr>(&self, name: &str) -> Result<N, Corrupt> {
        self.required(name, self.number_or_none(name)?)
    }

    pub(crate) fn flag(&self, name: &str) -> Result<bool, Corrupt> {
        match self.map.get(name) {
            Some(AttributeValue::Bool(flag)) => Ok(*flag),
            _ => Err(self.wrong(name, "a boolean")),
        }
    }

    pub(crate) fn flag_or_false(&self, name: &str) -> Result<bool, Corrupt> {
        Ok(self.flag_or_none(name)?.unwrap_or_default())
    }

    pub(crate) fn flag_or_none(&self, name: &str) -> Result<Option<bool>, Corrupt> {
        self.map.contains_key(name).then(|| self.flag(name)).transpose()
    }

    pub(crate) fn map_or_none(&self, name: &str) -> Result<Option<&'a Item>, Corrupt> {
        match self.map.get(name) {
            None => Ok(None),
            Some(AttributeValue::M(map)) => Ok(Some(map)),
            Some(_) => Err(self.wrong(name, "a map")),
        }
    }

    /// The maps of a list; none where the list is not there.
    pub(crate) fn maps(&self, name: &str) -> Result<Vec<&'a Item>, Corrupt> {
        let Some(value) = self.map.get(name) else { return Ok(Vec::new()) };
        let AttributeValue::L(values) = value else { return Err(self.wrong(name, "a list")) };
        let maps: Option<Vec<&Item>> = values.iter().map(|value| value.as_m().ok()).collect();
        maps.ok_or_else(|| self.wrong(name, "a list of maps"))
    }

    /// The grants of a list.
    pub(crate) fn grants(&self, name: &str) -> Result<Vec<Grant>, Corrupt> {
        read_grants(self, name, self.required(name, self.map.get(name))?)
    }

    pub(crate) fn texts_or_none(&self, name: &str) -> Result<Option<Vec<&'a str>>, Corrupt> {
        let Some(value) = self.map.get(name) else { return Ok(None) };
        let AttributeValue::L(values) = value else { return Err(self.wrong(name, "a list")) };
        let texts: Option<Vec<&str>> = values.iter().map(|value| value.as_s().ok().map(String::as_str)).collect();
        texts.map(Some).ok_or_else(|| self.wrong(name, "a list of strings"))
    }

    pub(crate) fn text_set(&self, name: &str) -> Result<BTreeSet<String>, Corrupt> {
        match self.map.get(name) {
            None => Ok(BTreeSet::new()),
            Some(AttributeValue::Ss(values)) => Ok(values.iter().cloned().collect()),
            Some(_) => Err(self.wrong(name, "a set of strings")),
        }
    }

    /// Turns a domain type's refusal into one that names the item.
    pub(crate) fn valid<T, E: ToString>(&self, result: Result<T, E>) -> Result<T, Corrupt> {
        result.map_err(|error| self.corrupt(error.to_string()))
    }
}

/// An item's name in errors, by its own keys.
pub(crate) fn place(item: &Item) -> String {
    let key = |name| item.get(name).and_then(|value| value.as_s().ok()).map_or("?", String::as_str);
    format!("{} / {}", key(schema::PK), key(schema::SK))
}

pub(crate) fn read_meta(item: &Item) -> Result<Meta, StoreError> {
    let place = place(item);
    let read = Attributes::new(item, &place);
    let layout: u32 = read.number("layout")?;
    if layout != LAYOUT {
        return Err(StoreError::OtherLayout { found: layout, expected: LAYOUT });
    }
    let width = read.valid(CodeWidth::new(read.number("code_width")?))?;
    // Tables of earlier versions do not say it.
    let on_collision = match read.text_or_none(schema::ON_COLLISION)? {
        None => OnCollision::default(),
        Some(word) => OnCollision::parse(word).ok_or_else(|| read.wrong(schema::ON_COLLISION, "a setting"))?,
    };
    Ok(Meta { layout, width, on_collision })
}

pub(crate) fn read_group(item: &Item) -> Result<GroupRecord, Corrupt> {
    let place = place(item);
    let read = Attributes::new(item, &place);
    let registration = Registration {
        key: read.valid(GroupKey::new(read.text("key")?))?,
        label: read.text_or_none("label")?.map(str::to_owned),
        code: read.valid(GroupCode::parse(read.text("code")?))?,
        salt: Salt::new(read.number("salt")?),
        state: read.valid(GroupState::parse(read.text("state")?))?,
    };
    let mut grants = BTreeMap::new();
    for (name, value) in item {
        let Some(source) = name.strip_prefix(PART) else { continue };
        let source = read.valid(SourceId::parse(source))?;
        grants.insert(source, read_grants(&read, name, value)?);
    }
    Ok(GroupRecord { registration, grants })
}

fn read_grants(read: &Attributes<'_>, name: &str, value: &AttributeValue) -> Result<Vec<Grant>, Corrupt> {
    let AttributeValue::L(values) = value else { return Err(read.wrong(name, "a list")) };
    let grant = |value: &AttributeValue| {
        let AttributeValue::M(map) = value else { return Err(read.wrong(name, "a list of maps")) };
        let entry = Attributes::new(map, read.place);
        Ok(Grant {
            role: entry.valid(RoleArn::parse(entry.text("role")?))?,
            apps: read_apps(&entry)?,
            expires_at: entry.number_or_none("expires_at")?.map(Timestamp::from_seconds),
        })
    };
    values.iter().map(grant).collect()
}

fn read_apps(entry: &Attributes<'_>) -> Result<Option<BTreeSet<AppId>>, Corrupt> {
    let Some(ids) = entry.texts_or_none("apps")? else { return Ok(None) };
    ids.into_iter().map(|id| entry.valid(AppId::parse(id))).collect::<Result<_, _>>().map(Some)
}

/// A source's part of a group item.
pub(crate) fn write_grants<'g>(grants: impl IntoIterator<Item = &'g Grant>) -> AttributeValue {
    let entry = |grant: &Grant| {
        let mut map = Item::from([("role".to_owned(), text(grant.role.as_str()))]);
        write_limits(&mut map, grant.apps.as_ref(), grant.expires_at);
        AttributeValue::M(map)
    };
    AttributeValue::L(grants.into_iter().map(entry).collect())
}

fn write_limits(map: &mut Item, apps: Option<&BTreeSet<AppId>>, expires_at: Option<Timestamp>) {
    if let Some(apps) = apps {
        map.insert("apps".to_owned(), texts(apps));
    }
    if let Some(end) = expires_at {
        map.insert("expires_at".to_owned(), number(end.seconds()));
    }
}

/// A source's row of a role.
pub(crate) fn read_role(item: &Item) -> Result<BTreeSet<RoleEntry>, Corrupt> {
    let place = place(item);
    let read = Attributes::new(item, &place);
    let Some(AttributeValue::L(values)) = item.get("grants") else { return Err(read.wrong("grants", "a list")) };
    let entry = |value: &AttributeValue| {
        let AttributeValue::M(map) = value else { return Err(read.wrong("grants", "a list of maps")) };
        let entry = Attributes::new(map, read.place);
        Ok(RoleEntry {
            code: entry.valid(GroupCode::parse(entry.text("code")?))?,
            apps: read_apps(&entry)?,
            expires_at: entry.number_or_none("expires_at")?.map(Timestamp::from_seconds),
        })
    };
    values.iter().map(entry).collect()
}

pub(crate) fn write_role(entries: &BTreeSet<RoleEntry>) -> AttributeValue {
    let entry = |entry: &RoleEntry| {
        let mut map = Item::from([("code".to_owned(), text(entry.code.as_str()))]);
        write_limits(&mut map, entry.apps.as_ref(), entry.expires_at);
        AttributeValue::M(map)
    };
    AttributeValue::L(entries.iter().map(entry).collect())
}
