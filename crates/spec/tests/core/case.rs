//! A plan made into a sign-in.

use std::collections::{BTreeMap, BTreeSet};

use signet_spec::code::{Hash, code, sha256};
use signet_spec::input::{App, Grant, Protocol, Record, SignIn, Tag};

use crate::plan::{GrantPlan, GroupPlan, Plan, RulesPlan};
use crate::pools::{self, APP, NOW, OTHER_APPS, PROTOCOLS, SOURCES};

/// A sign-in, with the hash that it is decided under.
#[derive(Debug, Clone)]
pub(crate) struct Case {
    pub sign_in: SignIn,
    pub bits: usize,
}

/// SHA-256, of which only the first bits are left.
pub(crate) fn weak_hash(bits: usize) -> impl Fn(&[u8]) -> [u8; 32] {
    move |input| {
        let mut digest = sha256(input);
        for (place, byte) in digest.iter_mut().enumerate() {
            let kept = bits.saturating_sub(place * 8).min(8);
            *byte &= (0xff00_u16 >> kept) as u8;
        }
        digest
    }
}

/// Makes the sign-in that a plan describes.
pub(crate) fn build(plan: &Plan) -> Case {
    let hash = weak_hash(plan.bits);
    let mut table = BTreeMap::new();
    let mut owned = BTreeSet::new();
    let mut groups = Vec::new();
    for (place, group) in plan.groups.iter().enumerate() {
        let key = pools::name(group.name);
        // A key drawn twice is one group: the first one says what the table has of it.
        if !table.contains_key(&key)
            && let Some(record) = record(plan, group, &key, &hash, &mut owned)
        {
            table.insert(key.clone(), record);
        }
        for time in 0..=group.times {
            if group.times < 4 {
                // The second and later mentions stand somewhere among the others.
                let at = if time == 0 { groups.len() } else { (place * 7) % (groups.len() + 1) };
                groups.insert(at, key.clone());
            }
        }
    }
    let mut sign_in = SignIn {
        decision_id: [0x5a; 16].map(|byte| byte ^ plan.groups.len() as u8),
        app: App {
            id: APP.to_owned(),
            protocol: PROTOCOLS[plan.form.protocol],
            provider: "okta-databricks".to_owned(),
            pattern: String::new(),
            tags: BTreeMap::new(),
            session_duration: plan.session_duration,
            deny_unentitled: plan.deny_unentitled,
            all_codes: plan.all_codes,
            code_capacity: plan.form.capacity,
            roles_claim: plan.form.roles_claim,
        },
        width: plan.width,
        now: NOW,
        identity: None,
        groups,
        table,
        tag_values: BTreeMap::new(),
        base: Vec::new(),
        access_token: Vec::new(),
    };
    apply_rules(&mut sign_in, &plan.rules);
    Case { sign_in, bits: plan.bits }
}

/// What the table has of a group, by its fate.
fn record(plan: &Plan, group: &GroupPlan, key: &str, hash: Hash<'_>, owned: &mut BTreeSet<String>) -> Option<Record> {
    const ABSENT: u8 = 0;
    const RETIRED: u8 = 1;
    const OTHER_KEY: u8 = 2;
    const OTHER_CODE: u8 = 3;
    const OTHER_WIDTH: u8 = 4;
    const OTHER_SALT: u8 = 5;
    const RETIRED_UNSOUND: u8 = 6;

    let grants = group.grants.iter().map(grant).collect();
    if group.fate == ABSENT || !pools::can_be_registered(key) && group.fate != OTHER_KEY {
        return None;
    }
    let (salt, proposed) = if plan.honest {
        // "A newcomer that finds its code taken is registered with the next salt."
        let mut proposals = (0..64).map(|salt| (salt, code(hash, key, salt, plan.width)));
        proposals.find(|(_, proposed)| owned.insert(proposed.clone()))?
    } else {
        (group.salt, code(hash, key, group.salt, plan.width))
    };
    let mut record = Record { key: key.to_owned(), code: proposed, salt, retired: false, grants };
    match group.fate {
        RETIRED => record.retired = true,
        OTHER_KEY => {
            // As sound as can be, but another group's.
            record.key = if key == "Clinical Readers" { "finance".to_owned() } else { "Clinical Readers".to_owned() };
            record.code = code(hash, &record.key, salt, plan.width);
        }
        OTHER_CODE | RETIRED_UNSOUND => {
            let last = if record.code.ends_with('a') { 'b' } else { 'a' };
            record.code.pop();
            record.code.push(last);
            record.retired = group.fate == RETIRED_UNSOUND;
        }
        OTHER_WIDTH => {
            let width = if plan.width == 4 { 5 } else { plan.width - 1 };
            record.code = code(hash, key, salt, width);
        }
        // With a weak hash the two may be equal all the same, and the registration sound.
        OTHER_SALT => record.salt = salt.wrapping_add(1),
        _ => {}
    }
    Some(record)
}

fn grant(plan: &GrantPlan) -> Grant {
    let apps = match plan.apps {
        0..=4 => None,
        5 => Some(vec![APP.to_owned()]),
        6 => Some(vec![OTHER_APPS[0].to_owned(), APP.to_owned()]),
        7 => Some(OTHER_APPS.map(str::to_owned).into()),
        8 => Some(vec![OTHER_APPS[1].to_owned()]),
        _ => Some(vec![]),
    };
    let expires_at = match plan.expiry {
        0..=5 => None,
        6 => Some(NOW + 1),
        7 => Some(NOW),
        8 => Some(NOW - 1),
        9 => Some(i64::MAX),
        10 => Some(i64::MIN),
        _ => Some(NOW + 86_400),
    };
    Grant { source: SOURCES[plan.source].to_owned(), role: pools::role(plan.role), apps, expires_at }
}

fn apply_rules(sign_in: &mut SignIn, rules: &RulesPlan) {
    let plain = Some("jane@example.com".to_owned());
    sign_in.identity = pools::IDENTITIES.get(rules.identity).cloned().unwrap_or(plain);
    let pattern = pools::PATTERNS.get(rules.pattern).copied().unwrap_or("*@example.com");
    pattern.clone_into(&mut sign_in.app.pattern);
    for (key, value, required, local) in &rules.tags {
        let key = pools::TAG_KEYS[*key].to_owned();
        // One in six tags that is required and unfit is enough to see denials.
        sign_in.app.tags.insert(key.clone(), Tag { required: *required == 5, local: *local });
        match pools::TAG_VALUES.get(*value) {
            Some(values) => sign_in.tag_values.insert(key, values.clone()),
            None if *value % 7 == 6 => sign_in.tag_values.remove(&key),
            None => sign_in.tag_values.insert(key, vec!["plain".to_owned()]),
        };
    }
    let is_saml = sign_in.app.protocol == Protocol::Saml;
    let (aws, other) = if is_saml {
        (pools::AWS_ATTRIBUTES, pools::OTHER_ATTRIBUTES)
    } else {
        (pools::AWS_CLAIMS, pools::OTHER_CLAIMS)
    };
    for (kind, name) in &rules.base {
        let in_access_token = !is_saml && matches!(kind, 5 | 6);
        let name = if *kind == 7 || in_access_token && *name < 4 { aws[*name] } else { other[*name] };
        let values = ["", "a<b>&\"c\"", "ü日😀/"].into_iter().take(usize::from(*kind) % 4).map(str::to_owned).collect();
        if in_access_token {
            sign_in.access_token.push(name.to_owned());
        } else {
            sign_in.base.push((name.to_owned(), values));
        }
    }
    if rules.filler > 0 {
        // A token has about a quarter of the room of an assertion.
        let length = if is_saml { rules.filler } else { rules.filler / 4 };
        sign_in.base.push(("groups".to_owned(), vec!["x".repeat(length)]));
    }
}
