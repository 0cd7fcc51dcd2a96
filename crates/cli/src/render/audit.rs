//! Findings of an audit.

use std::fmt::Write as _;

use serde_json::{Value, json};
use signet_reconcile::audit::{Finding, Weight};

use crate::text::{count, printable};

/// Findings for people, the heaviest first, each with what it concerns and what to do.
#[must_use]
pub fn text(findings: &[Finding]) -> String {
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

/// Findings for programs.
#[must_use]
pub fn json(findings: &[Finding]) -> Value {
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
    json!({
        "findings": findings.iter().map(entry).collect::<Vec<_>>(),
        "totals": { "errors": errors, "warnings": warnings, "notes": notes },
    })
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
        insta::assert_snapshot!("audit_text", text(&findings));
        insta::assert_snapshot!("audit_text_empty", text(&[]));
        insta::assert_snapshot!("audit_json", format!("{:#}", json(&findings)));
        assert!(is_serious(&findings) && !is_serious(&findings[3..]));
    }
}
