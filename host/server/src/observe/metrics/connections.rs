//! What the listeners count.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::{Registry, Unit};

use super::{Metrics, Word};
use jackfield_domain::intake::slow_client::ConnectionTimeout;

/// Which listener.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Door {
    /// The agent's and the CRMs'.
    Public,
    /// The operators'.
    Admin,
}

impl Door {
    /// The word for it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::Admin => "admin",
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct AtDoor {
    listener: Word,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct WithReason {
    listener: Word,
    reason: Word,
}

/// What is counted of connections.
#[derive(Debug, Clone, Default)]
pub(super) struct Front {
    open: Family<AtDoor, Gauge>,
    refused: Family<WithReason, Counter>,
    cut: Family<WithReason, Counter>,
    expiry: Family<AtDoor, Gauge>,
}

impl Front {
    pub(super) fn register(&self, registry: &mut Registry) {
        registry.register("connections", "Connections that are open", self.open.clone());
        let help = "Connections closed as they came, by the limit that was reached or what went wrong";
        registry.register("connections_refused", help, self.refused.clone());
        let help = "Connections that the host ended because their client took too long, by what it waited for";
        registry.register("connections_cut", help, self.cut.clone());
        let help = "When the certificate that is served expires, in seconds since 1970";
        registry.register_with_unit("tls_certificate_expiry", help, Unit::Seconds, self.expiry.clone());
    }
}

fn at(door: Door) -> AtDoor {
    let listener = Word(door.word());
    AtDoor { listener }
}

fn with_reason(door: Door, reason: &'static str) -> WithReason {
    let (listener, reason) = (Word(door.word()), Word(reason));
    WithReason { listener, reason }
}

impl Metrics {
    /// A connection was opened.
    pub fn come_in(&self, door: Door) {
        self.0.front.open.get_or_create(&at(door)).inc();
    }

    /// It is closed.
    pub fn go_out(&self, door: Door) {
        self.0.front.open.get_or_create(&at(door)).dec();
    }

    /// A connection was closed as it came.
    pub fn turn_away(&self, door: Door, reason: &'static str) {
        self.0.front.refused.get_or_create(&with_reason(door, reason)).inc();
    }

    /// A client took too long.
    pub fn cut(&self, door: Door, cut: ConnectionTimeout) {
        self.0.front.cut.get_or_create(&with_reason(door, cut.word())).inc();
    }

    /// A certificate is served from now on.
    pub fn certificate(&self, door: Door, expires: jiff::Timestamp) {
        self.0.front.expiry.get_or_create(&at(door)).set(expires.as_second());
    }
}
