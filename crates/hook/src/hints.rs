//! Which claim carries an app's groups, as last seen.
//!
//! The app's record says it, and that is read together with the groups. So the claim is guessed, to
//! make one read of it. A wrong guess costs a second read and nothing else: the record that
//! decides is always fresh.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use signet_core::app::App;

/// What most apps call the claim.
const USUAL: &str = "groups";

/// The claims of the apps that have another one than the usual. Holds only apps of the table.
#[derive(Debug, Default)]
pub(crate) struct Hints(Mutex<HashMap<String, String>>);

impl Hints {
    /// The claim to try for an app.
    pub(crate) fn claim(&self, app: &str) -> String {
        self.lock().get(app).map_or_else(|| USUAL.to_owned(), Clone::clone)
    }

    /// Remembers the claim that an app's record names.
    pub(crate) fn remember(&self, app: &App) {
        let mut hints = self.lock();
        if app.groups_claim == USUAL {
            hints.remove(app.id.as_str());
        } else {
            hints.insert(app.id.as_str().to_owned(), app.groups_claim.clone());
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, String>> {
        // A hint that a panic left behind is a hint all the same.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
