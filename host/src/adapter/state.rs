//! What an instance can reach: the release's settings, network and keys, an empty WASI, and the limits around it.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::AtomicU32;
use std::time::Duration;

use serde_json::Value;
use wasmtime::component::{HasSelf, Linker, ResourceTable};
use wasmtime::{Engine, ResourceLimiter, Store};
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};

use super::bindings::{Adapter, credentials, http, log, model, settings};
use super::budget::Budget;
use super::cpu::{self, Cpu};
use super::engine::CORE_INSTANCES_PER_INSTANCE;
use super::log::GuestLog;
use super::network::Network;
use super::seen::{Seen, Shortage};
use crate::domain::recording::Kind;

/// Bytes that a guest may hand to the host at once: a request with the largest body, with room.
pub const MAX_HANDED_OVER: usize = 4 << 20;
/// Resources (streams, pollables) that a guest may hold.
const MAX_RESOURCES: usize = 1000;
/// Random bytes that a guest may ask for at once.
const MAX_RANDOM: u64 = 64 << 10;
/// Elements that all tables of a guest may have together.
pub const MAX_TABLE_ELEMENTS: usize = 256 << 10;

/// What the calls of one release have in common.
#[derive(Debug)]
pub struct Environment {
    /// For log lines; empty while an adapter is inspected.
    pub tenant: String,
    /// For log lines.
    pub release: String,
    /// Values as text, by name.
    pub settings: HashMap<String, String>,
    /// None while an adapter is inspected or probed.
    pub network: Option<Network>,
    /// Bytes of linear memory.
    pub memory: usize,
    /// Processor time of one call.
    pub cpu: Duration,
    /// Calls that still begin among the heavy ones, because one of them computed long.
    pub heavy_calls: AtomicU32,
}

/// The state of one instance, and so of one call.
pub struct CallState {
    environment: Arc<Environment>,
    seen: Arc<Seen>,
    budget: Budget,
    cpu: Arc<Cpu>,
    limiter: Limiter,
    log: GuestLog,
    wasi: WasiCtx,
    table: ResourceTable,
}

impl CallState {
    /// A store for one call, with every limit in place.
    pub fn store(
        engine: &Engine,
        environment: Arc<Environment>,
        seen: Arc<Seen>,
        budget: Budget,
        cpu: Arc<Cpu>,
    ) -> Store<Self> {
        let mut wasi = WasiCtx::builder();
        wasi.stdout(seen.stdout.clone())
            .stderr(seen.stderr.clone())
            .allow_tcp(false)
            .allow_udp(false)
            .allow_ip_name_lookup(false)
            .max_random_size(MAX_RANDOM);
        if let Some(tape) = seen.tape() {
            wasi.wall_clock(tape.clock());
        }
        let mut table = ResourceTable::new();
        table.set_max_capacity(MAX_RESOURCES);
        let limiter = Limiter {
            memory_left: environment.memory,
            elements_left: MAX_TABLE_ELEMENTS,
            seen: seen.clone(),
        };
        let state = Self {
            environment,
            seen,
            budget,
            cpu,
            limiter,
            log: GuestLog::default(),
            wasi: wasi.build(),
            table,
        };
        let mut store = Store::new(engine, state);
        store.limiter(|state| &mut state.limiter);
        store.set_hostcall_fuel(MAX_HANDED_OVER);
        store.set_max_component_handles(MAX_RESOURCES);
        cpu::guard(&mut store, |state| &state.cpu);
        store
    }

    /// Takes down what was asked and what the adapter answered, if the call is recorded.
    pub fn record(&self, kind: Kind, told: impl FnOnce() -> (Value, Value)) {
        if let Some(tape) = self.seen.tape() {
            let (asked, returns) = told();
            tape.end(&self.environment, kind, asked, returns);
        }
    }
}

impl Drop for CallState {
    fn drop(&mut self) {
        let (stdout, stderr) = (self.seen.stdout.last_line(), self.seen.stderr.last_line());
        self.log
            .finish(&self.environment.tenant, &self.environment.release, &stdout, &stderr);
    }
}

/// Links everything that an adapter may import: the contract, and WASI with nothing in it.
///
/// # Errors
/// Two of them define the same name.
pub fn linker(engine: &Engine) -> wasmtime::Result<Linker<CallState>> {
    let mut linker = Linker::new(engine);
    wasmtime_wasi::p2::add_to_linker_async(&mut linker)?;
    Adapter::add_to_linker::<_, HasSelf<CallState>>(&mut linker, |state| state)?;
    Ok(linker)
}

impl WasiView for CallState {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView {
            ctx: &mut self.wasi,
            table: &mut self.table,
        }
    }
}

impl http::Host for CallState {
    async fn send(&mut self, request: http::Request) -> Result<http::Response, http::Error> {
        let taped = self.seen.tape().map(|tape| (tape, request.clone()));
        let answer = super::http::send(&self.environment, &self.seen, &self.budget, request).await;
        if let Some((tape, request)) = taped {
            tape.exchanged(request, &answer);
        }
        answer
    }
}

impl settings::Host for CallState {
    fn get(&mut self, name: String) -> Option<String> {
        self.environment.settings.get(&name).cloned()
    }
}

impl credentials::Host for CallState {
    fn hmac_sha256(&mut self, name: String, bytes: Vec<u8>) -> Result<Vec<u8>, credentials::CredentialError> {
        let Some(network) = &self.environment.network else {
            return Err(credentials::CredentialError::UnknownCredential);
        };
        let signature = network.credentials.sign(&name, &bytes)?;
        if let Some(tape) = self.seen.tape() {
            tape.signed(&name, &bytes, &signature);
        }
        Ok(signature)
    }
}

impl log::Host for CallState {
    fn write(&mut self, level: log::Level, message: String, fields: Vec<log::Field>) {
        let Environment { tenant, release, .. } = &*self.environment;
        self.log.write(tenant, release, level, &message, &fields);
    }
}

impl model::Host for CallState {}

/// Counts down the memory of an instance, all of its linear memories together.
struct Limiter {
    memory_left: usize,
    elements_left: usize,
    seen: Arc<Seen>,
}

impl ResourceLimiter for Limiter {
    fn memory_growing(&mut self, current: usize, desired: usize, maximum: Option<usize>) -> wasmtime::Result<bool> {
        let granted = take(&mut self.memory_left, current, desired, maximum);
        self.seen.lack((!granted).then_some(Shortage::Memory));
        Ok(granted)
    }

    fn table_growing(&mut self, current: usize, desired: usize, maximum: Option<usize>) -> wasmtime::Result<bool> {
        let granted = take(&mut self.elements_left, current, desired, maximum);
        self.seen.lack((!granted).then_some(Shortage::Table));
        Ok(granted)
    }

    fn instances(&self) -> usize {
        CORE_INSTANCES_PER_INSTANCE as usize
    }
}

/// Takes the growth from what is left, unless it is more, or goes beyond `maximum`: the guest's own or the pool's.
fn take(left: &mut usize, current: usize, desired: usize, maximum: Option<usize>) -> bool {
    let beyond = maximum.is_some_and(|maximum| desired > maximum);
    match left.checked_sub(desired.saturating_sub(current)) {
        Some(rest) if !beyond => {
            *left = rest;
            true
        }
        _ => false,
    }
}
