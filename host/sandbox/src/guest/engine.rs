//! An engine with the functions that guests import: what components are linked for.

use wasmtime::component::Linker;

use super::state::{self, InstanceState};
use crate::code::engine::WasmEngine;

/// An engine, whose pool holds the guests' memory, with the host's functions linked.
pub struct GuestEngine {
    engine: WasmEngine,
    linker: Linker<InstanceState>,
}

impl GuestEngine {
    /// Links the host's functions.
    ///
    /// # Errors
    /// Two of them define the same name.
    pub fn new(engine: WasmEngine) -> wasmtime::Result<Self> {
        Ok(Self {
            linker: state::linker(engine.wasm())?,
            engine,
        })
    }

    /// Wasmtime's engine.
    pub const fn wasm(&self) -> &wasmtime::Engine {
        self.engine.wasm()
    }

    /// Whether instances come from a pool.
    pub const fn pooled(&self) -> bool {
        self.engine.pooled()
    }

    /// The host's functions.
    pub(super) const fn linker(&self) -> &Linker<InstanceState> {
        &self.linker
    }

    /// Bytes of memory that ended instances have left in the pool, ready for the next ones.
    pub fn kept_memory(&self) -> usize {
        let pool = self.wasm().pooling_allocator_metrics();
        pool.map_or(0, |pool| pool.unused_memory_bytes_resident())
    }
}
