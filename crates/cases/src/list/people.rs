//! Identities, tags, what the issuer emits itself.

use crate::case::{Case, Expected, LOGIN, Rule, USER, case};
use crate::kind::{DEPARTMENT, GROUPS, Kind};

/// An attribute of a user pool is one text.
const ONE_TEXT: &str = "an attribute of a user pool is one text";

pub(super) fn cases(kind: Kind) -> Vec<Case> {
    let mut cases = identities(kind);
    cases.extend(tags(kind));
    cases.extend(emitted(kind));
    cases
}

fn reader(name: &'static str) -> Case {
    case(name, &["Clinical Readers"]).grant("Clinical Readers", "reader")
}

fn access() -> Expected {
    Expected::access(&["Clinical Readers"], &["reader"])
}

fn identities(kind: Kind) -> Vec<Case> {
    let of = |name, login: Option<String>| reader(name).given(|given| given.login = login);
    let unfit = |name, login: &str| of(name, Some(login.to_owned())).gives(Expected::denied("identity_unfit"));
    let longest = format!("{}@example.com", "j".repeat(52));
    let claim = [Rule::IdentityFromClaim("upn")];
    vec![
        of("no identity", None).gives(Expected::denied("identity_missing")),
        of("an empty identity", Some(String::new())).gives(Expected::denied("identity_missing")),
        of("an identity outside the pattern", Some("jane.doe@example.org".to_owned()))
            .gives(Expected::denied("identity_pattern")),
        of("an identity in capitals", Some("jane.doe@EXAMPLE.COM".to_owned()))
            .gives(Expected::denied("identity_pattern")),
        unfit("an identity with a space", "jane doe@example.com"),
        unfit("an identity with a line break", "jane.doe@example.com\n"),
        unfit("an identity with an umlaut", "jäne@example.com"),
        unfit("an identity that AWS reserves", "aws:jane@example.com"),
        unfit("an identity that is a variable", "${user.login}@example.com"),
        unfit("an identity of 65 characters", &format!("j{longest}")),
        of("an identity of 64 characters", Some(longest.clone())).gives(access().identity(&longest)),
        of("no role and no identity", None)
            .grant("Other", "other")
            .claim(GROUPS, &["Everyone"])
            .step(&[Rule::Pass], Expected::denied("identity_missing")),
        reader("an identity from the person's id")
            .step(&[Rule::IdentityFromUserId, Rule::Pattern("00u*")], access().identity(USER)),
        reader("an identity from an id that is not there")
            .given(|given| given.user = None)
            .step(&[Rule::IdentityFromUserId, Rule::Pattern("00u*")], Expected::denied("identity_missing")),
        reader("nobody needs the person's id").given(|given| given.user = None).gives(access()),
        reader("an identity from a claim")
            .claim("upn", &["jd@example.com"])
            .step(&claim, access().identity("jd@example.com")),
        reader("an identity from a claim that is not there").step(&claim, Expected::denied("identity_missing")),
        reader("an identity from a claim of two values")
            .claim("upn", &["a@example.com", "b@example.com"])
            .impossible_if(kind.is_cognito(), ONE_TEXT)
            .step(&claim, Expected::denied("identity_missing")),
    ]
}

fn tags(kind: Kind) -> Vec<Case> {
    let optional = [Rule::Tag("department", DEPARTMENT)];
    let required = [Rule::RequiredTag("department", DEPARTMENT)];
    let of = |name, value: &str| reader(name).claim(DEPARTMENT, &[value]);
    let left_out = || access().note("tag_left_out");
    let longest = "ä".repeat(256);
    let long = "ä".repeat(257);
    // Outside the basic plane a character counts twice.
    let wide = "𝐀".repeat(129);
    vec![
        of("a tag", "Clinical Data Science").step(&optional, access().tag("department", "Clinical Data Science")),
        of("a required tag", "Clinical Data Science")
            .step(&required, access().tag("department", "Clinical Data Science")),
        of("a tag of 256 characters", &longest).step(&required, access().tag("department", &longest)),
        of("a tag of 257 characters", &long).step(&optional, left_out()),
        of("a required tag of 257 characters", &long).step(&required, Expected::denied("required_tag")),
        of("a required tag of 258 halves", &wide).step(&required, Expected::denied("required_tag")),
        of("a tag that AWS refuses", "research; admin=true").step(&optional, left_out()),
        of("a required tag that AWS refuses", "research; admin=true").step(&required, Expected::denied("required_tag")),
        of("an empty tag", "").step(&optional, left_out()),
        of("a required tag that is empty", "").step(&required, Expected::denied("required_tag")),
        reader("a tag without a claim").step(&optional, left_out()),
        reader("a required tag without a claim").step(&required, Expected::denied("required_tag")),
        reader("a tag of two values")
            .claim(GROUPS, &["Clinical Readers", "Everyone"])
            .step(&[Rule::Tag("team", GROUPS)], left_out()),
        reader("a required tag of two values")
            .claim(GROUPS, &["Clinical Readers", "Everyone"])
            .step(&[Rule::RequiredTag("team", GROUPS)], Expected::denied("required_tag")),
        of("a tag that role chaining may override", "Clinical Data Science").step(
            &[Rule::LocalTag("department", DEPARTMENT)],
            access().tag("department", "Clinical Data Science").local_tag("department"),
        ),
        of("several tags", "Clinical Data Science").claim("title", &["Data Steward"]).step(
            &[Rule::Tag("department", DEPARTMENT), Rule::Tag("title", "title"), Rule::Tag("none", "none")],
            access().tag("department", "Clinical Data Science").tag("title", "Data Steward").note("tag_left_out"),
        ),
        reader("claims that the app maps to nothing")
            .claim("GroupHash", &[":aaaa:bbbb:"])
            .claim("SignetDecision", &["forged decision"])
            .claim("https://aws.example.com/SAML/Attributes/Role", &["arn:aws:iam::111122223333:role/admin"])
            .gives(access()),
        reader("a tag that is asked for in the words of an identity")
            .step(&[Rule::Tag("who", if kind.is_cognito() { "email" } else { "login" })], who(kind)),
    ]
}

/// Of a user pool's user the identity is an attribute like others; Okta's profile is none of the claims.
fn who(kind: Kind) -> Expected {
    if kind.is_cognito() { access().tag("who", LOGIN) } else { access().note("tag_left_out") }
}

/// A claim that only AWS reads.
pub(super) fn base_claim(kind: Kind) -> &'static str {
    base_claims(kind)[0]
}

/// Why a claim that AWS reads denies.
pub(super) fn base_reason(kind: Kind) -> &'static str {
    if kind == Kind::Saml { "base_assertion" } else { "base_token" }
}

fn base_claims(kind: Kind) -> [&'static str; 5] {
    match kind {
        Kind::Saml => [
            "https://aws.amazon.com/SAML/Attributes/Role",
            "HTTPS://AWS.AMAZON.COM/saml/attributes/role",
            "https://aws.amazon.com/SAML/Attributes/Anything",
            "https://aws.amazon.com/SAML/Attributes/PrincipalTag:GroupHash",
            " https://aws.amazon.com/SAML/Attributes/SourceIdentity",
        ],
        _ => [
            "https://aws.amazon.com/roles",
            "HTTPS://AWS.AMAZON.COM/Roles",
            "https://aws.amazon.com/anything",
            "https://aws.amazon.com/tags",
            " https://aws.amazon.com/source_identity",
        ],
    }
}

fn emitted(kind: Kind) -> Vec<Case> {
    let names = [
        "the issuer emits roles",
        "the issuer emits roles in capitals",
        "the issuer emits what AWS may read one day",
        "the issuer emits tags",
        "the issuer emits a source identity, with white space",
    ];
    let of = |(name, claim): (&'static str, &str)| {
        reader(name).claim(claim, &["x"]).gives(Expected::denied(base_reason(kind)))
    };
    let mut cases: Vec<Case> = names.into_iter().zip(base_claims(kind)).map(of).collect();
    // It has to be told even where there is nothing to give.
    let claim = base_claim(kind);
    cases.push(
        case("the issuer emits roles, and the person has none", &["Everyone"])
            .claim(claim, &["x"])
            .step(&[Rule::Pass], Expected::denied(base_reason(kind))),
    );
    cases.push(
        reader("a claim that is almost AWS's").claim("https://aws.amazon.com.example/roles", &["x"]).gives(access()),
    );
    cases
}
