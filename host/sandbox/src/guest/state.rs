//! What an instance can reach: its release's settings, network and keys, an empty WASI, and the limits around it.

use std::sync::Arc;

use wasmtime::component::{HasSelf, Linker, ResourceTable};
use wasmtime::{Engine, Store};
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};

use super::environment::{Environment, InvocationLimits};
use super::fixed_clock::FixedClock;
use super::memory::MemoryLimiter;
use crate::contract::bindings::{Adapter, credentials, dates, http, log, model, phones, settings};
use crate::contract::v0_1;
use crate::meter::cpu;
use crate::meter::stdio::GuestStream;
use crate::outbound::send::{OutboundContext, send};
use crate::recording::tape::InvocationEnding;
use jackfield_domain::custody::fixture::{ExportInput, ExportResult};
use jackfield_domain::custody::recording::OmissionReason;
use jackfield_domain::phone::{self, InvalidPhone};
use jackfield_domain::zone::Zone;

/// Bytes that a guest may pass to the host at once: a request with the largest body, with room to spare.
pub const MAX_PASSED: usize = 4 << 20;
/// Resources (streams, pollables) that a guest may hold.
const MAX_RESOURCES: usize = 1000;
/// Resources that an instance may hold between invocations: its standard streams, which runtimes open once and keep,
/// and a pollable for each. An instance that holds more has leaked them in an invocation.
const MAX_RESOURCES_KEPT: usize = 8;
/// Random bytes that a guest may ask for at once.
const MAX_RANDOM: u64 = 64 << 10;

/// The state of an instance and of the invocation that it serves.
pub struct InstanceState {
    environment: Arc<Environment>,
    invocation: InvocationLimits,
    limiter: MemoryLimiter,
    stdout: GuestStream,
    stderr: GuestStream,
    wasi: WasiCtx,
    table: ResourceTable,
}

impl InstanceState {
    /// A store for an instance, with every limit in place.
    pub fn store(engine: &Engine, environment: Arc<Environment>, invocation: InvocationLimits) -> Store<Self> {
        let observations = &invocation.observations;
        let [stdout, stderr] = [&observations.stdout, &observations.stderr].map(|tail| {
            let stream = GuestStream::default();
            stream.redirect(tail);
            stream
        });
        let mut wasi = WasiCtx::builder();
        wasi.stdout(stdout.clone())
            .stderr(stderr.clone())
            .allow_tcp(false)
            .allow_udp(false)
            .allow_ip_name_lookup(false)
            .max_random_size(MAX_RANDOM);
        if let Some(observer) = &environment.observer {
            observer.started(observations, &invocation.cpu);
            wasi.wall_clock(FixedClock::new(observer.now()));
        }
        if let Some(tape) = observations.tape() {
            wasi.wall_clock(FixedClock::new(tape.now()));
        }
        let mut table = ResourceTable::new();
        table.set_max_capacity(MAX_RESOURCES);
        let shared = invocation.memory.for_instance(&environment.tenant);
        let limiter = MemoryLimiter::new(environment.memory, shared, Arc::clone(observations));
        let state = Self {
            environment,
            invocation,
            limiter,
            stdout,
            stderr,
            wasi: wasi.build(),
            table,
        };
        let mut store = Store::new(engine, state);
        store.limiter(|state| &mut state.limiter);
        store.set_hostcall_fuel(MAX_PASSED);
        store.set_max_component_handles(MAX_RESOURCES);
        cpu::guard(&mut store, |state| &state.invocation.cpu);
        store
    }

    /// The instance has started: what it uses from now on belongs to its first invocation.
    pub const fn started(&mut self) {
        self.limiter.reset_usage();
    }

    /// Ends the invocation that the instance serves. Returns whether the instance may serve another: whether it has
    /// enough memory, was refused none, and holds no more resources than its runtime keeps for good.
    pub fn end(&mut self) -> bool {
        self.limiter.end() && self.table.iter_mut().count() <= MAX_RESOURCES_KEPT
    }

    /// Starts another invocation.
    pub fn begin(&mut self, invocation: InvocationLimits) {
        self.stdout.redirect(&invocation.observations.stdout);
        self.stderr.redirect(&invocation.observations.stderr);
        self.limiter.begin(&invocation.observations);
        self.invocation = invocation;
    }

    /// Records an invocation that the adapter has answered, if its tenant is recorded. `invocation` makes its input and
    /// its result, or says why they cannot be recorded.
    pub fn record(&self, invocation: impl FnOnce() -> Result<(ExportInput, ExportResult), OmissionReason>) {
        let Some(tape) = self.invocation.observations.tape() else {
            return;
        };
        let Environment {
            release,
            settings,
            country,
            network,
            ..
        } = &*self.environment;
        let ending = InvocationEnding {
            release,
            settings: settings.clone().into_iter().collect(),
            country: *country,
            invocation: invocation(),
        };
        let network = network.as_ref();
        tape.finish(ending, |fixture| {
            network.is_some_and(|network| network.holds_secret(fixture))
        });
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
    v0_1::add_to_linker(&mut linker)?;
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
        let Self {
            environment,
            invocation,
            ..
        } = self;
        let recorded = invocation.observations.tape().map(|tape| (tape, request.clone()));
        let context = OutboundContext {
            tenant: &environment.tenant,
            release: &environment.release,
            observations: &invocation.observations,
            budget: &invocation.budget,
        };
        let answer = send(environment.network.as_ref(), context, request).await;
        if let Some((tape, request)) = recorded {
            tape.record_exchange(request, &answer);
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
        let signature = network.sign(&name, &bytes)?;
        if let Some(tape) = self.invocation.observations.tape() {
            tape.record_signature(&name, &bytes, &signature);
        }
        if let Some(observer) = &self.environment.observer {
            observer.signed(&signature);
        }
        Ok(signature)
    }
}

impl log::Host for InstanceState {
    fn write(&mut self, level: log::Level, message: String, fields: Vec<log::Field>) {
        if let Some(observer) = &self.environment.observer {
            observer.logged(&message, &fields);
        }
        self.invocation.observations.log(level, &message, &fields);
    }
}

impl model::Host for InstanceState {}

impl dates::Host for InstanceState {
    fn instant(&mut self, local: String, zone: String) -> Result<String, dates::DateError> {
        let zone = self::zone(&zone)?;
        zone.instant(&local).map_err(|_| dates::DateError::InvalidTime)
    }

    fn local(&mut self, instant: String, zone: String) -> Result<String, dates::DateError> {
        let zone = self::zone(&zone)?;
        zone.local(&instant).map_err(|_| dates::DateError::InvalidTime)
    }
}

fn zone(name: &str) -> Result<Zone, dates::DateError> {
    name.parse().map_err(|_| dates::DateError::UnknownZone)
}

impl phones::Host for InstanceState {
    fn normalize(&mut self, number: String) -> Result<String, phones::PhoneError> {
        phone::normalize(&number, self.environment.country).map_err(|error| match error {
            InvalidPhone::NotANumber => phones::PhoneError::NotANumber,
            InvalidPhone::NoCountry => phones::PhoneError::NoCountry,
            InvalidPhone::NotInPlan => phones::PhoneError::NotInPlan,
        })
    }
}
