//! Wasmtime without a host around it, in this process and with the host's settings: what compiling, loading and
//! starting a component costs at least.

use std::path::{Path, PathBuf};

use jackfield::adapter::{Engine, RuntimeConfig};
use wasmtime::Store;
use wasmtime::component::{Component, Linker, ResourceTable};
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};

/// Ticks of the host's epoch before a guest is stopped: more than any start takes.
const PATIENCE: u64 = 1_000_000;

/// An engine as the host has it, and what components of one kind are linked to.
pub struct Bare {
    engine: Engine,
    linker: Linker<Guest>,
}

struct Guest {
    wasi: WasiCtx,
    table: ResourceTable,
}

impl WasiView for Guest {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView {
            ctx: &mut self.wasi,
            table: &mut self.table,
        }
    }
}

impl Bare {
    /// For components with the imports of this one. The contract's own functions are traps: no guest calls them when
    /// it starts.
    pub fn start(component: &[u8]) -> anyhow::Result<Self> {
        let defaults = RuntimeConfig::new(PathBuf::new(), PathBuf::new());
        let start = || {
            let engine = Engine::start(defaults.max_instances, defaults.warm_instances, true)?;
            let mut linker = Linker::new(engine.wasm());
            wasmtime_wasi::p2::add_to_linker_async(&mut linker)?;
            let component = Component::new(engine.wasm(), component)?;
            linker.define_unknown_imports_as_traps(&component)?;
            Ok(Self { engine, linker })
        };
        start().map_err(told)
    }

    /// Compiles a component and makes an instance of it.
    pub async fn compile(&self, component: &[u8]) -> anyhow::Result<()> {
        let component = Component::new(self.engine.wasm(), component).map_err(told)?;
        self.instantiate(&component).await.map_err(told)
    }

    /// The native code of a component.
    pub fn precompile(&self, component: &[u8]) -> anyhow::Result<Vec<u8>> {
        self.engine.wasm().precompile_component(component).map_err(told)
    }

    /// Loads native code that [`Self::precompile`] made, and makes an instance of it.
    pub async fn load(&self, native: &Path) -> anyhow::Result<()> {
        #[expect(unsafe_code, reason = "the benchmark has written the file itself")]
        // SAFETY: the file is what `precompile_component` of this engine made, in a folder of this process.
        let component = unsafe { Component::deserialize_file(self.engine.wasm(), native) };
        self.instantiate(&component.map_err(told)?).await.map_err(told)
    }

    async fn instantiate(&self, component: &Component) -> wasmtime::Result<()> {
        let guest = Guest {
            wasi: WasiCtx::builder().build(),
            table: ResourceTable::new(),
        };
        let mut store = Store::new(self.engine.wasm(), guest);
        store.set_epoch_deadline(PATIENCE);
        let _ = self.linker.instantiate_async(&mut store, component).await?;
        Ok(())
    }
}

#[expect(clippy::needless_pass_by_value, reason = "so that `map_err` takes it as it is")]
fn told(error: wasmtime::Error) -> anyhow::Error {
    anyhow::anyhow!("{error:#}")
}
