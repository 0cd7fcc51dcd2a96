//! What changes in apps.

use std::collections::BTreeMap;

use signet_core::app::AppId;
use signet_core::grant::SourceId;
use signet_core::role::ProviderName;

use crate::codec;
use crate::error::StoreError;
use crate::provider::Standing;
use crate::schema;
use crate::statement::Statement;
use crate::trust::wanted;

use super::ApplyError;
use super::run::AppWork;
use super::source::Opening;

/// The apps of a statement that every account is to be raised for still.
pub(super) fn marked(statement: &Statement, opening: &Opening) -> Result<Vec<AppId>, StoreError> {
    let mut found = Vec::new();
    for stated in &statement.apps {
        let item = opening.items.get(&schema::app_key(stated.app.id.as_str()));
        if item.map(wanted::marked).transpose()?.flatten().is_some() {
            found.push(stated.app.id.clone());
        }
    }
    Ok(found)
}

/// What changes in apps, once it is certain that all of it may.
pub(super) fn works(source: &SourceId, statement: &Statement, opening: &Opening) -> Result<Vec<AppWork>, ApplyError> {
    let mut works = Vec::new();
    let mut stated_providers: BTreeMap<&ProviderName, &AppId> = BTreeMap::new();
    for stated in &statement.apps {
        let app = &stated.app;
        if let Some(other) = stated_providers.insert(&app.provider, &app.id) {
            let (app, provider) = (app.id.clone(), app.provider.as_str().to_owned());
            return Err(ApplyError::ProviderOfAnotherApp { app, provider, owner: other.to_string() });
        }
        let owner = opening.items.get(&schema::provider_key(&app.provider)).and_then(|row| row.get("app"));
        if let Some(owner) = owner.and_then(|value| value.as_s().ok()).filter(|owner| *owner != app.id.as_str()) {
            let (app, provider) = (app.id.clone(), app.provider.as_str().to_owned());
            return Err(ApplyError::ProviderOfAnotherApp { app, provider, owner: owner.clone() });
        }
        let Some(item) = opening.items.get(&schema::app_key(app.id.as_str())) else {
            works.push((stated.clone(), None));
            continue;
        };
        let before = codec::read_app(item).map_err(StoreError::from)?;
        let place = codec::place(item);
        let read = codec::Attributes::new(item, &place);
        if let Some(owner) = read.text_or_none("owner").map_err(StoreError::from)?.filter(|o| *o != source.as_str()) {
            let owner = read.valid(SourceId::parse(owner)).map_err(StoreError::from)?;
            return Err(ApplyError::AppOfAnotherSource { app: app.id.clone(), owner });
        }
        // What the file said itself until now, and what provider events said.
        let event = Standing::read(item).map_err(StoreError::from)?;
        let known = before.iter().map(|before| (&before.app.provider, before.app.protocol));
        for known in known.chain(event.iter().map(|event| (&event.provider, event.protocol))) {
            if let Some((what, from, to)) = Standing::change(known, (&app.provider, app.protocol)) {
                return Err(ApplyError::ProviderChange { app: app.id.clone(), what, from, to });
            }
        }
        if before.as_ref() != Some(stated) {
            works.push((stated.clone(), before));
        }
    }
    works.sort_by(|(a, _), (b, _)| a.app.id.cmp(&b.app.id));
    Ok(works)
}
