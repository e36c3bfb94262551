//! Makes releases and activates them. Everything that can fail happens before the pointer is written: if a release does
//! not load, the old one stays in service and the error says why (promise 8).

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use rand::rngs::StdRng;
use tokio::sync::Mutex;

use super::apply_error::ApplyError;
use super::load_failures::LoadFailures;
use super::oauth2::OAuth2Sessions;
use super::secret_reader::SecretReader;
use super::{AgentPush, Tenant, Tenants, secrets};
use crate::vault::{Vault, VaultError};
use jackfield_clock::SharedClock;
use jackfield_domain::custody::Sensitive;
use jackfield_domain::id::{AdapterName, AdapterVersion, Digest, ReleaseNumber, TenantName};
use jackfield_domain::intake::signature::SigningKey;
use jackfield_domain::tenant::adapter::AdapterRecord;
use jackfield_domain::tenant::egress::{Origin, UrlText};
use jackfield_domain::tenant::release::{
    AdapterRef, Release, ReleaseChange, TenantSpec, check, diff, notes, trim_urls,
};
use jackfield_domain::wrong_input;
use jackfield_sandbox::{LoadError, LoadedRelease, PackageError, Runtime};
use jackfield_store::{NewAdapter, NewRelease, PutAdapter, SharedStore, StoreError};

/// Messages of alerts, by tenant.
pub(super) type AlertMessages = BTreeMap<TenantName, Arc<str>>;

/// Makes releases and puts them in service.
#[derive(Debug, Clone)]
pub struct Rollout {
    pub(super) store: SharedStore,
    pub(super) vault: Vault,
    pub(super) secrets: SecretReader,
    sessions: OAuth2Sessions,
    pub(super) runtime: Runtime,
    pub(super) tenants: Arc<Tenants>,
    pub(super) clock: SharedClock,
    /// Locked while a release is made, so that each is compared with the one that it replaces.
    pub(super) exclusive: Arc<Mutex<()>>,
    /// Active releases that do not load, and why. Each is logged once, however often the host retries.
    pub(super) failures: Arc<LoadFailures>,
    /// The tenants that were not served when alerts were last written, each with its message; none before the first
    /// time, since an earlier process may have left alerts open.
    pub(super) written_alerts: Arc<Mutex<Option<AlertMessages>>>,
    /// The revision of the store whose active releases this host has loaded; 0 if there is none yet.
    pub(super) synced_revision: Arc<AtomicU64>,
}

/// The result for a component that was accepted.
#[derive(Debug, Clone)]
pub struct PushedAdapter {
    /// What the host knows about the adapter.
    pub record: AdapterRecord,
    /// Whether the same bytes had been pushed before.
    pub known: bool,
    /// The component that its name and version meant before, if it was ordered to replace it.
    pub replaced: Option<Digest>,
}

/// Why a component was not accepted.
#[derive(Debug, thiserror::Error)]
pub enum PushError {
    /// It is not an adapter that this host can run.
    #[error(transparent)]
    Package(#[from] PackageError),
    /// Its name and version mean another component.
    #[error(
        "{name}@{version} is {owner} already, and this component is {digest}: a name and version mean one component \
         for ever, so raise the version that the adapter describes, or push it with `--replace` (`?replace=true`)"
    )]
    Taken {
        /// Its name.
        name: AdapterName,
        /// Its version.
        version: AdapterVersion,
        /// The digest of its bytes.
        digest: Digest,
        /// The digest of the other component.
        owner: Digest,
    },
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The result for a release that is in service, or with `dry_run` would be.
#[derive(Debug, Clone)]
pub struct AppliedRelease {
    /// The release; for a dry run the one that would be made, with the next number.
    pub release: Release,
    /// The differences from the release before.
    pub changes: Vec<ReleaseChange>,
    /// Whether nothing was written, because it was a dry run or nothing differed.
    pub unchanged: bool,
    /// What the operator should know about the file, each with its pointer.
    pub notes: Vec<String>,
}

impl Rollout {
    /// A rollout without sessions yet. `rng` is for the jitter of token renewals.
    #[must_use]
    pub fn new(
        store: SharedStore,
        vault: Vault,
        runtime: Runtime,
        tenants: Arc<Tenants>,
        clock: SharedClock,
        rng: StdRng,
    ) -> Self {
        Self {
            sessions: OAuth2Sessions::new(
                Arc::clone(&store),
                vault.clone(),
                runtime.resolver(),
                Arc::clone(&clock),
                rng,
            ),
            store,
            secrets: SecretReader::new(vault.clone()),
            vault,
            runtime,
            tenants,
            clock,
            exclusive: Arc::default(),
            failures: Arc::default(),
            written_alerts: Arc::default(),
            synced_revision: Arc::default(),
        }
    }

    /// Checks a component, runs its `describe`, compiles it and stores it.
    ///
    /// # Errors
    /// It is not an adapter that this host can run, its name and version mean other bytes, or it could not be stored.
    pub async fn push_adapter(&self, bytes: Vec<u8>) -> Result<PushedAdapter, PushError> {
        self.push(bytes, false).await
    }

    /// Like [`Self::push_adapter`], but if its name and version mean other bytes, they mean these from now on. Releases
    /// keep the component that they were made with; the next apply of a tenant that names it gets these.
    ///
    /// # Errors
    /// It is not an adapter that this host can run, or it could not be stored.
    pub async fn replace_adapter(&self, bytes: Vec<u8>) -> Result<PushedAdapter, PushError> {
        self.push(bytes, true).await
    }

    async fn push(&self, bytes: Vec<u8>, replace: bool) -> Result<PushedAdapter, PushError> {
        let digest = Digest::of(&bytes);
        let known = match self.store.adapter(&AdapterRef::Digest(digest)).await {
            // Pushing it again repairs a record that cannot be read.
            Err(StoreError::Corrupt(_)) => None,
            known => known?,
        };
        let record = match known {
            Some(record) => record,
            None => AdapterRecord {
                pushed_at: self.clock.now(),
                ..self.runtime.inspect(&bytes).await?
            },
        };
        let (name, version) = (record.name.clone(), record.version.clone());
        let new = NewAdapter { record, bytes, replace };
        let (record, known, replaced) = match self.store.put_adapter(new).await? {
            PutAdapter::Known(record) => (record, true, None),
            PutAdapter::Stored(record) => {
                tracing::info!(adapter = %name, %version, %digest, "adapter pushed");
                (record, false, None)
            }
            PutAdapter::Replaced { record, before } => {
                tracing::warn!(adapter = %name, %version, %digest, %before, "adapter replaced under its version");
                (record, false, Some(before))
            }
            PutAdapter::Taken(owner) => {
                return Err(PushError::Taken {
                    name,
                    version,
                    digest,
                    owner,
                });
            }
        };
        Ok(PushedAdapter {
            record,
            known,
            replaced,
        })
    }

    /// Makes a release from a tenant's file and puts it in service. With `dry_run` it only says what would change,
    /// after it has tried everything that can fail. A file that changes nothing makes no release; its secrets are read
    /// again.
    ///
    /// # Errors
    /// The file is wrong, or the release does not load. The old release stays in service.
    pub async fn apply(
        &self,
        tenant: Option<&TenantName>,
        toml: &str,
        dry_run: bool,
    ) -> Result<AppliedRelease, ApplyError> {
        let mut spec: TenantSpec =
            toml::from_str(toml).map_err(|error| ApplyError::Syntax(wrong_input::toml_error(&error, toml)))?;
        if tenant.is_some_and(|tenant| *tenant != spec.tenant) {
            return Err(ApplyError::OtherTenant(spec.tenant));
        }
        let adapter = self.store.adapter(&spec.adapter).await?;
        let adapter = adapter.ok_or_else(|| ApplyError::NoAdapter(spec.adapter.clone()))?;
        let mut told = trim_urls(&mut spec, &adapter.needs);
        let errors = check(&spec, &adapter.needs);
        if !errors.is_empty() {
            return Err(ApplyError::Invalid(errors));
        }
        told.extend(notes(&spec, &adapter.needs));

        let _guard = self.exclusive.lock().await;
        let record = self.store.tenant(&spec.tenant).await?;
        let active = match &record {
            Some(record) => match self.store.release(&spec.tenant, record.active).await {
                // A file that is applied may be what replaces a release that cannot be read.
                Err(StoreError::Corrupt(_)) => None,
                release => release?,
            },
            None => None,
        };
        let now = self.clock.now();
        let (spec, fresh) = secrets::extract_literals(&self.vault, spec, active.as_ref()).await?;
        let changes = diff(
            active.as_ref().map(|release| (&release.spec, release.adapter)),
            (&spec, adapter.digest),
        );
        let unchanged = changes.is_empty();
        let release = match active {
            Some(active) if unchanged => active,
            _ => {
                let number = ReleaseNumber(record.map_or(0, |record| record.newest.0) + 1);
                Release {
                    number,
                    adapter: adapter.digest,
                    spec: spec.clone(),
                    created_at: now,
                }
            }
        };
        told.extend(secrets::examine(&self.secrets, &spec, &fresh).await?);
        let loaded = self.load(release.clone(), &fresh).await?;
        if dry_run {
            return Ok(AppliedRelease {
                release,
                changes,
                unchanged: true,
                notes: told,
            });
        }
        if unchanged {
            self.tenants.swap(Arc::new(loaded));
            return Ok(AppliedRelease {
                release,
                changes,
                unchanged,
                notes: told,
            });
        }
        let sealing = self.vault.sealing().await;
        let seal = |(name, value): (String, Sensitive)| {
            let sealed = sealing.seal(&spec.tenant, &name, &value)?;
            Ok::<_, VaultError>((name, sealed))
        };
        let secrets = fresh.into_iter().map(seal).collect::<Result<_, _>>()?;
        let new = NewRelease {
            spec,
            adapter: adapter.digest,
            secrets,
            now,
        };
        let stored = self.store.put_release(new).await?;
        drop(sealing);
        // Another host over the same database may have taken the number; then the release is loaded under its own.
        let loaded = if stored == release {
            loaded
        } else {
            self.load(stored.clone(), &[]).await?
        };
        self.tenants.swap(Arc::new(loaded));
        tracing::info!(tenant = %stored.tenant(), release = %stored.number, adapter = %stored.adapter, "release \
            activated");
        Ok(AppliedRelease {
            release: stored,
            changes,
            unchanged,
            notes: told,
        })
    }

    /// Puts an earlier release back in service: `to`, or the one before the active one.
    ///
    /// # Errors
    /// There is no such release, or it does not load. The active one stays in service.
    pub async fn rollback(&self, tenant: &TenantName, to: Option<ReleaseNumber>) -> Result<Release, ApplyError> {
        let _guard = self.exclusive.lock().await;
        let record = self.store.tenant(tenant).await?.ok_or(ApplyError::NoTenant)?;
        let number = to.unwrap_or(ReleaseNumber(record.active.0 - 1));
        let no_release = || ApplyError::NoRelease(tenant.clone(), number.to_string());
        let release = self.store.release(tenant, number).await?.ok_or_else(no_release)?;
        let loaded = self.load(release.clone(), &[]).await?;
        self.store.activate(tenant, number, self.clock.now()).await?;
        self.tenants.swap(Arc::new(loaded));
        tracing::info!(%tenant, release = %number, "release activated by rollback");
        Ok(release)
    }

    /// Returns memory that adapters no longer use to the system: see [`Runtime::return_kept_memory`].
    pub async fn return_kept_memory(&self) {
        self.runtime.return_kept_memory().await;
    }

    /// Drops the idle instances of adapters and pools none from now on, because the host drains.
    pub fn close_instance_pool(&self) {
        self.runtime.close_instance_pool();
    }

    /// Waits for the renewals of access tokens that are running: a refresh token that an endpoint issues and the host
    /// does not store is lost.
    pub async fn finish_renewals(&self) {
        self.sessions.finish_renewals().await;
    }

    /// Loads a release, so that it is ready to serve. `fresh` are secrets that the store does not have yet.
    pub(super) async fn load(&self, release: Release, fresh: &[(String, Sensitive)]) -> Result<Tenant, ApplyError> {
        let reference = AdapterRef::Digest(release.adapter);
        let missing = || ApplyError::NoAdapter(reference.clone());
        let record = self.store.adapter(&reference).await?.ok_or_else(missing)?;
        let resolved = secrets::resolve(&self.secrets, &self.sessions, &release.spec, fresh).await?;
        let digest = release.adapter;
        let loaded = if let Some(linked) = self.runtime.find_linked(digest).await.map_err(LoadError::from)? {
            let loaded = self.runtime.load_linked(release, &record, linked, resolved.credentials);
            loaded.await?
        } else {
            let bytes = self.store.adapter_bytes(digest).await?.ok_or_else(missing)?;
            self.runtime.load(release, &record, bytes, resolved.credentials).await?
        };
        let push = match &loaded.release().spec.agent.push_url {
            Some(url) => Some(agent_push(&loaded, url, resolved.push_keys)?),
            None => None,
        };
        Ok(Tenant {
            loaded: Arc::new(loaded),
            webhook_keys: resolved.webhook_keys,
            push,
        })
    }
}

/// The way to the agent.
///
/// # Errors
/// The URL cannot be pushed to.
fn agent_push(loaded: &LoadedRelease, url: &UrlText, keys: Vec<SigningKey>) -> Result<AgentPush, ApplyError> {
    let unusable = |detail: &str| LoadError::Client(format!("agent.push_url: {detail}"));
    let url = url.parse().map_err(|problem| unusable(&problem.to_string()))?;
    let origin = Origin::of(&url).map_err(|error| unusable(&error.to_string()))?;
    let network = loaded.host_network(origin);
    Ok(AgentPush {
        url,
        network: network.ok_or_else(|| unusable("the release has no network"))?,
        keys,
    })
}
