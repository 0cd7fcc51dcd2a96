//! What to do about a call of DynamoDB that failed.

use signet_store::StoreError;
use signet_store::schema::INDEX;

/// How DynamoDB's words for credentials begin that it does not take (DynamoDB Developer Guide, "Error
/// messages and codes"; IAM, "Common errors").
const OF_CREDENTIALS: [&str; 9] = [
    "UnrecognizedClient",
    "ExpiredToken",
    "InvalidSignature",
    "InvalidClientTokenId",
    "IncompleteSignature",
    "MissingAuthenticationToken",
    "SignatureDoesNotMatch",
    "RequestExpired",
    "TokenRefreshRequired",
];

/// What to do about an item that is not of the table's layout.
pub const FOREIGN_ITEM: &str = "CloudTrail says who wrote an item that is not Signet's; apply its source again";

/// Whether the credentials were taken, and may not do this.
#[must_use]
pub fn is_refused(error: &StoreError) -> bool {
    matches!(error, StoreError::Call { cause, .. } if cause.starts_with("AccessDenied"))
}

/// Whether the credentials were not taken.
#[must_use]
pub fn is_of_credentials(error: &StoreError) -> bool {
    matches!(error, StoreError::Call { cause, .. } if OF_CREDENTIALS.iter().any(|word| cause.starts_with(word)))
}

/// What to do about it.
#[must_use]
pub fn fix(error: &StoreError) -> String {
    match error {
        StoreError::NoTable { .. } => {
            "--table or SIGNET_TABLE, and --region: the stack's output `TableName` has the name".to_owned()
        }
        StoreError::NoMeta { .. } => {
            "`signet table create` writes the settings, also of a table that the stack made".to_owned()
        }
        StoreError::OtherWidth { .. } | StoreError::OtherLayout { .. } => {
            "use the version of Signet that wrote the table, or a later one".to_owned()
        }
        StoreError::Corrupt(_) => FOREIGN_ITEM.to_owned(),
        StoreError::Throttled { .. } | StoreError::TimedOut { .. } | StoreError::Partial { .. } => {
            "try again in a moment; then the network from here, and DynamoDB's throttling".to_owned()
        }
        StoreError::Call { operation, table, .. } if is_refused(error) => match *operation {
            "Query" => format!("allow `dynamodb:Query` on the table `{table}` and on its index `…/index/{INDEX}`"),
            operation => format!("allow `dynamodb:{operation}` on the table `{table}`"),
        },
        StoreError::Call { .. } if is_of_credentials(error) => {
            "sign in again, or set AWS_PROFILE; a clock that is minutes away looks the same".to_owned()
        }
        StoreError::Call { .. } => "the network from here, --region and --endpoint-url".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use signet_store::Corrupt;

    use super::*;

    fn call(operation: &'static str, cause: &str) -> StoreError {
        StoreError::Call { operation, table: "t".to_owned(), cause: cause.to_owned() }
    }

    #[test]
    fn each_failure_has_its_own_way_out() {
        let (table, cause) = ("t".to_owned(), "x".to_owned());
        let passing = [
            StoreError::Throttled { operation: "Query", table: table.clone(), cause: cause.clone() },
            StoreError::TimedOut { operation: "Query", table: table.clone(), cause },
            StoreError::Partial { operation: "BatchGetItem", table: table.clone(), left: 1, tries: 7 },
        ];
        for error in &passing {
            assert!(fix(error).starts_with("try again"), "{error}");
        }
        let corrupt = StoreError::Corrupt(Corrupt { item: "ACCOUNT#1 / ACCOUNT".to_owned(), what: "x".to_owned() });
        assert!(fix(&corrupt).contains("CloudTrail"));
        let query = fix(&call("Query", "AccessDeniedException: not authorized"));
        assert!(query.contains("`dynamodb:Query`") && query.contains("`…/index/by-kind`"), "{query}");
        let batch = fix(&call("BatchGetItem", "AccessDeniedException: not authorized"));
        assert!(batch.contains("`dynamodb:BatchGetItem`") && !batch.contains("index"), "{batch}");
        for code in ["UnrecognizedClientException", "ExpiredTokenException", "InvalidSignatureException"] {
            let error = call("Query", &format!("{code}: no"));
            assert!(is_of_credentials(&error) && !is_refused(&error) && fix(&error).contains("AWS_PROFILE"), "{code}");
        }
        // A message may repeat any word.
        let other = call("Query", "ValidationException: AccessDenied, ExpiredToken");
        assert!(!is_refused(&other) && !is_of_credentials(&other) && fix(&other).contains("network"));
        assert!(fix(&StoreError::OtherLayout { found: 2, expected: 1 }).contains("version"));
        assert!(fix(&StoreError::NoMeta { table: table.clone() }).contains("table create"));
        assert!(fix(&StoreError::NoTable { table }).contains("SIGNET_TABLE"));
    }
}
