//! The identity providers of apps that were deleted: they go after the statements went.
//!
//! Whoever makes another provider of a name that a role still trusts inherits the trust. So a provider
//! goes only if no role of the account names it, ours or not, in any statement.

use std::collections::BTreeSet;

use signet_core::trust::audit::names_provider;
use signet_core::trust::document::Document;
use signet_iam::{Iam, Providers, RoleFacts};

use crate::account::Watch;
use crate::judge::withdrawn;
use crate::providers::{Trouble, Wanted};
use crate::report::ProviderReport;
use crate::run::{Run, Stop};
use crate::settings::later;

/// A role that names a provider still.
struct Namer {
    arn: String,
    /// Whether it is one that we write: then what IAM shows is old, most likely.
    is_ours: bool,
}

impl<I: Iam, W: Watch> Run<'_, I, W> {
    /// Deletes providers and client ids of deleted apps, as far as nobody needs them.
    /// Call it after all providers were made and renewed.
    pub(crate) async fn remove(&self, wanted: &Wanted, there: &Providers, trouble: &mut Trouble) -> Result<(), Stop> {
        self.remove_gone(wanted, there, trouble).await?;
        self.settle(trouble);
        Ok(())
    }

    async fn remove_gone(&self, wanted: &Wanted, there: &Providers, trouble: &mut Trouble) -> Result<(), Stop> {
        let saml: Vec<_> = wanted.gone_saml.intersection(&there.saml).collect();
        let oidc: Vec<_> =
            wanted.gone_ids.iter().filter(|(arn, ids)| !ids.is_empty() && there.oidc.contains(*arn)).collect();
        if saml.is_empty() && oidc.is_empty() {
            return Ok(());
        }
        if !self.is_dry() && self.has_unreconciled_roles().await? {
            let arns = saml.into_iter().chain(oidc.into_iter().map(|(arn, _)| arn));
            for arn in arns {
                self.kept(arn, "a role is not as wanted yet", false, trouble);
            }
            return Ok(());
        }
        self.keep().await?;
        let roles = match self.iam().roles(&self.account).await {
            Ok(roles) => roles,
            Err(error) => return self.failed_provider(self.account.id.as_str(), &error.to_string(), trouble).await,
        };
        for arn in saml {
            self.remove_provider(arn, &roles, trouble).await?;
        }
        for (arn, ids) in oidc {
            self.remove_ids(arn, ids, wanted.oidc.contains_key(arn), &roles, trouble).await?;
        }
        Ok(())
    }

    async fn has_unreconciled_roles(&self) -> Result<bool, Stop> {
        let account = self.reconciler.table.account(&self.account.id).await?;
        let wanted = account.wanted();
        Ok(account.roles.values().any(|role| role.is_unreconciled(wanted)))
    }

    async fn remove_provider(&self, arn: &str, roles: &[RoleFacts], trouble: &mut Trouble) -> Result<(), Stop> {
        if let Some(namer) = self.namer(arn, roles) {
            self.kept(arn, &format!("role `{}` trusts it still", namer.arn), namer.is_ours, trouble);
            return Ok(());
        }
        let delete = async || self.iam().delete_provider(&self.account, arn).await;
        match self.change(arn, ("deleted", "would_delete"), trouble, delete).await? {
            Ok(()) => Ok(()),
            Err(why) => self.failed_provider(arn, &why, trouble).await,
        }
    }

    /// Removes client ids; and the provider with them, if it has no others.
    async fn remove_ids(
        &self,
        arn: &str,
        gone: &BTreeSet<String>,
        is_used: bool,
        roles: &[RoleFacts],
        trouble: &mut Trouble,
    ) -> Result<(), Stop> {
        let present = match self.iam().oidc_provider(&self.account, arn).await {
            Ok(present) => present.client_ids,
            Err(error) => {
                let Err(why) = self.unless_old(&error) else { return Ok(()) };
                return self.failed_provider(arn, &why, trouble).await;
            }
        };
        if !is_used && present.is_subset(gone) {
            return self.remove_provider(arn, roles, trouble).await;
        }
        // Ids that nobody told us of are somebody's, and so is the provider.
        let ids: Vec<_> = present.intersection(gone).collect();
        if ids.is_empty() {
            return Ok(());
        }
        let remove = async || {
            for id in ids {
                self.iam().remove_client_id(&self.account, arn, id).await?;
            }
            Ok(())
        };
        match self.change(arn, ("updated", "would_update"), trouble, remove).await? {
            Ok(()) => Ok(()),
            Err(why) => self.failed_provider(arn, &why, trouble).await,
        }
    }

    fn namer(&self, arn: &str, roles: &[RoleFacts]) -> Option<Namer> {
        roles.iter().find_map(|facts| {
            let is_ours = self.state.roles.keys().any(|role| role.as_str() == facts.arn);
            let names = match Document::parse(&facts.trust_policy) {
                // In a dry run our statements stand still, and would be gone.
                Ok(document) if is_ours && self.is_dry() => {
                    names_provider(&withdrawn(&document).unwrap_or(document), arn)
                }
                Ok(document) => names_provider(&document, arn),
                Err(_) => facts.trust_policy.contains(arn),
            };
            names.then(|| Namer { arn: facts.arn.clone(), is_ours })
        })
    }

    /// A provider that cannot be deleted yet. The account is as wanted all the same: nobody gets in by
    /// statements of ours.
    fn kept(&self, arn: &str, why: &str, is_soon: bool, trouble: &mut Trouble) {
        let report = ProviderReport { arn: arn.to_owned(), outcome: "kept", why: Some(why.to_owned()) };
        self.report_provider(report);
        let settings = &self.reconciler.settings;
        trouble.whys.push(format!("`{arn}` is kept: {why}"));
        trouble.retry(later(self.now(), if is_soon { settings.settle } else { settings.retry.1 }));
    }
}
