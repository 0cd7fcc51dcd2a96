//! Documents that IAM refuses, since somebody whom others named is deleted: what is left lets in the
//! same people.

use proptest::collection::vec;
use proptest::sample::select;
use proptest::strategy::{Just, Strategy};
use proptest::{prop_assert, prop_assert_eq, prop_oneof};
use serde_json::Value;
use signet_core::trust::document::{Document, Statement};
use signet_spec::trust::policy::Policy;

use crate::attempt::sign_in;
use crate::check;
use crate::coverage::Coverage;
use crate::plan::plans;
use crate::pools::spaced;
use crate::world::{Written, world};

const IDS: [&str; 3] = ["AIDAJQABLZS4A3QDU576Q", "AROAKSCDLFT9R5DQP782U", "AROA0000000000000000000000000000"];

/// Principals that somebody else may have.
const NAMES: [&str; 5] = ["*", "111122223333", "arn:aws:iam::444455556666:root", "AGPAJQABLZS4A3QDU576Q", "AIDA"];

/// A statement of somebody else's with deleted principals, and whether all of them can go.
fn statements() -> impl Strategy<Value = (String, bool)> {
    let names = || (vec(select(&IDS[..]), 1..3), prop_oneof![Just(vec![]), vec(select(&NAMES[..]), 0..3)], 0..2usize);
    let kinds = select(
        &["", "", "", r#","Federated":"arn:aws:iam::111122223333:saml-provider/okta""#, r#","Service":["a"]"#][..],
    );
    (names(), kinds, 0..4usize, select(&["sts:AssumeRoleWithSAML", "sts:*", "sts:AssumeRole"][..])).prop_map(
        |((ids, others, first), kinds, form, action)| {
            let mut all: Vec<&str> = others.clone();
            for id in &ids {
                all.insert(first.min(all.len()), id);
            }
            let names = match all.as_slice() {
                [one] => format!("\"{one}\""),
                several => format!("[\"{}\"]", several.join("\",\"")),
            };
            let (effect, element) =
                [("Allow", "Principal"), ("Deny", "Principal"), ("Deny", "NotPrincipal"), ("Allow", "NotPrincipal")]
                    [form];
            let is_alone = others.is_empty() && kinds.is_empty();
            let can_go = form < 2 || (form == 2 && !is_alone);
            let statement =
                format!(r#"{{"Effect":"{effect}","{element}":{{"AWS":{names}{kinds}}},"Action":"{action}"}}"#);
            (statement, can_go)
        },
    )
}

/// What is left of a statement, said a second time.
fn left(statement: &str) -> Option<Value> {
    let mut statement: Value = serde_json::from_str(statement).unwrap();
    for element in ["Principal", "NotPrincipal"] {
        let Some(kinds) = statement.get_mut(element).and_then(Value::as_object_mut) else { continue };
        let is_id = |name: &Value| IDS.iter().any(|id| name == id);
        let is_empty = match kinds.get_mut("AWS") {
            Some(Value::Array(names)) => {
                names.retain(|name| !is_id(name));
                names.is_empty()
            }
            Some(name) => is_id(name),
            None => false,
        };
        if is_empty {
            kinds.remove("AWS");
        }
        if kinds.is_empty() {
            return None;
        }
    }
    Some(statement)
}

#[test]
fn without_the_deleted_the_same_people_get_in() {
    let coverage = Coverage::default();
    let strategy = (plans(), prop_oneof![vec(statements(), 1), vec(statements(), 1..4)], 0..1_000usize);
    check(4_000, "trust-dangling", &strategy, |(plan, dangling, spaces)| {
        let world = world(&plan.apps, &plan.entries);
        let written = Written::of(&plan.document);
        let mut foreign: Vec<&str> = written.foreign.clone();
        foreign.splice(0..0, dangling.iter().map(|(statement, _)| statement.as_str()));
        let text = spaced(&format!("{}[{}]{}", written.head.0, foreign.join(","), written.head.1), spaces);
        let before = Document::parse(&text).unwrap();
        let all_stay = dangling.iter().all(|(_, can_go)| !can_go);
        let Some((after, gone)) = before.without_dangling() else {
            prop_assert!(all_stay);
            coverage.add("nothing can go");
            return Ok(());
        };
        prop_assert!(!all_stay && gone.iter().all(|id| IDS.contains(&id.as_str())), "{:?}", gone);
        prop_assert_eq!(after.without_dangling(), None);
        prop_assert_eq!(&Document::parse(&after.render()).unwrap(), &after);

        // What others have besides is there to the letter, and of the rest what should be.
        let expected: Vec<Value> = dangling
            .iter()
            .filter_map(|(text, can_go)| if *can_go { left(text) } else { serde_json::from_str(text).ok() })
            .collect();
        let found: Vec<String> = after.foreign().map(Statement::render).collect();
        let (ours, others) = found.split_at(expected.len());
        let ours: Vec<Value> = ours.iter().map(|text| serde_json::from_str(text).unwrap()).collect();
        prop_assert_eq!(&ours, &expected);
        prop_assert_eq!(others, &written.foreign);
        if after.foreign().next().is_none() {
            prop_assert_eq!(after.ours().count(), 1);
            coverage.add("nothing of others is left");
        }
        if found.len() < before.foreign().count() {
            coverage.add("a statement went");
        }
        if expected.iter().any(|statement| statement.get("NotPrincipal").is_some()) {
            coverage.add("fewer are excepted");
        }

        let [before, after] = [&before, &after].map(|document| Policy::read(&document.render()).unwrap());
        for attempt in &plan.attempts {
            let sign_in = sign_in(&world, &plan.apps, attempt);
            for action in [sign_in.assume(), "sts:TagSession", "sts:SetSourceIdentity", "sts:AssumeRole"] {
                let request = sign_in.request(action);
                prop_assert_eq!(before.says(&request), after.says(&request), "{} by {:?}", action, sign_in);
            }
        }
        coverage.add("the same people get in");
        Ok(())
    });
    coverage.assert_reached(
        20,
        &[
            "nothing can go",
            "nothing of others is left",
            "a statement went",
            "fewer are excepted",
            "the same people get in",
        ],
    );
}
