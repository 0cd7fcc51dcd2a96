//! The decision: what one sign-in gets, and why.
//!
//! | Module | Holds |
//! |---|---|
//! | [`input`] | the sign-in, as the adapters hand it over |
//! | [`outcome`] | what it gets: access, nothing, or a denial with its reason |
//! | `groups` | which groups count, and why the others do not |
//! | `cover` | which codes to emit where not all fit |

mod cover;
mod groups;
pub mod input;
pub mod outcome;
#[cfg(test)]
mod tests;

pub use input::SignIn;
pub use outcome::{Access, Decision, Deny, Finding, GroupFinding, Note, Outcome};

use crate::app::{Codes, WhenUnentitled};
use crate::code::{CodeHasher, GroupCode};
use crate::identity::Identity;
use crate::session::{self, DECISION_TAG, GROUP_HASH_TAG, SessionTag};

use groups::{Counting, Offer};

/// Decides a sign-in.
///
/// The answer depends on what is in the sign-in and not on its order. Every role and code in it
/// is granted to one of the person's groups; every role so granted is in it, or the outcome is
/// a denial that says why.
#[must_use]
pub fn decide<'a, H: CodeHasher + ?Sized>(sign_in: &SignIn<'a>, hasher: &H) -> Decision<'a> {
    let Counting { offer, findings, mut notes } = groups::count(sign_in, hasher);
    let mut decision = Decision { outcome: Outcome::NoAccess, withheld: None, groups: findings, notes: Vec::new() };
    decision.outcome = match outcome(sign_in, &offer, &mut notes) {
        Ok(outcome) => outcome,
        Err(deny) => Outcome::Deny(deny),
    };
    if let Outcome::Access(access) = &decision.outcome {
        decision.mark_left_out(&access.codes.clone());
    }
    notes.sort();
    decision.notes = notes;
    decision
}

fn outcome<'a>(sign_in: &SignIn<'a>, offer: &Offer<'a>, notes: &mut Vec<Note<'a>>) -> Result<Outcome<'a>, Deny> {
    let app = sign_in.app;
    let identity = Identity::new(sign_in.identity, &app.identity.pattern).map_err(Deny::Identity)?;
    if offer.roles.is_empty() {
        return match app.when_unentitled {
            WhenUnentitled::Deny => Err(Deny::Unentitled),
            WhenUnentitled::Pass => Ok(Outcome::NoAccess),
        };
    }
    let codes = emitted_codes(sign_in, offer, notes)?;
    let tags = session_tags(sign_in, &codes, notes)?;
    let transitive = tags.iter().map(|tag| &tag.key).filter(|key| app.tags.is_transitive(key)).cloned().collect();
    Ok(Outcome::Access(Access {
        identity,
        roles: offer.roles.clone(),
        provider: &app.provider,
        codes,
        tags,
        transitive,
        session_duration: app.session_duration,
    }))
}

/// The codes of the groups that count, or as few as open every offered role where not all fit.
fn emitted_codes<'a>(
    sign_in: &SignIn<'a>,
    offer: &Offer<'a>,
    notes: &mut Vec<Note<'a>>,
) -> Result<Vec<GroupCode>, Deny> {
    let capacity = sign_in.app.capacity(sign_in.width);
    let all = offer.groups.len();
    if all <= capacity {
        return Ok(offer.groups.iter().map(|group| group.code).collect());
    }
    let too_many = |needed| Deny::CodesDoNotFit { codes: needed, capacity };
    match sign_in.app.codes {
        Codes::All => Err(too_many(all)),
        Codes::Cover => {
            let codes = cover::fewest(offer);
            if codes.len() > capacity {
                return Err(too_many(codes.len()));
            }
            notes.push(Note::CodesCovered { emitted: codes.len(), of: all });
            Ok(codes)
        }
    }
}

/// Signet's own tags and those that the app maps, sorted by key.
fn session_tags<'a>(
    sign_in: &SignIn<'a>,
    codes: &[GroupCode],
    notes: &mut Vec<Note<'a>>,
) -> Result<Vec<SessionTag>, Deny> {
    let mut tags = vec![
        SessionTag { key: GROUP_HASH_TAG.to_owned(), value: session::group_hash(codes) },
        SessionTag { key: DECISION_TAG.to_owned(), value: sign_in.id.as_str().to_owned() },
    ];
    for (key, rule) in sign_in.app.tags.rules() {
        let values = sign_in.tag_values.get(key.as_str()).map(Vec::as_slice).unwrap_or_default();
        match session::tag_value(values) {
            Ok(value) => tags.push(SessionTag { key: key.clone(), value: value.to_owned() }),
            Err(why) if rule.required => return Err(Deny::RequiredTag { key: key.clone(), why }),
            Err(why) => notes.push(Note::TagLeftOut { key, why: why.as_str() }),
        }
    }
    tags.sort_by(|a, b| a.key.cmp(&b.key));
    Ok(tags)
}
