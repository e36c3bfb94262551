//! What Prometheus scrapes. Labels are classes and tenants, never ids, so that their number stays bounded: a tenant is
//! a label only of counters that exist once a tenant, not once a lead.

mod front;

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use prometheus_client::encoding::{EncodeLabelSet, EncodeLabelValue, text};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

use front::Front;
use jackfield_domain::alert::AlertKind;
use jackfield_domain::delivery::DeliveryKind;
use jackfield_domain::delivery::breaker::{BreakerState, TenantBreaker};
use jackfield_domain::delivery::failure::{AttemptClass, FaultCause};
use jackfield_domain::id::TenantName;
use jackfield_store::{SharedStore, StoreError};

pub use front::Door;

/// Seconds: from a loopback CRM's answer to the longest write deadline.
const CALL_BUCKETS: [f64; 12] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.5, 1.0, 2.5, 10.0];
/// Seconds: from milliseconds, while the CRM is up, to the end of the default ladder.
const WRITE_BACK_BUCKETS: [f64; 12] = [
    0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 30.0, 150.0, 750.0, 4500.0, 86400.0,
];

/// A label of one word.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Word(&'static str);

impl EncodeLabelValue for Word {
    fn encode(&self, encoder: &mut prometheus_client::encoding::LabelValueEncoder<'_>) -> std::fmt::Result {
        encoder.write_str(self.0)
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Accepted {
    tenant: String,
    endpoint: Word,
    repeat: Word,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Refused {
    endpoint: Word,
    reason: Word,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Attempted {
    tenant: String,
    kind: Word,
    class: Word,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfTenant {
    tenant: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Answered {
    tenant: String,
    answer: Word,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Called {
    tenant: String,
    export: Word,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Faulted {
    tenant: String,
    cause: Word,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct EgressRefused {
    tenant: String,
    reason: Word,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Alerted {
    tenant: String,
    kind: Word,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Entered {
    tenant: String,
    to: Word,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Waiting {
    tenant: String,
    state: Word,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct InState {
    state: Word,
}

type Seconds = Family<OfTenant, Histogram>;

/// Everything that is counted. A clone counts the same, and costs next to nothing: every request takes some.
#[derive(Debug, Clone)]
pub struct Metrics(Arc<Families>);

#[derive(Debug)]
struct Families {
    registry: Registry,
    accepted: Family<Accepted, Counter>,
    refused: Family<Refused, Counter>,
    attempts: Family<Attempted, Counter>,
    write_back: Seconds,
    status: Seconds,
    status_answers: Family<Answered, Counter>,
    calls: Family<Called, Counter>,
    reused: Family<OfTenant, Counter>,
    faults: Family<Faulted, Counter>,
    egress_refusals: Family<EgressRefused, Counter>,
    status_full: Family<OfTenant, Counter>,
    alerts: Family<Alerted, Counter>,
    front: Front,
}

impl Default for Metrics {
    fn default() -> Self {
        let call: fn() -> Histogram = || Histogram::new(CALL_BUCKETS);
        let write: fn() -> Histogram = || Histogram::new(WRITE_BACK_BUCKETS);
        let mut registry = Registry::with_prefix("jackfield");
        let accepted = Family::default();
        registry.register(
            "accepted",
            "Requests acknowledged as durable, by whether they were repeats",
            accepted.clone(),
        );
        let refused = Family::default();
        registry.register("refused", "Requests refused, by reason", refused.clone());
        let attempts = Family::default();
        registry.register("attempts", "Delivery attempts by class", attempts.clone());
        let write_back = Family::new_with_constructor(write);
        let help = "From the acceptance of a disposition to its commit in the CRM";
        registry.register_with_unit("write_back", help, Unit::Seconds, write_back.clone());
        let status = Family::new_with_constructor(call);
        registry.register_with_unit(
            "status_query",
            "Status queries as the agent sees them",
            Unit::Seconds,
            status.clone(),
        );
        let status_answers = Family::default();
        registry.register("status_answers", "Answers to status queries", status_answers.clone());
        let calls = Family::default();
        registry.register("adapter_calls", "Calls of adapters by export", calls.clone());
        let reused = Family::default();
        let help = "Calls of adapters by an instance that had served others of its release before";
        registry.register("adapter_calls_reused", help, reused.clone());
        let faults = Family::default();
        registry.register("adapter_faults", "Adapter faults by cause", faults.clone());
        let egress_refusals = Family::default();
        let help = "Requests of adapters that the host did not send, by reason";
        registry.register("egress_refusals", help, egress_refusals.clone());
        let status_full = Family::default();
        let help = "Status queries refused because as many as there may be were waiting for the CRM";
        registry.register("status_full", help, status_full.clone());
        let alerts = Family::default();
        registry.register("alerts", "Alerts raised, by kind", alerts.clone());
        let front = Front::default();
        front.register(&mut registry);
        Self(Arc::new(Families {
            registry,
            accepted,
            refused,
            attempts,
            write_back,
            status,
            status_answers,
            calls,
            reused,
            faults,
            egress_refusals,
            status_full,
            alerts,
            front,
        }))
    }
}

impl Metrics {
    /// A request was acknowledged.
    pub fn accept(&self, tenant: &TenantName, endpoint: &'static str, repeat: bool) {
        let repeat = Word(if repeat { "true" } else { "false" });
        let labels = Accepted {
            tenant: tenant.to_string(),
            endpoint: Word(endpoint),
            repeat,
        };
        self.0.accepted.get_or_create(&labels).inc();
    }

    /// A request was refused. Not by tenant: whoever is refused may have made the name up.
    pub fn refuse(&self, endpoint: &'static str, reason: &'static str) {
        self.0
            .refused
            .get_or_create(&Refused {
                endpoint: Word(endpoint),
                reason: Word(reason),
            })
            .inc();
    }

    /// A delivery was tried.
    pub fn attempt(&self, tenant: &TenantName, kind: DeliveryKind, class: AttemptClass) {
        let labels = Attempted {
            tenant: tenant.to_string(),
            kind: Word(kind.word()),
            class: Word(class.word()),
        };
        self.0.attempts.get_or_create(&labels).inc();
    }

    /// A disposition reached its CRM, so long after it was accepted.
    pub fn written_back(&self, tenant: &TenantName, after: Duration) {
        self.0
            .write_back
            .get_or_create(&OfTenant {
                tenant: tenant.to_string(),
            })
            .observe(after.as_secs_f64());
    }

    /// A status query was answered.
    pub fn status(&self, tenant: &TenantName, answer: &'static str, took: Duration) {
        self.0
            .status
            .get_or_create(&OfTenant {
                tenant: tenant.to_string(),
            })
            .observe(took.as_secs_f64());
        self.0
            .status_answers
            .get_or_create(&Answered {
                tenant: tenant.to_string(),
                answer: Word(answer),
            })
            .inc();
    }

    /// A status query was refused because as many as there may be were waiting for the CRM.
    pub fn status_full(&self, tenant: &TenantName) {
        let tenant = tenant.to_string();
        self.0.status_full.get_or_create(&OfTenant { tenant }).inc();
    }

    /// An adapter was called, and perhaps failed. `refused` are the reasons for which its requests stayed here, and how
    /// many for each.
    pub fn call(
        &self,
        tenant: &TenantName,
        export: &'static str,
        fault: Option<FaultCause>,
        refused: &[(&'static str, u32)],
    ) {
        self.0
            .calls
            .get_or_create(&Called {
                tenant: tenant.to_string(),
                export: Word(export),
            })
            .inc();
        if let Some(cause) = fault {
            let labels = Faulted {
                tenant: tenant.to_string(),
                cause: Word(cause.word()),
            };
            self.0.faults.get_or_create(&labels).inc();
        }
        for (reason, count) in refused {
            let labels = EgressRefused {
                tenant: tenant.to_string(),
                reason: Word(reason),
            };
            self.0.egress_refusals.get_or_create(&labels).inc_by(u64::from(*count));
        }
    }

    /// A call of an adapter was served by an instance that had served others before.
    pub fn call_reused(&self, tenant: &TenantName) {
        let tenant = tenant.to_string();
        self.0.reused.get_or_create(&OfTenant { tenant }).inc();
    }

    /// A person must be told something.
    pub fn alert(&self, tenant: &TenantName, kind: AlertKind) {
        let labels = Alerted {
            tenant: tenant.to_string(),
            kind: Word(kind.word()),
        };
        self.0.alerts.get_or_create(&labels).inc();
    }

    /// The text that Prometheus reads. What waits is asked of the store when it is scraped, and `breakers` are as they
    /// stand now.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn scrape(
        &self,
        store: &SharedStore,
        breakers: &[TenantBreaker],
        now: Timestamp,
    ) -> Result<String, StoreError> {
        let mut registry = Registry::with_prefix("jackfield");
        register_breakers(&mut registry, breakers);
        let depth = Family::<Waiting, Gauge>::default();
        registry.register("queue_depth", "Deliveries that are not finished", depth.clone());
        let oldest = Family::<Waiting, Gauge>::default();
        let help = "Age of the oldest delivery that is not finished";
        registry.register_with_unit("queue_oldest_age", help, Unit::Seconds, oldest.clone());
        for waiting in store.queue_depth().await? {
            let labels = Waiting {
                tenant: waiting.tenant.to_string(),
                state: Word(waiting.state.word()),
            };
            depth
                .get_or_create(&labels)
                .set(i64::try_from(waiting.count).unwrap_or(i64::MAX));
            oldest
                .get_or_create(&labels)
                .set(now.duration_since(waiting.oldest).as_secs().max(0));
        }
        let states = Family::<InState, Gauge>::default();
        registry.register("deliveries", "Deliveries by state", states.clone());
        for (state, count) in store.states().await? {
            let count = i64::try_from(count).unwrap_or(i64::MAX);
            states
                .get_or_create(&InState {
                    state: Word(state.word()),
                })
                .set(count);
        }
        let mut page = String::new();
        // Writing to a String cannot fail; a label that could not be written would leave the page short, not wrong.
        let _ = text::encode_registry(&mut page, &self.0.registry);
        let _ = text::encode_registry(&mut page, &registry);
        let _ = text::encode_eof(&mut page);
        Ok(page)
    }
}

/// How breakers stand: 0 closed, 1 half-open or ramping, 2 open.
fn register_breakers(registry: &mut Registry, breakers: &[TenantBreaker]) {
    let state = Family::<OfTenant, Gauge>::default();
    let help = "The CRM's breaker: 0 closed, 1 half-open or ramping, 2 open";
    registry.register("breaker_state", help, state.clone());
    let transitions = Family::<Entered, Counter>::default();
    let help = "How often the CRM's breaker went to a state";
    registry.register("breaker_transitions", help, transitions.clone());
    for reading in breakers {
        let tenant = reading.tenant.to_string();
        let value = match reading.standing.state {
            BreakerState::Closed => 0,
            BreakerState::HalfOpen | BreakerState::Ramping => 1,
            BreakerState::Open => 2,
        };
        state.get_or_create(&OfTenant { tenant: tenant.clone() }).set(value);
        for (to, count) in BreakerState::ALL.into_iter().zip(reading.entered) {
            let labels = Entered {
                tenant: tenant.clone(),
                to: Word(to.word()),
            };
            transitions.get_or_create(&labels).inc_by(count);
        }
    }
}
