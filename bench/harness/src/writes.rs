//! What an event of a dataset costs: calls of DynamoDB for each, counted between the SDK and the
//! database, the SDK's own repetitions included. They are the same on every machine, so one too many
//! is an error.
//!
//! The function makes the same calls: the event's producer comes with the first read.

use std::collections::BTreeSet;

use signet_core::code::CodeWidth;
use signet_core::grant::{Grant, SourceId, Timestamp};
use signet_core::group::{GroupKey, GroupRecord};
use signet_core::role::RoleArn;
use signet_local::connector::InProcess;
use signet_local::dynamodb::DynamoDb;
use signet_store::Table;
use signet_store::apply::{Provenance, Revision};
use signet_store::statement::Statement;

use crate::error::BenchError;
use crate::fill;

/// The calls of one event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Figure {
    /// What the event says, and to what.
    pub(crate) what: &'static str,
    /// The calls that it took.
    pub(crate) calls: usize,
    /// The most that it may take.
    pub(crate) limit: usize,
}

/// A dataset that grants each of some roles to each of some groups.
#[derive(Debug, Clone, Copy)]
struct Shape {
    roles: usize,
    groups: usize,
}

const BROAD: Shape = Shape { roles: 20, groups: 50 };
const DEEP: Shape = Shape { roles: 1, groups: 1_000 };

/// Counts the calls of every event. After each the sign-in's own read must show what it says.
///
/// # Errors
/// The table cannot be used, or a sign-in does not see what was written.
pub(crate) async fn all() -> Result<Vec<Figure>, BenchError> {
    let dynamodb = DynamoDb::start().await?;
    let connector = InProcess::new(dynamodb.database().clone());
    let table = Table::new(fill::client(connector.clone()), "writes");
    table.create(CodeWidth::DEFAULT).await?;
    let mut figures = Vec::new();
    for (what, dataset, revision, shape, limit) in [
        ("1,000 grants, 20 roles × 50 groups", "broad", 1_u32, Some(BROAD), 6),
        ("the same again at a higher revision: changes nothing", "broad", 2, Some(BROAD), 2),
        ("the same event again", "broad", 2, Some(BROAD), 1),
        ("1,000 groups on one role", "deep", 1, Some(DEEP), 40),
        ("that dataset deleted", "deep", 2, None, 40),
    ] {
        let source = SourceId::dataset(dataset)?;
        let statement = statement(dataset, shape)?;
        let provenance = Provenance { at: Timestamp::from_seconds(i64::from(revision)), event: dataset.to_owned() };
        let before = connector.total_calls();
        table.apply(&source, Revision::Exactly(revision.into()), &statement, &provenance).await?;
        figures.push(Figure { what, calls: connector.total_calls() - before, limit });
        visible(&table, dataset, shape, what).await?;
    }
    Ok(figures)
}

/// Every figure within its limit.
///
/// # Errors
/// [`BenchError::Over`] names the others.
pub(crate) fn demand(figures: &[Figure]) -> Result<(), BenchError> {
    let over = figures.iter().filter(|figure| figure.calls > figure.limit);
    let over: Vec<String> = over.map(|f| format!("{}: {} calls, at most {}", f.what, f.calls, f.limit)).collect();
    if over.is_empty() { Ok(()) } else { Err(BenchError::Over(over.join("; "))) }
}

fn statement(dataset: &str, shape: Option<Shape>) -> Result<Statement, BenchError> {
    let Some(shape) = shape else {
        return Ok(Statement { deleted: true, ..Statement::default() });
    };
    let mut statement = Statement::default();
    for group in 0..shape.groups {
        for role in roles(dataset, shape)? {
            let grant = Grant { role, apps: None, expires_at: None };
            statement.grant(GroupKey::new(group_key(dataset, group))?, None, grant);
        }
    }
    Ok(statement)
}

/// What a sign-in reads right after the call that wrote returned: for the first and the last group
/// exactly the roles that the dataset says.
async fn visible(table: &Table, dataset: &str, shape: Option<Shape>, what: &str) -> Result<(), BenchError> {
    let last = shape.unwrap_or(DEEP).groups - 1;
    let expected = shape.map_or_else(|| Ok(BTreeSet::new()), |shape| roles(dataset, shape))?;
    for group in [0, last].map(|number| group_key(dataset, number)) {
        let read = table.sign_in("0oath92zlO60urQOP0g3", &[&group]).await?;
        let record = read.groups.get(&group);
        let grants = record.into_iter().flat_map(GroupRecord::all_grants);
        let found: BTreeSet<RoleArn> = grants.map(|grant| grant.role.clone()).collect();
        if found != expected {
            return Err(BenchError::Data(format!(
                "after `{what}` a sign-in of `{group}` finds {} roles and should find {}",
                found.len(),
                expected.len()
            )));
        }
    }
    Ok(())
}

fn roles(dataset: &str, shape: Shape) -> Result<BTreeSet<RoleArn>, BenchError> {
    let arn = |number| RoleArn::parse(&format!("arn:aws:iam::111122223333:role/data/{dataset}-{number}"));
    Ok((0..shape.roles).map(arn).collect::<Result<_, _>>()?)
}

fn group_key(dataset: &str, number: usize) -> String {
    format!("{dataset} {number}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn every_event_is_within_its_limit() {
        let figures = all().await.unwrap();
        assert_eq!(figures.len(), 5);
        demand(&figures).unwrap();
    }

    #[test]
    fn one_call_too_many_is_an_error() {
        let error = demand(&[Figure { what: "a repeat", calls: 2, limit: 1 }]).unwrap_err();
        assert_eq!(error.to_string(), "too many calls of DynamoDB: a repeat: 2 calls, at most 1");
    }
}
