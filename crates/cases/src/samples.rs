//! The sample events of a function, and the entitlements that they are about.

use std::collections::BTreeSet;
use std::path::PathBuf;

use signet_core::app::AppId;
use signet_core::grant::{Grant, Timestamp};
use signet_core::role::RoleArn;
use signet_store::sign_in::AppState;

use crate::kind::Kind;
use crate::table::Fake;

/// A folder of `events`.
#[derive(Debug)]
pub struct Samples(PathBuf);

impl Samples {
    /// The folder of a function.
    pub fn of(function: &str) -> Self {
        Self(PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../events")).join(function))
    }

    /// The names of all events, sorted, without `.json`.
    pub fn names(&self) -> Vec<String> {
        let files = std::fs::read_dir(&self.0).unwrap().map(|entry| entry.unwrap().path());
        let events = files.filter(|path| path.extension().is_some_and(|extension| extension == "json"));
        let mut names: Vec<String> =
            events.map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned()).collect();
        names.sort();
        names
    }

    /// An event's text.
    pub fn event(&self, name: &str) -> String {
        self.file(&format!("{name}.json"))
    }

    /// The text of a file.
    pub fn file(&self, name: &str) -> String {
        std::fs::read_to_string(self.0.join(name)).unwrap()
    }

    /// A table with the grants of the folder's entitlement file, and with apps. The file must name each of
    /// them, and no others.
    pub fn table(&self, apps: Vec<signet_core::app::App>) -> Fake {
        let text = self.file("entitlements.yaml");
        let stated: BTreeSet<&str> = text.lines().filter_map(|line| line.strip_prefix("  - id: ")).collect();
        assert_eq!(apps.iter().map(|app| app.id.as_str()).collect::<BTreeSet<_>>(), stated);
        let mut table = Fake::new(Kind::Saml.app());
        table.apps.borrow_mut().clear();
        for app in apps {
            table.apps.borrow_mut().insert(app.id.as_str().to_owned(), AppState::Active(Box::new(app)));
        }
        for (group, grant) in grants(&text) {
            table = table.grants(&group, grant);
        }
        table
    }
}

/// The grants of an entitlement file that is written as those of the samples are: a role, its groups in one
/// line, and perhaps apps and an end, of which only those that are over are understood.
fn grants(text: &str) -> Vec<(String, Grant)> {
    let list = |line: &str, field: &str| -> Option<Vec<String>> {
        let rest = line.trim().strip_prefix(field)?.strip_prefix(": [")?.strip_suffix(']')?;
        Some(rest.split(", ").map(str::to_owned).collect())
    };
    let mut all: Vec<(String, Grant)> = Vec::new();
    for entry in text.split("\n  - role: ").skip(1) {
        let mut lines = entry.lines();
        let role = RoleArn::parse(lines.next().unwrap()).unwrap();
        let lines: Vec<&str> = lines.take_while(|line| line.starts_with("    ")).collect();
        let apps = lines.iter().find_map(|line| list(line, "apps"));
        let apps = apps.map(|ids| ids.iter().map(|id| AppId::parse(id).unwrap()).collect());
        let ended = lines.iter().any(|line| line.contains("expires_at: 2025-"));
        let grant = Grant { role, apps, expires_at: ended.then_some(Timestamp::from_seconds(0)) };
        let groups = lines.iter().find_map(|line| list(line, "groups")).unwrap();
        all.extend(groups.into_iter().map(|group| (group, grant.clone())));
    }
    assert!(!all.is_empty());
    all
}
