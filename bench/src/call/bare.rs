//! Bare wasmtime: what a team that embeds it would write, with the host's engine and without the host's protection of
//! an invocation: no limits of memory, time or requests, no recording, no limit on concurrency.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use jackfield_sandbox::{RuntimeConfig, WasmEngine};
use serde::Serialize;
use wasmtime::component::{Component, HasSelf, Linker, ResourceTable};
use wasmtime::{Result, Store};
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};

use self::bindings::exports::jackfield::crm::about::Description;
use self::bindings::jackfield::crm::model::{Disposition, Extension, Outcome, Qualification, SiteVisit};
use self::bindings::jackfield::crm::{credentials, dates, http, log, model, phones, settings};
use self::bindings::{Adapter, AdapterPre};
use super::Operation;
use super::jackfield_guest::micros;
use crate::load::one_by_one;

mod bindings {
    wasmtime::component::bindgen!({
        path: "../wit",
        world: "adapter",
        imports: { "jackfield:crm/http.send": async },
        exports: { default: async },
        // Extism gets the same disposition as JSON.
        additional_derives: [serde::Serialize],
    });
}

/// Epoch ticks far enough ahead that no invocation is interrupted.
const NEVER: u64 = 1 << 40;

/// The host's engine, with stubs for the contract's imports.
pub struct BareEngine {
    engine: WasmEngine,
    linker: Linker<State>,
}

/// A guest, ready to be instantiated.
pub struct BareGuest {
    prepared: AdapterPre<State>,
    write: Write,
    waiting: Arc<AtomicUsize>,
}

/// The argument of `dispositions.write`.
#[derive(Serialize)]
pub struct Write {
    disposition: Disposition,
    idempotency_key: String,
}

struct State {
    wasi: WasiCtx,
    table: ResourceTable,
    waiting: Arc<AtomicUsize>,
}

impl BareEngine {
    /// Starts an engine with the host's configuration.
    pub fn start() -> anyhow::Result<Self> {
        let defaults = RuntimeConfig::new(PathBuf::new(), PathBuf::new());
        let engine = WasmEngine::start(defaults.max_instances, defaults.warm_instances, true).map_err(foreign)?;
        let mut linker = Linker::new(engine.wasm());
        wasmtime_wasi::p2::add_to_linker_async(&mut linker).map_err(foreign)?;
        Adapter::add_to_linker::<_, HasSelf<State>>(&mut linker, |state| state).map_err(foreign)?;
        Ok(Self { engine, linker })
    }

    /// Compiles a component to native code.
    pub fn native(&self, component: &[u8]) -> anyhow::Result<Vec<u8>> {
        self.engine.wasm().precompile_component(component).map_err(foreign)
    }

    /// Loads a guest from its native code.
    pub fn load(&self, native: &Path) -> anyhow::Result<BareGuest> {
        #[expect(unsafe_code, reason = "the file is what this program has just compiled")]
        // SAFETY: the file is what `native` of this engine wrote, in a folder of this process.
        let component = unsafe { Component::deserialize_file(self.engine.wasm(), native) };
        self.link(&component.map_err(foreign)?)
    }

    /// Loads from native code until the guest has described itself: the median in microseconds.
    pub async fn loads(&self, native: &Path, loads: usize) -> anyhow::Result<f64> {
        let took = one_by_one(loads, |_| async { self.load(native)?.describe().await }).await?;
        Ok(micros(&took))
    }

    /// Compiles a guest.
    pub fn compiled(&self, component: &[u8]) -> anyhow::Result<BareGuest> {
        self.link(&Component::new(self.engine.wasm(), component).map_err(foreign)?)
    }

    /// Compiles a component until the guest has described itself, in microseconds.
    pub async fn compile(&self, component: Vec<u8>) -> anyhow::Result<f64> {
        let began = Instant::now();
        self.compiled(&component)?.describe().await?;
        Ok(began.elapsed().as_secs_f64() * 1e6)
    }

    fn link(&self, component: &Component) -> anyhow::Result<BareGuest> {
        let linked = self.linker.instantiate_pre(component).map_err(foreign)?;
        Ok(BareGuest {
            prepared: AdapterPre::new(linked).map_err(foreign)?,
            write: Write::new(),
            waiting: Arc::default(),
        })
    }
}

impl BareGuest {
    /// One round of invocations: the median in microseconds.
    pub async fn round(&self, what: Operation, invocations: usize) -> anyhow::Result<f64> {
        let took = match what {
            Operation::Instantiate => one_by_one(invocations, |_| self.instantiate()).await,
            Operation::Empty => one_by_one(invocations, |_| self.query(super::LEAD)).await,
            Operation::Kilobyte => one_by_one(invocations, |_| async { self.kilobyte().await.map(drop) }).await,
        };
        Ok(micros(&took?))
    }

    /// Creates and drops an instance.
    pub async fn instantiate(&self) -> anyhow::Result<()> {
        let mut store = self.store();
        let started = self.prepared.instance_pre().instantiate_async(&mut store).await;
        started.map(drop).map_err(foreign)
    }

    /// A fresh instance answers a status query.
    pub async fn query(&self, lead: &str) -> anyhow::Result<()> {
        let (adapter, mut store) = self.start().await?;
        let status = adapter.jackfield_crm_status();
        let answer = status.call_query(&mut store, lead).await.map_err(foreign)?;
        answer.map(drop).map_err(|failure| anyhow::anyhow!("{failure:?}"))
    }

    /// A fresh instance returns the receipt for the disposition.
    pub async fn kilobyte(&self) -> anyhow::Result<String> {
        let (adapter, mut store) = self.start().await?;
        let Write {
            disposition,
            idempotency_key,
        } = &self.write;
        let dispositions = adapter.jackfield_crm_dispositions();
        let answer = dispositions.call_write(&mut store, disposition, idempotency_key).await;
        let receipt = answer.map_err(foreign)?;
        let receipt = receipt.map_err(|failure| anyhow::anyhow!("{failure:?}"))?;
        Ok(receipt.reference)
    }

    /// The number of invocations that wait for a response.
    pub fn waiting(&self) -> usize {
        self.waiting.load(Ordering::Relaxed)
    }

    /// A fresh instance describes itself.
    pub async fn describe(&self) -> anyhow::Result<()> {
        let (adapter, mut store) = self.start().await?;
        let said: Result<Description> = adapter.jackfield_crm_about().call_describe(&mut store).await;
        said.map(drop).map_err(foreign)
    }

    async fn start(&self) -> anyhow::Result<(Adapter, Store<State>)> {
        let mut store = self.store();
        let adapter = self.prepared.instantiate_async(&mut store).await.map_err(foreign)?;
        Ok((adapter, store))
    }

    fn store(&self) -> Store<State> {
        let state = State {
            wasi: WasiCtx::builder().build(),
            table: ResourceTable::new(),
            waiting: Arc::clone(&self.waiting),
        };
        let mut store = Store::new(self.prepared.engine(), state);
        store.set_epoch_deadline(NEVER);
        store
    }
}

impl Write {
    /// The equivalent of [`super::disposition`].
    pub fn new() -> Self {
        let text = |text: &str| Some(text.to_owned());
        let disposition = Disposition {
            call_id: super::CALL.into(),
            lead_id: super::LEAD.into(),
            outcome: Outcome::QualifiedVisitBooked,
            accepted_at: "2026-07-01T09:02:00.000Z".into(),
            duration_seconds: Some(306),
            recording_url: text("https://storage.agent.example/recordings/ZAP-CALL-20260701-0001.mp3"),
            transcript_url: text("https://storage.agent.example/transcripts/ZAP-CALL-20260701-0001.json"),
            qualification: Qualification {
                ai_intent_score: Some(82),
                budget_min: Some(8_500_000),
                budget_max: Some(12_000_000),
                bhk_preference: text("3BHK"),
                possession_timeline: text("18_months"),
                loan_required: Some(true),
                purchase_intent: text("end_use"),
                nri_flag: Some(false),
            },
            site_visit: Some(SiteVisit {
                booked: true,
                date: text("2026-07-05"),
                time_slot: text("11:00"),
                timezone: text("Asia/Kolkata"),
            }),
            dnc_requested: false,
            duplicate_detected: false,
            language_used: text("hindi"),
            extensions: vec![Extension {
                pointer: "/summary".into(),
                json: format!("{:?}", super::summary()),
            }],
        };
        Self {
            disposition,
            idempotency_key: super::CALL.into(),
        }
    }
}

impl WasiView for State {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView {
            ctx: &mut self.wasi,
            table: &mut self.table,
        }
    }
}

impl http::Host for State {
    /// Called only by guests whose memory is measured: they wait.
    async fn send(&mut self, _: http::Request) -> Result<http::Response, http::Error> {
        self.waiting.fetch_add(1, Ordering::Relaxed);
        std::future::pending().await
    }
}

impl settings::Host for State {
    fn get(&mut self, _: String) -> Option<String> {
        None
    }
}

impl credentials::Host for State {
    fn hmac_sha256(&mut self, _: String, _: Vec<u8>) -> Result<Vec<u8>, credentials::CredentialError> {
        Err(credentials::CredentialError::UnknownCredential)
    }
}

impl dates::Host for State {
    fn instant(&mut self, _: String, _: String) -> Result<String, dates::DateError> {
        Err(dates::DateError::UnknownZone)
    }

    fn local(&mut self, _: String, _: String) -> Result<String, dates::DateError> {
        Err(dates::DateError::UnknownZone)
    }
}

impl phones::Host for State {
    fn normalize(&mut self, _: String) -> Result<String, phones::PhoneError> {
        Err(phones::PhoneError::NoCountry)
    }
}

impl log::Host for State {
    fn write(&mut self, _: log::Level, _: String, _: Vec<log::Field>) {}
}

impl model::Host for State {}

#[expect(clippy::needless_pass_by_value, reason = "as `map_err` hands it over")]
fn foreign(error: wasmtime::Error) -> anyhow::Error {
    anyhow::anyhow!("{error:#}")
}
