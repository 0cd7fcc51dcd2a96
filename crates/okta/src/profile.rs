//! The user's profile, as all requests have it.

use std::collections::HashSet;

use crate::json::place::Place;
use crate::request::RequestError;

/// The members of `user.profile` that Okta documents. All are strings.
const MEMBERS: [&str; 5] = ["login", "firstName", "lastName", "locale", "timeZone"];

/// The members that are strings. One that Okta documents may be nothing else.
pub(crate) fn read(place: &Place<'_, '_>) -> Result<Vec<(String, String)>, RequestError> {
    let mut seen = HashSet::new();
    let mut members = Vec::new();
    for (name, node) in place.object()? {
        let here = place.child(name, Some(node));
        if !seen.insert(name) {
            return Err(here.twice().into());
        }
        let text = if MEMBERS.contains(&name.as_str()) { here.text()? } else { node.as_str() };
        if let Some(text) = text {
            members.push((name.clone(), text.to_owned()));
        }
    }
    Ok(members)
}

/// A member of a profile that was read.
pub(crate) fn member<'p>(profile: &'p [(String, String)], name: &str) -> Option<&'p str> {
    profile.iter().find(|(known, _)| known == name).map(|(_, text)| text.as_str())
}
