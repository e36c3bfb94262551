//! The engine: one per process, and the thread that keeps its time.
//!
//! Instances come from a pool, so a fresh one for every invocation costs microseconds: linear memories are reserved
//! once, start as copy-on-write images, and are wiped page by page (`PAGEMAP_SCAN`, where the kernel has it). Where a
//! pool is impossible because the address space is limited, instances are made on demand: slower, but equally safe.

use std::sync::mpsc::{RecvTimeoutError, SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::Duration;

use wasmtime::{Config, Enabled, InstanceAllocationStrategy, PoolingAllocationConfig, WasmFeatures};

/// How often the epoch is incremented: the resolution of the CPU deadline and of turns. It is fine enough for limits of
/// some tens of milliseconds, and the cost of 200 wake-ups a second is not measurable.
pub const TICK: Duration = Duration::from_millis(5);

/// The largest linear memory of any guest: the upper bound of `limits.memory_mib`.
pub const MAX_MEMORY: usize = 512 << 20;

/// Stack of a guest's own frames. Interpreters inside guests (Python, JavaScript) recurse deeply; twice wasmtime's
/// default holds what their test suites need.
const WASM_STACK: usize = 1 << 20;
/// Stack of a guest's fiber: its own frames, and those of the host functions it calls.
const FIBER_STACK: usize = 2 << 20;
/// Memory of an instance that is wiped and kept instead of returned to the kernel: what Python and JavaScript guests
/// touch. Returning pages stalls the other cores (keeping them gave 2.3 times the throughput). It stays with its slot
/// until the host moves to a fresh engine, some time after a burst.
const KEEP_RESIDENT: usize = 32 << 20;
/// Elements of a guest's largest table. The engine of a JavaScript guest has some ten thousand functions in it.
const TABLE_ELEMENTS: usize = 64 << 10;
/// Tables of the pool for each instance: an interpreter with dynamically linked libraries has more than one.
const TABLES_PER_INSTANCE: u32 = 4;
/// Memories of the pool for each instance: composed components have one for each part.
const MEMORIES_PER_INSTANCE: u32 = 2;
/// Core instances of one component. Python components link some twenty libraries dynamically.
pub const CORE_INSTANCES_PER_INSTANCE: u32 = 64;

/// The engine and its ticker. The ticker's thread ends when this is dropped.
///
/// It is public for the benchmarks, which run bare wasmtime on an engine with the host's own settings.
pub struct WasmEngine {
    wasm: wasmtime::Engine,
    pooled: bool,
    _ticker: Ticker,
}

impl WasmEngine {
    /// Starts an engine for `instances` at a time, of which `keep_warm` may keep their memory between invocations.
    ///
    /// # Errors
    /// Wasmtime does not run on this machine, or the thread cannot be started.
    pub fn start(instances: u32, keep_warm: u32, allow_pooling: bool) -> wasmtime::Result<Self> {
        let pool =
            allow_pooling.then(|| wasmtime::Engine::new(config().allocation_strategy(pool(instances, keep_warm))));
        let (wasm, pooled) = match pool {
            Some(Ok(engine)) => (engine, true),
            Some(Err(error)) => {
                tracing::warn!(
                    error = format!("{error:#}"),
                    "a pool of instances is not possible here, so each is made on demand, which is slower; \
                     a limit on the address space (ulimit -v) is the usual reason"
                );
                (on_demand()?, false)
            }
            None => (on_demand()?, false),
        };
        let ticker = Ticker::start(wasm.clone())?;
        Ok(Self {
            wasm,
            pooled,
            _ticker: ticker,
        })
    }

    /// Wasmtime's engine.
    #[must_use]
    pub const fn wasm(&self) -> &wasmtime::Engine {
        &self.wasm
    }

    /// Whether instances come from a pool.
    #[must_use]
    pub const fn pooled(&self) -> bool {
        self.pooled
    }
}

/// An engine that only compiles, for engines that [`WasmEngine::start`] makes. The code is the same with and without a
/// pool.
///
/// # Errors
/// Wasmtime does not run on this machine.
pub fn for_compiling() -> wasmtime::Result<wasmtime::Engine> {
    on_demand()
}

fn on_demand() -> wasmtime::Result<wasmtime::Engine> {
    wasmtime::Engine::new(config().allocation_strategy(InstanceAllocationStrategy::OnDemand))
}

fn config() -> Config {
    // Features that no guest language needs and that have had the most advisories. Threads, garbage collection and
    // component-model async are not even compiled in.
    let unwanted = WasmFeatures::MEMORY64
        | WasmFeatures::CUSTOM_PAGE_SIZES
        | WasmFeatures::WIDE_ARITHMETIC
        | WasmFeatures::RELAXED_SIMD;
    let mut config = Config::new();
    config
        .wasm_features(unwanted, false)
        .epoch_interruption(true)
        .max_wasm_stack(WASM_STACK)
        .async_stack_size(FIBER_STACK)
        .memory_init_cow(true)
        // Guests are stripped, so a backtrace would have no names, and traps are cheaper without.
        .wasm_backtrace_max_frames(None)
        // An adapter compiles on one core, so that the other cores keep serving.
        .parallel_compilation(false);
    config
}

fn pool(instances: u32, warm: u32) -> InstanceAllocationStrategy {
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(instances)
        .total_core_instances(instances.saturating_mul(CORE_INSTANCES_PER_INSTANCE))
        .total_memories(instances.saturating_mul(MEMORIES_PER_INSTANCE))
        .total_tables(instances.saturating_mul(TABLES_PER_INSTANCE))
        .total_stacks(instances)
        .max_core_instances_per_component(CORE_INSTANCES_PER_INSTANCE)
        .max_memories_per_component(MEMORIES_PER_INSTANCE)
        .max_tables_per_component(CORE_INSTANCES_PER_INSTANCE)
        .max_tables_per_module(TABLES_PER_INSTANCE)
        .table_elements(TABLE_ELEMENTS)
        .table_keep_resident(TABLE_ELEMENTS * size_of::<usize>())
        .max_memory_size(MAX_MEMORY)
        .linear_memory_keep_resident(KEEP_RESIDENT)
        .max_unused_warm_slots(warm)
        .pagemap_scan(Enabled::Auto);
    InstanceAllocationStrategy::Pooling(pool)
}

/// Increments the epoch until it is dropped, on a thread of its own: a busy executor must not delay the clock that
/// stops busy guests.
struct Ticker {
    stop: Option<SyncSender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Ticker {
    fn start(engine: wasmtime::Engine) -> wasmtime::Result<Self> {
        let (stop, stopped) = sync_channel(0);
        let thread = std::thread::Builder::new()
            .name("epoch".into())
            .spawn(move || {
                while stopped.recv_timeout(TICK) == Err(RecvTimeoutError::Timeout) {
                    engine.increment_epoch();
                }
            })
            .map_err(wasmtime::Error::from)?;
        Ok(Self {
            stop: Some(stop),
            thread: Some(thread),
        })
    }
}

impl Drop for Ticker {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // It cannot panic, and nobody is left to report it to.
            let _ = thread.join();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::hash::{Hash as _, Hasher as _};

    use super::*;

    #[test]
    fn a_large_pool_is_possible() {
        assert!(WasmEngine::start(2048, 64, true).unwrap().pooled());
    }

    #[test]
    fn compiler_and_runtime_are_compatible() {
        let hash = |engine: &wasmtime::Engine| {
            let mut hasher = std::hash::DefaultHasher::new();
            engine.precompile_compatibility_hash().hash(&mut hasher);
            hasher.finish()
        };
        let compiling = hash(&for_compiling().unwrap());
        assert_eq!(hash(WasmEngine::start(16, 4, true).unwrap().wasm()), compiling);
        assert_eq!(hash(WasmEngine::start(16, 4, false).unwrap().wasm()), compiling);
        assert_ne!(hash(&wasmtime::Engine::default()), compiling);
    }

    #[test]
    fn an_engine_starts_without_a_pool() {
        assert!(!WasmEngine::start(2048, 64, false).unwrap().pooled());
    }

    #[test]
    fn an_impossible_pool_is_not_used() {
        // Two million instances need more address space than there is.
        assert!(!WasmEngine::start(2_000_000, 64, true).unwrap().pooled());
    }
}
