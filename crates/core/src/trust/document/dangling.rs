//! Principals of others that are deleted, and keep IAM from taking the document at all.
//!
//! IAM keeps a user or role that a trust policy names by its unique id. Once it is deleted there is no
//! ARN to show for it, so `GetRole` shows the id (`AIDA…` of a user, `AROA…` of a role: IAM user guide,
//! "IAM identifiers"), and IAM refuses every document that has it, ours beside it or not: `Invalid
//! principal in policy` (IAM user guide, "AWS JSON policy elements: Principal"). Left alone, it would
//! hold up every withdrawal.

use super::{Document, Part, Statement};
use crate::trust::allow::inert;
use crate::trust::json::{Json, Members};

/// How long unique ids are, in characters (IAM API reference, `UserId`, `RoleId`).
const ID: std::ops::RangeInclusive<usize> = 16..=128;

impl Document {
    /// The document without principals that are deleted, and the ids that are gone from it, in their
    /// order; none where there is nothing to remove.
    ///
    /// For use after IAM has refused the document because of a principal, not before: while IAM takes
    /// it, statements of others stay as they are. Only such ids below `"AWS"` go, from statements that
    /// are not ours:
    ///
    /// - From a `Principal`; and if nobody else is in it, the statement with it. An id is never used
    ///   again, so the statement is about nobody, and whether it allowed or denied, without it the same
    ///   people get in as before. To keep a Deny that denies nobody would keep those in whose grants
    ///   are withdrawn.
    /// - From the `NotPrincipal` of a Deny, if somebody else is left in it: those who are excepted are
    ///   the same as before.
    ///
    /// Where that leaves a doubt, the id stays, and IAM goes on refusing the document: a person must
    /// decide. That is so for a `NotPrincipal` with nobody else in it, of which nothing would be left
    /// that IAM takes, and which denies everybody meanwhile; for the `NotPrincipal` of an Allow, which
    /// would allow more; and for a statement without a plain `Effect`, or with both kinds of principal.
    #[must_use]
    pub fn without_dangling(&self) -> Option<(Self, Vec<String>)> {
        let mut gone = Vec::new();
        let members = self.members.iter().map(|(name, part)| {
            let part = match part {
                Part::Statements { single, list } => {
                    let mut list: Vec<_> = list.iter().filter_map(|one| one.without_dangling(&mut gone)).collect();
                    if list.is_empty() {
                        list.push(inert());
                    }
                    Part::Statements { single: *single, list }
                }
                Part::Other(json) => Part::Other(json.clone()),
            };
            (name.clone(), part)
        });
        let document = Self { members: members.collect() };
        if gone.is_empty() { None } else { Some((document, gone)) }
    }
}

impl Statement {
    fn member(&self, wanted: &str) -> Option<&Json> {
        self.members.iter().find_map(|(name, value)| (name.value() == wanted).then_some(value))
    }

    /// The statement without ids of the deleted; none if nobody is left in it.
    fn without_dangling(&self, gone: &mut Vec<String>) -> Option<Self> {
        if self.is_ours() {
            return Some(self.clone());
        }
        let is_deny = match self.member("Effect") {
            Some(Json::Text(effect)) if effect.value() == "Deny" => true,
            Some(Json::Text(effect)) if effect.value() == "Allow" => false,
            _ => return Some(self.clone()),
        };
        let (element, kinds) = match (self.member("Principal"), self.member("NotPrincipal")) {
            (Some(Json::Object(kinds)), None) => ("Principal", kinds),
            (None, Some(Json::Object(kinds))) if is_deny => ("NotPrincipal", kinds),
            _ => return Some(self.clone()),
        };
        let mut ids = Vec::new();
        let left = living(kinds, &mut ids);
        if ids.is_empty() || (left.is_empty() && element == "NotPrincipal") {
            return Some(self.clone());
        }
        gone.extend(ids);
        if left.is_empty() {
            return None;
        }
        let members = self.members.iter().map(|(name, value)| {
            let value = if name.value() == element { Json::Object(left.clone()) } else { value.clone() };
            (name.clone(), value)
        });
        Some(Self { members: members.collect() })
    }
}

/// The principals but for ids of the deleted, and those ids.
fn living(kinds: &Members, gone: &mut Vec<String>) -> Members {
    let mut lives = |value: &Json| match value {
        Json::Text(text) if is_unique_id(text.value()) => {
            gone.push(text.value().to_owned());
            false
        }
        _ => true,
    };
    let kinds = kinds.iter().filter_map(|(kind, names)| {
        let left = match names {
            Json::List(names) if kind.value() == "AWS" && !names.is_empty() => {
                let left: Vec<_> = names.iter().filter(|name| lives(name)).cloned().collect();
                (!left.is_empty()).then_some(Json::List(left))
            }
            one if kind.value() == "AWS" => lives(one).then(|| one.clone()),
            other => Some(other.clone()),
        };
        left.map(|left| (kind.clone(), left))
    });
    kinds.collect()
}

/// Whether a principal is the unique id of a user or a role. No name, ARN or account looks like one.
fn is_unique_id(name: &str) -> bool {
    (name.starts_with("AIDA") || name.starts_with("AROA"))
        && ID.contains(&name.len())
        && name.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use crate::trust::grants::Codes;
    use crate::trust::tests::{EC2, desired, document, plan, saml};

    const USER: &str = "AIDAJQABLZS4A3QDU576Q";
    const ROLE: &str = "AROAKSCDLFT9R5DQP782U";
    const ROOT: &str = "arn:aws:iam::444455556666:root";

    /// What becomes of statements, and what is gone.
    fn left(statements: &str) -> Option<(String, String)> {
        let (left, gone) = document(statements).without_dangling()?;
        assert_eq!(left.without_dangling(), None);
        let text: Vec<_> = left.statements().map(super::Statement::render).collect();
        Some((text.join(","), gone.join(" ")))
    }

    fn statement(effect: &str, principal: &str) -> String {
        format!(r#"{{"Effect":"{effect}",{principal},"Action":"sts:AssumeRole","Condition":{{"Bool":{{"x":true}}}}}}"#)
    }

    #[test]
    fn only_ids_of_the_deleted_go() {
        for effect in ["Allow", "Deny"] {
            for (principal, without, ids) in [
                (format!(r#""AWS":["{ROOT}","{USER}"]"#), format!(r#""AWS":["{ROOT}"]"#), USER.to_owned()),
                (
                    format!(r#""AWS":["{USER}","1\u0031","{ROLE}"]"#),
                    r#""AWS":["1\u0031"]"#.to_owned(),
                    format!("{USER} {ROLE}"),
                ),
                (
                    format!(r#""Service":["a","b"],"AWS":"{ROLE}""#),
                    r#""Service":["a","b"]"#.to_owned(),
                    ROLE.to_owned(),
                ),
                (
                    format!(r#""AWS":["{}"],"Federated":"x""#, ROLE.replacen('A', r"\u0041", 1)),
                    r#""Federated":"x""#.into(),
                    ROLE.into(),
                ),
            ] {
                let with = |kinds: &str| statement(effect, &format!(r#""Principal":{{{kinds}}}"#));
                let found = left(&format!("{EC2},{}", with(&principal)));
                assert_eq!(found, Some((format!("{EC2},{}", with(&without)), ids)), "{effect} {principal}");
            }
        }
    }

    #[test]
    fn a_statement_about_nobody_goes() {
        for effect in ["Allow", "Deny"] {
            for names in [format!(r#""{USER}""#), format!(r#"["{USER}"]"#)] {
                let gone = statement(effect, &format!(r#""Principal":{{"AWS":{names}}}"#));
                assert_eq!(left(&format!("{gone},{EC2}")), Some((EC2.to_owned(), USER.to_owned())));
                // IAM takes no empty document.
                let (inert, _) = left(&gone).unwrap();
                assert!(inert.starts_with(r#"{"Sid":"SignetNone","Effect":"Deny""#), "{inert}");
            }
        }
        let single = super::Document::parse(&format!(
            r#"{{"Statement":{}}}"#,
            statement("Allow", &format!(r#""Principal":{{"AWS":["{USER}","1"]}}"#))
        ));
        let (single, _) = single.unwrap().without_dangling().unwrap();
        assert!(single.render().starts_with(r#"{"Statement":{"Effect":"Allow","Principal":{"AWS":["1"]}"#));
    }

    #[test]
    fn those_who_are_excepted_from_a_deny_stay_the_same() {
        let deny = |names: &str| statement("Deny", &format!(r#""NotPrincipal":{{"AWS":{names}}}"#));
        let found = left(&deny(&format!(r#"["{USER}","{ROOT}"]"#)));
        assert_eq!(found, Some((deny(&format!(r#"["{ROOT}"]"#)), USER.to_owned())));
    }

    #[test]
    fn what_leaves_a_doubt_stays() {
        for statement in [
            statement("Deny", &format!(r#""NotPrincipal":{{"AWS":"{USER}"}}"#)),
            statement("Deny", &format!(r#""NotPrincipal":{{"AWS":["{USER}"]}}"#)),
            statement("Allow", &format!(r#""NotPrincipal":{{"AWS":["{USER}","{ROOT}"]}}"#)),
            statement("allow", &format!(r#""Principal":{{"AWS":["{USER}","{ROOT}"]}}"#)),
            statement("Allow", &format!(r#""Principal":"{USER}""#)),
            statement("Allow", &format!(r#""Principal":{{"AWS":"{USER}"}},"NotPrincipal":{{"AWS":"x"}}"#)),
            statement("Allow", &format!(r#""Principal":{{"Federated":"{USER}"}}"#)),
            // What is no id of a user or a role.
            statement("Allow", &format!(r#""Principal":{{"AWS":["{ROOT}","111122223333","*",[],1]}}"#)),
            statement("Allow", r#""Principal":{"AWS":["AIDA","AROA12345678901","AIDAjqablzs4a3qdu576q"]}"#),
            statement(
                "Allow",
                r#""Principal":{"AWS":["AGPAJQABLZS4A3QDU576Q","arn:aws:iam::1:user/AIDAJQABLZS4A3QDU576Q"]}"#,
            ),
            format!(r#"{{"Sid":"SignetX","Effect":"Allow","Principal":{{"AWS":"{USER}"}},"Action":"sts:AssumeRole"}}"#),
        ] {
            assert_eq!(left(&statement), None, "{statement}");
        }
    }

    #[test]
    fn ours_are_in_the_document_that_is_left() {
        let current = document(&statement("Allow", &format!(r#""Principal":{{"AWS":"{USER}"}}"#)));
        let wanted = desired(&[("a", saml("a"))], &[("a", "aaaa")]);
        let planned = plan(&current, &wanted, &Codes::new()).document;
        let (left, _) = planned.without_dangling().unwrap();
        assert!(left.same_ours(&planned));
        assert_eq!(left.foreign().count(), 0);
    }
}
