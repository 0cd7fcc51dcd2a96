//! Names, identities and claims: ordinary ones and hostile ones.

use std::sync::LazyLock;

use signet_spec::input::Protocol;

/// The moment of every sign-in here.
pub(crate) const NOW: i64 = 1_790_000_000;

/// Group keys that somebody could confuse, or hope that a program confuses.
pub(crate) static NAMES: LazyLock<Vec<String>> = LazyLock::new(|| {
    let mut names: Vec<String> = [
        "Clinical Readers",
        "clinical readers",
        "CLINICAL READERS",
        "Clinical Readers ",
        " Clinical Readers",
        "Clinical  Readers",
        "Clinical\u{a0}Readers",
        "Clinical\tReaders",
        "Clinical Readers\n",
        "Clinical Readers\0",
        "\0",
        "Сlinical Readers",
        "Ｃlinical Readers",
        "Clinical\u{200b} Readers",
        "\u{202e}sredaeR lacinilC",
        "Clinical Reader",
        "1:Clinical Readers",
        "2:Clinical Readers",
        "4294967295:Clinical Readers",
        "0:Clinical Readers",
        "Équipe",
        "E\u{301}quipe",
        "ﬁnance",
        "finance",
        "Straße",
        "STRASSE",
        "İstanbul",
        "istanbul",
        "😀",
        "👩‍👩‍👧‍👦",
        "*",
        "?",
        ":",
        "::",
        ":aaaa:",
        "Clinical*",
        "${aws:username}",
        "${aws:PrincipalTag/GroupHash}",
        "\"],\"Condition\":{}",
        "' OR 1=1 --",
        "<saml2:AttributeValue>",
        "arn:aws:iam::111122223333:role/data/reader-0",
        "GROUP#x",
        "../../etc/passwd",
        "null",
        "00g1emaKYZTWRYYRRTSK",
        " ",
        "\u{feff}",
        "",
    ]
    .map(str::to_owned)
    .into();
    // The longest key that can be registered, one that is too long by a byte, and one of 10,000
    // characters: such a name can be in a claim, and the table can never have it.
    names.push("x".repeat(1_024));
    names.push("x".repeat(1_025));
    names.push("ß".repeat(512));
    names.push("x".repeat(10_000));
    names
});

/// The key of a number: the hostile ones first, ordinary ones beyond.
pub(crate) fn name(number: usize) -> String {
    NAMES.get(number).cloned().unwrap_or_else(|| format!("group-{number}"))
}

/// Whether the table can have a group of this key.
pub(crate) fn can_be_registered(key: &str) -> bool {
    !key.is_empty() && key.len() <= 1_024
}

/// The ARN of a role of a number: several accounts, two partitions, with and without a path.
pub(crate) fn role(number: usize) -> String {
    match number % 6 {
        0 => format!("arn:aws:iam::111122223333:role/data/reader-{number}"),
        1 => format!("arn:aws:iam::444455556666:role/reader-{number}"),
        // In the order of pairs `,` stands between `+` and `-`.
        2 => format!("arn:aws:iam::444455556666:role/reader-{}+x", number - 1),
        3 => format!("arn:aws:iam::444455556666:role/reader-{}-x", number - 2),
        4 => format!("arn:aws-us-gov:iam::777788889999:role/a/b/c/{}", "r".repeat(1 + number % 64)),
        _ => format!("arn:aws:iam::111122223333:role/p&<>\"'!:/reader-{number}"),
    }
}

/// Half of them SAML.
pub(crate) const PROTOCOLS: [Protocol; 6] =
    [Protocol::Saml, Protocol::Saml, Protocol::Saml, Protocol::Oidc, Protocol::CognitoOidc, Protocol::IdentityPool];

pub(crate) const APP: &str = "0oath92zlO60urQOP0g3";
pub(crate) const OTHER_APPS: [&str; 3] = ["0oath92zlO60urQOP0g4", "0OATH92ZLO60URQOP0G3", "0oath92zlO60urQOP0g"];
pub(crate) const SOURCES: [&str; 3] = ["file:platform", "dataset:clinical/trials", "dataset:claims"];

pub(crate) static IDENTITIES: LazyLock<Vec<Option<String>>> = LazyLock::new(|| {
    let mut identities: Vec<Option<String>> = [
        "jane@example.com",
        "jane.doe+x=y,z_1-2@example.com",
        "@example.com",
        "",
        "j",
        "@",
        "jane@example.org",
        "jane@example.com.evil",
        "jane@EXAMPLE.com",
        "jane",
        "svc-etl@batch.example.com",
        "jané@example.com",
        "jane@example.com\n",
        " jane@example.com",
        "jane doe@example.com",
        "aws:jane@example.com",
        "${user.login}@example.com",
        "*@example.com",
        "ｊane@example.com",
        "jane\0@example.com",
        "<jane>@example.com",
    ]
    .map(|text| Some(text.to_owned()))
    .into();
    identities.push(None);
    identities.push(Some(format!("{}@example.com", "j".repeat(52))));
    identities.push(Some(format!("{}@example.com", "j".repeat(53))));
    identities.push(Some("é".repeat(32)));
    identities
});

pub(crate) const PATTERNS: [&str; 8] = [
    "*@example.com",
    "*example.com",
    "svc-*@*.example.com",
    "jane*",
    "*a*e*",
    "jane@example.com",
    "**.com",
    "j*@*.c*m",
];

/// Keys of tags, at most one of those that differ only in case.
pub(crate) const TAG_KEYS: [&str; 6] = ["Abteilung/Größe", "GroupHashes", "cost center", "email", "部門", "z"];

pub(crate) static TAG_VALUES: LazyLock<Vec<Vec<String>>> = LazyLock::new(|| {
    let one = |text: &str| vec![text.to_owned()];
    vec![
        one("jane@example.com"),
        one("Größe 3/4, _.:/=+-@".replace(',', "").as_str()),
        one("日本 語"),
        vec![],
        one(""),
        vec!["a".to_owned(), "b".to_owned()],
        vec!["a".to_owned(), "a".to_owned()],
        vec![String::new(), String::new()],
        vec![String::new(), "a".to_owned()],
        one(&"x".repeat(256)),
        one(&"x".repeat(257)),
        one(&"é".repeat(256)),
        one(&"𝐀".repeat(128)),
        one(&"𝐀".repeat(129)),
        one(&"*".repeat(257)),
        one("a*b"),
        one("a,b"),
        one("${aws:username}"),
        one("tab\there"),
        one("line\nfeed"),
        one("\0"),
        one("😀"),
        one("e\u{301}"),
        one("\u{200b}"),
        one(" "),
        one("\u{2028}"),
        one("Ⅷ½²"),
    ]
});

/// Names of attributes below AWS's prefix, as careless or clever hands may write them.
pub(crate) const AWS_ATTRIBUTES: [&str; 8] = [
    "https://aws.amazon.com/SAML/Attributes/Role",
    "https://aws.amazon.com/SAML/Attributes/PrincipalTag:GroupHash",
    "https://aws.amazon.com/SAML/Attributes/",
    "https://aws.amazon.com/saml/attributes/role",
    "HTTPS://AWS.AMAZON.COM/SAML/ATTRIBUTES/ROLE",
    "hTTps://aws.Amazon.com/SaML/aTTributes/SessionDuration",
    " https://aws.amazon.com/SAML/Attributes/Role",
    "\u{a0}\nhttps://aws.amazon.com/SAML/Attributes/Role\t",
];

/// Names of attributes that are none of AWS's business.
pub(crate) const OTHER_ATTRIBUTES: [&str; 8] = [
    "groups",
    "email",
    "",
    "https://aws.amazon.com/SAML/Attributes",
    "https://aws.amazon.com/SAML/Attribute/Role",
    "xhttps://aws.amazon.com/SAML/Attributes/Role",
    "http://aws.amazon.com/SAML/Attributes/Role",
    "https://aws.amazon.com/SAML/Attrıbutes/Rôle<&>\"'",
];

/// Names of claims below AWS's prefix.
pub(crate) const AWS_CLAIMS: [&str; 8] = [
    "https://aws.amazon.com/tags",
    "HTTPS://AWS.AMAZON.COM/ROLES",
    "\u{a0}\nhttps://aws.amazon.com/source_identity\t",
    "https://aws.amazon.com/",
    "https://aws.amazon.com/roles",
    "hTTps://aws.Amazon.com/taGS/principal_tags",
    " https://aws.amazon.com/source_identity",
    "https://aws.amazon.com/SAML/Attributes",
];

/// Names of claims that are none of AWS's business.
pub(crate) const OTHER_CLAIMS: [&str; 8] = [
    "groups",
    "email",
    "",
    "https://aws.amazon.com",
    "https://aws.amazon.com.example/tags",
    "xhttps://aws.amazon.com/tags",
    "http://aws.amazon.com/tags",
    "https:\\/\\/aws.amazon.com\\/t\u{e4}gs<&>\"'",
];
