//! Why a request does not fit the app it is for.

use signet_core::app::App;
use signet_core::role::Protocol;
use signet_core::trust::gate::Issuer;
use signet_okta::json::place::Malformed;
use signet_okta::request::RequestError;

/// Why a request does not fit the app it is for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    /// The app is one of another protocol than the request's.
    #[error("the app is stated as `{}` and signs in by `{}`", .stated.as_str(), .used.as_str())]
    Protocol {
        /// What the table says.
        stated: Protocol,
        /// What the request is of.
        used: Protocol,
    },
    /// The tokens are another issuer's than the app's.
    #[error("the app's tokens are issued by `{stated}`, and these by {found}")]
    Issuer {
        /// The app's issuer.
        stated: String,
        /// The request's, in backticks, or that it names none.
        found: String,
    },
    /// The tokens are for no user, and the app denies such grants.
    #[error("the grant has no user, and the app denies such grants: say `when_no_user: pass` to let them be")]
    NoUser,
    /// The tokens of a client that acts for itself carry claims that AWS reads.
    #[error("the issuer itself emits the claim `{name}`: remove it from the issuer's claims")]
    BaseToken {
        /// The first of these claims' names.
        name: String,
    },
    /// The attributes of this user may have been written by the user.
    #[error(
        "the user does not come from {}, so that the attributes may be anybody's: sign in by way of it, or say \
         `attributes: protected` where no app client of the pool may write them",
        .provider.as_ref().map_or_else(|| "an identity provider".to_owned(), |name| format!("identity provider `{name}`"))
    )]
    NotFederated {
        /// The provider that the app asks for.
        provider: Option<String>,
    },
    /// The event's version cannot carry what the app's sign-ins need.
    #[error(
        "an event of version 1 has no place for session tags of an OIDC provider: set the trigger of the user pool to \
         event version V2_0 or V3_0"
    )]
    EventVersion,
    /// A member that decides about access is malformed.
    #[error("the request is malformed at `{}`: {}", .0.path, .0.what)]
    Malformed(Malformed),
}

impl Unfit {
    /// The reason as logs and metrics write it.
    #[must_use]
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Protocol { .. } => "app_protocol",
            Self::Issuer { .. } => "other_issuer",
            Self::NoUser => "no_user",
            Self::BaseToken { .. } => "base_token",
            Self::NotFederated { .. } => "attributes_not_federated",
            Self::EventVersion => "event_version",
            Self::Malformed(_) => "malformed_request",
        }
    }
}

impl From<Malformed> for Unfit {
    fn from(malformed: Malformed) -> Self {
        Self::Malformed(malformed)
    }
}

impl From<RequestError> for Unfit {
    fn from(error: RequestError) -> Self {
        match error {
            RequestError::Malformed { path, what } => Self::Malformed(Malformed { path, what }),
            // Only a whole request can be wrong in another way.
            other => Self::Malformed(Malformed { path: String::new(), what: other.to_string() }),
        }
    }
}

/// Refuses an app of another protocol.
pub(crate) fn protocol(app: &App, used: Protocol) -> Result<(), Unfit> {
    if app.protocol == used { Ok(()) } else { Err(Unfit::Protocol { stated: app.protocol, used }) }
}

/// Refuses another issuer than the app's, where that is known.
pub(crate) fn issuer(app: &App, found: Option<&str>) -> Result<(), Unfit> {
    let Some(stated) = &app.tokens.issuer else { return Ok(()) };
    let found_issuer = found.map(Issuer::from_url);
    if found_issuer.is_some_and(|issuer| issuer.as_ref() == Ok(stated)) {
        return Ok(());
    }
    let shown = |url: &str| {
        let cut = if url.chars().nth(80).is_some() { "…" } else { "" };
        format!("`{}{cut}`", url.chars().take(80).flat_map(char::escape_default).collect::<String>())
    };
    Err(Unfit::Issuer { stated: stated.url(), found: found.map_or_else(|| "nobody".to_owned(), shown) })
}
