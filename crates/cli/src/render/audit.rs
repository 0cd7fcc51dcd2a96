//! Findings of an audit.

use std::fmt::Write as _;

use serde_json::{Value, json};
use signet_core::role::RoleArn;
use signet_reconcile::audit::{Finding, Weight};

use crate::text::{count, printable};

/// How much of the quota a role's trust policy takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Capacity {
    /// The role.
    pub role: RoleArn,
    /// The characters that count against the quota.
    pub length: usize,
    /// The quota, in characters.
    pub quota: usize,
}

impl Capacity {
    fn left(&self) -> usize {
        self.quota.saturating_sub(self.length)
    }
}

/// Findings for people, the heaviest first, each with what it concerns and what to do; behind them the
/// capacity of roles, where it was asked for.
#[must_use]
pub fn text(findings: &[Finding], capacity: Option<&[Capacity]>) -> String {
    let mut text = findings_text(findings);
    let Some(capacity) = capacity else { return text };
    text.push_str("\nCHARACTERS LEFT\n");
    for role in capacity {
        let _ = writeln!(text, "  {:>5} of {}  {}", role.left(), role.quota, role.role);
    }
    if capacity.is_empty() {
        text.push_str("  no trust policy was written yet\n");
    }
    text
}

fn findings_text(findings: &[Finding]) -> String {
    let mut text = String::new();
    for weight in Weight::ALL {
        let of_weight: Vec<&Finding> = findings.iter().filter(|finding| finding.weight == weight).collect();
        if of_weight.is_empty() {
            continue;
        }
        let heading = match weight {
            Weight::Error => "ERRORS",
            Weight::Warning => "WARNINGS",
            Weight::Note => "NOTES",
        };
        let _ = writeln!(text, "{heading}");
        let width = of_weight.iter().map(|finding| finding.kind.len()).max().unwrap_or_default();
        for finding in of_weight {
            let Finding { kind, subject, text: what, .. } = finding;
            let _ = writeln!(text, "  {kind:width$}  {}\n  {:width$}    {}", printable(subject), "", printable(what));
        }
        text.push('\n');
    }
    let number = |weight| findings.iter().filter(|finding| finding.weight == weight).count();
    if findings.is_empty() {
        text.push_str("Nothing found.\n");
    } else {
        let [errors, warnings, notes] = Weight::ALL.map(number);
        let _ = writeln!(text, "{}, {}, {}.", count(errors, "error"), count(warnings, "warning"), count(notes, "note"));
    }
    text
}

/// Findings for programs, with the capacity of roles where it was asked for.
#[must_use]
pub fn json(findings: &[Finding], capacity: Option<&[Capacity]>) -> Value {
    let number = |weight| findings.iter().filter(|finding| finding.weight == weight).count();
    let [errors, warnings, notes] = Weight::ALL.map(number);
    let entry = |finding: &Finding| {
        json!({
            "weight": finding.weight.as_str(),
            "kind": finding.kind,
            "subject": finding.subject,
            "text": finding.text,
        })
    };
    let mut all = json!({
        "findings": findings.iter().map(entry).collect::<Vec<_>>(),
        "totals": { "errors": errors, "warnings": warnings, "notes": notes },
    });
    if let (Some(capacity), Value::Object(all)) = (capacity, &mut all) {
        let entry = |role: &Capacity| json!({ "role": role.role.as_str(), "length": role.length, "quota": role.quota, "left": role.left() });
        all.insert("capacity".to_owned(), capacity.iter().map(entry).collect());
    }
    all
}

/// Whether somebody has to look at any of it.
#[must_use]
pub fn is_serious(findings: &[Finding]) -> bool {
    findings.iter().any(|finding| finding.weight >= Weight::Warning)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finding(weight: Weight, kind: &'static str, subject: &str, text: &str) -> Finding {
        Finding { weight, kind, subject: subject.to_owned(), text: text.to_owned() }
    }

    #[test]
    fn what_is_left_is_told_where_it_was_asked_for() {
        let role = |name: &str| RoleArn::parse(&format!("arn:aws:iam::111122223333:role/data/{name}")).unwrap();
        let roles = [
            Capacity { role: role("full"), length: 2_100, quota: 2_048 },
            Capacity { role: role("reader"), length: 600, quota: 2_048 },
        ];
        let shown = text(&[], Some(&roles));
        assert!(
            shown.contains("CHARACTERS LEFT\n      0 of 2048  arn:aws:iam::111122223333:role/data/full\n"),
            "{shown}"
        );
        assert!(shown.ends_with("   1448 of 2048  arn:aws:iam::111122223333:role/data/reader\n"), "{shown}");
        let told = json(&[], Some(&roles));
        assert_eq!(
            told["capacity"][1],
            json!({
                "role": "arn:aws:iam::111122223333:role/data/reader", "length": 600, "quota": 2_048, "left": 1_448,
            })
        );
        assert!(text(&[], Some(&[])).contains("no trust policy was written yet"));
    }

    #[test]
    fn findings_stand_by_their_weight() {
        let findings = [
            finding(Weight::Error, "drift", "arn:aws:iam::111122223333:role/data/reader", "somebody else changed it"),
            finding(Weight::Error, "unreachable", "444455556666", "AccessDenied"),
            finding(
                Weight::Warning,
                "not_ready",
                "arn:aws:iam::111122223333:role/data/writer",
                "it lacks sts:TagSession",
            ),
            finding(Weight::Note, "collision", "Team\u{1b} 7", "displaced"),
        ];
        insta::assert_snapshot!("audit_text", text(&findings, None));
        insta::assert_snapshot!("audit_text_empty", text(&[], None));
        insta::assert_snapshot!("audit_json", format!("{:#}", json(&findings, None)));
        assert!(is_serious(&findings) && !is_serious(&findings[3..]));
    }
}
