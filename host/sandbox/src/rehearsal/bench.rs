//! What surrounds one rehearsed invocation: a double of the CRM instead of the network, a guest's clock that stands
//! still, and a copy of everything that the guest writes.

use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use jiff::Timestamp;

use super::clock::SkippingClock;
use super::double::{CrmDouble, CrmReply, CrmRequest};
use crate::contract::bindings::log::Field;
use crate::guest::environment::GuestObserver;
use crate::meter::budget::TimeBudget;
use crate::meter::cpu::CpuMeter;
use crate::meter::observations::Observations;
use crate::outbound::error::SendError;
use crate::outbound::network::NetworkDouble;
use jackfield_clock::lock;

/// Log lines of one invocation that are kept: ten times as many as the host writes, so that a flood is visible.
const MAX_LINES: usize = 640;

/// The bench of one invocation.
#[derive(Debug)]
pub struct RehearsalBench {
    crm: Arc<dyn CrmDouble>,
    now: Timestamp,
    clock: Arc<SkippingClock>,
    log: Mutex<Vec<String>>,
    signatures: Mutex<Vec<Vec<u8>>>,
    measured: OnceLock<(Arc<Observations>, Arc<CpuMeter>)>,
}

impl RehearsalBench {
    /// A bench on which the guest's clock shows `now`, for an invocation whose deadlines are in the time of `clock`.
    pub fn new(crm: Arc<dyn CrmDouble>, now: Timestamp, clock: Arc<SkippingClock>) -> Self {
        Self {
            crm,
            now,
            clock,
            log: Mutex::default(),
            signatures: Mutex::default(),
            measured: OnceLock::new(),
        }
    }

    /// What the guest wrote: its log lines, and the last output on its standard streams.
    pub fn written(&self) -> Vec<String> {
        let mut written = lock(&self.log).clone();
        if let Some((observations, _)) = self.measured.get() {
            let streams = [observations.stdout.text(), observations.stderr.text()];
            written.extend(streams.into_iter().filter(|text| !text.is_empty()));
        }
        written
    }

    /// The signatures that were made for the guest, in order.
    pub fn signatures(&self) -> Vec<Vec<u8>> {
        lock(&self.signatures).clone()
    }

    /// The linear memory that the guest used, in bytes, and the processor time of the invocation.
    pub fn used(&self) -> (usize, Duration) {
        let measured = self.measured.get();
        measured.map_or((0, Duration::ZERO), |(observations, cpu)| {
            (observations.memory(), cpu.used_so_far())
        })
    }

    /// Time that passed on the bench only.
    pub fn skipped(&self) -> Duration {
        self.clock.skipped()
    }
}

impl GuestObserver for RehearsalBench {
    fn started(&self, observations: &Arc<Observations>, cpu: &Arc<CpuMeter>) {
        // A bench has one invocation, so nothing was set before.
        let _ = self.measured.set((Arc::clone(observations), Arc::clone(cpu)));
    }

    fn now(&self) -> Timestamp {
        self.now
    }

    fn signed(&self, signature: &[u8]) {
        lock(&self.signatures).push(signature.to_vec());
    }

    fn logged(&self, message: &str, fields: &[Field]) {
        let mut log = lock(&self.log);
        if log.len() < MAX_LINES {
            let fields = fields.iter().map(|field| format!(" {}={}", field.name, field.value));
            log.push(format!("{message}{}", fields.collect::<String>()));
        }
    }
}

impl NetworkDouble for RehearsalBench {
    fn answer(
        &self,
        request: &reqwest::Request,
        budget: &TimeBudget,
        observations: &Observations,
    ) -> Result<reqwest::Response, SendError> {
        let headers = request.headers().iter();
        let headers = headers.map(|(name, value)| {
            let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
            (name.as_str().to_owned(), value)
        });
        let request = CrmRequest {
            method: request.method().to_string(),
            url: request.url().to_string(),
            headers: headers.collect(),
            body: request
                .body()
                .and_then(reqwest::Body::as_bytes)
                .unwrap_or_default()
                .to_vec(),
        };
        match self.crm.answer(request) {
            CrmReply::Answer { status, headers, body } => {
                let mut answer = http::Response::builder().status(status);
                for (name, value) in &headers {
                    answer = answer.header(name, value);
                }
                let invalid = |error| SendError::NoAnswer(format!("the fixture's answer is not valid HTTP: {error}"));
                Ok(answer.body(body).map_err(invalid)?.into())
            }
            CrmReply::Denied(why) => Err(SendError::Denied(why)),
            CrmReply::Unreachable(why) => Err(SendError::Unreachable(why)),
            CrmReply::NoAnswer(why) => Err(SendError::NoAnswer(why)),
            CrmReply::TooLarge(why) => Err(SendError::TooLarge(why)),
            CrmReply::TooSlow => {
                let left = budget.left();
                self.clock.skip(left);
                observations.set_out_of_time();
                Err(SendError::out_of_time(left))
            }
        }
    }
}
