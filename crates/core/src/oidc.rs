//! The decision as claims of an ID token, in the form that `AssumeRoleWithWebIdentity` reads.

use crate::code::CodeHasher;
use crate::decision::{self, Access, Decision, Deny, Outcome, SignIn};
use crate::session::SessionTag;

/// What the names of all claims that STS reads of a token for itself begin with.
pub const CLAIM_PREFIX: &str = "https://aws.amazon.com/";
/// The claim of the session tags (IAM User Guide, "Passing session tags using
/// `AssumeRoleWithWebIdentity`").
pub const TAGS_CLAIM: &str = "https://aws.amazon.com/tags";
/// The claim of the source identity (IAM User Guide, "Monitor and control actions taken with assumed
/// roles").
pub const SOURCE_IDENTITY_CLAIM: &str = "https://aws.amazon.com/source_identity";
/// The claim of the roles that a token is good for. Where it is there, STS refuses every other role.
pub const ROLES_CLAIM: &str = "https://aws.amazon.com/roles";

/// The longest token that STS takes, in characters (STS API reference, `AssumeRoleWithWebIdentity`,
/// `WebIdentityToken`).
pub const MAX_TOKEN_CHARACTERS: usize = 20_000;

/// Reserved for a token's header and signature: the longest usual ones, an RSA key of 4,096 bits with a
/// long key id, are below 900 characters.
const AROUND_CHARACTERS: usize = 1_000;

/// The claims that Signet gives an ID token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claims {
    /// The session tags.
    pub tags: Tags,
    /// The source identity.
    pub source_identity: String,
    /// The roles that the token is good for, by their ARNs; none where the app leaves that to trust
    /// policies.
    pub roles: Option<Vec<String>>,
}

/// The content of [`TAGS_CLAIM`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tags {
    /// Each tag, sorted by key. On the wire its value is a list of this one text.
    pub principal: Vec<SessionTag>,
    /// The keys of the tags that role chaining cannot override, sorted.
    pub transitive: Vec<String>,
}

/// The tokens as they would be issued without Signet.
#[derive(Debug, Clone, Default)]
pub struct BaseToken<'a> {
    /// The names of the claims of all of them.
    pub claims: Vec<&'a str>,
    /// How long the claims of the ID token are as JSON, on the safe side ([`escaped_bytes`]).
    pub bytes: usize,
}

impl<'a> BaseToken<'a> {
    /// The first, by name, of the claims that STS reads; there must be none.
    #[must_use]
    pub fn emitted(&self) -> Option<&'a str> {
        self.claims.iter().copied().filter(|name| is_aws_claim(name)).min()
    }
}

/// Whether a claim's name is one that STS reads, or one that differs from it only in case or surrounding
/// white space.
#[must_use]
pub fn is_aws_claim(name: &str) -> bool {
    let prefix = CLAIM_PREFIX.as_bytes();
    name.trim().as_bytes().get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix))
}

/// Decides a sign-in to an app whose people get tokens, and renders what it gets.
///
/// There are no claims unless the outcome is access.
#[must_use]
pub fn decide<'a, H: CodeHasher + ?Sized>(
    sign_in: &SignIn<'a>,
    base: &BaseToken<'_>,
    hasher: &H,
) -> (Decision<'a>, Option<Claims>) {
    let mut decision = decide_unless_emitted(sign_in, base, hasher);
    let Outcome::Access(access) = &decision.outcome else {
        return (decision, None);
    };
    let claims = claims(access, sign_in.app.tokens.roles_claim);
    if let Some(deny) = too_long(base.bytes + bytes(&claims)) {
        decision.outcome = Outcome::Deny(deny);
        return (decision, None);
    }
    (decision, Some(claims))
}

/// The decision, but a denial where the issuer itself emits what AWS reads.
pub(crate) fn decide_unless_emitted<'a, H: CodeHasher + ?Sized>(
    sign_in: &SignIn<'a>,
    base: &BaseToken<'_>,
    hasher: &H,
) -> Decision<'a> {
    let mut decision = decision::decide(sign_in, hasher);
    if let Some(name) = base.emitted() {
        decision.withhold(Deny::BaseToken { name: name.to_owned() });
    }
    decision
}

/// The denial of a token whose claims are that long as JSON, if STS would not take it.
pub(crate) fn too_long(claims_bytes: usize) -> Option<Deny> {
    // Every 3 bytes become 4 characters of base64url.
    let characters = AROUND_CHARACTERS + claims_bytes.div_ceil(3) * 4;
    (characters > MAX_TOKEN_CHARACTERS).then_some(Deny::TokenTooLong { characters, limit: MAX_TOKEN_CHARACTERS })
}

fn claims(access: &Access<'_>, roles_claim: bool) -> Claims {
    Claims {
        tags: Tags { principal: access.tags.clone(), transitive: access.transitive.clone() },
        source_identity: access.identity.as_str().to_owned(),
        roles: roles_claim.then(|| access.roles.iter().map(ToString::to_string).collect()),
    }
}

/// The length of the claims as JSON, on the safe side.
fn bytes(claims: &Claims) -> usize {
    /// Quotes, colon, comma, and the brackets of a value.
    const PUNCTUATION: usize = 8;
    let text = |text: &str| PUNCTUATION + escaped_bytes(text);
    let tags = claims.tags.principal.iter().map(|tag| text(&tag.key) + text(&tag.value));
    let transitive = claims.tags.transitive.iter().map(|key| text(key));
    let roles = claims.roles.iter().flatten().map(|role| text(role));
    let names = [TAGS_CLAIM, "principal_tags", "transitive_tag_keys", SOURCE_IDENTITY_CLAIM, ROLES_CLAIM];
    names.iter().map(|name| text(name)).sum::<usize>()
        + tags.chain(transitive).chain(roles).sum::<usize>()
        + text(&claims.source_identity)
}

/// The length of a text inside a JSON string, however the issuer writes it: with `\/` for `/`, with
/// `\u…` for every character outside ASCII.
#[must_use]
pub fn escaped_bytes(text: &str) -> usize {
    let escaped = |byte: u8| match byte {
        b'"' | b'\\' | b'/' => 2,
        0..0x20 | 0x7f => 6,
        // Two bytes of UTF-8 are one escape of 6, three are one, four are two.
        0x80.. => 3,
        _ => 1,
    };
    text.bytes().map(escaped).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_below_the_prefix_are_aws_claims_in_any_case() {
        for name in
            [TAGS_CLAIM, ROLES_CLAIM, "HTTPS://aws.Amazon.com/Roles", " https://aws.amazon.com/x\n", CLAIM_PREFIX]
        {
            assert!(is_aws_claim(name), "{name:?}");
        }
        for name in ["", "sub", "groups", "https://aws.amazon.com", "https://aws.amazon.com.example/tags"] {
            assert!(!is_aws_claim(name), "{name:?}");
        }
    }

    #[test]
    fn a_token_is_too_long_from_its_20001st_character() {
        // 1,000 around, and 4 for every 3 bytes: 14,250 bytes are 19,000 characters.
        assert_eq!(too_long(14_250), None);
        assert_eq!(too_long(14_251), Some(Deny::TokenTooLong { characters: 20_004, limit: 20_000 }));
    }

    #[test]
    fn lengths_are_those_of_the_longest_way_to_write_a_text() {
        assert_eq!(escaped_bytes("aws"), 3);
        assert_eq!(escaped_bytes("a/\"\\"), 7);
        assert!(escaped_bytes("ä") >= r"\u00e4".len());
        assert!(escaped_bytes("日") >= r"\u65e5".len());
        assert!(escaped_bytes("😀") >= r"\ud83d\ude00".len());
        assert_eq!(escaped_bytes("\n"), 6);
    }
}
