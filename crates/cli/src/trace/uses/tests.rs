//! Which sessions share what.

use std::collections::{BTreeMap, BTreeSet};

use signet_core::grant::Timestamp;

use super::*;
use crate::trace::session::Way;

/// The `n`th session, by an assertion of a provider, or by a token.
fn session(n: i64, decision: &str, assertion: Option<(&str, &str)>) -> Session {
    let (way, provider) = match assertion {
        Some((provider, _)) => (Way::Saml, format!("arn:aws:iam::111122223333:saml-provider/{provider}")),
        None => (Way::Token, "https://example.okta.com".to_owned()),
    };
    Session {
        event: format!("e-{n}"),
        at: Timestamp::from_seconds(n),
        way,
        role: "arn:aws:iam::111122223333:role/reader".to_owned(),
        name: None,
        source_identity: None,
        decision: Some(decision.to_owned()),
        group_hash: None,
        tags: BTreeMap::new(),
        transitive: BTreeSet::new(),
        provider: Some(provider),
        audience: None,
        subject: None,
        assertion: assertion.map(|(_, id)| id.to_owned()),
        access_key: None,
        principal: None,
        address: None,
    }
}

fn also(sessions: &[Session]) -> Vec<Vec<String>> {
    let uses = Uses::of(sessions);
    let of = |session: &Session| uses.also(session).sessions.into_iter().map(|other| other.event).collect();
    sessions.iter().map(of).collect()
}

fn assertions(sessions: &[Session]) -> Vec<usize> {
    let uses = Uses::of(sessions);
    sessions.iter().map(|session| uses.shared(session).assertions).collect()
}

#[test]
fn one_assertion_may_open_several_roles_in_several_accounts() {
    let mut all = [1, 2].map(|n| session(n, "d1", Some(("okta", "_a"))));
    all[1].provider = Some("arn:aws:iam::444455556666:saml-provider/okta".to_owned());
    assert_eq!(assertions(&all), [1, 1]);
    assert_eq!(also(&all), [["e-2"], ["e-1"]]);
    assert_eq!(Uses::of(&all).shared(&all[0]).by_assertion.len(), 2);
}

#[test]
fn a_decision_that_is_copied_is_in_several_assertions() {
    let all = [
        session(1, "d1", Some(("okta", "_a"))),
        session(2, "d1", Some(("okta", "_b"))),
        // Ids are each provider's own.
        session(3, "d1", Some(("other", "_a"))),
        session(4, "d2", Some(("okta", "_c"))),
    ];
    assert_eq!(assertions(&all), [3, 3, 3, 1]);
    assert_eq!(also(&all), [vec!["e-2", "e-3"], vec!["e-1", "e-3"], vec!["e-1", "e-2"], vec![]]);
    assert_eq!(Uses::of(&all).shared(&all[0]).by_assertion.len(), 1, "the assertions are not one");
}

#[test]
fn a_token_has_no_id_and_shares_its_decision() {
    let all = [1, 2, 3].map(|n| session(n, "d1", None));
    assert_eq!(assertions(&all), [0; 3]);
    assert_eq!(also(&all), [["e-2", "e-3"], ["e-1", "e-3"], ["e-1", "e-2"]]);
    assert!(Uses::of(&all).shared(&all[0]).by_assertion.is_empty());
}

#[test]
fn what_is_not_shown_is_counted() {
    let all: Vec<Session> = (0..30).map(|n| session(n, "d1", None)).collect();
    let uses = Uses::of(&all);
    let also = uses.also(&all[7]);
    assert_eq!((also.sessions.len(), also.left_out), (MAX_SHOWN, 30 - 1 - MAX_SHOWN));
    assert!(!also.sessions.contains(&all[7]));
}

#[test]
fn one_assertion_says_one_thing() {
    let one = Session {
        name: Some("jane@example.com".to_owned()),
        source_identity: Some("jane@example.com".to_owned()),
        tags: BTreeMap::from([("department".to_owned(), "research".to_owned())]),
        transitive: BTreeSet::from(["department".to_owned()]),
        subject: Some("jane".to_owned()),
        audience: Some("aud".to_owned()),
        ..session(1, "d1", Some(("okta", "_a")))
    };
    let differs = |change: fn(&mut Session)| {
        let mut other = Session { event: "e-2".to_owned(), role: "another".to_owned(), ..one.clone() };
        change(&mut other);
        differing(&one, &[&one, &other]).map(|(other, what)| (other.event.clone(), what.join(" ")))
    };
    let second = |what: &str| Some(("e-2".to_owned(), what.to_owned()));
    assert_eq!(differs(|_| ()), None, "it may open several roles");
    assert_eq!(differs(|other| drop(other.tags.insert("department".to_owned(), "finance".to_owned()))), second("tags"));
    assert_eq!(differs(|other| other.transitive.clear()), second("transitive tags"));
    assert_eq!(differs(|other| other.source_identity = None), second("source identity"));
    assert_eq!(differs(|other| other.name = Some("x".to_owned())), second("name"));
    let both = |other: &mut Session| (other.subject, other.audience) = (Some("john".to_owned()), Some("x".to_owned()));
    assert_eq!(differs(both), second("subject audience"));
    assert_eq!(differs(|other| (other.subject, other.audience) = (None, None)), None, "a record may leave them out");
}
