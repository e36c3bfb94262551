//! Recordings of a tenant's invocations, which operators start and collect. Before a recording is handed over it is
//! searched once more for every secret of the tenant: those that the host stores, and those that the active release
//! refers to.

use rand::RngExt as _;

use super::rollout::Rollout;
use crate::vault::VaultError;
use jackfield_domain::custody::Sensitive;
use jackfield_domain::custody::recording::RecordingStatus;
use jackfield_domain::id::TenantName;
use jackfield_sandbox::{AlreadyRecording, FinishedRecording, RecordingOptions};
use jackfield_store::{PageRequest, StoreError};

/// Secrets that are read in one page.
const PAGE: u32 = 100;

/// Why a tenant's invocations are not recorded, or a recording is not handed over.
#[derive(Debug, thiserror::Error)]
pub enum RecordingError {
    /// There is no such tenant.
    #[error("there is no such tenant; `jackfield tenant list` shows those there are")]
    NoTenant,
    /// Its invocations are already recorded.
    #[error(
        "calls of `{0}` are recorded since {begun:.0} already, or wait to be taken; `jackfield adapter record --tenant \
         {0} --end` ends that and writes them", begun = .1.started_at
    )]
    Already(TenantName, Box<RecordingStatus>),
    /// Its invocations are not recorded.
    #[error("no calls of `{0}` are recorded at this host; nobody began it, or it was taken, or it was left too long")]
    None(TenantName),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The recording cannot be searched for the tenant's secrets.
    #[error("the calls cannot be searched for the tenant's secrets, so they are not handed over: {0}")]
    Vault(VaultError),
}

impl Rollout {
    /// Starts to record a tenant's invocations at this host.
    ///
    /// # Errors
    /// There is no such tenant, or its invocations are already recorded.
    pub async fn start_recording(
        &self,
        tenant: &TenantName,
        options: RecordingOptions,
    ) -> Result<RecordingStatus, RecordingError> {
        if self.store.tenant(tenant).await?.is_none() {
            return Err(RecordingError::NoTenant);
        }
        let started = self.runtime.recorder().start(tenant, options, salt());
        let status =
            started.map_err(|AlreadyRecording(status)| RecordingError::Already(tenant.clone(), Box::new(status)))?;
        let calls = status.requested;
        tracing::info!(%tenant, calls, unmasked = options.unmasked, "calls are recorded from now on");
        Ok(status)
    }

    /// The status and the options of the recording of a tenant's invocations.
    ///
    /// # Errors
    /// There is none.
    pub fn recording(&self, tenant: &TenantName) -> Result<(RecordingStatus, RecordingOptions), RecordingError> {
        let found = self.runtime.recorder().status(tenant);
        found.ok_or_else(|| RecordingError::None(tenant.clone()))
    }

    /// Ends the recording of a tenant's invocations and removes it from the host. Invocations that contain a secret are
    /// left out.
    ///
    /// # Errors
    /// There is none, or the secrets that it is searched for cannot be read; then it stays at the host.
    pub async fn collect_recording(&self, tenant: &TenantName) -> Result<FinishedRecording, RecordingError> {
        self.recording(tenant)?;
        let secrets = self.secrets_of(tenant).await?;
        let recording = self.runtime.recorder().collect(tenant);
        let mut recording = recording.ok_or_else(|| RecordingError::None(tenant.clone()))?;
        recording.remove_secrets(&secrets);
        tracing::info!(%tenant, calls = recording.kept.len(), "recorded calls were handed over");
        Ok(recording)
    }

    /// Every secret of a tenant that can be read.
    async fn secrets_of(&self, tenant: &TenantName) -> Result<Vec<Sensitive>, RecordingError> {
        let mut found = vec![];
        let mut after = None;
        loop {
            let page = PageRequest { after, limit: PAGE };
            let page = self.store.secrets(tenant, page).await?;
            for record in page.items {
                match self.vault.get(tenant, &record.name).await {
                    Ok(secret) => found.extend(secret),
                    Err(VaultError::Store(error)) => return Err(error.into()),
                    Err(error) => return Err(RecordingError::Vault(error)),
                }
            }
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        let record = self.store.tenant(tenant).await?;
        let release = match record {
            Some(record) => self.store.release(tenant, record.active).await?,
            None => None,
        };
        let Some(release) = release else {
            return Ok(found);
        };
        for (_, reference) in release.spec.secrets() {
            // A secret that cannot be read is not in use: no release loads without its secrets.
            found.extend(self.secrets.read(&release.spec, &[], reference).await?);
        }
        Ok(found)
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "no decision depends on it; it only has to be unknown outside"
)]
fn salt() -> [u8; 32] {
    rand::rng().random()
}
