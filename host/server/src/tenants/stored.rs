//! Secrets that people give to the host to keep: set, removed, and who uses them.

use std::collections::HashMap;
use std::sync::Arc;

use super::Rollout;
use super::apply_error::ApplyError;
use super::secrets::MADE_UP;
use jackfield_domain::custody::Sensitive;
use jackfield_domain::id::{ReleaseNumber, SecretName, TenantName};
use jackfield_domain::tenant::release::{Release, SecretRef};
use jackfield_store::{PageRequest, StoreError};

/// Releases that are looked through for who uses a secret: the newest. Nobody goes back further.
const LOOKED_THROUGH: u32 = 200;

/// A place of a release where a kept secret is used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecretUse {
    /// The release.
    pub release: ReleaseNumber,
    /// Whether it is the active one.
    pub active: bool,
    /// Where in the tenant's file.
    pub pointer: String,
}

/// A secret was kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecretSet {
    /// The release that serves with it from now on; none if the active one does not use it.
    pub reloaded: Option<ReleaseNumber>,
    /// Why the active release, which did not load before, still does not.
    pub trouble: Option<String>,
}

impl Rollout {
    /// Keeps a secret under a name that a person chose. If the active release uses it, it serves with the new value
    /// when this returns. A value with which a release that serves would not load is refused, and the former one stays.
    ///
    /// # Errors
    /// The active release does not load with it, or it cannot be kept. Nothing was changed.
    pub async fn set_secret(
        &self,
        tenant: &TenantName,
        name: &SecretName,
        value: Sensitive,
    ) -> Result<SecretSet, ApplyError> {
        let _one_at_a_time = self.one_at_a_time.lock().await;
        let active = self.active(tenant).await?;
        let user = active.filter(|release| uses(release).any(|(used, _)| used == name.as_str()));
        let fresh = [(name.to_string(), value)];
        let (mut set, mut loaded) = (
            SecretSet {
                reloaded: None,
                trouble: None,
            },
            None,
        );
        if let Some(release) = user {
            let number = release.number;
            match self.load(release, &fresh).await {
                Ok(tenant) => (set.reloaded, loaded) = (Some(number), Some(tenant)),
                // A tenant that is not served gets its secrets one after the other.
                Err(error) if self.tenants.get(tenant).is_none() => set.trouble = Some(error.to_string()),
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

    /// Forgets a kept secret that the active release does not use. Returns which earlier ones do: they cannot be gone
    /// back to.
    ///
    /// # Errors
    /// It is used, it is not there, or the host keeps it for itself.
    pub async fn remove_secret(&self, tenant: &TenantName, name: &str) -> Result<Vec<SecretUse>, ApplyError> {
        let _one_at_a_time = self.one_at_a_time.lock().await;
        if !name.starts_with(MADE_UP) && name.parse::<SecretName>().is_err() {
            return Err(ApplyError::HostsSecret(name.to_owned()));
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
            return Err(ApplyError::NoSecret(tenant.clone(), name.to_owned()));
        }
        tracing::info!(%tenant, secret = name, "a secret was removed");
        Ok(found)
    }

    /// Where a tenant's kept secrets are used, by name: in the active release and in the newest ones.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn secret_uses(&self, tenant: &TenantName) -> Result<HashMap<String, Vec<SecretUse>>, StoreError> {
        let active = self.active(tenant).await?;
        let number = active.as_ref().map(|release| release.number);
        let page = PageRequest {
            after: None,
            limit: LOOKED_THROUGH,
        };
        let mut releases = self.store.releases(tenant, page).await?.items;
        releases.retain(|release| Some(release.number) != number);
        let mut found = HashMap::<String, Vec<SecretUse>>::new();
        for release in active.iter().chain(&releases) {
            for (name, pointer) in uses(release) {
                found.entry(name.to_owned()).or_default().push(SecretUse {
                    release: release.number,
                    active: Some(release.number) == number,
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

/// The kept secrets that a release uses, and where.
fn uses(release: &Release) -> impl Iterator<Item = (&str, String)> {
    let secrets = release.spec.secrets().into_iter();
    secrets.filter_map(|(pointer, reference)| match reference {
        SecretRef::Stored(name) => Some((name.as_str(), pointer)),
        _ => None,
    })
}
