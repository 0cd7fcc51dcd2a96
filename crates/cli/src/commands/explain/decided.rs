//! The decision, from whatever a request says.

use signet_core::app::App;
use signet_core::code::Sha256Hasher;
use signet_core::decision::SignIn;
use signet_core::grant::Timestamp;
use signet_core::session::DecisionId;
use signet_facts::{Facts, Person, Remark, Unfit, tag_values};

use super::{Reading, no_user};
use crate::console::Console;
use crate::failure::Failure;
use crate::random;
use crate::render::explain::{Explained, Rendering};

/// What is asked, but the request.
pub(super) struct Asking<'q> {
    /// The app, which is active.
    pub(super) app: &'q App,
    pub(super) reading: &'q Reading<'q>,
    pub(super) now: Timestamp,
    pub(super) as_json: bool,
}

/// Why a sign-in ends without a decision.
#[derive(Debug)]
pub(super) enum Stop {
    /// It is denied, with the word that the function's log has.
    Denied { reason: &'static str, why: String },
    /// It stays as it is.
    Passed(Remark),
    /// It cannot be said.
    Failed(Failure),
}

impl From<Unfit> for Stop {
    fn from(unfit: Unfit) -> Self {
        Self::Denied { reason: unfit.reason(), why: unfit.to_string() }
    }
}

impl From<Failure> for Stop {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

/// Whether there is access, having said why. The steps are those of the functions.
pub(super) async fn decided<F: Facts>(request: &F, asking: &Asking<'_>, console: &mut Console<'_>) -> Result<bool, Stop>
where
    F::Rendering: Into<Rendering>,
{
    let Asking { app, reading, now, as_json } = *asking;
    if request.person(app)? == Person::Nobody {
        return Err(Stop::Passed(no_user()));
    }
    let groups = request.groups(&app.groups_claim)?;
    let groups: Vec<&str> = groups.iter().map(AsRef::as_ref).collect();
    let snapshot = reading.sign_in(app.id.as_str(), &groups).await?;
    let id = DecisionId::from_random(random::bytes()?);
    let sign_in = SignIn {
        id: &id,
        app,
        width: snapshot.meta.width,
        now,
        identity: request.identity(&app.identity.from)?,
        groups: &groups,
        records: &snapshot.groups,
        tag_values: tag_values(request, app),
    };
    let (decision, rendering) = request.decide(&sign_in, &Sha256Hasher);
    let no_place = rendering.as_ref().and_then(|_| request.no_place());
    let rendering: Option<Rendering> = rendering.filter(|_| no_place.is_none()).map(Into::into);
    let explained = Explained {
        sign_in: &sign_in,
        decision: &decision,
        rendering: rendering.as_ref(),
        no_place: no_place.as_ref(),
        remarks: &request.remarks(app, groups.len()),
        past: reading.past(),
    };
    if as_json {
        console.json(&explained.json())?;
    } else {
        console.result(&explained.text())?;
    }
    Ok(rendering.is_some())
}
