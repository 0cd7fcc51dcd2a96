//! The table: reachable, its shape, its protection, its settings.

use signet_store::schema::{INDEX, LAYOUT};
use signet_store::{Meta, StoreError};

use super::{Check, State, fault};

/// What a table looks like from outside.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Shape {
    /// Whether it can be used now.
    pub is_active: bool,
    /// Its key attributes, the partition's first.
    pub keys: Vec<String>,
    /// Its indexes, and whether each can be used.
    pub indexes: Vec<(String, bool)>,
    /// What its stream shows, in DynamoDB's word; none without a stream.
    pub stream: Option<String>,
    /// Whether it cannot be deleted by one call.
    pub is_protected: bool,
}

impl Shape {
    /// Whether it has the index that lists apps and sources.
    #[must_use]
    pub fn has_index(&self) -> bool {
        self.indexes.iter().any(|(name, _)| name == INDEX)
    }
}

/// Whether it can be reached, and what it looks like.
#[must_use]
pub fn shape(table: &str, shape: Result<&Shape, &StoreError>) -> Vec<Check> {
    let shape = match shape {
        Ok(shape) => shape,
        Err(error) if fault::is_refused(error) => {
            let fix = "allow dynamodb:DescribeTable to have its shape and its protection looked at";
            return vec![Check::not_ok(State::Note, "table", table, error.to_string(), fix)];
        }
        Err(error) => return vec![Check::not_ok(State::Error, "table", table, error.to_string(), fault::fix(error))],
    };
    // A change set that compares templates alone finds nothing to do: the template was never changed.
    let template = "a drift-aware change set of the stack (`aws cloudformation create-change-set --deployment-mode \
                    REVERT_DRIFT`)";
    let mut checks = vec![if shape.is_active {
        Check::ok("table", table, "it is there and active")
    } else {
        Check::not_ok(State::Error, "table", table, "it is not active", "wait until it is, or restore it")
    }];
    if shape.keys != ["pk", "sk"] {
        let text = format!("its key is `{}`, and not `pk`, `sk`: it is no entitlement table", shape.keys.join("`, `"));
        checks.push(Check::not_ok(State::Error, "keys", table, text, "--table or SIGNET_TABLE names another one"));
    }
    checks.push(match shape.indexes.iter().find(|(name, _)| name == INDEX) {
        Some((_, true)) => Check::ok("index", table, format!("`{INDEX}` is active")),
        Some((_, false)) => {
            let text = format!("its index `{INDEX}` is not active: sources and apps may seem not to be there");
            Check::not_ok(State::Warning, "index", table, text, "wait until it is")
        }
        None => Check::not_ok(State::Error, "index", table, format!("it has no index `{INDEX}`"), template),
    });
    let stream = format!(
        "{template}; a stream that is switched on again has another ARN, which the event source mapping of \
         `trust-sync` has to be given"
    );
    checks.push(match shape.stream.as_deref() {
        Some("NEW_AND_OLD_IMAGES") => Check::ok("stream", table, "it shows new and old images"),
        Some(other) => {
            let text = format!("its stream shows `{other}`, and not `NEW_AND_OLD_IMAGES`");
            Check::not_ok(State::Warning, "stream", table, text, stream)
        }
        None => {
            let text = "it has no stream: trust policies follow a change only by schedule";
            Check::not_ok(State::Warning, "stream", table, text, stream)
        }
    });
    checks.push(if shape.is_protected {
        Check::ok("deletion_protection", table, "it is on")
    } else {
        let text = "it is off: one call deletes who may do what";
        let fix = format!("`aws dynamodb update-table --table-name {table} --deletion-protection-enabled`");
        Check::not_ok(State::Warning, "deletion_protection", table, text, fix)
    });
    checks
}

/// Whether it can be taken back to any moment; the cause where that could not be looked at.
#[must_use]
pub fn recovery(table: &str, is_on: Result<bool, &str>) -> Check {
    let name = "point_in_time_recovery";
    match is_on {
        Ok(true) => Check::ok(name, table, "it is on"),
        Ok(false) => {
            let text = "it is off: what a mistake overwrites is lost";
            let fix = format!(
                "`aws dynamodb update-continuous-backups --table-name {table} --point-in-time-recovery-specification \
                 PointInTimeRecoveryEnabled=true`"
            );
            Check::not_ok(State::Warning, name, table, text, fix)
        }
        Err(cause) => {
            let text = format!("cannot be told: {cause}");
            Check::not_ok(State::Note, name, table, text, "allow dynamodb:DescribeContinuousBackups")
        }
    }
}

/// The settings in `META`.
#[must_use]
pub fn meta(table: &str, meta: Result<&Meta, &StoreError>) -> Check {
    match meta {
        Ok(meta) => {
            let (width, collision) = (meta.width.get(), meta.on_collision.as_str());
            Check::ok(
                "settings",
                table,
                format!("layout {LAYOUT}, codes of {width} characters, on collision {collision}"),
            )
        }
        Err(error) => Check::not_ok(State::Error, "settings", table, error.to_string(), fault::fix(error)),
    }
}

#[cfg(test)]
mod tests {
    use signet_core::code::CodeWidth;
    use signet_store::Corrupt;
    use signet_store::schema::OnCollision;

    use super::super::states;
    use super::*;

    fn as_deployed() -> Shape {
        Shape {
            is_active: true,
            keys: vec!["pk".to_owned(), "sk".to_owned()],
            indexes: vec![(INDEX.to_owned(), true)],
            stream: Some("NEW_AND_OLD_IMAGES".to_owned()),
            is_protected: true,
        }
    }

    /// What is not ok of a shape that was changed.
    fn changed(change: impl FnOnce(&mut Shape)) -> Vec<(&'static str, &'static str)> {
        let mut changed = as_deployed();
        change(&mut changed);
        states(&shape("t", Ok(&changed))).into_iter().filter(|(_, state)| *state != "ok").collect()
    }

    #[test]
    fn a_table_as_the_template_makes_it_is_ok() {
        assert_eq!(changed(|_| ()), []);
        assert_eq!(shape("t", Ok(&as_deployed())).len(), 4);
    }

    #[test]
    fn what_differs_is_told() {
        assert_eq!(changed(|shape| shape.is_active = false), [("table", "error")]);
        assert_eq!(changed(|shape| shape.keys = vec!["id".to_owned()]), [("keys", "error")]);
        assert_eq!(changed(|shape| shape.indexes.clear()), [("index", "error")]);
        assert_eq!(changed(|shape| shape.indexes[0].1 = false), [("index", "warning")]);
        assert_eq!(changed(|shape| shape.stream = None), [("stream", "warning")]);
        assert_eq!(changed(|shape| shape.stream = Some("KEYS_ONLY".to_owned())), [("stream", "warning")]);
        assert_eq!(changed(|shape| shape.is_protected = false), [("deletion_protection", "warning")]);
    }

    #[test]
    fn a_table_that_is_not_there_and_one_that_may_not_be_looked_at() {
        let call = |cause: &str| StoreError::Call {
            operation: "DescribeTable",
            table: "t".to_owned(),
            cause: cause.to_owned(),
        };
        let of = |error: StoreError| states(&shape("t", Err(&error)));
        assert_eq!(of(StoreError::NoTable { table: "t".to_owned() }), [("table", "error")]);
        assert_eq!(of(call("AccessDeniedException: no")), [("table", "note")]);
        assert_eq!(of(call("connection refused")), [("table", "error")]);
    }

    /// The one thing to do about a shape that was changed.
    fn fix(change: impl FnOnce(&mut Shape)) -> String {
        let mut changed = as_deployed();
        change(&mut changed);
        let checks = shape("t", Ok(&changed));
        checks.into_iter().find_map(|check| check.fix).unwrap()
    }

    #[test]
    fn what_drifted_is_not_mended_by_the_same_template() {
        let protect = fix(|shape| shape.is_protected = false);
        assert_eq!(protect, "`aws dynamodb update-table --table-name t --deletion-protection-enabled`");
        let recover = recovery("t", Ok(false)).fix.unwrap();
        assert!(
            recover.contains("--table-name t --point-in-time-recovery-specification PointInTimeRecoveryEnabled=true")
        );
        let stream = fix(|shape| shape.stream = None);
        assert!(stream.contains("REVERT_DRIFT") && stream.contains("another ARN"), "{stream}");
        assert!(fix(|shape| shape.indexes.clear()).contains("REVERT_DRIFT"));
    }

    #[test]
    fn recovery_and_settings() {
        assert_eq!(recovery("t", Ok(true)).state, State::Ok);
        assert_eq!(recovery("t", Ok(false)).state, State::Warning);
        assert_eq!(recovery("t", Err("AccessDenied")).state, State::Note);
        let good = Meta { layout: LAYOUT, width: CodeWidth::DEFAULT, on_collision: OnCollision::Displace };
        assert_eq!(meta("t", Ok(&good)).text, "layout 1, codes of 4 characters, on collision displace");
        let corrupt = Corrupt { item: "META / META".to_owned(), what: "layout 9".to_owned() };
        let unfit = StoreError::OtherLayout { found: 2, expected: 1 };
        for error in [StoreError::NoMeta { table: "t".to_owned() }, StoreError::Corrupt(corrupt), unfit] {
            assert_eq!(meta("t", Err(&error)).state, State::Error);
        }
    }
}
