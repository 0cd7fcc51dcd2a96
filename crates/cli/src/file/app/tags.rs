//! The session tags that an app maps from claims.

use std::collections::{BTreeMap, BTreeSet};

use signet_core::app::{TagRule, TagRules};
use signet_core::cognito::is_free_claim;

use super::super::fields::{Field, Fields, Report};
use super::way::Way;
use super::{MAX_URI, default};
use crate::text::printable;

pub(super) fn read(fields: &Fields<'_>, way: Way, report: &mut Report) -> Option<TagRules> {
    let tags = fields.get("tags");
    let rules = default(tags.clone(), BTreeMap::new(), |f| rules(&f, way, report));
    let local_tags = fields.get("local_tags");
    let local = default(local_tags.clone(), BTreeSet::new(), |f| {
        let mut local = BTreeSet::new();
        for item in f.list(report)? {
            let key = item.text(report)?;
            if !local.insert(key.to_owned()) {
                report.warning(item.node.at, &item.path, "is there twice");
            }
        }
        if way.is_identity_pool() && !local.is_empty() {
            report.warning(f.node.at, &f.path, "has no effect: no tag of an identity pool's session is transitive");
        }
        Some(local)
    });
    let (rules, local) = (rules?, local?);
    // The rules alone are fine, so that what is wrong with them together is the local tags'.
    let of_rules = TagRules::new(rules.clone(), BTreeSet::new());
    let place = if of_rules.is_err() { tags } else { local_tags };
    match place {
        Some(field) => report.parsed(&field, TagRules::new(rules, local)),
        None => of_rules.ok(),
    }
}

fn rules(field: &Field<'_>, way: Way, report: &mut Report) -> Option<BTreeMap<String, TagRule>> {
    let mut rules = Some(BTreeMap::new());
    for (key, rule) in field.map(report)? {
        let read = Fields::read(rule.node, &rule.path, &["claim", "required"], report).and_then(|fields| {
            let claim = fields.required("claim", "the claim whose value the tag takes is expected", report);
            let claim = claim.and_then(|f| f.name(MAX_URI, report).map(str::to_owned));
            let required = default(fields.get("required"), false, |f| f.flag(report));
            Some(TagRule { claim: claim?, required: required? })
        });
        let is_free = !way.is_identity_pool() || is_free_claim(key);
        if !is_free {
            let what = format!(
                "tag `{}` would be a claim of that name, which Cognito keeps for itself: give the tag another key, as \
                 an identity pool reads tags from claims",
                printable(key)
            );
            report.error(rule.node.at, &rule.path, &what);
        }
        match (read.filter(|_| is_free), &mut rules) {
            (Some(rule), Some(rules)) => {
                rules.insert(key.to_owned(), rule);
            }
            _ => rules = None,
        }
    }
    rules
}
