//! What stands in the network's place in a rehearsal: a double of the CRM, a time that stands still, and a memory of
//! what the guest wrote.

use std::collections::BTreeMap;
use std::fmt;
use std::pin::Pin;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use wasmtime_wasi::HostWallClock;

use super::super::bindings::log::Field;
use super::super::budget::TimeBudget;
use super::super::cpu::CpuMeter;
use super::super::http::SendError;
use super::super::seen::Observations;
use jackfield_clock::{Clock, SharedClock};

/// Log lines that are kept of one call: ten times what the host takes, so that a flood is seen as one.
const MAX_LINES: usize = 640;

/// A request as it would have left the host. Credentials are not in it: a rehearsal has none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CrmRequest {
    /// `GET`, `POST`, …
    pub method: String,
    /// Absolute and normalised.
    pub url: String,
    /// In the order in which the guest set them, names in lower case.
    pub headers: Vec<(String, String)>,
    /// Empty for none.
    pub body: Vec<u8>,
}

/// What the double of a CRM does with a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CrmReply {
    /// A whole answer. The host's own limits of headers and body apply to it.
    Answer {
        /// Its status code.
        status: u16,
        /// Its headers.
        headers: BTreeMap<String, String>,
        /// Its body.
        body: Vec<u8>,
    },
    /// The host would not send it.
    Denied(String),
    /// No connection comes about.
    Unreachable(String),
    /// The request left, and the connection broke.
    NoAnswer(String),
    /// An answer came that is too large.
    TooLarge(String),
    /// The answer takes longer than the call has left.
    TooSlow,
}

/// A double of a CRM, for one call.
pub trait CrmDouble: fmt::Debug + Send + Sync {
    /// Answers a request.
    fn answer(&self, asked: CrmRequest) -> CrmReply;
}

/// One call's stand-in.
#[derive(Debug)]
pub struct StandIn {
    crm: Arc<dyn CrmDouble>,
    now: Timestamp,
    clock: Arc<SkippingClock>,
    log: Mutex<Vec<String>>,
    watched: OnceLock<(Arc<Observations>, Arc<CpuMeter>)>,
}

impl StandIn {
    /// A stand-in on which the guest's clock shows `now`, in a call whose deadlines go by `clock`.
    pub fn new(crm: Arc<dyn CrmDouble>, now: Timestamp, clock: Arc<SkippingClock>) -> Self {
        Self {
            crm,
            now,
            clock,
            log: Mutex::default(),
            watched: OnceLock::new(),
        }
    }

    /// Remembers what the call is watched by, which the call's end does not outlive otherwise.
    pub fn watch(&self, seen: &Arc<Observations>, cpu: &Arc<CpuMeter>) {
        // A stand-in has one call, so nothing was there before.
        let _ = self.watched.set((Arc::clone(seen), Arc::clone(cpu)));
    }

    /// The guest's clock.
    pub fn wall_clock(&self) -> impl HostWallClock + 'static {
        Standing(Duration::try_from(self.now.duration_since(Timestamp::UNIX_EPOCH)).unwrap_or_default())
    }

    /// Keeps a line that the guest logged.
    pub fn note(&self, message: &str, fields: &[Field]) {
        let mut log = self.log.lock().unwrap_or_else(PoisonError::into_inner);
        if log.len() < MAX_LINES {
            let fields = fields.iter().map(|field| format!(" {}={}", field.name, field.value));
            log.push(format!("{message}{}", fields.collect::<String>()));
        }
    }

    /// What the guest wrote: its log lines, and the ends of its standard streams.
    pub fn written(&self) -> Vec<String> {
        let mut written = self.log.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some((seen, _)) = self.watched.get() {
            let streams = [seen.stdout.text(), seen.stderr.text()];
            written.extend(streams.into_iter().filter(|text| !text.is_empty()));
        }
        written
    }

    /// The linear memory that the guest took, in bytes, and the processor time that the call used.
    pub fn used(&self) -> (usize, Duration) {
        let watched = self.watched.get();
        watched.map_or((0, Duration::ZERO), |(seen, cpu)| (seen.memory(), cpu.spent_so_far()))
    }

    /// Time that passed on the stand-in only.
    pub fn skipped(&self) -> Duration {
        Duration::from_millis(self.clock.jumped.load(Ordering::Relaxed))
    }

    /// Hands a request to the double.
    ///
    /// # Errors
    /// What the double says instead of an answer.
    pub fn play(
        &self,
        request: &reqwest::Request,
        budget: &TimeBudget,
        seen: &Observations,
    ) -> Result<reqwest::Response, SendError> {
        let headers = request.headers().iter();
        let headers = headers.map(|(name, value)| {
            let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
            (name.as_str().to_owned(), value)
        });
        let asked = CrmRequest {
            method: request.method().to_string(),
            url: request.url().to_string(),
            headers: headers.collect(),
            body: request
                .body()
                .and_then(reqwest::Body::as_bytes)
                .unwrap_or_default()
                .to_vec(),
        };
        match self.crm.answer(asked) {
            CrmReply::Answer { status, headers, body } => {
                let mut answer = http::Response::builder().status(status);
                for (name, value) in &headers {
                    answer = answer.header(name, value);
                }
                let unusable = |error| SendError::NoAnswer(format!("the fixture's answer is none of HTTP: {error}"));
                Ok(answer.body(body).map_err(unusable)?.into())
            }
            CrmReply::Denied(why) => Err(SendError::Denied(why)),
            CrmReply::Unreachable(why) => Err(SendError::Unreachable(why)),
            CrmReply::NoAnswer(why) => Err(SendError::NoAnswer(why)),
            CrmReply::TooLarge(why) => Err(SendError::TooLarge(why)),
            CrmReply::TooSlow => {
                let left = budget.left();
                self.clock.skip(left);
                seen.run_out_of_time();
                let left = left.as_millis();
                Err(SendError::NoAnswer(format!(
                    "no complete answer within the {left} ms that the call had left"
                )))
            }
        }
    }
}

/// A guest's clock that stands still, so that what it makes of the time is the same in every rehearsal.
struct Standing(Duration);

impl HostWallClock for Standing {
    fn resolution(&self) -> Duration {
        Duration::from_nanos(1)
    }

    fn now(&self) -> Duration {
        self.0
    }
}

/// A clock that runs, and that a stand-in can move on: nobody waits for a CRM that is slow on stand-in only.
#[derive(Debug)]
pub struct SkippingClock {
    base: SharedClock,
    /// Milliseconds that it is ahead of its base.
    skipped: AtomicI64,
    /// Those of them that were skipped since it began.
    jumped: AtomicU64,
}

impl SkippingClock {
    /// A clock that begins at `now`.
    pub fn new(base: SharedClock, now: Timestamp) -> Self {
        let skipped = AtomicI64::new(now.as_millisecond().saturating_sub(base.now().as_millisecond()));
        Self {
            base,
            skipped,
            jumped: AtomicU64::new(0),
        }
    }

    fn skip(&self, by: Duration) {
        let millis = i64::try_from(by.as_millis()).unwrap_or(i64::MAX);
        self.skipped.fetch_add(millis, Ordering::Relaxed);
        self.jumped.fetch_add(millis.unsigned_abs(), Ordering::Relaxed);
    }

    fn skipped(&self) -> SignedDuration {
        SignedDuration::from_millis(self.skipped.load(Ordering::Relaxed))
    }
}

impl Clock for SkippingClock {
    fn now(&self) -> Timestamp {
        self.base.now().saturating_add(self.skipped()).unwrap_or(Timestamp::MAX)
    }

    fn sleep_until(&self, deadline: Timestamp) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        let deadline = deadline.saturating_sub(self.skipped()).unwrap_or(Timestamp::MAX);
        self.base.sleep_until(deadline)
    }
}
