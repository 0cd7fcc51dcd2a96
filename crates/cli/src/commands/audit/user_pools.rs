//! The user pools that Cognito apps take attributes from.

use std::collections::{BTreeMap, BTreeSet};

use signet_core::app::{AppId, AttributeSource, CognitoKind};
use signet_core::identity::IdentityField;
use signet_core::role::Protocol;
use signet_core::trust::gate::Issuer;
use signet_reconcile::audit::{Finding, Weight};
use signet_store::Table;
use signet_store::named::Named;
use signet_store::trust::desired::KnownApp;
use signet_user_pools::aws::Aws;
use signet_user_pools::{self as user_pools, InvalidPool, PoolId, Relies, Source, UserPools};

use crate::args::Connection;
use crate::connect;
use crate::failure::Failure;
use crate::text::count;

/// Looks at the user pool of every Cognito app, with the command's own credentials: an issuer does not say
/// which account a pool is in, so that there is no member role to enter it by. `progress` hears of each
/// pool.
///
/// # Errors
/// [`Failure::Store`] where the table cannot be read; [`Failure::Usage`] if the environment is wrong. A pool
/// that cannot be read is a finding. `functions` are the ARNs of `pre-token`, each with its alias.
pub(super) async fn findings(
    table: &Table,
    connection: &Connection,
    functions: &[String],
    progress: impl FnMut(&str),
) -> Result<Vec<Finding>, Failure> {
    let apps = table.known_apps(&BTreeSet::new()).await?;
    let relied = Relied::of(&apps);
    if relied.is_empty() {
        return Ok(Vec::new());
    }
    let pools = Aws::new(&connect::user_pools(connection).await?);
    let functions = functions.iter().cloned().collect();
    Ok(relied.findings(&pools, &functions, progress).await)
}

/// What apps rely on.
#[derive(Debug, Default)]
struct Relied {
    /// By the pool that issues their tokens.
    pools: BTreeMap<PoolId, Vec<Relies>>,
    /// Of apps whose issuer is no user pool.
    without: Vec<(Relies, InvalidPool)>,
}

impl Relied {
    fn of(apps: &BTreeMap<AppId, KnownApp>) -> Self {
        let mut relied = Self::default();
        for (issuer, relies) in apps.values().filter_map(relies) {
            match PoolId::of_issuer(issuer.as_str()) {
                Ok(pool) => relied.pools.entry(pool).or_default().push(relies),
                Err(error) => relied.without.push((relies, error)),
            }
        }
        relied
    }

    fn is_empty(&self) -> bool {
        self.pools.is_empty() && self.without.is_empty()
    }

    async fn findings(
        &self,
        pools: &impl UserPools,
        functions: &BTreeSet<String>,
        mut progress: impl FnMut(&str),
    ) -> Vec<Finding> {
        let without = self.without.iter().map(|(relies, error)| user_pools::no_pool(relies, error));
        let mut found: Vec<user_pools::Finding> = without.collect();
        for (id, relies) in &self.pools {
            let findings = match pools.user_pool(id).await {
                Ok(pool) => user_pools::judge(id, &pool, relies, functions),
                Err(error) => vec![user_pools::unreadable(id, relies, &error)],
            };
            let number =
                if findings.is_empty() { "nothing found".to_owned() } else { count(findings.len(), "finding") };
            progress(&format!("user pool {id}: {number}"));
            found.extend(findings);
        }
        found.into_iter().map(finding).collect()
    }
}

/// What an app relies on, with the issuer of its tokens. None for an app that signs in by other means, that
/// is switched off, or whose issuer nobody has stated: what keeps it from having a gate is told already.
fn relies(app: &KnownApp) -> Option<(Issuer, Relies)> {
    let stated = &app.stated.as_ref().filter(|_| app.inactive.is_none())?.app;
    if stated.protocol != Protocol::Cognito {
        return None;
    }
    let named = Named::by(app.provider.as_ref());
    let issuer = named.issuer(stated).ok().flatten()?;
    let rules = &stated.tokens.cognito;
    let mut attributes: BTreeSet<String> = stated.tags.rules().values().map(|rule| rule.claim.clone()).collect();
    attributes.insert(stated.groups_claim.clone());
    if let IdentityField::Claim(claim) = &stated.identity.from {
        attributes.insert(claim.clone());
    }
    let relies = Relies {
        app: stated.id.to_string(),
        attributes,
        source: match rules.attributes {
            AttributeSource::Federated => Source::Federated,
            AttributeSource::Protected => Source::Protected,
        },
        identity_provider: rules.identity_provider.clone(),
        // An identity pool makes tags of plain strings.
        nested: CognitoKind::of_audience(named.audience(stated)) == CognitoKind::Oidc,
    };
    Some((issuer, relies))
}

fn finding(found: user_pools::Finding) -> Finding {
    let user_pools::Finding { weight, kind, subject, text } = found;
    let weight = match weight {
        user_pools::Weight::Note => Weight::Note,
        user_pools::Weight::Warning => Weight::Warning,
        user_pools::Weight::Error => Weight::Error,
    };
    Finding { weight, kind, subject, text }
}

#[cfg(test)]
mod tests;
