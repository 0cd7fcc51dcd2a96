//! What a statement means, however it is written.
//!
//! AWS reads one value and a list of one alike, values and members in any order, actions and
//! condition keys in any case, `true` and `"true"` alike (IAM User Guide, "Grammar of the IAM JSON
//! policy language", "IAM JSON policy elements: Condition"). Two statements whose meanings are equal
//! here are equal to AWS. The reverse does not hold, and need not: a difference that is none costs one
//! write.

use std::collections::{BTreeMap, BTreeSet};

use crate::trust::json::{Json, Members, write_members};

/// What a statement means. Its `Sid` means nothing.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Meaning {
    /// Values by where they stand: `["Effect"]`, `["Action"]`, `["Principal", "Federated"]`,
    /// `["Condition", "stringlike", "aws:requesttag/grouphash"]`.
    Plain(BTreeMap<Vec<String>, BTreeSet<String>>),
    /// A statement that IAM's grammar does not have, or that says one thing twice: as written.
    Verbatim(String),
}

impl Meaning {
    pub(super) fn of(members: &Members) -> Self {
        plain(members).map_or_else(
            || {
                let mut text = String::new();
                write_members(members, &mut text);
                Self::Verbatim(text)
            },
            Self::Plain,
        )
    }

    /// The meaning as a text that no other has, the same in every version of the program.
    pub(super) fn text(&self) -> String {
        let list = |texts: &mut dyn Iterator<Item = &String>| Json::List(texts.map(|text| Json::text(text)).collect());
        match self {
            Self::Plain(says) => {
                let said = |(place, values): (&Vec<String>, &BTreeSet<String>)| {
                    Json::List(vec![list(&mut place.iter()), list(&mut values.iter())])
                };
                Json::List(says.iter().map(said).collect()).compact()
            }
            Self::Verbatim(text) => Json::text(text).compact(),
        }
    }
}

struct Plain(BTreeMap<Vec<String>, BTreeSet<String>>);

impl Plain {
    /// Notes values; nothing if some stand there already, as where keys differ in case alone.
    fn put(&mut self, place: &[&str], values: BTreeSet<String>) -> Option<()> {
        let place = place.iter().map(|part| (*part).to_owned()).collect();
        self.0.insert(place, values).is_none().then_some(())
    }
}

fn plain(members: &Members) -> Option<BTreeMap<Vec<String>, BTreeSet<String>>> {
    let mut found = Plain(BTreeMap::new());
    for (name, value) in members {
        match (name.value(), value) {
            ("Sid", Json::Text(_)) => {}
            ("Effect", Json::Text(effect)) if matches!(effect.value(), "Allow" | "Deny") => {
                found.put(&["Effect"], BTreeSet::from([effect.value().to_owned()]))?;
            }
            (name @ ("Action" | "NotAction"), actions) => {
                found.put(&[name], values(actions)?.iter().map(|action| action.to_ascii_lowercase()).collect())?;
            }
            (name @ ("Principal" | "NotPrincipal"), Json::Object(kinds)) => {
                for (kind, names) in kinds {
                    found.put(&[name, kind.value()], values(names)?)?;
                }
            }
            (name @ ("Principal" | "NotPrincipal"), everyone) => found.put(&[name], values(everyone)?)?,
            ("Condition", Json::Object(operators)) => {
                for (operator, keys) in operators {
                    let Json::Object(keys) = keys else { return None };
                    for (key, wanted) in keys {
                        let (operator, key) = (operator.value().to_ascii_lowercase(), key.value().to_ascii_lowercase());
                        found.put(&["Condition", &operator, &key], values(wanted)?)?;
                    }
                }
            }
            // Not of IAM's grammar, or not of its shape.
            _ => return None,
        }
    }
    Some(found.0)
}

/// One value or a list of values, each a string, a number or a boolean.
fn values(json: &Json) -> Option<BTreeSet<String>> {
    match json {
        Json::List(list) => list.iter().map(scalar).collect(),
        one => scalar(one).map(|value| BTreeSet::from([value])),
    }
}

fn scalar(json: &Json) -> Option<String> {
    match json {
        Json::Text(text) => Some(text.value().to_owned()),
        Json::Word(word) if word != "null" => Some(word.clone()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Meaning {
        let Ok(Json::Object(members)) = Json::parse(text) else { panic!("`{text}` is no object") };
        Meaning::of(&members)
    }

    #[test]
    fn ways_of_writing_mean_the_same() {
        let one = of(r#"{"Sid":"a","Effect":"Allow","Action":["sts:TagSession"],
            "Principal":{"Federated":["x","y"],"AWS":"1"},"Condition":{"Bool":{"A:b":true},"StringLike":{"c":["1","2"]}}}"#);
        let other = of(r#"{"Condition":{"StringLike":{"C":["2","1","1"]},"bool":{"a:B":["true"]}},
            "Principal":{"AWS":["1"],"Federated":["y","x"]},"Action":"STS:tagsession","Effect":"Allow"}"#);
        assert_eq!(one, other);
        assert_eq!(one.text(), other.text());
        assert_eq!(
            of(r#"{"Effect":"Allow","Principal":{"AWS":["b","a"]}}"#).text(),
            r#"[[["Effect"],["Allow"]],[["Principal","AWS"],["a","b"]]]"#
        );
        assert!(matches!(one, Meaning::Plain(_)));
        assert_eq!(of(r#"{"Effect":"Deny","Condition":{}}"#), of(r#"{"Effect":"Deny","Condition":{"Bool":{}}}"#));
    }

    #[test]
    fn what_differs_to_aws_differs() {
        let base = r#"{"Effect":"Allow","Action":"sts:A","Principal":{"Federated":"x"},"Condition":{"StringLike":{"k":["v"]}}}"#;
        for (from, to) in [
            ("Allow", "Deny"),
            ("Allow", "allow"),
            ("sts:A", "sts:AB"),
            ("\"Action\"", "\"NotAction\""),
            ("\"Principal\"", "\"NotPrincipal\""),
            ("Federated", "AWS"),
            ("\"x\"", "[\"x\",\"y\"]"),
            ("\"x\"", "\"X\""),
            ("{\"Federated\":\"x\"}", "\"*\""),
            ("StringLike", "StringLikeIfExists"),
            ("\"k\"", "\"l\""),
            ("[\"v\"]", "[\"v\",\"w\"]"),
            ("[\"v\"]", "[]"),
            ("\"v\"", "\"V\""),
            (",\"Condition\"", ",\"Extra\":1,\"Condition\""),
        ] {
            assert_ne!(of(base), of(&base.replace(from, to)), "{from} and {to}");
            assert_ne!(of(base).text(), of(&base.replace(from, to)).text(), "{from} and {to}");
        }
    }

    #[test]
    fn what_iam_does_not_have_is_kept_as_written() {
        for odd in [
            r#"{"effect":"Allow"}"#,
            r#"{"Effect":["Allow"]}"#,
            r#"{"Effect":"allow"}"#,
            r#"{"Sid":1}"#,
            r#"{"Action":null}"#,
            r#"{"Action":[["a"]]}"#,
            r#"{"Principal":{"AWS":{"x":1}}}"#,
            r#"{"Condition":[]}"#,
            r#"{"Condition":{"Bool":"x"}}"#,
            r#"{"Condition":{"Bool":{"a":"1"},"bool":{"A":"2"}}}"#,
            r#"{"Resource":"*"}"#,
        ] {
            assert_eq!(of(odd), Meaning::Verbatim(odd.to_owned()));
        }
    }
}
