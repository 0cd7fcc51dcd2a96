//! An event in the words of the table.

use signet_core::grant::Timestamp;
use signet_events::dataset::DatasetChanged;
use signet_events::event::Event;
use signet_events::provider::ProviderChanged;
use signet_events::state::State;
use signet_store::apply::Provenance;
use signet_store::statement::{StatedProvider, Statement};

/// What a dataset's event states.
#[must_use]
pub fn statement(dataset: &DatasetChanged) -> Statement {
    let mut statement = Statement { deleted: dataset.state == State::Deleted, ..Statement::default() };
    for (group, label, grant) in &dataset.grants {
        statement.grant(group.clone(), label.clone(), grant.clone());
    }
    statement
}

/// What a provider's event states.
#[must_use]
pub fn provider(provider: &ProviderChanged) -> StatedProvider {
    StatedProvider {
        app: provider.app.clone(),
        active: provider.state == State::Active,
        name: provider.name.clone(),
        protocol: provider.protocol,
        provider: provider.provider.clone(),
        saml_metadata: provider.saml_metadata.clone(),
        entity_id: provider.saml.as_ref().map(|saml| saml.entity_id.clone()),
        certificates: provider.saml.as_ref().map(|saml| saml.certificates.clone()).unwrap_or_default(),
        issuer_url: provider.issuer_url.clone(),
        client_ids: provider.client_ids.clone(),
        audience: provider.audience.clone(),
    }
}

/// What the change is recorded with. Ids of events are unique only within their source, so that the
/// history has both.
#[must_use]
pub fn provenance(event: &Event, now_ms: i64) -> Provenance {
    Provenance {
        at: Timestamp::from_seconds(now_ms.div_euclid(1_000)),
        event: format!("{}#{}", event.source, event.id),
    }
}
