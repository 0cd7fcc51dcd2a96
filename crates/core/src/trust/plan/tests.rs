//! What is written, what is withheld, and what goes.

use super::*;
use crate::trust::tests::{EC2, app, codes, desired, document, plan, saml};

#[test]
fn nothing_is_written_where_the_role_says_it_already() {
    let wanted = desired(&[("a", saml("a")), ("b", saml("b"))], &[("a", "aaaa bbbb"), ("b", "aaaa")]);
    let first = plan(&document(EC2), &wanted, &Codes::new());
    assert_eq!(first.codes, wanted.codes());
    let there = first.write.unwrap();
    // As IAM, or a tidy hand, may give it back.
    let other = there.render().replace(r#":"*:aaaa:*""#, r#":["*:aaaa:*"]"#).replace("Signet1", "SignetX");
    let other = other.replace(r#"["*:aaaa:*","*:bbbb:*"]"#, r#"["*:bbbb:*" , "*:aaaa:*"]"#);
    for current in [there.clone(), Document::parse(&other).unwrap()] {
        let again = plan(&current, &wanted, &Codes::new());
        assert_eq!(again.write, None);
        assert_eq!(again.document, current);
        assert_eq!(current.digest(), there.digest());
    }
    for (from, to) in [
        ("*:bbbb:*", "*bbbb*"),
        (r#""Allow","Principal":{"Fed"#, r#""Deny","Principal":{"Fed"#),
        (r#""SAML:aud""#, r#""SAML:iss""#),
    ] {
        let edited = Document::parse(&there.render().replacen(from, to, 1)).unwrap();
        assert_ne!(edited.digest(), there.digest());
        let repaired = plan(&edited, &wanted, &Codes::new()).write;
        assert_eq!(repaired.as_ref(), Some(&there), "`{from}` was left as `{to}`");
    }
}

#[test]
fn the_last_group_leaves_a_document_that_iam_takes() {
    let nobody = desired(&[("a", saml("a"))], &[]);
    let only_ours = plan(&document(""), &desired(&[("a", saml("a"))], &[("a", "aaaa")]), &Codes::new()).document;
    let left = plan(&only_ours, &nobody, &Codes::new()).write.unwrap();
    assert_eq!(
        left.render(),
        concat!(
            r#"{"Version":"2012-10-17","Statement":[{"Sid":"SignetNone","Effect":"Deny","Principal":"*","#,
            r#""Action":"sts:AssumeRole","Condition":{"Bool":{"aws:SecureTransport":"false"}}}]}"#
        )
    );
    assert_eq!(plan(&left, &nobody, &Codes::new()).write, None);
    // It goes when there is something else.
    let back = plan(&left, &desired(&[("a", saml("a"))], &[("a", "aaaa")]), &Codes::new()).write.unwrap();
    assert_eq!(back, only_ours);
    let beside = Document::parse(&left.render().replace("[{", &format!("[{EC2},{{"))).unwrap();
    assert_eq!(plan(&beside, &nobody, &Codes::new()).write.unwrap(), document(EC2));
}

/// Codes by number.
fn many(numbers: std::ops::Range<usize>) -> String {
    let letter = |n: usize| char::from(b'a' + u8::try_from(n % 26).unwrap());
    let code = |n: usize| ['z', letter(n / 676), letter(n / 26), letter(n)].iter().collect::<String>();
    numbers.map(code).collect::<Vec<_>>().join(" ")
}

#[test]
fn what_does_not_fit_is_withheld_and_what_is_withdrawn_is_out() {
    let known = [("a", saml("a"))];
    let (old, new) = (many(0..100), many(1..300));
    let before = plan(&document(EC2), &desired(&known, &[("a", &old)]), &Codes::new());
    assert_eq!(before.fit, Fit::Whole);
    let after = plan(before.write.as_ref().unwrap(), &desired(&known, &[("a", &new)]), &before.codes);
    assert_eq!(after.codes, codes(&[("a", &many(1..100))]));
    assert!(after.document.length() <= 2_048);
    let Fit::TooLong { length, withheld, lost } = after.fit else { panic!("it fitted") };
    assert!(length > 3_000, "{length}");
    assert_eq!(withheld, codes(&[("a", &many(100..300))]));
    assert_eq!(lost, Codes::new());
    // Nothing more to do until the grants or the quota change.
    let still = plan(&after.document, &desired(&known, &[("a", &new)]), &after.codes);
    assert_eq!((still.write, &still.codes), (None, &after.codes));
    let more = Quota::new(4_096).unwrap();
    let raised = Plan::new(&after.document, &desired(&known, &[("a", &new)]), &after.codes, more);
    assert_eq!((raised.fit, raised.codes), (Fit::Whole, codes(&[("a", &new)])));
}

#[test]
fn a_statement_that_has_to_part_may_cost_codes_but_not_the_withdrawal() {
    let known = [("a", saml("a")), ("b", saml("b"))];
    let all = many(0..100);
    let before = plan(&document(EC2), &desired(&known, &[("a", &all), ("b", &all)]), &Codes::new());
    assert_eq!((&before.fit, before.document.ours().count()), (&Fit::Whole, 1));
    // One code goes, of one of the two: two statements would be too long.
    let wanted = desired(&known, &[("a", &many(1..100)), ("b", &all)]);
    let after = plan(&before.document, &wanted, &before.codes);
    let rest = many(1..100);
    assert_eq!(after.codes, codes(&[("a", &rest), ("b", &rest)]));
    let Fit::TooLong { withheld, lost, .. } = after.fit else { panic!("it fitted") };
    assert_eq!(withheld, codes(&[("b", &many(0..1))]));
    assert_eq!(lost, withheld);
}

#[test]
fn where_others_have_taken_the_room_codes_go_until_it_fits() {
    let known = [("a", saml("a"))];
    let all = many(0..100);
    let filler =
        format!(r#"{{"Sid":"{}","Effect":"Deny","Principal":"*","Action":"sts:AssumeRole"}}"#, "x".repeat(900));
    let ours = plan(&document(EC2), &desired(&known, &[("a", &all)]), &Codes::new()).document;
    let squeezed = Document::parse(&ours.render().replace("[{", &format!("[{filler},{{"))).unwrap();
    let after = plan(&squeezed, &desired(&known, &[("a", &format!("{} aaaa", many(1..100)))]), &codes(&[("a", &all)]));
    let left = after.codes.get(&app("a")).unwrap().len();
    assert!((20..80).contains(&left), "{left}");
    assert!(after.document.length() <= 2_048 && after.document.length() > 2_048 - 20);
    // With no room at all, ours go.
    let full = document(&filler.replace("xxx", &"x".repeat(7)));
    let full =
        Document::parse(&ours.render().replace("[{", &format!("[{},{{", full.foreign().next().unwrap().render())))
            .unwrap();
    let gone = plan(&full, &desired(&known, &[("a", &many(1..100))]), &codes(&[("a", &all)]));
    assert_eq!(gone.document.ours().count(), 0);
    assert!(gone.write.is_some() && gone.codes.is_empty());
}

#[test]
fn a_withdrawal_of_everything_lands_whatever_the_length() {
    let filler =
        format!(r#"{{"Sid":"{}","Effect":"Deny","Principal":"*","Action":"sts:AssumeRole"}}"#, "x".repeat(3_000));
    let ours = plan(&document(&filler), &desired(&[("a", saml("a"))], &[("a", "aaaa")]), &Codes::new());
    assert!(matches!(ours.fit, Fit::TooLong { .. }));
    assert_eq!((ours.write, ours.codes), (None, Codes::new()));
    let with =
        Document::parse(&document(EC2).render().replace(EC2, &format!(r#"{filler},{{"Sid":"Signet1"}}"#))).unwrap();
    let gone = plan(&with, &desired(&[("a", saml("a"))], &[]), &codes(&[("a", "aaaa")]));
    assert_eq!((gone.fit, gone.write.unwrap()), (Fit::Whole, document(&filler)));
}

#[test]
fn what_is_on_the_role_fits_whatever_the_setting_says() {
    let known = [("a", saml("a"))];
    let wanted = desired(&known, &[("a", &many(0..300))]);
    let there = Plan::new(&document(EC2), &wanted, &Codes::new(), Quota::new(8_192).unwrap()).document;
    assert_eq!(plan(&there, &wanted, &Codes::new()).fit, Fit::Whole);
    assert!(Quota::new(2_047).is_err() && Quota::new(8_193).is_err());
}
