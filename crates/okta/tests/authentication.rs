//! The secret header.

#![allow(clippy::unwrap_used, reason = "a test that fails shall fail loudly")]

use proptest::prelude::*;
use signet_okta::auth::{AuthConfigError, AuthError, HeaderSecrets, digest_hex, find_header};

/// SHA-256 of `abc` (FIPS 180-4's example) and of the empty text.
const ABC: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
const EMPTY: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

#[test]
fn digests_are_sha_256() {
    assert_eq!(digest_hex("abc"), ABC);
    assert_eq!(digest_hex(""), EMPTY);
}

#[test]
fn one_value_with_an_accepted_digest_passes() {
    let both = format!("{},\n {} ", digest_hex("old"), ABC.to_uppercase());
    let secrets = HeaderSecrets::parse(&both).unwrap();
    assert_eq!(secrets.verify(&["old"]), Ok(()));
    assert_eq!(secrets.verify(&["abc"]), Ok(()));
    for value in ["", "ABC", "abc ", "ab", "old,abc", ABC, "abc\0"] {
        assert_eq!(secrets.verify(&[value]), Err(AuthError::Mismatch), "{value:?}");
    }
    assert_eq!(secrets.verify(&[]), Err(AuthError::Missing));
    assert_eq!(secrets.verify(&["abc", "abc"]), Err(AuthError::Doubled));
    assert_eq!(secrets.verify(&["abc", ""]), Err(AuthError::Doubled));
}

#[test]
fn bad_lists_are_refused_whole() {
    let length = |position, characters| AuthConfigError::Length { position, characters };
    let not_hex = |position, character| AuthConfigError::NotHex { position, character };
    let cases = [
        (String::new(), AuthConfigError::Empty),
        (" \t".to_owned(), AuthConfigError::Empty),
        (",".to_owned(), length(1, 0)),
        (format!("{ABC},"), length(2, 0)),
        (format!("{ABC} {ABC}"), length(1, 129)),
        ("my secret".to_owned(), length(1, 9)),
        (format!("{ABC},{ABC}0"), length(2, 65)),
        (format!("{ABC}, {}g", ABC.trim_end_matches('d')), not_hex(2, 64)),
        (format!("+{}", ABC.trim_end_matches('d')), not_hex(1, 1)),
        ("é".repeat(32), length(1, 32)),
        ("é".repeat(64), not_hex(1, 1)),
    ];
    for (text, expected) in cases {
        let error = HeaderSecrets::parse(&text).unwrap_err();
        assert_eq!(error, expected, "{text}");
    }
    let message = HeaderSecrets::parse("my secret").unwrap_err().to_string();
    assert!(!message.contains("my secret"), "{message}");
}

#[test]
fn debug_shows_no_digest() {
    let secrets = HeaderSecrets::parse(&format!("{ABC},{EMPTY}")).unwrap();
    assert_eq!(format!("{secrets:?}"), "HeaderSecrets { accepted: 2, .. }");
}

#[test]
fn headers_are_found_in_any_case_and_all_of_them() {
    let headers = [("Authorization", "a"), ("accept", "*/*"), ("AUTHORIZATION", "b")];
    assert_eq!(find_header(headers, "authorization"), ["a", "b"]);
    assert_eq!(find_header(headers, "Accept"), ["*/*"]);
    assert!(find_header(headers, "author").is_empty());
    // Unicode folding would make a header of ASCII letters out of these.
    assert!(find_header([("authorızation", "c"), ("K", "d")], "authorization").is_empty());
    assert!(find_header([("\u{212a}", "d")], "k").is_empty());
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn exactly_the_accepted_values_pass(accepted in prop::collection::vec(".{0,8}", 1..4), presented in ".{0,8}") {
        let list: Vec<_> = accepted.iter().map(|value| digest_hex(value)).collect();
        let secrets = HeaderSecrets::parse(&list.join(" , ")).unwrap();
        for value in &accepted {
            prop_assert_eq!(secrets.verify(&[value]), Ok(()));
        }
        prop_assert_eq!(secrets.verify(&[&presented]).is_ok(), accepted.contains(&presented));
    }

    #[test]
    fn any_list_is_read_or_refused(text in any::<String>()) {
        let _ = HeaderSecrets::parse(&text);
    }
}
