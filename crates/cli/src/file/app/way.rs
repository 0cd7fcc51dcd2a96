//! How people sign in to an app: what its other fields depend on.

use signet_core::app::CognitoKind;
use signet_core::invalid::InvalidValue;
use signet_core::role::Protocol;

use super::super::fields::{Field, Fields, Report};
use crate::text::printable;

/// The kinds of Cognito app, each of which files may write in place of the protocol.
const KINDS: [CognitoKind; 2] = [CognitoKind::Oidc, CognitoKind::IdentityPool];

/// How people sign in to an app, as far as the file can be read: where it cannot, nothing is said of
/// fields that depend on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Way {
    /// The protocol.
    pub(super) protocol: Option<Protocol>,
    /// The kind of a Cognito app, by its audience.
    kind: Option<CognitoKind>,
}

impl Way {
    /// Reads the field `protocol`, and holds what it says against the audience.
    pub(super) fn read(fields: &Fields<'_>, audience: Option<&str>, report: &mut Report) -> Self {
        let hint = "`saml`, `oidc`, `cognito-oidc` or `cognito-identity-pool` is expected";
        let nothing = Self { protocol: None, kind: None };
        let Some(field) = fields.required("protocol", hint, report) else { return nothing };
        let Some(word) = field.text(report) else { return nothing };
        let stated = KINDS.into_iter().find(|kind| kind.as_str() == word);
        let protocol = match stated {
            Some(_) => Some(Protocol::Cognito),
            None => report.parsed(&field, Protocol::parse(word).map_err(|_| unknown(word))),
        };
        let kind = audience.filter(|_| protocol == Some(Protocol::Cognito)).map(CognitoKind::of_audience);
        if let (Some(stated), Some(kind), Some(audience)) = (stated, kind, audience)
            && stated != kind
        {
            disagree(&field, stated, audience, report);
            // Whichever of the two is wrong, what is said of other fields might be wrong too.
            return Self { protocol, kind: None };
        }
        Self { protocol, kind }
    }

    /// Whether the app is certainly of a protocol.
    pub(super) fn is(self, protocol: Protocol) -> bool {
        self.protocol == Some(protocol)
    }

    /// Whether the app is certainly one whose people get tokens.
    pub(super) fn has_tokens(self) -> bool {
        self.is(Protocol::Oidc) || self.is(Protocol::Cognito)
    }

    /// Whether the app is certainly one behind an identity pool.
    pub(super) fn is_identity_pool(self) -> bool {
        self.kind == Some(CognitoKind::IdentityPool)
    }

    /// The protocol, or the kind of a Cognito app, as files write it.
    pub(super) fn word(self) -> &'static str {
        self.kind.map_or_else(|| self.protocol.map_or("-", Protocol::as_str), CognitoKind::as_str)
    }
}

fn unknown(word: &str) -> InvalidValue {
    InvalidValue::Word {
        what: "protocol",
        value: printable(word),
        expected: "`saml`, `oidc` or `cognito`, or for the latter also `cognito-oidc` or `cognito-identity-pool`",
    }
}

fn disagree(field: &Field<'_>, stated: CognitoKind, audience: &str, report: &mut Report) {
    let audience = printable(audience);
    let (is, then) = match stated {
        CognitoKind::Oidc => ("the id of an identity pool", CognitoKind::IdentityPool),
        CognitoKind::IdentityPool => ("no id of an identity pool (`<region>:<uuid>`)", CognitoKind::Oidc),
    };
    let what = format!(
        "`{}` does not fit the audience `{audience}`, which is {is}: with it the app is `{}`",
        stated.as_str(),
        then.as_str()
    );
    report.error(field.node.at, &field.path, &what);
}
