//! From bytes to something that serves: inspecting, compiling, loading. None of it on the path of a request.

mod code;

use std::collections::HashMap;
use std::fmt;
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, Weak};
use std::time::Duration;

use tokio::sync::Semaphore;
use wasmtime::component::Linker;

use super::cache::CompileCache;
use super::call::{Invoker, Target};
use super::compiler::Compiler;
use super::config::RuntimeConfig;
use super::credentials::{CredentialProblem, CredentialSecrets, Credentials};
use super::description;
use super::engine::Engine;
use super::heavy::LongRunHistory;
use super::loaded::LoadedRelease;
use super::network::Network;
use super::package::{Inspected, LinkedComponent, PackageError};
use super::places::InstancePool;
use super::recorder::Recorder;
use super::resolver::SharedResolver;
use super::state::{self, Environment, InstanceState};
use jackfield_clock::SharedClock;
use jackfield_domain::delivery::failure::{Failure, Fault};
use jackfield_domain::id::Digest;
use jackfield_domain::tenant::adapter::AdapterRecord;
use jackfield_domain::tenant::release::Release;

pub use code::LinkedAdapter;

/// Memory that `describe` may use in an inspection, in bytes: what the largest interpreters start with, four times
/// over.
const INSPECT_MEMORY: usize = 256 << 20;
/// Processor time that `describe` may use in an inspection. It only makes a record.
const INSPECT_CPU: Duration = Duration::from_secs(1);
/// How long `describe` may take, in an inspection and when a release is loaded.
const DESCRIBE_DEADLINE: Duration = Duration::from_secs(5);

/// The engine with its compile cache. Cheap to clone.
#[derive(Clone)]
pub struct Runtime(Arc<Inner>);

struct Inner {
    config: RuntimeConfig,
    linker: Linker<InstanceState>,
    cache: CompileCache,
    caller: Invoker,
    compiler: Compiler,
    /// One adapter compiles at a time: it takes a core, and memory up to its limit.
    compiling: Semaphore,
    /// Linked code of the adapters that are loaded, shared by their releases.
    codes: Mutex<HashMap<Digest, Weak<LinkedComponent>>>,
    /// Keeps the epoch moving.
    engine: Engine,
}

/// The runtime does not start.
#[derive(Debug, thiserror::Error)]
pub enum RuntimeError {
    /// The engine does not run on this machine.
    #[error("the WebAssembly engine does not start: {0}")]
    Engine(String),
    /// The cache cannot be used.
    #[error("the cache of compiled adapters in {} cannot be used: {error}", dir.display())]
    CompileCache {
        /// Its directory.
        dir: PathBuf,
        /// Why.
        error: io::Error,
    },
}

/// A release does not load.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LoadError {
    /// The bytes are not those that the release or the record names.
    #[error("the adapter's bytes have the digest {found}, and the release names {named}: push the adapter again")]
    OtherAdapter {
        /// What the release names.
        named: Digest,
        /// What was found.
        found: Digest,
    },
    /// The bytes are no adapter, or none that this host still runs.
    #[error(transparent)]
    Package(#[from] PackageError),
    /// A credential cannot be used.
    #[error(transparent)]
    Credential(#[from] CredentialProblem),
    /// The machine has no usable TLS set-up.
    #[error("no HTTP client can be made: {0}")]
    Client(String),
    /// It does not run within the release's limits.
    #[error("the adapter does not start within [limits] of the tenant's file: {0}")]
    Probe(Fault),
    /// It describes itself otherwise than when it was pushed.
    #[error(
        "the adapter no longer describes itself as it did when it was pushed; its `describe` must always say the same"
    )]
    OtherDescription,
}

impl Runtime {
    /// Starts the engine and opens the cache.
    ///
    /// # Errors
    /// The engine does not run here, or the cache directory cannot be used.
    pub fn start(config: RuntimeConfig, clock: SharedClock) -> Result<Self, RuntimeError> {
        let failed = |error: wasmtime::Error| RuntimeError::Engine(format!("{error:#}"));
        let engine =
            Engine::start(config.max_instances, config.warm_instances, config.allow_pooling).map_err(failed)?;
        let cache =
            CompileCache::open(&config.cache_dir, engine.wasm()).map_err(|error| RuntimeError::CompileCache {
                dir: config.cache_dir.clone(),
                error,
            })?;
        let caller = Invoker {
            engine: engine.wasm().clone(),
            places: InstancePool::new(config.max_instances, config.idle_instances, Arc::clone(&clock)),
            status: Arc::new(Semaphore::new(
                config.max_status_queries.min(config.max_instances) as usize
            )),
            heavy: Arc::default(),
            recorder: Recorder::new(Arc::clone(&clock)),
            clock: Arc::clone(&clock),
        };
        Ok(Self(Arc::new(Inner {
            linker: state::linker(engine.wasm()).map_err(failed)?,
            cache,
            caller,
            compiler: Compiler::new(config.compiler.clone(), config.compile, clock),
            compiling: Semaphore::new(1),
            codes: Mutex::default(),
            engine,
            config,
        })))
    }

    /// What records calls.
    #[must_use]
    pub fn recorder(&self) -> &Recorder {
        &self.0.caller.recorder
    }

    /// What looks names up, for adapters and for the host itself.
    #[must_use]
    pub fn resolver(&self) -> SharedResolver {
        Arc::clone(&self.0.config.resolver)
    }

    /// Whether instances come out of a pool.
    #[must_use]
    pub fn pooled(&self) -> bool {
        self.0.engine.pooled()
    }

    /// Instances that wait for another call of their release.
    #[must_use]
    pub fn idle_instances(&self) -> usize {
        self.0.caller.places.idle()
    }

    /// Gives up the instances that wait, and keeps none from now on: the host drains.
    pub fn keep_no_instances(&self) {
        self.0.caller.places.close();
    }

    /// Finds out whether `bytes` are an adapter, and which: checks imports, exports and the contract's version,
    /// compiles it, and runs `describe` with no network, no settings and little of everything else.
    ///
    /// # Errors
    /// What is wrong with it, and what to do.
    pub async fn inspect(&self, bytes: &[u8]) -> Result<Inspected, PackageError> {
        let digest = Digest::of(bytes);
        let code = self.compiled(digest, bytes).await?;
        self.describe(digest, &code, INSPECT_MEMORY, INSPECT_CPU).await
    }

    /// Makes a release ready to serve, as [`Self::load_linked`] does: its code from memory, from the cache or compiled
    /// from `bytes`.
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
        let code = self.compiled(digest, &bytes).await?;
        self.load_linked(release, record, LinkedAdapter { digest, code }, secrets)
            .await
    }

    /// Makes a release ready to serve: its client and credentials, and one call of `describe` within the release's
    /// limits, which must say what `record` says.
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
        let LinkedAdapter { digest: found, code } = linked;
        if release.adapter != found || record.digest != found {
            return Err(LoadError::OtherAdapter {
                named: release.adapter,
                found,
            });
        }
        let now = self.0.caller.clock.now();
        let credentials = Credentials::new(&release.spec.credentials, &secrets, now)?;
        let (resolver, clock) = (self.0.config.resolver.clone(), self.0.caller.clock.clone());
        let network = Network::new(&release.spec.egress, credentials, resolver, clock)
            .map_err(|error| LoadError::Client(error.to_string()))?;
        let limits = release.spec.limits;
        match self.describe(found, &code, limits.memory(), limits.cpu()).await {
            Ok(inspected) if inspected.agrees_with(record) => {}
            Ok(_) => return Err(LoadError::OtherDescription),
            Err(PackageError::Describe(fault)) => return Err(LoadError::Probe(fault)),
            Err(error) => return Err(error.into()),
        }
        let environment = Environment {
            tenant: release.tenant().to_string(),
            release: release.number.to_string(),
            settings: description::settings(&release, record),
            network: Some(network),
            memory: limits.memory(),
            cpu: limits.cpu(),
            habit: LongRunHistory::default(),
        };
        let share = self.0.config.max_instances_per_release as usize;
        Ok(LoadedRelease::new(
            release,
            record.clone(),
            code,
            environment,
            self.0.caller.clone(),
            share,
        ))
    }

    /// What the calls of a rehearsal share with all others.
    pub(super) fn caller(&self) -> &Invoker {
        &self.0.caller
    }

    /// Asks an adapter again what it is, as [`Self::inspect`] did.
    pub(super) async fn describe_once_more(
        &self,
        digest: Digest,
        code: &Arc<LinkedComponent>,
    ) -> Result<Inspected, PackageError> {
        self.describe(digest, code, INSPECT_MEMORY, INSPECT_CPU).await
    }

    async fn describe(
        &self,
        digest: Digest,
        code: &Arc<LinkedComponent>,
        memory: usize,
        cpu: Duration,
    ) -> Result<Inspected, PackageError> {
        let environment = Arc::new(Environment {
            tenant: String::new(),
            release: String::new(),
            settings: HashMap::new(),
            network: None,
            memory,
            cpu,
            habit: LongRunHistory::default(),
        });
        let sealed = Target {
            code,
            environment: &environment,
            own: None,
            quota: None,
        };
        let called = self
            .0
            .caller
            .run(sealed, DESCRIBE_DEADLINE, |instance| {
                Box::pin(async move {
                    let about = match instance.typed() {
                        Ok(about) => about,
                        Err(other_types) => return Ok(Ok(Err(other_types))),
                    };
                    let described = about.call_describe(instance.store()).await?;
                    Ok(Ok(Ok(described)))
                })
            })
            .await;
        match called.outcome {
            Ok(Ok(said)) => description::read(digest, code, &said),
            Ok(Err(other_types)) => Err(other_types),
            Err(Failure::Fault(fault)) => Err(PackageError::Describe(fault)),
            Err(failure) => Err(PackageError::Host(failure.to_string())),
        }
    }
}

impl fmt::Debug for Runtime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Runtime")
            .field("config", &self.0.config)
            .finish_non_exhaustive()
    }
}
