//! The metrics of the listeners: their connections and certificates.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::{Registry, Unit};

use super::{LabelWord, Metrics};
use jackfield_domain::intake::slow_client::ConnectionTimeout;

/// A listener of the host, by its name in metrics and in the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ListenerName {
    /// The listener for the agent and the CRMs.
    Public,
    /// The listener for operators.
    Admin,
}

impl ListenerName {
    /// Its word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::Admin => "admin",
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ListenerLabels {
    listener: LabelWord,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ListenerReasonLabels {
    listener: LabelWord,
    reason: LabelWord,
}

/// The metric families of connections.
#[derive(Debug, Clone, Default)]
pub(super) struct ConnectionMetrics {
    open: Family<ListenerLabels, Gauge>,
    refused: Family<ListenerReasonLabels, Counter>,
    timed_out: Family<ListenerReasonLabels, Counter>,
    expiry: Family<ListenerLabels, Gauge>,
}

impl ConnectionMetrics {
    pub(super) fn register(&self, registry: &mut Registry) {
        registry.register("connections", "Connections that are open", self.open.clone());
        let help = "Connections closed as they came, by the limit that was reached or what went wrong";
        registry.register("connections_refused", help, self.refused.clone());
        let help = "Connections that the host ended because their client took too long, by what it waited for";
        registry.register("connections_cut", help, self.timed_out.clone());
        let help = "When the certificate that is served expires, in seconds since 1970";
        registry.register_with_unit("tls_certificate_expiry", help, Unit::Seconds, self.expiry.clone());
    }
}

fn labels(name: ListenerName) -> ListenerLabels {
    ListenerLabels {
        listener: LabelWord(name.word()),
    }
}

fn with_reason(name: ListenerName, reason: &'static str) -> ListenerReasonLabels {
    let (listener, reason) = (LabelWord(name.word()), LabelWord(reason));
    ListenerReasonLabels { listener, reason }
}

impl Metrics {
    /// A connection was opened.
    pub fn connection_opened(&self, name: ListenerName) {
        self.0.connections.open.get_or_create(&labels(name)).inc();
    }

    /// A connection was closed.
    pub fn connection_closed(&self, name: ListenerName) {
        self.0.connections.open.get_or_create(&labels(name)).dec();
    }

    /// A new connection was refused: it was closed at once.
    pub fn connection_refused(&self, name: ListenerName, reason: &'static str) {
        self.0
            .connections
            .refused
            .get_or_create(&with_reason(name, reason))
            .inc();
    }

    /// The host ended a connection because its client exceeded a time limit.
    pub fn connection_timed_out(&self, name: ListenerName, timeout: ConnectionTimeout) {
        let labels = with_reason(name, timeout.word());
        self.0.connections.timed_out.get_or_create(&labels).inc();
    }

    /// A listener serves a certificate from now on.
    pub fn certificate_served(&self, name: ListenerName, expires: jiff::Timestamp) {
        self.0
            .connections
            .expiry
            .get_or_create(&labels(name))
            .set(expires.as_second());
    }
}
