//! Which claim carries an app's groups, as last seen.
//!
//! The app's record says it, and that is read together with the groups. So the claim is guessed, to
//! make one read of it. A wrong guess costs a second read and nothing else: the record that
//! decides is always fresh.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use signet_core::app::App;

/// The claims of the apps that have another one than is usual for their protocol. Holds only apps of the
/// table.
#[derive(Debug, Default)]
pub(crate) struct Hints(Mutex<HashMap<String, String>>);

impl Hints {
    /// The claim to try for an app.
    pub(crate) fn claim(&self, app: &str, usual: &str) -> String {
        self.lock().get(app).map_or_else(|| usual.to_owned(), Clone::clone)
    }

    /// Remembers the claim that an app's record names.
    pub(crate) fn remember(&self, app: &App, usual: &str) {
        let mut hints = self.lock();
        if app.groups_claim == usual {
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
