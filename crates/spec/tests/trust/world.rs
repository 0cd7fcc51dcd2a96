//! A plan made into grants and gates, and what core makes of them.

use std::collections::BTreeSet;

use signet_core::trust::audit::wider;
use signet_core::trust::document::Document;
use signet_spec::trust::entitled::{App, Entry, Kind, World};

use crate::documents::{desired, gates, role};
use crate::plan::{AppPlan, DocumentPlan, EntryPlan};
use crate::pools::{
    CLIENTS, CODES, FOREIGN, HEADS, ISSUERS, NOW, OURS, PATTERNS, POOLS, PROVIDERS, ROLE, SAML_AUDIENCES, USER_POOLS,
    spaced,
};

pub(crate) fn world(apps: &[AppPlan], entries: &[EntryPlan]) -> World {
    World {
        role: ROLE.to_owned(),
        width: 4,
        now: NOW,
        apps: apps.iter().enumerate().map(|(index, plan)| app(index, plan)).collect(),
        entries: entries.iter().map(entry).collect(),
    }
}

fn app(index: usize, plan: &AppPlan) -> App {
    let pattern = PATTERNS[plan.pattern].0.to_owned();
    let one = |audience: &str| vec![audience.to_owned()];
    let (provider, audiences, kind) = match plan.kind {
        0..=3 => (saml_provider(PROVIDERS[plan.provider]), one(SAML_AUDIENCES[plan.audience]), Kind::Saml { pattern }),
        4..=6 => (
            oidc_provider(ISSUERS[plan.provider]),
            CLIENTS[plan.audience].iter().map(|client| (*client).to_owned()).collect(),
            Kind::Oidc { pattern, roles_claim: plan.kind < 6 },
        ),
        _ => {
            let user_pool = USER_POOLS[plan.pattern].to_owned();
            (COGNITO.to_owned(), one(POOLS[plan.audience]), Kind::IdentityPool { user_pool })
        }
    };
    App { id: format!("app{index}"), provider, audiences, kind }
}

pub(crate) const COGNITO: &str = "cognito-identity.amazonaws.com";

pub(crate) fn saml_provider(name: &str) -> String {
    format!("arn:aws:iam::111122223333:saml-provider/{name}")
}

pub(crate) fn oidc_provider(issuer: &str) -> String {
    format!("arn:aws:iam::111122223333:oidc-provider/{issuer}")
}

fn entry(plan: &EntryPlan) -> Entry {
    let app = |index: usize| format!("app{index}");
    Entry {
        code: CODES[plan.code].to_owned(),
        apps: match plan.apps {
            0..=3 => None,
            7 => Some(vec![app(0), app(2)]),
            other => Some(vec![app(other - 4)]),
        },
        expires_at: [None, None, None, Some(NOW + 1), Some(NOW + 1_000), Some(NOW), Some(NOW - 1), None][plan.expiry],
    }
}

/// What core's audit finds beside ours: apps that others let in more widely, and by which statement.
pub(crate) fn wider_apps(world: &World, document: &Document) -> BTreeSet<(String, String)> {
    let found = wider(document, &role(world), &gates(world), &desired(world));
    found.into_iter().map(|wider| (wider.app.to_string(), wider.statement)).collect()
}

/// A role's document before core sees it, and what others have in it.
pub(crate) struct Written {
    /// As it stands on the role.
    pub(crate) text: String,
    /// The statements of others, without white space.
    pub(crate) foreign: Vec<&'static str>,
    /// What stands before and behind the statements, without white space.
    pub(crate) head: (&'static str, &'static str),
}

impl Written {
    pub(crate) fn of(plan: &DocumentPlan) -> Self {
        let foreign: Vec<_> = plan.foreign.iter().filter_map(|n| FOREIGN.get(*n % 24)).copied().collect();
        let mut statements: Vec<&str> = foreign.clone();
        statements.insert(plan.spaces % (statements.len() + 1), OURS.get(plan.ours).copied().unwrap_or(""));
        statements.retain(|statement| !statement.is_empty());
        let head = HEADS[plan.head];
        let text = match statements.as_slice() {
            // One statement may stand without an array.
            [single] if plan.spaces % 2 == 1 => format!("{}{single}{}", head.0, head.1),
            all => format!("{}[{}]{}", head.0, all.join(","), head.1),
        };
        Self { text: spaced(&text, plan.spaces), foreign, head }
    }

    /// The document if nobody but the others had written it.
    pub(crate) fn without_ours(&self) -> String {
        format!("{}[{}]{}", self.head.0, self.foreign.join(","), self.head.1)
    }
}
