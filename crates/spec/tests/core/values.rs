//! Identities, tag characters and codes, one by one.

use proptest::prop_assert_eq;
use proptest::strategy::{Just, Strategy};
use regex::Regex;
use signet_core::code::{CodeWidth, GroupCode, Salt, Sha256Hasher};
use signet_core::identity::{Identity, IdentityPattern, UnfitIdentity};
use signet_core::session::{code_capacity, is_tag_key};
use signet_spec::code::{code, sha256};
use signet_spec::outcome::Deny;
use signet_spec::value;

use crate::{check, regressions, subject};

/// Every character there is, but those that one of the two Unicode tables is too old to know.
#[test]
fn every_character_is_taken_in_tags_by_both_or_by_none() {
    let unassigned = Regex::new(r"\A\p{Cn}\z").unwrap();
    let mut newer = 0;
    for c in '\0'..=char::MAX {
        let text = String::from(c);
        let expected = value::is_tag_text(&text);
        let found = subject::tag_value(std::slice::from_ref(&text)).is_ok();
        if found != expected && unassigned.is_match(&text) {
            newer += 1;
            continue;
        }
        assert_eq!(found, expected, "U+{:04X}", u32::from(c));
        assert_eq!(is_tag_key(&text), expected, "U+{:04X}", u32::from(c));
    }
    // Characters that core's table has since assigned. Many of them would be another fault.
    println!("{newer} characters are newer than the specification's table");
    assert!(newer < 20_000, "{newer} characters are unassigned here and taken by core");
}

/// Patterns and identities of few letters, so that they fit often and nearly fit more often.
#[test]
fn patterns_fit_what_they_say() {
    let text = |alphabet: &'static str, most: usize| {
        let letter = (0..alphabet.len()).prop_map(move |at| char::from(alphabet.as_bytes()[at]));
        proptest::collection::vec(letter, 0..most).prop_map(|letters| letters.into_iter().collect::<String>())
    };
    let fitting = std::cell::Cell::new((0_u32, 0_u32));
    check(20_000, regressions!("patterns"), &(text("ab*", 9), text("ab", 12)), |(pattern, value)| {
        let Ok(parsed) = IdentityPattern::parse(&pattern) else {
            return Ok(());
        };
        let found = Identity::new(Some(&value), &parsed).map(|identity| identity.as_str().to_owned());
        let expected = value::identity(Some(&value), &pattern);
        let (yes, no) = fitting.get();
        fitting.set(if expected.is_ok() { (yes + 1, no) } else { (yes, no + 1) });
        let found = found.map_err(|why| match why {
            UnfitIdentity::Missing => Deny::IdentityMissing,
            UnfitIdentity::AwsRules => Deny::IdentityUnfit,
            UnfitIdentity::Pattern => Deny::IdentityPattern,
        });
        prop_assert_eq!(found, expected);
        Ok(())
    });
    let (yes, no) = fitting.get();
    assert!(yes > 1_000 && no > 1_000, "{yes} fitted and {no} did not");
}

/// Any text at all, with any salt, at every width.
#[test]
fn codes_are_the_same() {
    let any_text = proptest::collection::vec(proptest::char::any(), 0..40);
    let salts = proptest::prop_oneof![Just(0), Just(1), Just(u32::MAX), proptest::num::u32::ANY];
    check(4_000, regressions!("codes"), &(any_text, salts), |(letters, salt)| {
        let key: String = letters.into_iter().collect();
        for width in 4..=16 {
            let found =
                GroupCode::propose(&Sha256Hasher, CodeWidth::new(width).unwrap(), &key, Salt::new(salt)).to_string();
            prop_assert_eq!(found, code(&sha256, &key, salt, width as usize));
        }
        Ok(())
    });
}

/// As many codes fit as 256 characters hold, each with a colon, after the first colon.
#[test]
fn as_many_codes_fit_as_fit() {
    for width in 4..=16 {
        let codes = code_capacity(CodeWidth::new(width).unwrap());
        let length = |codes: usize| 1 + codes * (width as usize + 1);
        assert!(length(codes) <= 256 && length(codes + 1) > 256, "width {width}: {codes}");
    }
}
