//! Texts that are kept, and texts that are refused.

use super::*;

fn compacted(text: &str) -> String {
    Json::parse(text).unwrap_or_else(|e| panic!("`{text}`: {e:?}")).compact()
}

#[test]
fn only_white_space_between_tokens_is_lost() {
    let text = "{ \"b\\u00e9\\/\" : [ 1.50e+3 , -0, true,null , \"a  b\\t\" ] ,\n\t\"a\": { }, \"c\":[ ]\r}";
    assert_eq!(compacted(text), r#"{"b\u00e9\/":[1.50e+3,-0,true,null,"a  b\t"],"a":{},"c":[]}"#);
    assert_eq!(compacted(" 12345678901234567890.10 "), "12345678901234567890.10");
}

#[test]
fn strings_are_read_as_json_has_them() {
    for (text, value) in [
        (r#""""#, ""),
        (r#""a\"\\\/\b\f\n\r\t""#, "a\"\\/\u{8}\u{c}\n\r\t"),
        (r#""\u0053\u0069gnet""#, "Signet"),
        (r#""\ud83d\uDE00é""#, "😀é"),
    ] {
        let Json::Text(read) = Json::parse(text).unwrap() else { panic!("`{text}` is no string") };
        assert_eq!(read.value(), value);
        assert_eq!(read.source(), text);
    }
    for value in ["", "a\"b\\c", "\0\u{1f}\n", "*:abcd:*", "é😀"] {
        let written = Text::new(value);
        assert_eq!(Json::parse(written.source()).unwrap(), Json::Text(Text { value: value.to_owned(), ..written }));
    }
}

#[test]
fn what_is_not_json_is_refused() {
    for bad in [
        "",
        " ",
        "{",
        "}",
        "[1,]",
        "[,1]",
        "{\"a\":1,}",
        "{a:1}",
        "{\"a\" 1}",
        "{\"a\":}",
        "'a'",
        "\"a",
        "\"\\x\"",
        "\"\\u12g4\"",
        "\"\\ud800\"",
        "\"\\udc00\"",
        "\"\\ud800\\n\"",
        "\"\\ud800\\u0041\"",
        "\"a\nb\"",
        "01",
        "-",
        "1.",
        ".5",
        "1e",
        "1e+",
        "+1",
        "1_0",
        "0x10",
        "NaN",
        "True",
        "tru",
        "nulll",
        "1 2",
        "{} {}",
        "[1 2]",
        "\u{feff}{}",
        "{\"a\":1}x",
        "// x\n{}",
        "\u{a0}1",
    ] {
        assert!(Json::parse(bad).is_err(), "`{bad}` was taken");
    }
}

#[test]
fn a_member_that_occurs_twice_is_refused_where_it_is() {
    let twice = r#"{"a":1,"b":2, "\u0061":3}"#;
    let wrong = Json::parse(twice).unwrap_err();
    assert_eq!(wrong, NotJson { at: 14, why: "the object has a member of this name already" });
    assert!(Json::parse(r#"{"a":1,"A":2,"b":{"a":1}}"#).is_ok());
}

#[test]
fn deep_nesting_is_an_error_and_not_the_end_of_the_stack() {
    let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    assert!(Json::parse(&nested(64)).is_ok());
    assert!(Json::parse(&nested(65)).is_err());
    assert!(Json::parse(&"[".repeat(1_000_000)).is_err());
    assert!(Json::parse(&"{\"a\":".repeat(1_000_000)).is_err());
}
