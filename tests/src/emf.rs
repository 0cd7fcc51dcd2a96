//! What CloudWatch makes of a line in its embedded metric format.
//!
//! The rules are those of the specification in CloudWatch's documentation ("Embedded metric format
//! specification"): a line that breaks one of them is a line of text, and its metrics are lost.

use std::collections::BTreeMap;

use serde_json::Value;

/// The units that the lines may name; CloudWatch has more.
const UNITS: [&str; 2] = ["Count", "Milliseconds"];

/// The metrics of a line and their values, by name, with the dimensions they have.
#[derive(Debug, Clone, PartialEq)]
pub struct Metrics {
    /// The namespace.
    pub namespace: String,
    /// The values of the dimensions, by name.
    pub dimensions: BTreeMap<String, String>,
    /// The values of the metrics, by name.
    pub values: BTreeMap<String, Vec<f64>>,
}

/// Reads a line. Fails the test where CloudWatch would not take it.
pub fn read(line: &Value) -> Metrics {
    let timestamp = line["_aws"]["Timestamp"].as_u64().unwrap_or_else(|| panic!("no time: {line}"));
    assert!(timestamp > 1_600_000_000_000, "the time is in milliseconds since 1970: {line}");
    let directives = line["_aws"]["CloudWatchMetrics"].as_array().unwrap_or_else(|| panic!("no metrics: {line}"));
    let [directive] = directives.as_slice() else { panic!("one directive is expected: {line}") };
    let namespace = directive["Namespace"].as_str().unwrap_or_default();
    assert!((1..=1024).contains(&namespace.len()), "{line}");
    let mut metrics = Metrics { namespace: namespace.to_owned(), dimensions: BTreeMap::new(), values: BTreeMap::new() };
    for set in directive["Dimensions"].as_array().unwrap_or_else(|| panic!("no dimensions: {line}")) {
        let set = set.as_array().unwrap_or_else(|| panic!("dimensions are lists: {line}"));
        assert!(set.len() <= 30, "{line}");
        for name in set {
            let name = name.as_str().unwrap();
            let value = line[name].as_str().unwrap_or_else(|| panic!("no member `{name}`: {line}"));
            assert!((1..=1024).contains(&value.len()), "{line}");
            metrics.dimensions.insert(name.to_owned(), value.to_owned());
        }
    }
    let definitions = directive["Metrics"].as_array().unwrap_or_else(|| panic!("no definitions: {line}"));
    assert!((1..=100).contains(&definitions.len()), "{line}");
    for definition in definitions {
        let name = definition["Name"].as_str().unwrap();
        assert!(UNITS.contains(&definition["Unit"].as_str().unwrap_or("None")), "{line}");
        let values = match &line[name] {
            Value::Array(values) => values.iter().map(Value::as_f64).collect(),
            value => value.as_f64().map(|value| vec![value]),
        };
        let values: Vec<f64> = values.unwrap_or_else(|| panic!("no number in member `{name}`: {line}"));
        assert!((1..=100).contains(&values.len()), "{line}");
        assert_eq!(metrics.values.insert(name.to_owned(), values), None, "`{name}` is defined twice: {line}");
    }
    metrics
}
