//! What an instance can reach: the release's settings, network and keys, an empty WASI, and the limits around it.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use wasmtime::component::{HasSelf, Linker, ResourceTable};
use wasmtime::{Engine, ResourceLimiter, Store};
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};

use super::bindings::{Adapter, credentials, http, log, model, settings};
use super::budget::TimeBudget;
use super::cpu::{self, CpuMeter};
use super::engine::CORE_INSTANCES_PER_INSTANCE;
use super::heavy::LongRunHistory;
use super::log::GuestLog;
use super::network::Network;
use super::rehearsal::StandIn;
use super::seen::{Observations, Shortage};
use super::stdio::GuestStream;
use jackfield_domain::custody::recording::Kind;

/// Bytes that a guest may hand to the host at once: a request with the largest body, with room.
pub const MAX_HANDED_OVER: usize = 4 << 20;
/// Resources (streams, pollables) that a guest may hold.
const MAX_RESOURCES: usize = 1000;
/// Resources that an instance may hold from one call to the next: its standard streams, which runtimes open once and
/// keep, and a pollable for each. Whatever holds more is left over from a call.
const KEPT_RESOURCES: usize = 8;
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
    /// Whether its calls compute long.
    pub habit: LongRunHistory,
}

/// What one call is measured by: of its own even where its instance has served others.
#[derive(Debug, Clone)]
pub struct InvocationLimits {
    /// What the host sees of it.
    pub seen: Arc<Observations>,
    /// Its time.
    pub budget: TimeBudget,
    /// Its processor time.
    pub cpu: Arc<CpuMeter>,
}

/// The state of one instance, and of the call that it serves.
pub struct InstanceState {
    environment: Arc<Environment>,
    call: InvocationLimits,
    log: GuestLog,
    limiter: MemoryLimiter,
    stdout: GuestStream,
    stderr: GuestStream,
    wasi: WasiCtx,
    table: ResourceTable,
}

impl InstanceState {
    /// A store for a call, with every limit in place.
    pub fn store(engine: &Engine, environment: Arc<Environment>, call: InvocationLimits) -> Store<Self> {
        let [stdout, stderr] = [&call.seen.stdout, &call.seen.stderr].map(|tail| {
            let stream = GuestStream::default();
            stream.lead_to(tail);
            stream
        });
        let mut wasi = WasiCtx::builder();
        wasi.stdout(stdout.clone())
            .stderr(stderr.clone())
            .allow_tcp(false)
            .allow_udp(false)
            .allow_ip_name_lookup(false)
            .max_random_size(MAX_RANDOM);
        if let Some(stand_in) = environment.stand_in() {
            stand_in.watch(&call.seen, &call.cpu);
            wasi.wall_clock(stand_in.wall_clock());
        }
        if let Some(tape) = call.seen.tape() {
            wasi.wall_clock(tape.clock());
        }
        let mut table = ResourceTable::new();
        table.set_max_capacity(MAX_RESOURCES);
        let limiter = MemoryLimiter {
            memory_left: environment.memory,
            elements_left: MAX_TABLE_ELEMENTS,
            left_before: environment.memory,
            largest_call: 0,
            refused: false,
            seen: call.seen.clone(),
        };
        let state = Self {
            environment,
            call,
            log: GuestLog::default(),
            limiter,
            stdout,
            stderr,
            wasi: wasi.build(),
            table,
        };
        let mut store = Store::new(engine, state);
        store.limiter(|state| &mut state.limiter);
        store.set_hostcall_fuel(MAX_HANDED_OVER);
        store.set_max_component_handles(MAX_RESOURCES);
        cpu::guard(&mut store, |state| &state.call.cpu);
        store
    }

    /// The instance has started: what it takes from now on, its first call takes.
    pub const fn started(&mut self) {
        self.limiter.left_before = self.limiter.memory_left;
    }

    /// Ends the call that the instance serves. Returns whether it may serve another: whether there is memory left for a
    /// call that takes as much as the largest so far, it was refused none, and it holds no more than what its runtime
    /// keeps for good.
    pub fn end(&mut self) -> bool {
        self.tell();
        self.limiter.end() && self.table.iter_mut().count() <= KEPT_RESOURCES
    }

    /// Begins another call.
    pub fn begin(&mut self, call: InvocationLimits) {
        self.stdout.lead_to(&call.seen.stdout);
        self.stderr.lead_to(&call.seen.stderr);
        self.limiter.seen = call.seen.clone();
        self.limiter.left_before = self.limiter.memory_left;
        self.log = GuestLog::default();
        self.call = call;
    }

    /// Logs what is only known when a call has ended, once.
    fn tell(&mut self) {
        let seen = &self.call.seen;
        let (stdout, stderr) = (seen.stdout.last_line(), seen.stderr.last_line());
        self.log
            .finish(&self.environment.tenant, &self.environment.release, &stdout, &stderr);
    }

    /// Takes down what was asked and what the adapter answered, if the call is recorded.
    pub fn record(&self, kind: Kind, told: impl FnOnce() -> (Value, Value)) {
        if let Some(tape) = self.call.seen.tape() {
            let (asked, returns) = told();
            tape.end(&self.environment, kind, asked, returns);
        }
    }
}

impl Environment {
    /// What stands in the network's place, in a rehearsal.
    fn stand_in(&self) -> Option<&StandIn> {
        self.network.as_ref().and_then(Network::stand_in)
    }
}

impl Drop for InstanceState {
    fn drop(&mut self) {
        self.tell();
    }
}

/// Links everything that an adapter may import: the contract, and WASI with nothing in it.
///
/// # Errors
/// Two of them define the same name.
pub fn linker(engine: &Engine) -> wasmtime::Result<Linker<InstanceState>> {
    let mut linker = Linker::new(engine);
    wasmtime_wasi::p2::add_to_linker_async(&mut linker)?;
    Adapter::add_to_linker::<_, HasSelf<InstanceState>>(&mut linker, |state| state)?;
    Ok(linker)
}

impl WasiView for InstanceState {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView {
            ctx: &mut self.wasi,
            table: &mut self.table,
        }
    }
}

impl http::Host for InstanceState {
    async fn send(&mut self, request: http::Request) -> Result<http::Response, http::Error> {
        let taped = self.call.seen.tape().map(|tape| (tape, request.clone()));
        let answer = super::http::send(&self.environment, &self.call.seen, &self.call.budget, request).await;
        if let Some((tape, request)) = taped {
            tape.exchanged(request, &answer);
        }
        answer
    }
}

impl settings::Host for InstanceState {
    fn get(&mut self, name: String) -> Option<String> {
        self.environment.settings.get(&name).cloned()
    }
}

impl credentials::Host for InstanceState {
    fn hmac_sha256(&mut self, name: String, bytes: Vec<u8>) -> Result<Vec<u8>, credentials::CredentialError> {
        let Some(network) = &self.environment.network else {
            return Err(credentials::CredentialError::UnknownCredential);
        };
        let signature = network.credentials.sign(&name, &bytes)?;
        if let Some(tape) = self.call.seen.tape() {
            tape.signed(&name, &bytes, &signature);
        }
        Ok(signature)
    }
}

impl log::Host for InstanceState {
    fn write(&mut self, level: log::Level, message: String, fields: Vec<log::Field>) {
        let Environment { tenant, release, .. } = &*self.environment;
        if let Some(stand_in) = self.environment.stand_in() {
            stand_in.note(&message, &fields);
        }
        self.log.write(tenant, release, level, &message, &fields);
    }
}

impl model::Host for InstanceState {}

/// Counts down the memory of an instance, all of its linear memories together.
struct MemoryLimiter {
    memory_left: usize,
    elements_left: usize,
    /// What was left when the call under way began.
    left_before: usize,
    /// What one call has taken at most.
    largest_call: usize,
    /// It was refused something at some time, whether or not it got over it.
    refused: bool,
    seen: Arc<Observations>,
}

impl MemoryLimiter {
    /// Ends a call. Returns whether another may follow.
    fn end(&mut self) -> bool {
        let taken = self.left_before.saturating_sub(self.memory_left);
        self.largest_call = self.largest_call.max(taken);
        !self.refused && self.memory_left >= self.largest_call
    }
}

impl ResourceLimiter for MemoryLimiter {
    fn memory_growing(&mut self, current: usize, desired: usize, maximum: Option<usize>) -> wasmtime::Result<bool> {
        let granted = take(&mut self.memory_left, current, desired, maximum);
        self.refused |= !granted;
        self.seen.lack((!granted).then_some(Shortage::Memory));
        if granted {
            self.seen.grow(desired.saturating_sub(current));
        }
        Ok(granted)
    }

    fn table_growing(&mut self, current: usize, desired: usize, maximum: Option<usize>) -> wasmtime::Result<bool> {
        let granted = take(&mut self.elements_left, current, desired, maximum);
        self.refused |= !granted;
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
