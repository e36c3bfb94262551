//! Secrets that operators store in the host: sets and removes them, and finds the releases that use them.

use std::collections::HashMap;
use std::sync::Arc;

use super::Rollout;
use super::apply_error::{ApplyError, with_causes};
use super::secret_reader::GENERATED_PREFIX;
use super::secrets;
use jackfield_domain::custody::Sensitive;
use jackfield_domain::id::{ReleaseNumber, SecretName, TenantName};
use jackfield_domain::tenant::release::{Release, SecretRef};
use jackfield_store::{PageRequest, StoreError};

/// The newest releases, which are searched for uses of a secret. No operator rolls back further than that.
const SEARCHED_RELEASES: u32 = 200;

/// A place of a release where a stored secret is used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecretUse {
    /// The release.
    pub release: ReleaseNumber,
    /// Whether it is the active one.
    pub active: bool,
    /// The place, as a pointer into the tenant's file.
    pub pointer: String,
}

/// The result for a secret that was stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecretSet {
    /// The active release, which uses the new value from now on; none if it does not use the secret.
    pub reloaded: Option<ReleaseNumber>,
    /// Why the active release, which did not load before, still does not load.
    pub load_error: Option<String>,
}

impl Rollout {
    /// Stores a secret under a name that an operator chose. If the active release uses the secret, it serves with the
    /// new value when this returns. If a release in service would not load with the value, the value is refused and the
    /// former one stays.
    ///
    /// # Errors
    /// The active release does not load with the value, or the value cannot be stored. Nothing was changed.
    pub async fn set_secret(
        &self,
        tenant: &TenantName,
        name: &SecretName,
        value: Sensitive,
    ) -> Result<SecretSet, ApplyError> {
        let _guard = self.exclusive.lock().await;
        let active = self.active(tenant).await?;
        let using = active.filter(|release| uses(release).any(|(used, _)| used == name.as_str()));
        let fresh = [(name.to_string(), value)];
        let (mut set, mut loaded) = (
            SecretSet {
                reloaded: None,
                load_error: None,
            },
            None,
        );
        if let Some(release) = using {
            let number = release.number;
            secrets::examine(&self.secrets, &release.spec, &fresh).await?;
            match self.load(release, &fresh).await {
                Ok(tenant) => (set.reloaded, loaded) = (Some(number), Some(tenant)),
                // A tenant that is not in service may need several secrets, which operators set one after the other.
                Err(error) if self.tenants.get(tenant).is_none() => set.load_error = Some(with_causes(&error)),
                Err(error) => return Err(error),
            }
        }
        let [(_, value)] = &fresh;
        self.vault.put(tenant, name.as_str(), value.clone()).await?;
        if let Some(loaded) = loaded {
            self.tenants.swap(Arc::new(loaded));
        }
        tracing::info!(%tenant, secret = %name, reloaded = set.reloaded.map(|number| number.0), "a secret was set");
        Ok(set)
    }

    /// Removes a stored secret that the active release does not use. Returns the uses in earlier releases, which can no
    /// longer be rolled back to.
    ///
    /// # Errors
    /// The active release uses it, it does not exist, or it belongs to the host itself.
    pub async fn remove_secret(&self, tenant: &TenantName, name: &str) -> Result<Vec<SecretUse>, ApplyError> {
        let _guard = self.exclusive.lock().await;
        if !name.starts_with(GENERATED_PREFIX) && name.parse::<SecretName>().is_err() {
            return Err(ApplyError::HostSecret);
        }
        let found = self.secret_uses(tenant).await?.remove(name).unwrap_or_default();
        if let Some(used) = found.iter().find(|used| used.active) {
            return Err(ApplyError::SecretInUse {
                name: name.to_owned(),
                release: used.release,
                pointer: used.pointer.clone(),
            });
        }
        if !self.store.remove_secret(tenant, name).await? {
            return Err(ApplyError::NoSecret(tenant.clone()));
        }
        tracing::info!(%tenant, secret = name, "a secret was removed");
        Ok(found)
    }

    /// The uses of a tenant's stored secrets, by name, in the active release and the newest ones.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn secret_uses(&self, tenant: &TenantName) -> Result<HashMap<String, Vec<SecretUse>>, StoreError> {
        let active = self.active(tenant).await?;
        let active_number = active.as_ref().map(|release| release.number);
        let page = PageRequest {
            after: None,
            limit: SEARCHED_RELEASES,
        };
        let mut releases = self.store.releases(tenant, page).await?.items;
        releases.retain(|release| Some(release.number) != active_number);
        let mut found = HashMap::<String, Vec<SecretUse>>::new();
        for release in active.iter().chain(&releases) {
            for (name, pointer) in uses(release) {
                found.entry(name.to_owned()).or_default().push(SecretUse {
                    release: release.number,
                    active: Some(release.number) == active_number,
                    pointer,
                });
            }
        }
        Ok(found)
    }

    async fn active(&self, tenant: &TenantName) -> Result<Option<Release>, StoreError> {
        match self.store.tenant(tenant).await? {
            Some(record) => self.store.release(tenant, record.active).await,
            None => Ok(None),
        }
    }
}

/// The stored secrets that a release uses, and where.
fn uses(release: &Release) -> impl Iterator<Item = (&str, String)> {
    let secrets = release.spec.secrets().into_iter();
    secrets.filter_map(|(pointer, reference)| match reference {
        SecretRef::Stored(name) => Some((name.as_str(), pointer)),
        _ => None,
    })
}
