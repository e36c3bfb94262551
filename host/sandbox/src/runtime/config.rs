//! The configuration of a runtime.

use std::path::PathBuf;
use std::sync::Arc;

use crate::code::compiler::CompileLimits;
use crate::outbound::resolver::{SharedResolver, SystemResolver};

/// Room for a thousand guests of a compiled language of one tenant at once, or for sixty-four interpreters.
pub const DEFAULT_GUEST_MEMORY_MIB: u32 = 4096;

/// The resources that the runtime may use.
#[derive(Debug, Clone)]
pub struct RuntimeConfig {
    /// Where compiled adapters are cached. Created if it does not exist.
    pub cache_dir: PathBuf,
    /// The program that compiles adapters with its command `compile-adapter`: the host's own, so that adapters are
    /// compiled by the version that runs them.
    pub compiler: PathBuf,
    /// The limits of compiling one adapter.
    pub compile: CompileLimits,
    /// Invocations in flight at once, of all tenants; more wait for a slot, within their deadlines.
    pub max_instances: u32,
    /// Writes, look-ups and webhooks in flight at once of one release: a tenant whose CRM hangs leaves instances for
    /// the others. Status queries have permits of their own.
    pub max_instances_per_release: u32,
    /// Status queries in flight at once, of all tenants; the rest of `max_instances` is reserved for deliveries.
    pub max_status_queries: u32,
    /// Idle instances whose memory is kept ready, at up to 32 MiB each (Rust guests take about 1 MiB).
    pub warm_instances: u32,
    /// Instances that are kept for another invocation, where `[runtime] reuse` asks for it. Each holds the memory that
    /// it has touched and a slot of `max_instances`, which an invocation that finds no free slot takes from it.
    pub idle_instances: u32,
    /// Linear memory of all instances together, in flight and idle, in MiB. A tenant never has more of it than is left
    /// for all others.
    pub guest_memory_mib: u32,
    /// Whether to reserve address space for a pool of instances, about 8 GiB an instance. Without a pool an invocation
    /// takes tens of microseconds longer.
    pub allow_pooling: bool,
    /// Resolves the hosts that no tenant's file pins.
    pub resolver: SharedResolver,
}

impl RuntimeConfig {
    /// The defaults: 2,048 invocations in flight, 1,024 of one release, 1,024 status queries, 64 warm instances, 64
    /// idle ones, and 4 GiB for all.
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
            guest_memory_mib: DEFAULT_GUEST_MEMORY_MIB,
            allow_pooling: true,
            resolver: Arc::new(SystemResolver),
        }
    }
}
