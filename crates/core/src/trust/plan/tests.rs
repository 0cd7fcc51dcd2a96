//! What is written, what is withheld, and what goes.

use super::*;
use crate::trust::tests::{EC2, app, codes, desired, document, oidc, plan, saml};

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

/// A statement of somebody else's, with a `Sid` of some length.
fn filler(length: usize) -> String {
    format!(r#"{{"Sid":"{}","Effect":"Deny","Principal":"*","Action":"sts:AssumeRole"}}"#, "x".repeat(length))
}

#[test]
fn where_others_have_taken_the_room_codes_go_until_it_fits() {
    let known = [("a", saml("a"))];
    let all = many(0..100);
    // Ours were taken out by hand, and there is less room than before.
    let squeezed = document(&filler(900));
    let after = plan(&squeezed, &desired(&known, &[("a", &format!("{} aaaa", many(1..100)))]), &codes(&[("a", &all)]));
    let left = after.codes.get(&app("a")).unwrap().len();
    assert!((20..80).contains(&left), "{left}");
    assert!(after.document.length() <= 2_048 && after.document.length() > 2_048 - 20);
    // With no room at all, ours go.
    let ours = plan(&document(EC2), &desired(&known, &[("a", &all)]), &Codes::new()).document;
    let full = document(&filler(1_800));
    let gone = plan(&full, &desired(&known, &[("a", &many(1..100))]), &codes(&[("a", &all)]));
    assert_eq!((gone.document.ours().count(), gone.write, gone.codes), (0, None, Codes::new()));
    let with = Document::parse(&full.render().replace("]}", r#",{"Sid":"Signet1","Effect":"Allow"}]}"#)).unwrap();
    let gone = plan(&with, &desired(&known, &[("a", &many(1..100))]), &codes(&[("a", &all)]));
    assert_eq!((gone.write.unwrap(), gone.codes), (full, Codes::new()));
    assert_eq!(ours.ours().count(), 1);
}

#[test]
fn a_document_that_is_over_the_setting_may_be_replaced_by_one_no_longer() {
    let known = [("a", saml("a"))];
    let wanted = |codes: &str| desired(&known, &[("a", codes)]);
    let ours = plan(&document(EC2), &wanted(&many(0..100)), &Codes::new());
    let over = Document::parse(&ours.document.render().replace("[{", &format!("[{},{{", filler(1_900)))).unwrap();
    assert!(over.length() > 3_000);
    // One goes, one comes.
    let after = plan(&over, &wanted(&many(1..101)), &ours.codes);
    assert_eq!((&after.fit, after.document.length()), (&Fit::Whole, over.length()));
    // One goes, two come: the first is out, the others wait.
    let after = plan(&over, &wanted(&many(1..102)), &ours.codes);
    assert_eq!(after.codes, codes(&[("a", &many(1..100))]));
    assert!(after.write.is_some());
    assert!(matches!(after.fit, Fit::TooLong { lost, .. } if lost.is_empty()));
}

#[test]
fn what_our_statements_let_in_is_kept_where_the_record_is_lost_or_old() {
    let known = [("a", saml("a")), ("b", saml("b")), ("c", oidc("1", true)), ("d", oidc("2", true))];
    let (few, rest) = (many(0..20), many(10..20));
    let all = [("a", few.as_str()), ("b", "aaaa bbbb"), ("c", "cccc"), ("d", "dddd")];
    let room = Quota::new(4_096).unwrap();
    let there = Plan::new(&document(EC2), &desired(&known, &all), &Codes::new(), room).document;
    let wanted = desired(&known, &[("a", &many(10..400)), ("b", "aaaa zzzz"), ("c", "cccc dddd"), ("d", "cccc")]);
    for record in [Codes::new(), codes(&[("a", &many(0..11)), ("b", "aaaa")])] {
        let after = plan(&there, &wanted, &record);
        // What is not wanted any more, and what another app has, is not kept.
        assert_eq!(after.codes, codes(&[("a", &rest), ("b", "aaaa"), ("c", "cccc")]));
        let Fit::TooLong { lost, .. } = after.fit else { panic!("it fitted") };
        assert_eq!(lost, Codes::new());
    }
    // Of a statement that somebody has edited, what can be read.
    for (from, to) in [
        (r#"["*:aaaa:*","*:bbbb:*"]"#, r#"["*aaaa*","*:*:*","*:aaaa","*"]"#),
        (
            r#""Allow","Principal":{"Federated":"arn:aws:iam::111122223333:saml-provider/b""#,
            r#""Deny","Principal":{"Federated":"arn:aws:iam::111122223333:saml-provider/b""#,
        ),
        ("saml-provider/b", "saml-provider/bb"),
    ] {
        let edited = there.render().replace(from, to);
        assert_ne!(edited, there.render());
        let after = plan(&Document::parse(&edited).unwrap(), &wanted, &Codes::new());
        assert_eq!(after.codes, codes(&[("a", &rest), ("c", "cccc")]), "{to}");
    }
    // What can still not fit was let in, and is lost.
    let full = Document::parse(&there.render().replace("[{", &format!("[{},{{", filler(4_000)))).unwrap();
    let parted = desired(&known, &[("a", &few), ("b", "aaaa bbbb"), ("c", "cccc"), ("d", "dddd cccc")]);
    let after = plan(&full, &parted, &Codes::new());
    assert!(
        matches!(after.fit, Fit::TooLong { lost, withheld, .. } if lost.is_empty() && withheld == codes(&[("d", "cccc")]))
    );
}

#[test]
fn what_is_lost_is_known_without_a_record() {
    let known = [("a", saml("a")), ("b", saml("b"))];
    let all = many(0..100);
    let before = plan(&document(EC2), &desired(&known, &[("a", &all), ("b", &all)]), &Codes::new());
    let wanted = desired(&known, &[("a", &many(1..100)), ("b", &all)]);
    let after = plan(&before.document, &wanted, &Codes::new());
    assert_eq!(after, plan(&before.document, &wanted, &before.codes));
    assert!(matches!(after.fit, Fit::TooLong { lost, .. } if lost == codes(&[("b", &many(0..1))])));
}

#[test]
fn a_plan_that_only_withdraws_never_grows() {
    let known = [("a", saml("a"))];
    let there = plan(&document(EC2), &desired(&known, &[("a", "aaaa bbbb")]), &Codes::new());
    let withdraw =
        |granted: &[(&str, &str)]| Plan::withdraw_only(&there.document, &desired(&known, granted), &there.codes);
    // What would only be added waits.
    let waits = withdraw(&[("a", "aaaa bbbb cccc")]);
    assert_eq!((waits.write, waits.document, waits.codes), (None, there.document.clone(), there.codes.clone()));
    // So does what comes for something that goes, though it would be no longer.
    let less = withdraw(&[("a", "aaaa cccc")]);
    assert_eq!(less.codes, codes(&[("a", "aaaa")]));
    assert!(less.write.unwrap().length() < there.document.length());
    let Fit::TooLong { withheld, lost, .. } = less.fit else { panic!("it fitted") };
    assert_eq!((withheld, lost), (codes(&[("a", "cccc")]), Codes::new()));
    // Where nothing waits, all is well.
    let all = withdraw(&[("a", "bbbb")]);
    assert_eq!((all.fit, all.codes), (Fit::Whole, codes(&[("a", "bbbb")])));
    assert_eq!(withdraw(&[]).write.unwrap(), document(EC2));
}

#[test]
fn the_document_is_whole_even_where_nothing_is_to_be_written() {
    let known = [("a", saml("a"))];
    for granted in [&[("a", "aaaa")][..], &[]] {
        let wanted = desired(&known, granted);
        let first = plan(&document(EC2), &wanted, &Codes::new()).document;
        let again = plan(&first, &wanted, &Codes::new());
        assert_eq!(again.write, None);
        assert_eq!(Document::parse(&again.document.render()).unwrap(), first);
        assert_eq!(again.codes, wanted.codes());
    }
}

#[test]
fn a_change_of_ours_is_told_from_a_change_of_others() {
    let there = plan(&document(EC2), &desired(&[("a", saml("a"))], &[("a", "aaaa bbbb")]), &Codes::new()).document;
    let changed = |from: &str, to: &str| {
        let changed = Document::parse(&there.render().replace(from, to)).unwrap();
        (changed.digest() != there.digest(), changed.ours_digest() != there.ours_digest(), !changed.same_ours(&there))
    };
    assert_eq!(changed("ec2.", "lambda."), (true, false, false));
    assert_eq!(changed("Signet1", "Signet2"), (false, false, false));
    assert_eq!(changed(r#""*:aaaa:*","*:bbbb:*""#, r#""*:bbbb:*","*:aaaa:*""#), (false, false, false));
    assert_eq!(changed("*:bbbb:*", "*bbbb*"), (true, true, true));
    assert_eq!(changed("Signet1", "signet1"), (false, true, true));
    assert_ne!(document(EC2).ours_digest(), document(EC2).digest());
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
