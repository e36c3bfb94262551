//! The metrics that Prometheus scrapes. Labels are classes and tenants, never ids, so that their number stays bounded:
//! a tenant is a label only of metrics that exist once for each tenant, not once for each lead.

mod connections;
mod page;

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use prometheus_client::encoding::{EncodeLabelSet, EncodeLabelValue};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

use connections::ConnectionMetrics;
use jackfield_domain::alert::AlertKind;
use jackfield_domain::delivery::DeliveryKind;
use jackfield_domain::delivery::failure::{AttemptClass, FaultCause};
use jackfield_domain::id::TenantName;

pub use connections::ListenerName;
pub use page::{PageFormat, TenantGauges};

/// Seconds of a status query: from a loopback CRM's answer to the longest write deadline.
const STATUS_QUERY_BUCKETS: [f64; 12] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.5, 1.0, 2.5, 10.0];
/// Seconds of a write-back: from milliseconds, while the CRM is up, to the end of the default ladder.
const WRITE_BACK_BUCKETS: [f64; 12] = [
    0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 30.0, 150.0, 750.0, 4500.0, 86400.0,
];

/// The value of a label: one word of a fixed set.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct LabelWord(&'static str);

impl EncodeLabelValue for LabelWord {
    fn encode(&self, encoder: &mut prometheus_client::encoding::LabelValueEncoder<'_>) -> std::fmt::Result {
        encoder.write_str(self.0)
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct AcceptedLabels {
    tenant: String,
    endpoint: LabelWord,
    repeat: LabelWord,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RefusedLabels {
    endpoint: LabelWord,
    reason: LabelWord,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct TenantReasonLabels {
    tenant: String,
    reason: LabelWord,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct AttemptLabels {
    tenant: String,
    kind: LabelWord,
    class: LabelWord,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct TenantLabels {
    tenant: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct AnswerLabels {
    tenant: String,
    answer: LabelWord,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct InvocationLabels {
    tenant: String,
    export: LabelWord,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct FaultLabels {
    tenant: String,
    cause: LabelWord,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct AlertLabels {
    tenant: String,
    kind: LabelWord,
}

type TenantSeconds = Family<TenantLabels, Histogram>;

/// All metrics of a host. Clones share the same counts and are cheap, since every request needs some.
#[derive(Debug, Clone)]
pub struct Metrics(Arc<Families>);

#[derive(Debug)]
struct Families {
    registry: Registry,
    accepted: Family<AcceptedLabels, Counter>,
    refused: Family<RefusedLabels, Counter>,
    webhooks_refused: Family<TenantReasonLabels, Counter>,
    attempts: Family<AttemptLabels, Counter>,
    write_back: TenantSeconds,
    status: TenantSeconds,
    status_answers: Family<AnswerLabels, Counter>,
    invocations: Family<InvocationLabels, Counter>,
    reused: Family<TenantLabels, Counter>,
    faults: Family<FaultLabels, Counter>,
    egress_refusals: Family<TenantReasonLabels, Counter>,
    status_full: Family<TenantLabels, Counter>,
    alerts: Family<AlertLabels, Counter>,
    connections: ConnectionMetrics,
}

impl Default for Metrics {
    fn default() -> Self {
        let query: fn() -> Histogram = || Histogram::new(STATUS_QUERY_BUCKETS);
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
        let webhooks_refused = Family::default();
        let help = "Webhooks refused, by the tenant that they name, if it exists, and by reason";
        registry.register("webhooks_refused", help, webhooks_refused.clone());
        let attempts = Family::default();
        registry.register("attempts", "Delivery attempts by class", attempts.clone());
        let write_back = Family::new_with_constructor(write);
        let help = "From the acceptance of a disposition to its commit in the CRM";
        registry.register_with_unit("write_back", help, Unit::Seconds, write_back.clone());
        let status = Family::new_with_constructor(query);
        registry.register_with_unit(
            "status_query",
            "Status queries as the agent sees them",
            Unit::Seconds,
            status.clone(),
        );
        let status_answers = Family::default();
        registry.register("status_answers", "Answers to status queries", status_answers.clone());
        let invocations = Family::default();
        registry.register("adapter_calls", "Calls of adapters by export", invocations.clone());
        let reused = Family::default();
        let help = "Calls of adapters by an instance that had served others of its release before";
        registry.register("adapter_calls_reused", help, reused.clone());
        let faults = Family::default();
        registry.register("adapter_faults", "Adapter faults by cause", faults.clone());
        let egress_refusals = Family::default();
        let help = "Requests of adapters, and pushes, that the host did not send, by reason";
        registry.register("egress_refusals", help, egress_refusals.clone());
        let status_full = Family::default();
        let help = "Status queries refused because as many as there may be were waiting for the CRM";
        registry.register("status_full", help, status_full.clone());
        let alerts = Family::default();
        registry.register("alerts", "Alerts raised, by kind", alerts.clone());
        let connections = ConnectionMetrics::default();
        connections.register(&mut registry);
        Self(Arc::new(Families {
            registry,
            accepted,
            refused,
            webhooks_refused,
            attempts,
            write_back,
            status,
            status_answers,
            invocations,
            reused,
            faults,
            egress_refusals,
            status_full,
            alerts,
            connections,
        }))
    }
}

impl Metrics {
    /// A request was acknowledged.
    pub fn request_accepted(&self, tenant: &TenantName, endpoint: &'static str, repeat: bool) {
        let repeat = LabelWord(if repeat { "true" } else { "false" });
        let labels = AcceptedLabels {
            tenant: tenant.to_string(),
            endpoint: LabelWord(endpoint),
            repeat,
        };
        self.0.accepted.get_or_create(&labels).inc();
    }

    /// A request was refused. The tenant is not a label: a refused client may have made the name up.
    pub fn request_refused(&self, endpoint: &'static str, reason: &'static str) {
        self.0
            .refused
            .get_or_create(&RefusedLabels {
                endpoint: LabelWord(endpoint),
                reason: LabelWord(reason),
            })
            .inc();
    }

    /// A webhook was refused that names a tenant of this host. Others are not counted here: their names are made up.
    pub fn webhook_refused(&self, tenant: &TenantName, reason: &'static str) {
        let labels = TenantReasonLabels {
            tenant: tenant.to_string(),
            reason: LabelWord(reason),
        };
        self.0.webhooks_refused.get_or_create(&labels).inc();
    }

    /// A delivery was attempted.
    pub fn delivery_attempted(&self, tenant: &TenantName, kind: DeliveryKind, class: AttemptClass) {
        let labels = AttemptLabels {
            tenant: tenant.to_string(),
            kind: LabelWord(kind.word()),
            class: LabelWord(class.word()),
        };
        self.0.attempts.get_or_create(&labels).inc();
    }

    /// A disposition was committed in the CRM, this long after it was accepted.
    pub fn written_back(&self, tenant: &TenantName, after: Duration) {
        self.0
            .write_back
            .get_or_create(&TenantLabels {
                tenant: tenant.to_string(),
            })
            .observe(after.as_secs_f64());
    }

    /// A status query was answered.
    pub fn status_answered(&self, tenant: &TenantName, answer: &'static str, took: Duration) {
        self.0
            .status
            .get_or_create(&TenantLabels {
                tenant: tenant.to_string(),
            })
            .observe(took.as_secs_f64());
        self.0
            .status_answers
            .get_or_create(&AnswerLabels {
                tenant: tenant.to_string(),
                answer: LabelWord(answer),
            })
            .inc();
    }

    /// A status query was refused because the most that are allowed were already waiting for the CRM.
    pub fn status_refused(&self, tenant: &TenantName) {
        let tenant = tenant.to_string();
        self.0.status_full.get_or_create(&TenantLabels { tenant }).inc();
    }

    /// An export of an adapter was invoked, and perhaps failed. `refused` gives the reasons for which the host did not
    /// send requests of the adapter, and how many requests there were for each.
    pub fn invocation(
        &self,
        tenant: &TenantName,
        export: &'static str,
        fault: Option<FaultCause>,
        refused: &[(&'static str, u32)],
    ) {
        self.0
            .invocations
            .get_or_create(&InvocationLabels {
                tenant: tenant.to_string(),
                export: LabelWord(export),
            })
            .inc();
        if let Some(cause) = fault {
            let labels = FaultLabels {
                tenant: tenant.to_string(),
                cause: LabelWord(cause.word()),
            };
            self.0.faults.get_or_create(&labels).inc();
        }
        for (reason, count) in refused {
            let labels = TenantReasonLabels {
                tenant: tenant.to_string(),
                reason: LabelWord(reason),
            };
            self.0.egress_refusals.get_or_create(&labels).inc_by(u64::from(*count));
        }
    }

    /// A push to the agent was not sent, because the tenant's rules do not allow it.
    pub fn push_refused(&self, tenant: &TenantName, reason: &'static str) {
        let labels = TenantReasonLabels {
            tenant: tenant.to_string(),
            reason: LabelWord(reason),
        };
        self.0.egress_refusals.get_or_create(&labels).inc();
    }

    /// An invocation ran in an instance that had run others before.
    pub fn invocation_reused(&self, tenant: &TenantName) {
        let tenant = tenant.to_string();
        self.0.reused.get_or_create(&TenantLabels { tenant }).inc();
    }

    /// An alert was announced.
    pub fn alert_raised(&self, tenant: &TenantName, kind: AlertKind) {
        let labels = AlertLabels {
            tenant: tenant.to_string(),
            kind: LabelWord(kind.word()),
        };
        self.0.alerts.get_or_create(&labels).inc();
    }
}
