//! The three sign-in functions, and one sign-in that each of them answers.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::Value;

use crate::aws::federate;
use crate::event::Event;
use crate::hook::Hook;
use crate::okta::SignIn;
use crate::tokens::{self, Minted};
use crate::{event, programs, saml};

/// The claim of the roles in an ID token.
pub const ROLES: &str = "https://aws.amazon.com/roles";

/// A sign-in function.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Kind {
    /// Okta's SAML hook.
    #[default]
    Saml,
    /// Okta's token hook.
    Token,
    /// Cognito's pre token generation trigger.
    PreToken,
}

/// What came of a sign-in.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// What the person reads of a denial; none if it is none.
    pub denial: Option<String>,
    /// The roles that AWS is told of.
    pub roles: Vec<String>,
    /// How long the function took.
    pub elapsed: Duration,
    /// Which invocation of its sandbox it was, from 1.
    pub number: usize,
}

impl Kind {
    /// The compiled function.
    pub fn program(self) -> PathBuf {
        match self {
            Self::Saml => programs::saml_hook(),
            Self::Token => programs::token_hook(),
            Self::PreToken => programs::pre_token(),
        }
    }

    /// The folder of its sample events.
    pub fn events(self) -> PathBuf {
        let function = match self {
            Self::Saml => "saml-hook",
            Self::Token => "token-hook",
            Self::PreToken => "pre-token",
        };
        Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../events")).join(function)
    }

    /// The sample event of that name.
    pub fn sample(self, case: &str) -> Value {
        let text = std::fs::read_to_string(self.events().join(format!("{case}.json"))).unwrap();
        serde_json::from_str(&text).unwrap()
    }

    /// The names of all its sample events, sorted.
    pub fn samples(self) -> Vec<String> {
        event::cases_in(&self.events())
    }

    /// A sign-in of one person with one group, `Clinical Readers`, as the function is invoked with it.
    pub fn one_group(self) -> Value {
        self.sample(match self {
            Self::Saml | Self::Token => "one-group",
            Self::PreToken => "v2-hosted-auth",
        })
    }

    /// Has a function of this kind answer an event, and reads the answer as whoever asks does.
    pub async fn ask(self, hook: &Hook, event: &Value) -> Outcome {
        if self == Self::PreToken {
            let answer = hook.trigger(event).await;
            let denial = answer.is_error().then(|| answer.denial().to_owned());
            let roles = if answer.is_error() { Vec::new() } else { roles_of(&answer.issue(event, NOW).0) };
            return Outcome { denial, roles, elapsed: answer.elapsed, number: answer.number };
        }
        let event = Event(event.clone()).taken_now();
        let answer = hook.send(&event).await;
        let (denial, roles) = match self {
            Self::Token => match tokens::apply(answer.status, &answer.body, &event.request()) {
                Minted::Denied { summary } => (Some(summary), Vec::new()),
                Minted::Tokens { identity, .. } => (None, roles_of(&identity)),
                Minted::Ignored { why } => panic!("Okta ignores the answer: {why}: {answer:?}"),
            },
            _ => match answer.to_okta(&event) {
                SignIn::Denied { summary } => (Some(summary), Vec::new()),
                SignIn::Patched(assertion) => {
                    let session = federate(&saml::xml(&assertion)).unwrap_or_else(|refusal| panic!("{refusal}"));
                    (None, session.role_arns().into_iter().map(str::to_owned).collect())
                }
                SignIn::Unchanged(_) => (None, Vec::new()),
                SignIn::Ignored { why, .. } => panic!("Okta ignores the answer: {why}: {answer:?}"),
            },
        };
        Outcome { denial, roles, elapsed: answer.elapsed, number: answer.number }
    }
}

/// A moment for tokens that nobody looks at the time of.
const NOW: u64 = 1_793_491_200;

/// The roles that a token is good for: by its own claim, or by that of the pool's groups.
fn roles_of(claims: &Value) -> Vec<String> {
    let list = [&claims[ROLES], &claims["cognito:roles"]].into_iter().find_map(Value::as_array);
    list.into_iter().flatten().map(|role| role.as_str().unwrap().to_owned()).collect()
}
