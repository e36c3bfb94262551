//! What a runtime may use.

use std::path::PathBuf;
use std::sync::Arc;

use super::compiler::CompileLimits;
use super::resolver::{SharedResolver, SystemResolver};

/// What the runtime may use.
#[derive(Debug, Clone)]
pub struct RuntimeConfig {
    /// Where compiled adapters are kept. Made if it is not there.
    pub cache_dir: PathBuf,
    /// The program that compiles adapters, under the command `compile-adapter`: the host's own, so that what compiles
    /// and what runs are of one version.
    pub compiler: PathBuf,
    /// What compiling one adapter may take.
    pub compile: CompileLimits,
    /// Calls in flight at once, of all tenants; more wait for their turn within their deadlines.
    pub max_instances: u32,
    /// Writes, look-ups and webhooks in flight at once of one release: a tenant whose CRM hangs leaves instances for
    /// the others. Status queries have seats of their own.
    pub max_instances_per_release: u32,
    /// Status queries in flight at once, of all tenants; the rest of `max_instances` is kept for deliveries.
    pub max_status_queries: u32,
    /// Idle instances whose memory is kept ready, at up to 32 MiB each (Rust guests take about 1 MiB).
    pub warm_instances: u32,
    /// Instances that wait for another call, where `[runtime] reuse` asks for it. Each holds a place of
    /// `max_instances`, which it gives up when a call finds none free, and the memory that it has touched.
    pub idle_instances: u32,
    /// Whether to reserve address space for a pool of instances, about 8 GiB an instance. Without one a call costs tens
    /// of microseconds more.
    pub allow_pooling: bool,
    /// Looks up the hosts that no tenant's file pins.
    pub resolver: SharedResolver,
}

impl RuntimeConfig {
    /// The defaults: 2,048 calls in flight, of one release 1,024, status queries 1,024, 64 warm instances and 64 idle
    /// ones.
    #[must_use]
    pub fn new(cache_dir: PathBuf, compiler: PathBuf) -> Self {
        Self {
            cache_dir,
            compiler,
            compile: CompileLimits::default(),
            max_instances: 2048,
            max_instances_per_release: 1024,
            max_status_queries: 1024,
            warm_instances: 64,
            idle_instances: 64,
            allow_pooling: true,
            resolver: Arc::new(SystemResolver),
        }
    }
}
