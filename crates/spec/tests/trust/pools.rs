//! Providers, codes, tags and statements of others: ordinary ones and hostile ones.

pub(crate) const ROLE: &str = "arn:aws:iam::111122223333:role/data/reader";
pub(crate) const OTHER_ROLE: &str = "arn:aws:iam::111122223333:role/data/reader2";
pub(crate) const NOW: i64 = 1_790_000_000;

/// Names that begin alike.
pub(crate) const PROVIDERS: [&str; 4] = ["okta", "okta2", "okt", "okta-databricks"];
pub(crate) const ISSUERS: [&str; 4] = [
    "example.okta.com",
    "example.okta.com/oauth2/default",
    "example.okta.com/",
    "cognito-idp.us-east-1.amazonaws.com/p_1",
];
pub(crate) const POOLS: [&str; 4] = [
    "us-east-1:11111111-2222-3333-4444-555555555555",
    "us-east-1:11111111-2222-3333-4444-555555555556",
    "eu-west-1:11111111-2222-3333-4444-555555555555",
    "us-east-1:00000000-0000-0000-0000-000000000000",
];
/// User pools whose names begin alike.
pub(crate) const USER_POOLS: [&str; 3] = [
    "cognito-idp.us-east-1.amazonaws.com/us-east-1_Pool1",
    "cognito-idp.us-east-1.amazonaws.com/us-east-1_Pool",
    "cognito-idp.eu-west-1.amazonaws.com/eu-west-1_Pool1",
];
pub(crate) const SAML_AUDIENCES: [&str; 4] = [
    "https://signin.aws.amazon.com/saml",
    "https://signin.aws.amazon.com/saml2",
    "https://example.com/acs?idp=okta",
    "https://signin.aws.amazon.com",
];
pub(crate) const CLIENTS: [&[&str]; 4] = [&["0oa1"], &["0oa2"], &["0oa1", "0oa3"], &["0oa11"]];

/// Codes that overlap: `ab cd` is in `zzab` and `cdzz`. The last has another width.
pub(crate) const CODES: [&str; 10] = ["abcd", "cdef", "efgh", "bcda", "aaaa", "zzzz", "2345", "7777", "cdab", "abcde"];

/// Patterns of identities, and one that fits each.
pub(crate) const PATTERNS: [(&str, &str); 3] = [
    ("*@example.com", "jane@example.com"),
    ("jane@example.com", "jane@example.com"),
    ("svc-*@*.example.com", "svc-etl@batch.example.com"),
];
pub(crate) const IDENTITIES: [&str; 7] = [
    "jane@example.org",
    "jane@example.com.evil",
    "JANE@example.com",
    "jane",
    "svc-etl@example.com",
    "*@example.com",
    "john@example.com",
];

/// `GroupHash` of somebody who is not in the group, or says it oddly.
pub(crate) fn group_hash(shape: usize, code: &str, others: &[&str]) -> Option<String> {
    let (first, last) = code.split_at(2);
    Some(match shape {
        0 => format!(":{code}:"),
        1 => format!(":{}:", others.join(":")),
        2 => format!(":zzzy:{code}:yzzz:"),
        // Two neighbours across which the code would be found, were codes not enclosed.
        3 => format!(":zz{first}:{last}zz:"),
        4 => format!(":zz{first}{last}zz:"),
        5 => format!("zz{first}{last}zz"),
        6 => code.to_owned(),
        7 => format!(":{code}"),
        8 => format!("{code}:"),
        9 => format!(":{}:", code.to_uppercase()),
        10 => "*".to_owned(),
        11 => ":*:".to_owned(),
        12 => ":????:".to_owned(),
        13 => format!(":{first}?{}:", &last[1..]),
        14 => format!("*:{code}:*"),
        15 => ":yyyy:".to_owned(),
        16 => String::new(),
        17 => "::".to_owned(),
        18 => format!(":{code}a:"),
        19 => format!(": {code} :"),
        20 => format!(":a{code}:{code}a:"),
        21 => "${aws:PrincipalTag/GroupHash}".to_owned(),
        _ => return None,
    })
}

/// The shapes of [`group_hash`] that matter by name.
pub(crate) fn shape_name(shape: usize) -> &'static str {
    match shape {
        3 => "crafted neighbours",
        4 | 5 | 18 | 20 => "a longer code",
        6..=8 => "not enclosed",
        9 => "upper case",
        10..=13 | 21 => "wildcards",
        22.. => "no GroupHash",
        _ => "another value",
    }
}

/// What stands before and behind the statements.
pub(crate) const HEADS: [(&str, &str); 4] = [
    (r#"{"Version":"2012-10-17","Statement":"#, "}"),
    (r#"{"Version":"2008-10-17","Id":"a b\/c","Statement":"#, "}"),
    (r#"{"Statement":"#, "}"),
    (r#"{"Statement":"#, r#","Version":"2012-10-17","Unknown":[1.50e1,null,{"x":"Signet"}]}"#),
];

pub(crate) const FILLER: &str =
    r#"{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}"#;

/// Statements of others that demand codes, and all that ours demand of the plainest app of a kind.
pub(crate) const NARROW: &str = r#"{"Sid":"Narrow","Effect":"Allow","Principal":{"Federated":"arn:aws:iam::111122223333:saml-provider/okta"},"Action":["sts:AssumeRoleWithSAML","sts:TagSession","sts:SetSourceIdentity"],"Condition":{"StringEquals":{"saml:aud":"https://signin.aws.amazon.com/saml"},"StringLike":{"aws:RequestTag/GroupHash":["*:abcd:*"],"sts:SourceIdentity":"*@example.com"},"ForAnyValue:StringEquals":{"sts:TransitiveTagKeys":"GroupHash"}}}"#;
pub(crate) const NARROW_POOL: &str = r#"{"Sid":"NarrowPool","Effect":"Allow","Principal":{"Federated":"cognito-identity.amazonaws.com"},"Action":["sts:AssumeRoleWithWebIdentity","sts:TagSession"],"Condition":{"StringEquals":{"cognito-identity.amazonaws.com:aud":"us-east-1:11111111-2222-3333-4444-555555555555"},"StringLike":{"aws:RequestTag/GroupHash":"*:abcd:*"},"ForAnyValue:StringLike":{"cognito-identity.amazonaws.com:amr":"cognito-idp.us-east-1.amazonaws.com/us-east-1_Pool1"}}}"#;

/// Statements of others, as one would write them without spaces.
pub(crate) const FOREIGN: [&str; 17] = [
    FILLER,
    NARROW,
    NARROW_POOL,
    r#"{"Effect":"Allow","Principal":{"Federated":"cognito-identity.amazonaws.com"},"Action":["sts:AssumeRoleWithWebIdentity","sts:TagSession","sts:SetSourceIdentity"],"Condition":{"ForAnyValue:StringLike":{"cognito-identity.amazonaws.com:amr":"authenticated"}}}"#,
    r#"{"Sid":"","Effect":"Allow","Principal":{"AWS":["arn:aws:iam::444455556666:root","777788889999"]},"Action":["sts:AssumeRole"],"Condition":{"StringEquals":{"sts:ExternalId":"x  y"}}}"#,
    r#"{"Sid":"signetWide","Effect":"Allow","Principal":{"Federated":"arn:aws:iam::111122223333:saml-provider/okta"},"Action":"sts:AssumeRoleWithSAML","Condition":{"StringEquals":{"SAML:aud":"https:\/\/signin.aws.amazon.com\/saml"}}}"#,
    r#"{"Effect":"Allow","Principal":{"Federated":["arn:aws:iam::111122223333:saml-provider/okta","arn:aws:iam::111122223333:saml-provider/okta2"]},"Action":["sts:TagSession","sts:SetSource*"]}"#,
    r#"{"Effect":"Deny","Principal":"*","NotAction":"sts:AssumeRole","Condition":{"StringNotLike":{"sts:SourceIdentity":["*@example.com","*.example.com"]}}}"#,
    r#"{"Effect":"Deny","NotPrincipal":{"Federated":["arn:aws:iam::111122223333:saml-provider/okta"]},"Action":"sts:AssumeRoleWithSAML"}"#,
    r#"{"Sid":"Numbers","Effect":"Allow","Principal":{"AWS":"1"},"NotAction":["sts:TagSession"],"Condition":{"NumericEquals":{"x:y":[1.50,2e0,-0]},"Bool":{"aws:SecureTransport":true}}}"#,
    r#"{"Effect":"Deny","Principal":{"AWS":"*"},"Action":"sts:TagSession","Condition":{"Null":{"aws:RequestTag/GroupHash":"true"}}}"#,
    r#"{"Sid":"AnySignet","Effect":"Allow","Principal":"*","Action":"sts:assumerolewith*","Condition":{"Bool":{"sts:RoleAuthorizedByIdp":true}}}"#,
    r#"{"Condition":{"ForAllValues:StringEquals":{"sts:TransitiveTagKeys":["GroupHash","x"]},"Null":{"sts:TransitiveTagKeys":false}},"Action":"sts:*","Principal":{"Federated":"arn:aws:iam::111122223333:oidc-provider/example.okta.com"},"Effect":"Allow"}"#,
    r#"{"Sid":"\u00e9\u0041é","Effect":"Allow","Principal":{"Service":["a","b"],"AWS":"arn:aws:iam::444455556666:root"},"Action":"sts:AssumeRole","Condition":{}}"#,
    r#"{"Effect":"Deny","Principal":"*","Action":"*","Condition":{"StringEqualsIgnoreCase":{"sts:sourceidentity":"JOHN@example.com"}}}"#,
    r#"{"Effect":"Allow","Principal":{"Federated":"cognito-identity.amazonaws.com"},"Action":"sts:AssumeRoleWithWebIdentity","Condition":{"ForAnyValue:StringLike":{"cognito-identity.amazonaws.com:amr":"unauth*"}}}"#,
    r#"{"Effect":"Allow","Principal":{"AWS":"2"},"Action":"sts:AssumeRole","Condition":{"StringLikeIfExists":{"aws:RequestTag/GroupHash":"*"}}}"#,
];

/// What somebody may have left in our name. None of it may stay.
pub(crate) const OURS: [&str; 4] = [
    r#"{"Sid":"Signet1","Effect":"Allow","Principal":"*","Action":"sts:*"}"#,
    r#"{"Sid":"SignetNone","Effect":"Deny","Principal":"*","Action":"sts:AssumeRole","Condition":{"Bool":{"aws:SecureTransport":"false"}}}"#,
    r#"{"Effect":"Deny","Principal":"*","Action":"*","Sid":"\u0053ignet"}"#,
    r#"{"Sid":"SignetOdd","effect":"Allow","Principal":{"AWS":{"x":[]}}}"#,
];

/// A JSON text with white space between its tokens, by a number.
pub(crate) fn spaced(json: &str, seed: usize) -> String {
    let mut out = String::new();
    let (mut quoted, mut escaped) = (false, false);
    let mut state = seed;
    for c in json.chars() {
        let was_quoted = quoted;
        if quoted {
            quoted = escaped || c != '"';
            escaped = !escaped && c == '\\';
        } else {
            quoted = c == '"';
        }
        let is_mark = !was_quoted && !quoted && "{}[],:".contains(c);
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let space = if seed == 0 || !is_mark { "" } else { ["", " ", "\n\t", "\r\n  "][(state >> 40) % 4] };
        out.push_str(space);
        out.push(c);
        out.push_str(space);
    }
    out
}
