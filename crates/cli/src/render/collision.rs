//! Collisions: groups that find their code taken, and what becomes of them.

use std::fmt::Write as _;

use serde_json::{Value, json};
use signet_core::grant::SourceId;
use signet_store::apply::{Collision, Displaced, LeftOut, Plan};

use crate::text::{count, printable};

/// The collisions of a plan for people, each kind under its heading; empty where there are none.
#[must_use]
pub fn text(plan: &Plan) -> String {
    let mut text = String::new();
    if !plan.displaced.is_empty() {
        text.push_str(&displaced(&plan.displaced));
    }
    text.push_str(&left_out(&plan.left_out, &plan.source));
    text
}

/// Displaced groups for people under their heading, both groups and both codes of each.
#[must_use]
pub fn displaced(displaced: &[Displaced]) -> String {
    let mut text = "\nDISPLACED\n".to_owned();
    for one in displaced {
        let _ = writeln!(
            text,
            "  ! `{}` finds its code {} taken by `{}`, and gets {} (salt {}). Both groups keep all their grants.",
            printable(one.group.as_str()),
            one.taken,
            printable(one.owner.as_str()),
            one.code,
            one.salt.get(),
        );
    }
    text
}

/// Groups that are left out for people under their heading, and what to do; empty where there are
/// none.
#[must_use]
pub fn left_out(left_out: &[LeftOut], source: &SourceId) -> String {
    if left_out.is_empty() {
        return String::new();
    }
    let mut text = "\nLEFT OUT\n".to_owned();
    for one in left_out {
        let waits = if one.grants == 1 { "waits" } else { "wait" };
        let _ = writeln!(
            text,
            "  ! `{}` finds its code {} taken by `{}`, and this table gives it no other: {} {waits}.",
            printable(one.group.as_str()),
            one.taken,
            printable(one.owner.as_str()),
            count(one.grants, "grant"),
        );
    }
    let _ = writeln!(
        text,
        "  Give each a code by `signet register GROUP --salt NUMBER`, and then its grants by `signet resync {source}`."
    );
    text
}

/// The collisions that people have to be told of, and that what was done does not tell: those of an
/// application that was interrupted. `done` is what was done, if anything was.
#[must_use]
pub fn earlier<'a>(unannounced: &'a [Collision], done: Option<&Plan>) -> Vec<&'a Collision> {
    let is_told = |collision: &Collision| {
        done.is_some_and(|done| match &collision.given {
            Some(_) => done.displaced.iter().any(|one| one.group == collision.group),
            None => done.left_out.iter().any(|one| one.group == collision.group),
        })
    };
    unannounced.iter().filter(|collision| !is_told(collision)).collect()
}

/// Collisions of earlier applications for people under their heading; empty where there are none.
#[must_use]
pub fn earlier_text(collisions: &[&Collision], source: &SourceId) -> String {
    if collisions.is_empty() {
        return String::new();
    }
    let mut text = "\nCOLLISIONS OF EARLIER APPLICATIONS\n".to_owned();
    for one in collisions {
        let became = match &one.given {
            Some((code, salt)) => format!("got {code} (salt {})", salt.get()),
            None => format!("was left out of {source}"),
        };
        let _ = writeln!(
            text,
            "  ! `{}` found its code {} taken by `{}`, and {became}, with {}.",
            printable(one.group.as_str()),
            one.taken,
            printable(one.owner.as_str()),
            printable(&one.event),
        );
    }
    text
}

/// Displaced groups for programs.
#[must_use]
pub fn displaced_json(displaced: &[Displaced]) -> Value {
    let entry = |one: &Displaced| {
        json!({
            "group": one.group.as_str(),
            "code": one.code.as_str(),
            "salt": one.salt.get(),
            "taken": one.taken.as_str(),
            "owner": one.owner.as_str(),
        })
    };
    displaced.iter().map(entry).collect()
}

/// Groups that are left out, for programs.
#[must_use]
pub fn left_out_json(left_out: &[LeftOut]) -> Value {
    let entry = |one: &LeftOut| {
        json!({
            "group": one.group.as_str(),
            "taken": one.taken.as_str(),
            "owner": one.owner.as_str(),
            "grants": one.grants,
        })
    };
    left_out.iter().map(entry).collect()
}

/// Collisions that people have to be told of, for programs; `code` and `salt` are null of a group that
/// was left out.
#[must_use]
pub fn json(collisions: &[Collision]) -> Value {
    let entry = |one: &Collision| {
        let (code, salt) = one.given.as_ref().map(|(code, salt)| (code.as_str(), salt.get())).unzip();
        json!({
            "id": one.id,
            "group": one.group.as_str(),
            "code": code,
            "salt": salt,
            "taken": one.taken.as_str(),
            "owner": one.owner.as_str(),
            "event": one.event,
        })
    };
    collisions.iter().map(entry).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use signet_core::code::{GroupCode, Salt};
    use signet_core::group::GroupKey;

    fn collision(group: &str, given: Option<(&str, u32)>) -> Collision {
        let code = |text: &str| GroupCode::parse(text).unwrap();
        Collision {
            id: format!("c-{group}"),
            group: GroupKey::new(group).unwrap(),
            taken: code("abcd"),
            owner: GroupKey::new("Owner\u{1b}").unwrap(),
            given: given.map(|(text, salt)| (code(text), Salt::new(salt))),
            event: "apply-1".to_owned(),
        }
    }

    #[test]
    fn nothing_is_told_twice_and_nothing_is_left_untold() {
        let source = SourceId::file("platform").unwrap();
        let unannounced = [collision("A", Some(("efgh", 1))), collision("B", None), collision("C", None)];
        let all = earlier(&unannounced, None);
        assert_eq!(
            earlier_text(&all, &source),
            "\nCOLLISIONS OF EARLIER APPLICATIONS\n  ! `A` found its code abcd taken by `Owner\\u{1b}`, and got efgh \
             (salt 1), with apply-1.\n  ! `B` found its code abcd taken by `Owner\\u{1b}`, and was left out of \
             file:platform, with apply-1.\n  ! `C` found its code abcd taken by `Owner\\u{1b}`, and was left out of \
             file:platform, with apply-1.\n"
        );
        let left_out = |group: &str| LeftOut {
            group: GroupKey::new(group).unwrap(),
            taken: GroupCode::parse("abcd").unwrap(),
            owner: GroupKey::new("Owner").unwrap(),
            grants: 1,
        };
        // A was given a code once, and is left out now: another matter.
        let done = Plan { left_out: vec![left_out("A"), left_out("B")], ..crate::render::plan::tests::empty() };
        let groups: Vec<_> = earlier(&unannounced, Some(&done)).iter().map(|one| one.group.as_str()).collect();
        assert_eq!(groups, ["A", "C"]);
        assert_eq!(earlier_text(&[], &source), "");
    }

    #[test]
    fn for_programs() {
        let value = json(&[collision("A", Some(("efgh", 1))), collision("B", None)]);
        assert_eq!(
            (&value[0]["code"], &value[0]["salt"], &value[0]["taken"]),
            (&json!("efgh"), &json!(1), &json!("abcd"))
        );
        assert_eq!(
            (&value[1]["code"], &value[1]["salt"], &value[1]["group"]),
            (&Value::Null, &Value::Null, &json!("B"))
        );
    }
}
