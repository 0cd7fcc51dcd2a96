//! One case: what is given, and what must come of it.

use std::collections::{BTreeMap, BTreeSet};

use signet_core::app::{App, CodeCapacity, Codes, Mode, TagRule, TagRules, WhenUnentitled};
use signet_core::grant::Grant;
use signet_core::group::GroupRecord;
use signet_core::identity::{IdentityField, IdentityPattern};
use signet_core::role::Protocol;
use signet_hook::record::Verdict;
use signet_store::sign_in::AppState;

use crate::kind::Kind;
use crate::table::{APP, Fake, Mood};

/// The person's id in the directory.
pub const USER: &str = "00u1janeA2b3C4d5E6f7";
/// Who the person is.
pub const LOGIN: &str = "jane.doe@example.com";

/// A request, in the words of no protocol.
#[derive(Debug, Clone)]
pub struct Given {
    /// The app that the request names.
    pub app: Option<String>,
    /// The person's id in the directory.
    pub user: Option<String>,
    /// The value of the field that apps take identities from.
    pub login: Option<String>,
    /// The claims, by name. Every value is a text.
    pub claims: BTreeMap<String, Vec<String>>,
    /// What is wrong with the request.
    pub flaw: Option<Flaw>,
    /// How it comes.
    pub delivery: Delivery,
}

impl Given {
    /// The same, with the names that a kind has for the claims.
    #[must_use]
    pub fn named(&self, kind: Kind) -> Self {
        let claims = self.claims.iter().map(|(name, values)| (kind.claim(name).to_owned(), values.clone()));
        Self { claims: claims.collect(), ..self.clone() }
    }
}

/// How a request comes.
#[derive(Debug, Clone, Copy, Default)]
pub struct Delivery {
    /// What authenticates it.
    pub secret: Secret,
    /// When the gateway took it, in milliseconds since 1970.
    pub taken_ms: Option<i64>,
}

/// What authenticates a request over HTTP.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Secret {
    /// The right header.
    #[default]
    Right,
    /// No header.
    Missing,
    /// Another value.
    Wrong,
    /// The header, twice.
    Doubled,
}

/// What can be wrong with a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flaw {
    /// There is nothing.
    Empty,
    /// It is no JSON.
    NotJson,
    /// It is JSON, nested deeper than anything is read.
    TooDeep,
    /// It is no object.
    NoObject,
    /// It does not say what it is.
    NoType,
    /// It says that it is something else.
    OtherType,
    /// What says what it is, is no text.
    TypeNoText,
    /// The whole of what is asked is of a wrong type.
    Data,
    /// The app's id is of a wrong type.
    App,
    /// The person's id is of a wrong type.
    User,
    /// The person's identity is of a wrong type.
    Login,
    /// All claims together are of a wrong type.
    Claims,
    /// One of the groups is no text.
    Group,
    /// The whole of what is asked is there twice.
    DataTwice,
    /// A claim is there twice.
    ClaimTwice,
}

/// A rule of the app that differs from the usual ones, or how the table has the app.
#[derive(Debug, Clone, Copy)]
pub enum Rule {
    /// The groups are in that claim.
    GroupsClaim(&'static str),
    /// The app is only observed.
    Observe,
    /// Who has no role signs in without access to AWS.
    Pass,
    /// Every code has to be there.
    AllCodes,
    /// So many codes fit.
    Capacity(u64),
    /// Identities look like that.
    Pattern(&'static str),
    /// Identities come from the person's id.
    IdentityFromUserId,
    /// Identities come from that claim.
    IdentityFromClaim(&'static str),
    /// The tag of that key comes from that claim.
    Tag(&'static str, &'static str),
    /// As [`Rule::Tag`], and there is no access without.
    RequiredTag(&'static str, &'static str),
    /// As [`Rule::Tag`], and role chaining may override it.
    LocalTag(&'static str, &'static str),
    /// The app is one of another protocol.
    OtherProtocol,
    /// The table has the app, and people may not sign in to it.
    Inactive,
    /// The table does not have the app.
    Unknown,
}

/// The app of a kind by its rules, as the table has it.
pub fn state(kind: Kind, rules: &[Rule]) -> AppState {
    let mut app = kind.app();
    let mut tags = BTreeMap::new();
    let mut local = BTreeSet::new();
    for rule in rules {
        match *rule {
            Rule::GroupsClaim(claim) => kind.claim(claim).clone_into(&mut app.groups_claim),
            Rule::Observe => app.mode = Mode::Observe,
            Rule::Pass => app.when_unentitled = WhenUnentitled::Pass,
            Rule::AllCodes => app.codes = Codes::All,
            Rule::Capacity(codes) => app.code_capacity = Some(CodeCapacity::new(codes).unwrap()),
            Rule::Pattern(pattern) => app.identity.pattern = IdentityPattern::parse(pattern).unwrap(),
            Rule::IdentityFromUserId => app.identity.from = IdentityField::UserId,
            Rule::IdentityFromClaim(claim) => app.identity.from = IdentityField::Claim(kind.claim(claim).to_owned()),
            Rule::Tag(key, claim) | Rule::RequiredTag(key, claim) | Rule::LocalTag(key, claim) => {
                let required = matches!(rule, Rule::RequiredTag(..));
                tags.insert(key.to_owned(), TagRule { claim: kind.claim(claim).to_owned(), required });
                if matches!(rule, Rule::LocalTag(..)) {
                    local.insert(key.to_owned());
                }
            }
            Rule::OtherProtocol => app.protocol = other_protocol(&app),
            Rule::Inactive => return AppState::Inactive("the app's provider was deleted"),
            Rule::Unknown => return AppState::Unknown,
        }
    }
    app.tags = TagRules::new(tags, local).unwrap();
    AppState::Active(Box::new(app))
}

fn other_protocol(app: &App) -> Protocol {
    if app.protocol == Protocol::Saml { Protocol::Oidc } else { Protocol::Saml }
}

/// What must come of one call.
#[derive(Debug, Clone)]
pub struct Expected {
    /// What becomes of it.
    pub verdict: Verdict,
    /// Why it is denied or rejected.
    pub reason: Option<&'static str>,
    /// Whether that is a fault of the deployment.
    pub fault: bool,
    /// Whether the app is only observed.
    pub observed: bool,
    /// The roles by path and name, sorted.
    pub roles: Vec<String>,
    /// The groups whose codes are given.
    pub opened_by: Vec<String>,
    /// Who the session is.
    pub identity: String,
    /// The tags beside Signet's own.
    pub tags: BTreeMap<String, String>,
    /// The keys of tags that role chaining may override.
    pub local_tags: Vec<&'static str>,
    /// How many groups are considered, where the case says.
    pub groups: Option<usize>,
    /// The kinds of notes, in their order.
    pub notes: Vec<&'static str>,
    /// The kinds of alarms, in their order.
    pub alarms: Vec<&'static str>,
    /// How often the table is read.
    pub reads: usize,
    /// The groups that the reads ask for, where the case says.
    pub asked: Option<Vec<Vec<String>>>,
}

impl Expected {
    fn of(verdict: Verdict) -> Self {
        Self {
            verdict,
            reason: None,
            fault: false,
            observed: false,
            roles: Vec::new(),
            opened_by: Vec::new(),
            identity: LOGIN.to_owned(),
            tags: BTreeMap::new(),
            local_tags: Vec::new(),
            groups: None,
            notes: Vec::new(),
            alarms: Vec::new(),
            reads: 1,
            asked: None,
        }
    }

    /// The groups' codes and the roles are given.
    pub fn access<S: AsRef<str>>(opened_by: &[S], roles: &[S]) -> Self {
        let owned = |texts: &[S]| texts.iter().map(|text| text.as_ref().to_owned()).collect();
        Self { opened_by: owned(opened_by), roles: owned(roles), ..Self::of(Verdict::Access) }
    }

    /// The person signs in without access to AWS.
    pub fn no_access() -> Self {
        Self::of(Verdict::NoAccess)
    }

    /// The sign-in is denied.
    pub fn denied(reason: &'static str) -> Self {
        Self { reason: Some(reason), ..Self::of(Verdict::Deny) }
    }

    /// The sign-in is denied, through no fault of the person or the request.
    pub fn fault(reason: &'static str) -> Self {
        Self { fault: true, ..Self::denied(reason) }
    }

    /// The call is none for this function.
    pub fn rejected(reason: &'static str) -> Self {
        Self { reason: Some(reason), reads: 0, ..Self::of(Verdict::Rejected) }
    }

    /// The app is only observed: all of it is in the log alone.
    #[must_use]
    pub fn observed(self) -> Self {
        Self { observed: true, ..self }
    }

    /// The groups' codes and the roles would be given, were it not for the reason of the denial.
    #[must_use]
    pub fn but_for_it<S: AsRef<str>>(self, opened_by: &[S], roles: &[S]) -> Self {
        let Self { roles, opened_by, .. } = Self::access(opened_by, roles);
        Self { roles, opened_by, ..self }
    }

    /// The session is somebody else's than [`LOGIN`].
    #[must_use]
    pub fn identity(self, identity: &str) -> Self {
        Self { identity: identity.to_owned(), ..self }
    }

    /// A tag is given.
    #[must_use]
    pub fn tag(mut self, key: &str, value: &str) -> Self {
        self.tags.insert(key.to_owned(), value.to_owned());
        self
    }

    /// A tag is not transitive.
    #[must_use]
    pub fn local_tag(mut self, key: &'static str) -> Self {
        self.local_tags.push(key);
        self
    }

    /// So many groups are considered.
    #[must_use]
    pub fn groups(self, groups: usize) -> Self {
        Self { groups: Some(groups), ..self }
    }

    /// There is a note.
    #[must_use]
    pub fn note(mut self, kind: &'static str) -> Self {
        self.notes.push(kind);
        self
    }

    /// There is an alarm.
    #[must_use]
    pub fn alarm(mut self, kind: &'static str) -> Self {
        self.alarms.push(kind);
        self
    }

    /// The table is read so often.
    #[must_use]
    pub fn reads(self, reads: usize) -> Self {
        Self { reads, ..self }
    }

    /// The reads ask for these groups.
    #[must_use]
    pub fn asked(self, groups: &[&[&str]]) -> Self {
        let owned = |keys: &&[&str]| keys.iter().map(|key| (*key).to_owned()).collect();
        Self { asked: Some(groups.iter().map(owned).collect()), reads: groups.len(), ..self }
    }
}

/// One call: the app's rules at that moment, and what must come of it.
#[derive(Debug, Clone)]
pub struct Step {
    /// The rules that differ from the usual ones.
    pub rules: Vec<Rule>,
    /// What must come of it.
    pub expected: Expected,
}

/// A change of a group's item, such as no program of ours makes.
type Tampering = (String, fn(&mut GroupRecord));

/// A case: a request, a table, and one or more calls.
#[derive(Debug)]
pub struct Case {
    /// Its name: a sentence in short.
    pub name: &'static str,
    /// The request.
    pub given: Given,
    /// Every grant: group and role.
    pub grants: Vec<(String, Grant)>,
    /// Changes of group items.
    pub tampered: Vec<Tampering>,
    /// Other changes of the table.
    pub changed: Option<fn(&mut Fake)>,
    /// How the table behaves.
    pub mood: Mood,
    /// How long the function has, in milliseconds.
    pub deadline_ms: u64,
    /// Whether there is randomness for a decision's id.
    pub has_randomness: bool,
    /// The calls, one after the other, of one function that has just started.
    pub steps: Vec<Step>,
    /// Why this kind cannot have the case.
    pub impossible: Option<&'static str>,
}

/// A case: the person is in groups, and the app has the usual rules.
pub fn case(name: &'static str, groups: &[&str]) -> Case {
    let given = Given {
        app: Some(APP.to_owned()),
        user: Some(USER.to_owned()),
        login: Some(LOGIN.to_owned()),
        claims: BTreeMap::new(),
        flaw: None,
        delivery: Delivery::default(),
    };
    let case = Case {
        name,
        given,
        grants: Vec::new(),
        tampered: Vec::new(),
        changed: None,
        mood: Mood::Well,
        deadline_ms: 150,
        has_randomness: true,
        steps: Vec::new(),
        impossible: None,
    };
    case.claim(crate::kind::GROUPS, groups)
}

impl Case {
    /// Changes the request.
    #[must_use]
    pub fn given(mut self, change: impl FnOnce(&mut Given)) -> Self {
        change(&mut self.given);
        self
    }

    /// The request has a claim.
    #[must_use]
    pub fn claim<S: AsRef<str>>(mut self, name: &str, values: &[S]) -> Self {
        self.given.claims.insert(name.to_owned(), values.iter().map(|value| value.as_ref().to_owned()).collect());
        self
    }

    /// The request has a flaw.
    #[must_use]
    pub fn flaw(mut self, flaw: Flaw) -> Self {
        self.given.flaw = Some(flaw);
        self
    }

    /// The table has a grant.
    #[must_use]
    pub fn grant(self, group: &str, role: &str) -> Self {
        self.grant_with(group, role, |_| {})
    }

    /// The table has a grant that says more than group and role.
    #[must_use]
    pub fn grant_with(mut self, group: &str, role: &str, change: impl FnOnce(&mut Grant)) -> Self {
        let role = signet_core::role::RoleArn::parse(&crate::table::arn(role)).unwrap();
        let mut grant = Grant { role, apps: None, expires_at: None };
        change(&mut grant);
        self.grants.push((group.to_owned(), grant));
        self
    }

    /// The item of a group is not as Signet writes it.
    #[must_use]
    pub fn tampered(mut self, group: &str, change: fn(&mut GroupRecord)) -> Self {
        self.tampered.push((group.to_owned(), change));
        self
    }

    /// The table differs in something else.
    #[must_use]
    pub fn table(mut self, change: fn(&mut Fake)) -> Self {
        self.changed = Some(change);
        self
    }

    /// The table behaves in that way.
    #[must_use]
    pub fn mood(mut self, mood: Mood) -> Self {
        self.mood = mood;
        self
    }

    /// The function has that long, in milliseconds.
    #[must_use]
    pub fn given_time(mut self, deadline_ms: u64) -> Self {
        self.deadline_ms = deadline_ms;
        self
    }

    /// There is no randomness.
    #[must_use]
    pub fn without_randomness(mut self) -> Self {
        self.has_randomness = false;
        self
    }

    /// One more call, under rules of the app that differ from the usual ones.
    #[must_use]
    pub fn step(mut self, rules: &[Rule], expected: Expected) -> Self {
        self.steps.push(Step { rules: rules.to_vec(), expected });
        self
    }

    /// One more call, under the usual rules.
    #[must_use]
    pub fn gives(self, expected: Expected) -> Self {
        self.step(&[], expected)
    }

    /// The kind cannot have the case.
    #[must_use]
    pub fn impossible_if(mut self, cannot: bool, why: &'static str) -> Self {
        if cannot {
            self.impossible = Some(why);
        }
        self
    }
}
