//! A sign-in, and whether Okta and Cognito are set up as its app needs.

use signet_facts::GROUPS_OF_OKTA;

use super::{Check, State};
use crate::text::count;

/// A tag of the app's that has no value AWS takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnfitTag {
    /// The tag's key.
    pub key: String,
    /// What is wrong, in the word of the function's log.
    pub why: &'static str,
    /// Whether the app denies sign-ins without it.
    pub is_required: bool,
}

/// What a request says, read as the function reads it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Seen {
    /// The app that it is to.
    pub app: String,
    /// Whether the app is only observed, so that its sign-ins stay as they are, whatever denies.
    pub is_observed: bool,
    /// Why it is denied before anything is decided: the word of the function's log, and a sentence.
    pub unfit: Option<(String, String)>,
    /// Whether there is no user in it, so that tokens stay as they are and nothing is decided.
    pub is_nobody_s: bool,
    /// The claim that carries groups.
    pub groups_claim: String,
    /// How many groups it has.
    pub groups: usize,
    /// How many of them the table knows.
    pub known: usize,
    /// What the app takes identities from.
    pub identity_from: String,
    /// The identity; none if the request has none there, or several.
    pub identity: Option<String>,
    /// Why that is none, whatever else denies: the word and a sentence.
    pub identity_unfit: Option<(String, String)>,
    /// Tags of the app's without a value that AWS takes, whatever else denies.
    pub unfit_tags: Vec<UnfitTag>,
    /// Why the decision denies: the word and a sentence; none if it does not.
    pub denied: Option<(String, String)>,
    /// Whether it neither denies nor gives anything.
    pub gives_nothing: bool,
    /// Of an assertion, its recipient and the app's audience.
    pub recipient: Option<(Option<String>, String)>,
    /// What else there is to say of it.
    pub remarks: Vec<(String, String)>,
}

/// Looks at a request.
#[must_use]
pub fn checks(seen: &Seen) -> Vec<Check> {
    let subject = seen.app.as_str();
    if let Some((reason, why)) = &seen.unfit {
        return vec![denial(seen, "request", format!("`{reason}`: {why}"), reason)];
    }
    if seen.is_nobody_s {
        let text = "there is no user in it: nothing is added, and nothing can be told";
        return vec![Check::not_ok(State::Note, "request", subject, text, "take the request of a person's sign-in")];
    }
    let mut checks = vec![groups(seen), identity(seen)];
    if let Some((found, audience)) = &seen.recipient {
        checks.push(match found.as_deref() {
            Some(found) if found == audience => Check::ok("recipient", subject, format!("`{found}`")),
            Some(found) => {
                let text = format!("the assertion is for `{found}`, and the app's audience is `{audience}`");
                // Roles may still let the assertions of an observed app in by statements that demand what is there.
                let (state, fix) = if seen.is_observed {
                    let fix = "`audience` in the file; or, with `mode: enforce`, the Single Sign-On URL (recipient) in \
                               Okta: Signet's statements demand it";
                    (State::Warning, fix)
                } else {
                    let fix = "the Single Sign-On URL (recipient) in Okta, or `audience` in the file: roles demand it";
                    (State::Error, fix)
                };
                Check::not_ok(state, "recipient", subject, text, fix)
            }
            None => {
                let text = "the request names no recipient, as previews do not: it was not compared";
                Check::not_ok(State::Note, "recipient", subject, text, "take the request of a sign-in")
            }
        });
    }
    for UnfitTag { key, why, is_required } in &seen.unfit_tags {
        checks.push(if *is_required {
            let text = format!("`{key}` is required, and has no value that AWS takes: {why}");
            denial(seen, "tag", text, "required_tag")
        } else {
            let fix = "the claim in Okta, or its value in the person's profile";
            Check::not_ok(State::Warning, "tag", subject, format!("`{key}` is left out: {why}"), fix)
        });
    }
    for (kind, detail) in &seen.remarks {
        let state = if kind == "groups_possibly_cut" { State::Warning } else { State::Note };
        checks.push(Check::not_ok(state, "remark", subject, format!("`{kind}`: {detail}"), fix_of(kind)));
    }
    match &seen.denied {
        None if seen.gives_nothing => {
            let text = "the sign-in is not denied, and gets nothing: no group has a grant that counts in the app";
            checks.push(Check::not_ok(State::Note, "decision", subject, text, fix_of("unentitled")));
        }
        None => checks.push(Check::ok("decision", subject, "the sign-in is not denied")),
        // Said already, of what it is about.
        Some((reason, _)) if reason.starts_with("identity_") || reason == "required_tag" => {}
        Some((reason, why)) => {
            let text = format!("`{reason}`: {why}");
            checks.push(if reason == "unentitled" {
                // A person without a grant is no fault of the set-up.
                Check::not_ok(State::Note, "decision", subject, text, fix_of(reason))
            } else {
                denial(seen, "decision", text, reason)
            });
        }
    }
    checks
}

/// Something that denies: at once, or once the app is enforced.
fn denial(seen: &Seen, name: &'static str, text: String, reason: &str) -> Check {
    let subject = seen.app.as_str();
    if !seen.is_observed {
        return Check::not_ok(State::Error, name, subject, text, fix_of(reason));
    }
    let text = format!("{text}; the app is only observed, and would deny once it is enforced");
    if matches!(reason, "base_assertion" | "base_token") {
        // A migration begins like that. Without it people would have nothing in the meantime.
        let fix = "nothing while it is tried; then take it out together with `mode: enforce`: until then it alone \
                   gives access";
        return Check::not_ok(State::Note, name, subject, text, fix);
    }
    Check::not_ok(State::Warning, name, subject, text, fix_of(reason))
}

fn groups(seen: &Seen) -> Check {
    let (subject, claim) = (seen.app.as_str(), &seen.groups_claim);
    if seen.groups == 0 {
        let text = format!("the claim `{claim}` is not there, or empty");
        let fix = "the group attribute statement (SAML) or the claim (tokens) in Okta, and its filter";
        return Check::not_ok(State::Warning, "groups", subject, text, fix);
    }
    let text = format!("{} in the claim `{claim}`, {} of them in the table", count(seen.groups, "group"), seen.known);
    if seen.known == 0 {
        let fix = "does the claim carry what grants name: names, or ids? Case and spaces count";
        return Check::not_ok(State::Warning, "groups", subject, text, fix);
    }
    if seen.groups > GROUPS_OF_OKTA {
        return Check::not_ok(
            State::Note,
            "groups",
            subject,
            text,
            "a narrower filter: the claim is in the assertion too",
        );
    }
    Check::ok("groups", subject, text)
}

fn identity(seen: &Seen) -> Check {
    let (subject, from) = (seen.app.as_str(), &seen.identity_from);
    let shown = seen.identity.as_deref().unwrap_or("-");
    match &seen.identity_unfit {
        Some((reason, why)) => denial(seen, "identity", format!("`{from}` is `{shown}`: {why}"), reason),
        None => Check::ok("identity", subject, format!("`{from}` is `{shown}`")),
    }
}

/// What to do, by the word of the function's log.
fn fix_of(reason: &str) -> &'static str {
    match reason {
        "base_assertion" => "remove that attribute statement in Okta: Okta's own failure must open nothing",
        "base_token" => "remove that claim of the authorization server",
        "identity_missing" | "identity_unfit" | "identity_pattern" => "the profile in Okta, or the app's `identity`",
        "required_tag" => "the claim's value in Okta, or `required: false`",
        "other_issuer" => "the app's `issuer`, or the access policy that the hook is attached to",
        "unknown_app" => "apply a file that states the app, or send another app's request",
        "inactive_app" => "what the file and the provider event say of the app: both have to let people in",
        "app_protocol" => "the app's `protocol` in the file, or the hook that Okta calls for it",
        "no_user" => "`when_no_user: pass` if the client is meant to have tokens; else take a person's request",
        "malformed_request" => "take the request as it was sent, whole; if it is, Okta's or Cognito's contract changed",
        "codes_do_not_fit" => "roles that groups share, fewer groups, or `codes: cover`",
        "assertion_too_long" => "fewer roles, `apps:` on grants, or a narrower filter of the groups claim",
        "token_too_long" => "fewer roles, `apps:` on grants, or fewer claims in the token",
        "attributes_not_federated" => "sign in by way of the provider; or `attributes: protected`",
        "event_version" => "set the trigger to V2_0 or V3_0",
        "unentitled" => "`signet explain --event FILE` says why each group does not count",
        "groups_possibly_cut" => "a narrower filter of the groups claim: Okta says nothing of what it cuts",
        "no_id_token" => "take a request that asks for the scope `openid`",
        "issuer_not_stated" => "`issuer` in the file, or a provider event: no role trusts the app without",
        _ => "`signet explain --event FILE` says more",
    }
}

#[cfg(test)]
mod tests {
    use super::super::states;
    use super::*;

    fn good() -> Seen {
        let own = |text: &str| text.to_owned();
        Seen {
            app: own("0oaA"),
            groups_claim: own("groups"),
            groups: 3,
            known: 2,
            identity_from: own("user.profile.login"),
            identity: Some(own("jane@example.com")),
            recipient: Some((
                Some(own("https://signin.aws.amazon.com/saml")),
                own("https://signin.aws.amazon.com/saml"),
            )),
            ..Seen::default()
        }
    }

    /// What is not ok of a request that was changed.
    fn changed(change: impl FnOnce(&mut Seen)) -> Vec<(&'static str, &'static str)> {
        let mut seen = good();
        change(&mut seen);
        states(&checks(&seen)).into_iter().filter(|(_, state)| *state != "ok").collect()
    }

    fn pair(a: &str, b: &str) -> (String, String) {
        (a.to_owned(), b.to_owned())
    }

    #[test]
    fn a_request_as_it_should_be() {
        assert_eq!(changed(|_| ()), []);
        assert_eq!(checks(&good()).len(), 4);
    }

    fn tag(is_required: bool) -> UnfitTag {
        UnfitTag { key: "email".to_owned(), why: "missing", is_required }
    }

    /// What denies first is not all that is wrong.
    #[test]
    fn an_identity_and_tags_are_judged_whatever_else_denies() {
        for reason in ["base_assertion", "base_token", "unentitled"] {
            let all = changed(|seen| {
                seen.denied = Some(pair(reason, "x"));
                seen.identity = None;
                seen.identity_unfit = Some(pair("identity_missing", "the identity is missing"));
                seen.unfit_tags = vec![tag(true)];
            });
            let decision = if reason == "unentitled" { "note" } else { "error" };
            assert_eq!(all, [("identity", "error"), ("tag", "error"), ("decision", decision)]);
        }
        // Where one of them is what denies, it is told once.
        for reason in ["identity_pattern", "required_tag"] {
            let all = changed(|seen| {
                seen.denied = Some(pair(reason, "x"));
                seen.identity_unfit = Some(pair("identity_pattern", "x"));
                seen.unfit_tags = vec![tag(true)];
            });
            assert_eq!(all, [("identity", "error"), ("tag", "error")]);
        }
    }

    /// Its sign-ins stay as they are: what it emits itself is all that people have until it is enforced.
    #[test]
    fn what_would_deny_in_an_observed_app_is_no_error() {
        let observed = |change: fn(&mut Seen)| {
            let mut seen = Seen { is_observed: true, ..good() };
            change(&mut seen);
            checks(&seen).into_iter().filter(|check| check.state != State::Ok).collect::<Vec<_>>()
        };
        assert_eq!(states(&observed(|_| ())), []);
        for reason in ["base_assertion", "base_token"] {
            let of = |mut seen: Seen, is_unfit: bool| {
                let place = if is_unfit { &mut seen.unfit } else { &mut seen.denied };
                *place = Some(pair(reason, "x"));
                checks(&Seen { is_observed: true, ..seen }).pop().unwrap()
            };
            for (is_unfit, name) in [(false, "decision"), (true, "request")] {
                let check = of(good(), is_unfit);
                assert_eq!((check.name, check.state), (name, State::Note), "{check:?}");
                assert!(check.text.contains("would deny once it is enforced"), "{check:?}");
                assert!(check.fix.as_deref().unwrap().contains("together with `mode: enforce`"), "{check:?}");
                assert_ne!(check.fix.as_deref(), Some(fix_of(reason)));
            }
        }
        // What else would deny works today, and will not then; its fix harms nobody.
        let unfit = |seen: &mut Seen| seen.unfit = Some(pair("other_issuer", "x"));
        let denied = |seen: &mut Seen| seen.denied = Some(pair("codes_do_not_fit", "x"));
        let nobody = |seen: &mut Seen| seen.identity_unfit = Some(pair("identity_missing", "x"));
        let untagged = |seen: &mut Seen| seen.unfit_tags = vec![tag(true)];
        for (found, name, reason) in [
            (observed(unfit), "request", "other_issuer"),
            (observed(denied), "decision", "codes_do_not_fit"),
            (observed(nobody), "identity", "identity_missing"),
            (observed(untagged), "tag", "required_tag"),
        ] {
            assert_eq!(states(&found), [(name, "warning")]);
            assert!(found[0].text.contains("would deny once it is enforced"), "{found:?}");
            assert_eq!(found[0].fix.as_deref(), Some(fix_of(reason)));
        }
        let other = |seen: &mut Seen| seen.recipient = Some((Some("x".to_owned()), "y".to_owned()));
        let found = observed(other);
        assert_eq!(states(&found), [("recipient", "warning")]);
        assert!(found[0].fix.as_deref().unwrap().starts_with("`audience` in the file"), "{found:?}");
        assert_eq!(states(&observed(|seen| seen.denied = Some(pair("unentitled", "x")))), [("decision", "note")]);
    }

    #[test]
    fn every_reason_has_a_fix_of_its_own() {
        let reasons = [
            "base_assertion",
            "base_token",
            "identity_missing",
            "required_tag",
            "other_issuer",
            "unknown_app",
            "inactive_app",
            "app_protocol",
            "attributes_not_federated",
            "event_version",
            "unentitled",
            "no_user",
            "malformed_request",
            "codes_do_not_fit",
            "assertion_too_long",
            "token_too_long",
            "groups_possibly_cut",
            "issuer_not_stated",
            "no_id_token",
        ];
        let fixes: std::collections::BTreeSet<&str> = reasons.into_iter().map(fix_of).collect();
        assert_eq!(fixes.len(), reasons.len());
        assert!(!fixes.contains(fix_of("something new")));
    }

    #[test]
    fn what_okta_has_to_be_set_up_for() {
        assert_eq!(changed(|seen| seen.unfit = Some(pair("other_issuer", "x"))), [("request", "error")]);
        assert_eq!(changed(|seen| seen.groups = 0), [("groups", "warning")]);
        assert_eq!(changed(|seen| seen.known = 0), [("groups", "warning")]);
        assert_eq!(changed(|seen| seen.groups = 100), []);
        assert_eq!(changed(|seen| seen.groups = 101), [("groups", "note")]);
        assert_eq!(changed(|seen| seen.denied = Some(pair("base_assertion", "x"))), [("decision", "error")]);
        assert_eq!(changed(|seen| seen.denied = Some(pair("unentitled", "x"))), [("decision", "note")]);
        assert_eq!(changed(|seen| seen.unfit_tags = vec![tag(false)]), [("tag", "warning")]);
        assert_eq!(changed(|seen| seen.unfit_tags = vec![tag(true)]), [("tag", "error")]);
        assert_eq!(changed(|seen| seen.gives_nothing = true), [("decision", "note")]);
        assert_eq!(changed(|seen| seen.is_nobody_s = true), [("request", "note")]);
        assert_eq!(changed(|seen| seen.remarks = vec![pair("groups_possibly_cut", "x")]), [("remark", "warning")]);
        assert_eq!(changed(|seen| seen.remarks = vec![pair("issuer_not_stated", "x")]), [("remark", "note")]);
        let other = (Some("https://example.com".to_owned()), "https://signin.aws.amazon.com/saml".to_owned());
        assert_eq!(changed(|seen| seen.recipient = Some(other)), [("recipient", "error")]);
        assert_eq!(changed(|seen| seen.recipient = Some((None, "x".to_owned()))), [("recipient", "note")]);
        assert_eq!(changed(|seen| seen.recipient = None), [], "tokens have none");
    }
}
