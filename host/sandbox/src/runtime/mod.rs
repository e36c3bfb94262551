//! From a component's bytes to a release that serves: inspecting, compiling, loading. No request waits for any of it.

pub mod config;
mod description;
pub mod linking;
pub mod loaded;
mod return_memory;

use std::collections::HashMap;
use std::fmt;
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, Weak};
use std::time::Duration;

use arc_swap::ArcSwap;
use tokio::sync::Semaphore;

use crate::code::cache::CompileCache;
use crate::code::compiler::Compiler;
use crate::code::engine::WasmEngine;
use crate::code::error::PackageError;
use crate::guest::engine::GuestEngine;
use crate::guest::environment::Environment;
use crate::guest::linked::LinkedComponent;
use crate::invocation::instance_pool::InstancePool;
use crate::invocation::invoker::{Invoker, Target};
use crate::invocation::low_priority::LongRunHistory;
use crate::meter::kept_memory::KeptMemoryPolicy;
use crate::meter::log::LogSubject;
use crate::meter::memory_budget::MemoryBudget;
use crate::outbound::network::Network;
use crate::outbound::resolver::SharedResolver;
use crate::recording::recorder::Recorder;
use crate::secrets::credentials::{CredentialProblem, CredentialSecrets, Credentials};
use config::RuntimeConfig;
use description::PushedFile;
use jackfield_clock::SharedClock;
use jackfield_domain::custody::personal_values::PersonalValues;
use jackfield_domain::delivery::failure::{Failure, Fault};
use jackfield_domain::id::Digest;
use jackfield_domain::tenant::adapter::AdapterRecord;
use jackfield_domain::tenant::release::Release;
use linking::LinkedAdapter;
use loaded::LoadedRelease;

pub(crate) use description::guest_settings;

/// Memory that `describe` may use in an inspection, in bytes: four times what the largest interpreters start with.
const INSPECT_MEMORY: usize = 256 << 20;
/// Processor time that `describe` may use in an inspection. It only returns a record.
const INSPECT_CPU: Duration = Duration::from_secs(1);
/// How long `describe` may take, in an inspection and when a release is loaded.
const DESCRIBE_DEADLINE: Duration = Duration::from_secs(5);

/// The engine with its compile cache. Cheap to clone.
#[derive(Clone)]
pub struct Runtime(Arc<Inner>);

struct Inner {
    config: RuntimeConfig,
    cache: CompileCache,
    invoker: Invoker,
    compiler: Compiler,
    /// One adapter compiles at a time: it uses a core, and memory up to its limit.
    compiling: Semaphore,
    /// The linked components of the adapters that are loaded, shared by their releases.
    components: Mutex<HashMap<Digest, Weak<LinkedComponent>>>,
    /// The engine of new components and, once they have moved, of all.
    engine: ArcSwap<GuestEngine>,
    /// Decides when the components move to a fresh engine.
    kept_memory: Mutex<KeptMemoryPolicy>,
}

/// The runtime cannot start.
#[derive(Debug, thiserror::Error)]
pub enum RuntimeError {
    /// The engine does not run on this machine.
    #[error("the WebAssembly engine does not start: {0}")]
    Engine(String),
    /// The compile cache cannot be used.
    #[error("the cache of compiled adapters in {} cannot be used: {error}", dir.display())]
    CompileCache {
        /// The cache directory.
        dir: PathBuf,
        /// Why.
        error: io::Error,
    },
}

/// A release cannot be loaded.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LoadError {
    /// The bytes are not those that the release or the record names.
    #[error("the adapter's bytes have the digest {found}, and the release names {named}: push the adapter again")]
    OtherAdapter {
        /// The digest that the release names.
        named: Digest,
        /// The digest of the bytes.
        found: Digest,
    },
    /// The bytes are not an adapter that this host runs.
    #[error(transparent)]
    Package(#[from] PackageError),
    /// A credential cannot be used.
    #[error(transparent)]
    Credential(#[from] CredentialProblem),
    /// The machine has no usable TLS setup.
    #[error("no HTTP client can be made: {0}")]
    Client(String),
    /// The adapter does not start within the release's limits.
    #[error("the adapter does not start within [limits] of the tenant's file: {0}")]
    Probe(Fault),
    /// The adapter describes itself differently from when it was pushed.
    #[error(
        "the adapter no longer describes itself as it did when it was pushed; `describe` must always return the same"
    )]
    OtherDescription,
}

impl Runtime {
    /// Starts the engine and opens the compile cache.
    ///
    /// # Errors
    /// The engine does not run on this machine, or the cache directory cannot be used.
    pub fn start(config: RuntimeConfig, clock: SharedClock) -> Result<Self, RuntimeError> {
        let failed = |error: wasmtime::Error| RuntimeError::Engine(format!("{error:#}"));
        let engine = start_engine(&config).map_err(failed)?;
        let cache =
            CompileCache::open(&config.cache_dir, engine.wasm()).map_err(|error| RuntimeError::CompileCache {
                dir: config.cache_dir.clone(),
                error,
            })?;
        let invoker = Invoker {
            instances: InstancePool::new(config.max_instances, config.idle_instances, Arc::clone(&clock)),
            status_permits: Arc::new(Semaphore::new(
                config.max_status_queries.min(config.max_instances) as usize
            )),
            memory: MemoryBudget::new(config.guest_memory_mib as usize * (1 << 20)),
            low_priority: Arc::default(),
            recorder: Recorder::new(Arc::clone(&clock)),
            clock: Arc::clone(&clock),
        };
        Ok(Self(Arc::new(Inner {
            cache,
            invoker,
            compiler: Compiler::new(config.compiler.clone(), config.compile, clock),
            compiling: Semaphore::new(1),
            components: Mutex::default(),
            engine: ArcSwap::from_pointee(engine),
            kept_memory: Mutex::default(),
            config,
        })))
    }

    /// Records the invocations of some tenants.
    #[must_use]
    pub fn recorder(&self) -> &Recorder {
        &self.0.invoker.recorder
    }

    /// Resolves names, for adapters and for the host itself.
    #[must_use]
    pub fn resolver(&self) -> SharedResolver {
        Arc::clone(&self.0.config.resolver)
    }

    /// Whether instances come out of a pool.
    #[must_use]
    pub fn pooled(&self) -> bool {
        self.0.engine.load().pooled()
    }

    /// Instances that are idle until another invocation of their release.
    #[must_use]
    pub fn idle_instances(&self) -> usize {
        self.0.invoker.instances.idle()
    }

    /// Drops the idle instances, and keeps none from now on, because the host drains.
    pub fn close_instance_pool(&self) {
        self.0.invoker.instances.close();
    }

    /// Finds out whether `bytes` are an adapter, and which: checks imports, exports and the contract's version,
    /// compiles it, and runs `describe` without a network or settings and with few resources. The record's `pushed_at`
    /// is now.
    ///
    /// # Errors
    /// What is wrong with it, and what to do.
    pub async fn inspect(&self, bytes: &[u8]) -> Result<AdapterRecord, PackageError> {
        let file = PushedFile {
            digest: Digest::of(bytes),
            size: bytes.len() as u64,
            pushed_at: self.0.invoker.clock.now(),
        };
        let component = self.linked(file.digest, bytes).await?;
        self.describe(file, &component, INSPECT_MEMORY, INSPECT_CPU).await
    }

    /// Makes a release ready to serve, as [`Self::load_linked`] does. Its component comes from memory, from the cache
    /// or is compiled from `bytes`.
    ///
    /// # Errors
    /// Why it would not serve.
    pub async fn load(
        &self,
        release: Release,
        record: &AdapterRecord,
        bytes: Vec<u8>,
        secrets: CredentialSecrets,
    ) -> Result<LoadedRelease, LoadError> {
        let digest = Digest::of(&bytes);
        if release.adapter != digest {
            return Err(LoadError::OtherAdapter {
                named: release.adapter,
                found: digest,
            });
        }
        let component = self.linked(digest, &bytes).await?;
        self.load_linked(release, record, LinkedAdapter { digest, component }, secrets)
            .await
    }

    /// Makes a release ready to serve: prepares its HTTP client and credentials, and runs `describe` once within the
    /// release's limits, which must return what `record` says.
    ///
    /// # Errors
    /// Why it would not serve.
    pub async fn load_linked(
        &self,
        release: Release,
        record: &AdapterRecord,
        linked: LinkedAdapter,
        secrets: CredentialSecrets,
    ) -> Result<LoadedRelease, LoadError> {
        let LinkedAdapter {
            digest: found,
            component,
        } = linked;
        if release.adapter != found || record.digest != found {
            return Err(LoadError::OtherAdapter {
                named: release.adapter,
                found,
            });
        }
        let now = self.0.invoker.clock.now();
        let credentials = Credentials::new(&release.spec.credentials, &secrets, now)?;
        let (resolver, clock) = (self.0.config.resolver.clone(), self.0.invoker.clock.clone());
        let network = Network::new(&release.spec.egress, credentials, resolver, clock)
            .map_err(|error| LoadError::Client(error.to_string()))?;
        let limits = release.spec.limits;
        match self
            .describe(record.into(), &component, limits.memory(), limits.cpu())
            .await
        {
            Ok(described) if described == *record => {}
            Ok(_) => return Err(LoadError::OtherDescription),
            Err(PackageError::Describe(fault)) => return Err(LoadError::Probe(fault)),
            Err(error) => return Err(error.into()),
        }
        let settings = release.spec.settings.iter();
        let settings = settings.map(|(name, value)| (name.clone(), value.to_string()));
        let environment = Environment {
            tenant: release.tenant().to_string(),
            release: release.number.to_string(),
            settings: guest_settings(&record.needs, settings),
            country: release.spec.country,
            network: Some(network),
            memory: limits.memory(),
            cpu: limits.cpu(),
            observer: None,
        };
        let share = self.0.config.max_instances_per_release as usize;
        Ok(LoadedRelease::new(
            release,
            record.clone(),
            component,
            environment,
            self.0.invoker.clone(),
            share,
        ))
    }

    /// Runs the invocations of all releases; those of a rehearsal share it.
    pub(crate) fn invoker(&self) -> &Invoker {
        &self.0.invoker
    }

    /// Runs `describe` of an adapter once more, as [`Self::inspect`] did.
    pub(crate) async fn describe_again(
        &self,
        record: &AdapterRecord,
        component: &Arc<LinkedComponent>,
    ) -> Result<AdapterRecord, PackageError> {
        self.describe(record.into(), component, INSPECT_MEMORY, INSPECT_CPU)
            .await
    }

    async fn describe(
        &self,
        file: PushedFile,
        component: &Arc<LinkedComponent>,
        memory: usize,
        cpu: Duration,
    ) -> Result<AdapterRecord, PackageError> {
        let environment = Arc::new(Environment {
            tenant: String::new(),
            release: String::new(),
            settings: HashMap::new(),
            country: None,
            network: None,
            memory,
            cpu,
            observer: None,
        });
        let target = Target {
            component,
            environment: &environment,
            history: &LongRunHistory::default(),
            pool: None,
            quota: None,
        };
        let invocation = self
            .0
            .invoker
            .invoke(target, DESCRIBE_DEADLINE, |instance| {
                Box::pin(async move { Ok(Ok(instance.check_and_describe().await?)) })
            })
            .await;
        invocation.log.write(&LogSubject {
            tenant: &environment.tenant,
            release: &environment.release,
            delivery: None,
            personal: &PersonalValues::default(),
        });
        match invocation.outcome {
            Ok(Ok(described)) => description::record(file, component, &described),
            Ok(Err(other_types)) => Err(other_types),
            Err(Failure::Fault(fault)) => Err(PackageError::Describe(fault)),
            Err(failure) => Err(PackageError::Host(failure.to_string())),
        }
    }
}

fn start_engine(config: &RuntimeConfig) -> wasmtime::Result<GuestEngine> {
    let engine = WasmEngine::start(config.max_instances, config.warm_instances, config.allow_pooling)?;
    GuestEngine::new(engine)
}

impl fmt::Debug for Runtime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Runtime")
            .field("config", &self.0.config)
            .finish_non_exhaustive()
    }
}
