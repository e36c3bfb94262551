//! The host's sandbox in this process, without its HTTP servers, so that figures are the adapter's alone.

use std::sync::Arc;

use jackfield_clock::{Clock as _, SystemClock};
use jackfield_domain::tenant::adapter::AdapterRecord;
use jackfield_domain::tenant::release::{Release, SecretRef, TenantSpec};
use jackfield_sandbox::{CredentialSecret, CredentialSecrets, LoadedRelease, Runtime, RuntimeConfig};

/// An adapter in a runtime of its own, ready to be loaded.
pub struct Sandbox {
    runtime: Runtime,
    record: AdapterRecord,
    bytes: Vec<u8>,
}

impl Sandbox {
    /// Compiles and inspects a component in a new runtime.
    ///
    /// # Errors
    /// It is not an adapter, or the runtime does not start.
    pub async fn new(config: RuntimeConfig, bytes: Vec<u8>) -> anyhow::Result<Self> {
        let runtime = Runtime::start(config, Arc::new(SystemClock))?;
        let record = runtime.inspect(&bytes).await?;
        Ok(Self { runtime, record, bytes })
    }

    /// The component's size in bytes.
    pub const fn size(&self) -> u64 {
        self.record.size
    }

    /// The adapter's name.
    pub fn name(&self) -> &str {
        self.record.name.as_str()
    }

    /// Another component in the same runtime.
    ///
    /// # Errors
    /// It is not an adapter.
    pub async fn with(&self, bytes: Vec<u8>) -> anyhow::Result<Self> {
        let record = self.runtime.inspect(&bytes).await?;
        Ok(Self {
            record,
            runtime: self.runtime.clone(),
            bytes,
        })
    }

    /// Loads a release of the adapter from a tenant file. Each instance serves `reuse` invocations.
    ///
    /// # Errors
    /// The file is wrong, or the release does not load.
    pub async fn load(&self, file: &str, reuse: u32) -> anyhow::Result<Arc<LoadedRelease>> {
        let mut spec: TenantSpec = toml::from_str(file)?;
        spec.runtime.reuse = reuse;
        // The benchmark measures how long invocations take, not whether they meet a deadline on a busy machine.
        spec.limits.status_deadline_ms = 10_000;
        let mut secrets = CredentialSecrets::default();
        for credential in &spec.credentials {
            if let Some(SecretRef::Value(secret)) = &credential.secret {
                let secret = CredentialSecret::Text(secret.clone());
                secrets.by_name.insert(credential.name.clone(), secret);
            }
        }
        let release = Release {
            number: "r1".parse()?,
            adapter: self.record.digest,
            spec,
            created_at: SystemClock.now(),
        };
        let loaded = self.runtime.load(release, &self.record, self.bytes.clone(), secrets);
        Ok(Arc::new(loaded.await?))
    }
}
