//! A SAML assertion hook as a filter: reads Okta's request from a file, or from standard
//! input, and prints the answer that the hook would give.
//!
//! ```sh
//! cargo run -p signet-okta --example team crates/okta/tests/data/saml-hook.request.json
//! ```
//!
//! It puts the team of a user into the assertion. The HTTP status goes to standard error.

use std::error::Error;
use std::io::Read;
use std::process::ExitCode;

use signet_okta::pointer::Pointer;
use signet_okta::request::{Envelope, RequestError, SAML_EVENT_TYPE};
use signet_okta::response::{NameFormat, Operation, Patch, Response, SamlAttribute};
use signet_okta::saml::SamlRequest;

/// A name with slashes, as most attribute names are: the path must escape it.
const TEAM_ATTRIBUTE: &str = "https://example.com/claims/team";

/// Stands for a lookup in some other system.
const TEAMS: [(&str, &str); 2] = [("00uq8tMo3zV0OfJON0g3", "Clinical Data"), ("00u1aaaaaaaaaaaaaaa3", "Research")];

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), Box<dyn Error>> {
    let mut body = Vec::new();
    match std::env::args_os().nth(1) {
        Some(path) => body = std::fs::read(path)?,
        None => {
            std::io::stdin().read_to_end(&mut body)?;
        }
    }
    let encoded = answer(&body)?.encode()?;
    eprintln!("HTTP {}", encoded.status);
    if let Some(body) = encoded.body {
        println!("{body}");
    }
    Ok(())
}

/// What the hook answers to a request's body.
///
/// # Errors
/// The body is not a call that this hook understands: a server says HTTP 400.
pub fn answer(body: &[u8]) -> Result<Response, RequestError> {
    let envelope = Envelope::parse(body)?;
    envelope.expect_type(SAML_EVENT_TYPE)?;
    let Ok(request) = SamlRequest::from_envelope(&envelope) else {
        // Not a 4xx, after which Okta would sign the user in all the same.
        return Ok(Response::deny("Your sign-in could not be read."));
    };
    Ok(team_of(&request))
}

fn team_of(request: &SamlRequest) -> Response {
    let team = TEAMS.iter().find(|(user, _)| request.user_id() == Some(user)).map(|(_, team)| *team);
    match team {
        None => Response::no_change(),
        Some(team) => Response::patch(Patch::assertion([Operation::add(
            Pointer::claim(TEAM_ATTRIBUTE),
            SamlAttribute::strings(NameFormat::Uri, [team]),
        )]))
        .debug_context("hook", "team"),
    }
}
