//! JSON Pointer against RFC 6901.

#![allow(clippy::unwrap_used, reason = "a test that fails shall fail loudly")]

use std::borrow::Cow;

use proptest::prelude::*;
use signet_okta::pointer::{Pointer, PointerError, escape, unescape};

#[test]
fn the_examples_of_rfc_6901_section_5() {
    for (token, text) in [
        ("foo", "/foo"),
        ("", "/"),
        ("a/b", "/a~1b"),
        ("c%d", "/c%d"),
        ("e^f", "/e^f"),
        ("g|h", "/g|h"),
        ("i\\j", "/i\\j"),
        ("k\"l", "/k\"l"),
        (" ", "/ "),
        ("m~n", "/m~0n"),
    ] {
        assert_eq!(Pointer::new().push(token).to_string(), text);
    }
    assert_eq!(Pointer::parse("/foo/0").unwrap(), Pointer::new().push("foo").push_index(0));
    assert!(Pointer::parse("").unwrap().is_empty());
    assert!(!Pointer::parse("/").unwrap().is_empty());
}

#[test]
fn odd_tokens() {
    for (token, escaped) in [
        ("~", "~0"),
        ("/", "~1"),
        // Unescaping `~1` first would make `/` of this.
        ("~1", "~01"),
        ("~0", "~00"),
        ("~~//", "~0~0~1~1"),
        ("a:b", "a:b"),
        ("🦀", "🦀"),
        ("\0", "\0"),
        ("", ""),
    ] {
        assert_eq!(escape(token), escaped);
        assert_eq!(unescape(escaped).unwrap(), token);
    }
    assert!(matches!(escape("plain"), Cow::Borrowed(_)));
    assert!(matches!(unescape("plain").unwrap(), Cow::Borrowed(_)));
}

#[test]
fn texts_that_are_no_pointers() {
    for text in ["~", "~2", "a~", "~~", "~/"] {
        let error = unescape(text).unwrap_err();
        let separator = text.contains('/');
        let expected = if separator { PointerError::Separator } else { PointerError::BadEscape };
        assert_eq!(error, expected, "{text}");
    }
    assert_eq!(Pointer::parse("a/b"), Err(PointerError::NoLeadingSlash));
    assert_eq!(Pointer::parse("/a/~/b"), Err(PointerError::BadEscape));
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn unescape_undoes_escape(token in "([~/01]|.){0,20}") {
        let escaped = escape(&token);
        prop_assert!(!escaped.contains('/'));
        prop_assert_eq!(unescape(&escaped).unwrap(), token.as_str());
    }

    #[test]
    fn two_tokens_never_share_an_escaped_form(a in "[~/01a]{0,6}", b in "[~/01a]{0,6}") {
        prop_assert_eq!(escape(&a) == escape(&b), a == b);
    }

    #[test]
    fn a_built_pointer_parses_to_itself(tokens in prop::collection::vec("([~/01]|.){0,8}", 0..5)) {
        let built = tokens.iter().fold(Pointer::new(), |p, token| p.push(token));
        prop_assert_eq!(Pointer::parse(built.as_str()).unwrap(), built);
    }

    #[test]
    fn unescape_takes_any_text(text in any::<String>()) {
        let _ = (unescape(&text), Pointer::parse(&text));
    }
}
