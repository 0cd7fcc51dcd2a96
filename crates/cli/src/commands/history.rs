//! `history`.

use std::fmt;

use serde_json::json;
use signet_core::app::AppId;
use signet_core::grant::{Grant, SourceId};
use signet_core::group::GroupKey;
use signet_core::role::RoleArn;
use signet_store::Table;
use signet_store::history::HistoryRow;

use crate::args::{Connection, History};
use crate::connect;
use crate::console::Console;
use crate::failure::{Exit, Failure};
use crate::render::history as render;
use crate::text::printable;

pub(super) async fn history(
    args: &History,
    connection: &Connection,
    as_json: bool,
    console: &mut Console<'_>,
) -> Result<Exit, Failure> {
    let subjects = Subject::parse(&args.subject)?;
    let table = connect::table(connection).await?;
    let Some((subject, rows)) = first_with_rows(&subjects, &table).await? else {
        let subjects: Vec<String> = subjects.iter().map(ToString::to_string).collect();
        return Err(Failure::NoHistory { subject: subjects.join(" or "), table: table.name().to_owned() });
    };
    if as_json {
        let (kind, id) = subject.parts();
        console.json(&json!({ "subject": { "kind": kind, "id": id }, "rows": render::json(&rows) }))?;
    } else {
        console.result(&render::text(&rows))?;
    }
    Ok(Exit::Done)
}

async fn first_with_rows<'s>(
    subjects: &'s [Subject],
    table: &Table,
) -> Result<Option<(&'s Subject, Vec<HistoryRow>)>, Failure> {
    for subject in subjects {
        let rows = subject.rows(table).await?;
        if !rows.is_empty() {
            return Ok(Some((subject, rows)));
        }
    }
    Ok(None)
}

/// Whose history is asked for.
#[derive(Debug, PartialEq, Eq)]
enum Subject {
    Source(SourceId),
    Role(RoleArn),
    App(AppId),
    Group(GroupKey),
}

impl Subject {
    /// What a text can mean, the likeliest first: without a prefix a group, a dataset or an app.
    fn parse(text: &str) -> Result<Vec<Self>, Failure> {
        Ok(if let Some(key) = text.strip_prefix("group:") {
            vec![Self::Group(GroupKey::new(key)?)]
        } else if let Some(id) = text.strip_prefix("app:") {
            vec![Self::App(AppId::parse(id)?)]
        } else if text.starts_with("file:") || text.starts_with("dataset:") {
            vec![Self::Source(SourceId::parse(text)?)]
        } else if text.starts_with("arn:") {
            vec![Self::Role(RoleArn::parse(text)?)]
        } else {
            let mut subjects = vec![Self::Group(GroupKey::new(text)?)];
            subjects.extend(SourceId::dataset(text).ok().map(Self::Source));
            subjects.extend(AppId::parse(text).ok().map(Self::App));
            subjects
        })
    }

    fn parts(&self) -> (&'static str, &str) {
        match self {
            Self::Source(source) => ("source", source.as_str()),
            Self::Role(role) => ("role", role.as_str()),
            Self::App(app) => ("app", app.as_str()),
            Self::Group(group) => ("group", group.as_str()),
        }
    }

    /// The rows about the subject, oldest first.
    async fn rows(&self, table: &Table) -> Result<Vec<HistoryRow>, Failure> {
        if let Self::Source(source) = self {
            // Consistent, and there too for a source that the index does not list yet.
            return Ok(table.history(source).await?);
        }
        Ok(table.whole_history().await?.into_iter().filter_map(|row| self.concerning(row)).collect())
    }

    /// What a row says of the subject; nothing if it says nothing of it.
    fn concerning(&self, mut row: HistoryRow) -> Option<HistoryRow> {
        match self {
            Self::Source(source) => {
                return (row.source.as_ref() == Some(source)).then_some(row);
            }
            Self::Group(group) => {
                row.groups.retain(|change| change.group == *group);
                row.apps.clear();
                row.provider = None;
            }
            Self::Role(role) => {
                keep_grants(&mut row, |grant| grant.role == *role);
                row.apps.clear();
                row.provider = None;
            }
            Self::App(app) => {
                keep_grants(&mut row, |grant| grant.apps.as_ref().is_some_and(|apps| apps.contains(app)));
                row.apps.retain(|change| change.after.app.id == *app);
                row.provider = row.provider.filter(|change| change.app == *app);
            }
        }
        (!row.groups.is_empty() || !row.apps.is_empty() || row.provider.is_some()).then_some(row)
    }
}

/// Keeps the changes of some grants, and the groups that have any.
fn keep_grants(row: &mut HistoryRow, is_meant: impl Fn(&Grant) -> bool) {
    for change in &mut row.groups {
        change.before.retain(&is_meant);
        change.after.retain(&is_meant);
    }
    row.groups.retain(|change| change.before != change.after);
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (kind, id) = self.parts();
        write!(f, "{kind} `{}`", printable(id))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subjects_are_told_apart() {
        let kinds = |text: &str| Subject::parse(text).unwrap().iter().map(ToString::to_string).collect::<Vec<_>>();
        for (text, shown) in [
            ("file:platform", "source `file:platform`"),
            ("dataset:clinical/trials", "source `dataset:clinical/trials`"),
            ("arn:aws:iam::111122223333:role/a", "role `arn:aws:iam::111122223333:role/a`"),
            ("app:0oaA", "app `0oaA`"),
            ("Clinical Readers", "group `Clinical Readers`"),
            ("group:file:platform", "group `file:platform`"),
            ("group:group:x\u{1b}", "group `group:x\\u{1b}`"),
            ("role: x", "group `role: x`"),
        ] {
            assert_eq!(kinds(text), [shown]);
        }
        assert_eq!(kinds("0oaA"), ["group `0oaA`", "source `dataset:0oaA`", "app `0oaA`"]);
        assert_eq!(kinds("clinical/trials"), ["group `clinical/trials`", "source `dataset:clinical/trials`"]);
        for bad in ["", "group:", "app:", "app:a b", "file:", "arn:aws:s3:::bucket"] {
            assert!(Subject::parse(bad).is_err(), "`{bad}` was taken");
        }
    }
}
