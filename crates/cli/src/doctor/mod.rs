//! What is not as it should be in a deployment, and what to do about it. Pure: what was seen is given.
//!
//! | Module | Holds |
//! |---|---|
//! | [`environment`] | credentials, the clock |
//! | [`table`] | the table: reachable, its shape, its protection, its settings |
//! | [`apps`] | what the table has of apps, and how far it reaches |
//! | [`fault`] | what to do about a call of DynamoDB that failed |
//! | [`endpoint`] | what a hook answers to callers that Okta is not, and to one that it could be |
//! | [`request`] | a sign-in, and whether Okta and Cognito are set up as its app needs |
//!
//! What could not be looked at is a note, and never "ok".

pub mod apps;
pub mod endpoint;
pub mod environment;
pub mod fault;
pub mod request;
pub mod table;

/// How something stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    /// As it should be.
    Ok,
    /// Good to know, or not looked at.
    Note,
    /// It works, and will not always.
    Warning,
    /// Something does not work, or is open.
    Error,
}

impl State {
    /// The word for programs.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// How it stands.
    pub state: State,
    /// What it is, in a word or two with `_`.
    pub name: &'static str,
    /// Whose: a table, an app, an address.
    pub subject: String,
    /// What was found.
    pub text: String,
    /// What to do; none where there is nothing to do.
    pub fix: Option<String>,
}

impl Check {
    /// Something that is as it should be.
    #[must_use]
    pub fn ok(name: &'static str, subject: impl Into<String>, text: impl Into<String>) -> Self {
        Self { state: State::Ok, name, subject: subject.into(), text: text.into(), fix: None }
    }

    /// Something that could not be looked at, since something before it is in the way.
    #[must_use]
    pub fn not_looked_at(name: &'static str, subject: impl Into<String>) -> Self {
        Self::not_ok(State::Note, name, subject, "not looked at: something before it is in the way", "mend that first")
    }

    /// Something that is not, or could not be looked at, with what to do.
    #[must_use]
    pub fn not_ok(
        state: State,
        name: &'static str,
        subject: impl Into<String>,
        text: impl Into<String>,
        fix: impl Into<String>,
    ) -> Self {
        Self { state, name, subject: subject.into(), text: text.into(), fix: Some(fix.into()) }
    }
}

/// Whether somebody has to do something.
#[must_use]
pub fn is_serious(checks: &[Check]) -> bool {
    checks.iter().any(|check| check.state >= State::Warning)
}

#[cfg(test)]
pub(crate) fn states(checks: &[Check]) -> Vec<(&'static str, &'static str)> {
    checks.iter().map(|check| (check.name, check.state.as_str())).collect()
}
