//! Which groups count, what they open, which codes are emitted, and what is denied.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use crate::code::{Hash, base32, code};
use crate::input::{Grant, Protocol, Record, SignIn};
use crate::outcome::{Access, Decision, Deny, Finding, Note, Outcome};
use crate::{rendering, value};

/// Decides a sign-in to an app of any protocol.
///
/// Where several reasons deny, the first of these is given: base assertion or token, identity, no role,
/// codes that do not fit, a required tag (the first by key), the assertion's or token's length.
#[must_use]
pub fn decide(sign_in: &SignIn, hash: Hash<'_>) -> Decision {
    let mut findings = BTreeMap::new();
    let mut notes = BTreeSet::new();

    // The claim is a set: order and repetition say nothing.
    let keys: BTreeSet<&String> = sign_in.groups.iter().collect();
    for key in keys {
        findings.insert(key.clone(), look_at(sign_in, key, hash));
    }
    drop_clashes(&mut findings, &mut notes);
    for (key, finding) in &findings {
        if matches!(finding, Finding::KeyMismatch | Finding::CodeMismatch) {
            notes.insert(Note::Unsound(key.clone()));
        }
    }

    let mut outcome = access(sign_in, &findings, &mut notes).unwrap_or_else(Outcome::Deny);
    if let Outcome::Access(access) = &outcome {
        leave_out_codes(&mut findings, &access.codes);
    }
    // Up to here all protocols are one. What follows is each form's own.
    if let Some(deny) = rendering::emitted_by_others(sign_in) {
        outcome = Outcome::Deny(deny);
    }
    let mut decision = Decision { outcome, findings, notes, rendering: None, length: None };
    if let Outcome::Access(access) = &decision.outcome {
        let rendering = rendering::of(&sign_in.app, access);
        decision.length = rendering::length(sign_in, &rendering);
        match rendering::check_size(sign_in, &rendering, decision.length) {
            Ok(()) => decision.rendering = Some(rendering),
            Err(deny) => decision.outcome = Outcome::Deny(deny),
        }
    }
    decision
}

/// "A group counts only if the table has it registered, under exactly its key, with a code that
/// is the hash of its key and salt." "A code is emitted only for a group with a grant that
/// counts."
fn look_at(sign_in: &SignIn, key: &str, hash: Hash<'_>) -> Finding {
    let Some(record) = sign_in.table.get(key) else {
        return Finding::Unregistered;
    };
    if record.key != key {
        return Finding::KeyMismatch;
    }
    if record.retired {
        return Finding::Retired;
    }
    if record.code != code(hash, key, record.salt, sign_in.width) {
        return Finding::CodeMismatch;
    }
    let roles = opens(sign_in, record);
    if roles.is_empty() {
        let expired = record.grants.iter().filter(|grant| has_expired(sign_in, grant)).count();
        return Finding::NoGrant(expired, record.grants.len() - expired);
    }
    Finding::Counts(record.code.clone(), roles.len())
}

/// "Grants that have expired, or are for other apps, do not count."
fn opens(sign_in: &SignIn, record: &Record) -> BTreeSet<String> {
    let counts = |grant: &&Grant| !has_expired(sign_in, grant) && is_for_this_app(sign_in, grant);
    record.grants.iter().filter(counts).map(|grant| grant.role.clone()).collect()
}

/// "Optionally ending at a time": from that second on it does not count.
fn has_expired(sign_in: &SignIn, grant: &Grant) -> bool {
    match grant.expires_at {
        None => false,
        Some(end) => end <= sign_in.now,
    }
}

/// "Optionally limited to some apps."
fn is_for_this_app(sign_in: &SignIn, grant: &Grant) -> bool {
    match &grant.apps {
        None => true,
        Some(apps) => apps.contains(&sign_in.app.id),
    }
}

/// "If two of the user's groups would still emit one code, both are dropped and an alarm raised."
fn drop_clashes(findings: &mut BTreeMap<String, Finding>, notes: &mut BTreeSet<Note>) {
    let mut owners: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (key, finding) in &*findings {
        if let Finding::Counts(code, _) = finding {
            owners.entry(code.clone()).or_default().insert(key.clone());
        }
    }
    for (code, keys) in owners {
        if keys.len() > 1 {
            for key in &keys {
                findings.insert(key.clone(), Finding::Clash(code.clone()));
            }
            notes.insert(Note::Clash(code, keys));
        }
    }
}

/// What the groups that count get, in the order in which reasons to deny come first.
fn access(sign_in: &SignIn, findings: &BTreeMap<String, Finding>, notes: &mut BTreeSet<Note>) -> Result<Outcome, Deny> {
    let identity = value::identity(sign_in.identity.as_deref(), &sign_in.app.pattern)?;

    // What each code opens. No two groups that count share a code.
    let mut offered: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (key, finding) in findings {
        if let (Finding::Counts(code, _), Some(record)) = (finding, sign_in.table.get(key)) {
            offered.insert(code.clone(), opens(sign_in, record));
        }
    }
    let roles: BTreeSet<String> = offered.values().flatten().cloned().collect();
    // "No role left and the app says `when_unentitled: deny` (else 204)."
    if roles.is_empty() {
        return if sign_in.app.deny_unentitled { Err(Deny::Unentitled) } else { Ok(Outcome::NoAccess) };
    }

    let codes = emitted(sign_in, &offered, &roles, notes)?;
    let tags = tags(sign_in, &codes, notes)?;
    // "All tags are transitive but those the app lists as `local_tags`."
    let is_local = |key: &String| sign_in.app.tags.get(key).is_some_and(|tag| tag.local);
    let transitive = tags.keys().filter(|key| !is_local(key)).cloned().collect();
    Ok(Outcome::Access(Access { identity, roles, codes, tags, transitive }))
}

/// "If the codes do not fit 256 characters, the fewest that still open every offered role are
/// emitted (deterministic greedy cover), and that is logged; an app can ask for `codes: all`,
/// which denies instead." "Capacity for codes is a setting of the app."
fn emitted(
    sign_in: &SignIn,
    offered: &BTreeMap<String, BTreeSet<String>>,
    roles: &BTreeSet<String>,
    notes: &mut BTreeSet<Note>,
) -> Result<BTreeSet<String>, Deny> {
    let all: BTreeSet<String> = offered.keys().cloned().collect();
    let most = most_codes(sign_in);
    let fit = |codes: &BTreeSet<String>| group_hash(codes).len() <= 256 && codes.len() <= most;
    if fit(&all) {
        return Ok(all);
    }
    let codes = if sign_in.app.all_codes { all.clone() } else { cover(offered, roles) };
    if !fit(&codes) {
        return Err(Deny::CodesDoNotFit { needed: codes.len(), fit: how_many_fit(sign_in.width).min(most) });
    }
    notes.insert(Note::CodesCovered(codes.len(), all.len()));
    Ok(codes)
}

/// "`code_capacity: N` (1–51): most codes in `GroupHash`; default: what fits 256 characters for SAML, 20
/// for OIDC and Cognito."
fn most_codes(sign_in: &SignIn) -> usize {
    match (sign_in.app.code_capacity, sign_in.app.protocol) {
        (Some(most), _) => most,
        (None, Protocol::Saml) => usize::MAX,
        (None, Protocol::Oidc | Protocol::CognitoOidc | Protocol::IdentityPool) => 20,
    }
}

/// "At each step the group that opens most of the roles still closed, and of equals the one with
/// the first code", until every role is open.
fn cover(offered: &BTreeMap<String, BTreeSet<String>>, roles: &BTreeSet<String>) -> BTreeSet<String> {
    let mut closed = roles.clone();
    let mut chosen = BTreeSet::new();
    while !closed.is_empty() {
        let best = offered.iter().min_by_key(|(code, opens)| (Reverse(opens.intersection(&closed).count()), *code));
        // Every closed role is in the offer of some group, so there always is a best one.
        let Some((code, opens)) = best else { break };
        closed.retain(|role| !opens.contains(role));
        chosen.insert(code.clone());
    }
    chosen
}

/// "Codes become `:aaaa:bbbb:`."
fn group_hash(codes: &BTreeSet<String>) -> String {
    codes.iter().fold(":".to_owned(), |value, code| value + code + ":")
}

/// How many codes of a width fit: tried out.
fn how_many_fit(width: usize) -> usize {
    let length = |codes: usize| 1 + codes * (width + 1);
    (0..=256).take_while(|codes| length(*codes) <= 256).count() - 1
}

/// "`PrincipalTag:SignetDecision` carries the decision's random id." "Other tags come from the
/// app's mapping; a value that AWS would refuse denies if the tag is `required`, else is left out
/// and logged."
fn tags(
    sign_in: &SignIn,
    codes: &BTreeSet<String>,
    notes: &mut BTreeSet<Note>,
) -> Result<BTreeMap<String, String>, Deny> {
    let mut tags = BTreeMap::new();
    tags.insert("GroupHash".to_owned(), group_hash(codes));
    tags.insert("SignetDecision".to_owned(), base32(&sign_in.decision_id));
    for (key, rule) in &sign_in.app.tags {
        let values = sign_in.tag_values.get(key).cloned().unwrap_or_default();
        match value::tag(&values) {
            Ok(value) => {
                tags.insert(key.clone(), value);
            }
            Err(why) if rule.required => return Err(Deny::RequiredTag(key.clone(), why)),
            Err(why) => {
                notes.insert(Note::TagLeftOut(key.clone(), why));
            }
        }
    }
    Ok(tags)
}

/// A group that counts, and whose code is not emitted, is reported as such.
fn leave_out_codes(findings: &mut BTreeMap<String, Finding>, emitted: &BTreeSet<String>) {
    for finding in findings.values_mut() {
        if let Finding::Counts(code, roles) = finding
            && !emitted.contains(code)
        {
            *finding = Finding::CodeLeftOut(code.clone(), *roles);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fifty_one_codes_of_four_characters_fit() {
        assert_eq!(how_many_fit(4), 51);
        assert_eq!(how_many_fit(16), 15);
    }

    #[test]
    fn a_cover_opens_every_role_with_the_first_of_equals() {
        let set = |roles: &[&str]| roles.iter().map(|role| (*role).to_owned()).collect::<BTreeSet<_>>();
        let offered = BTreeMap::from([
            ("aaaa".to_owned(), set(&["1"])),
            ("bbbb".to_owned(), set(&["1", "2"])),
            ("cccc".to_owned(), set(&["2", "3"])),
            ("dddd".to_owned(), set(&["3"])),
        ]);
        assert_eq!(cover(&offered, &set(&["1", "2", "3"])), set(&["bbbb", "cccc"]));
    }
}
