//! What a table should hold, from nothing but the statements.

use std::collections::{BTreeMap, BTreeSet};

use signet_core::grant::SourceId;
use signet_store::statement::Statement;

use super::content::{Content, Entry};

/// The statement of each source that the table should show.
pub type Model = BTreeMap<SourceId, Statement>;

/// Whether a table shows exactly the model: no grant and no row more or less.
pub fn check(content: &Content, model: &Model) -> Result<(), String> {
    let known: BTreeSet<&str> = model.keys().map(SourceId::as_str).collect();
    let in_groups = content.groups.values().flat_map(|group| group.parts.keys());
    let in_roles = content.roles.keys().map(|(_, source)| source);
    let all = content.sources.keys().chain(in_groups).chain(in_roles);
    if let Some(source) = all.into_iter().find(|id| !known.contains(id.as_str())) {
        return Err(format!("the table knows the source `{source}`, which never stated anything"));
    }
    model.iter().try_for_each(|(source, statement)| check_source(content, source, statement))
}

/// Whether a table shows exactly what one source states: each group has its grants, or is noted as
/// left out with all of them since another group owns its code.
pub fn check_source(content: &Content, source: &SourceId, statement: &Statement) -> Result<(), String> {
    check_groups(content, source, statement)?;
    let mut roles: BTreeMap<String, Vec<Entry>> = BTreeMap::new();
    for (key, stated) in &statement.groups {
        if content.left.contains_key(&(source.to_string(), key.as_str().to_owned())) {
            continue;
        }
        for grant in &stated.grants {
            let code = content.code_of(key.as_str());
            roles.entry(grant.role.to_string()).or_default().push(Entry::of(code, grant));
        }
    }
    let rows = content.roles.iter().filter(|((_, id), _)| id == source.as_str());
    let is: BTreeMap<String, Vec<Entry>> = rows.map(|((role, _), row)| (role.clone(), sorted(row.clone()))).collect();
    let should: BTreeMap<String, Vec<Entry>> = roles.into_iter().map(|(role, row)| (role, sorted(row))).collect();
    if is != should {
        return Err(format!("`{source}` should have the rows {should:?} and has {is:?}"));
    }
    Ok(())
}

/// The same of the groups alone.
pub fn check_groups(content: &Content, source: &SourceId, statement: &Statement) -> Result<(), String> {
    let mut granted: BTreeMap<&str, Vec<Entry>> = BTreeMap::new();
    for (key, stated) in &statement.groups {
        for grant in &stated.grants {
            granted.entry(key.as_str()).or_default().push(Entry::of(grant.role.as_str(), grant));
        }
    }
    for ((_, key), row) in content.left.iter().filter(|((id, _), _)| id == source.as_str()) {
        let should = granted.remove(key.as_str()).unwrap_or_default();
        if sorted(row.grants.clone()) != sorted(should.clone()) {
            return Err(format!("`{source}` grants `{key}` {should:?}, and it is left out with {row:?}"));
        }
        if row.owner == *key || content.codes.get(&row.taken).is_none_or(|(owner, _)| *owner != row.owner) {
            return Err(format!("`{key}` is left out of `{source}` for a code that is not so taken: {row:?}"));
        }
    }
    if let Some(key) = granted.keys().find(|key| !content.groups.contains_key(**key)) {
        return Err(format!("`{source}` grants to `{key}`, which the table does not have"));
    }
    for (key, group) in &content.groups {
        let is = group.parts.get(source.as_str()).cloned().unwrap_or_default();
        let should = granted.remove(key.as_str()).unwrap_or_default();
        if sorted(is.clone()) != sorted(should.clone()) {
            return Err(format!("`{source}` grants `{key}` {should:?}, and the table says {is:?}"));
        }
    }
    Ok(())
}

fn sorted(mut entries: Vec<Entry>) -> Vec<Entry> {
    entries.sort();
    entries
}
