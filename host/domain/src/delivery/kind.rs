//! The kinds of deliveries, and everything that differs between them.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::NextStep;
use crate::id::LeadId;

/// What is delivered, which also determines the recipient.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "kebab-case")]
#[schema(as = Kind)]
pub enum DeliveryKind {
    /// A webhook in the CRM's own shape, to be parsed by the adapter into leads.
    Inbound,
    /// A lead, to the agent.
    Lead,
    /// A disposition, to the CRM.
    Disposition,
}

/// The rules for one kind of delivery. A new kind is a new row of [`DeliveryKind::rules`], an attempt file in the
/// server's `delivery/attempt/`, and a migration.
#[derive(Debug, PartialEq, Eq)]
pub struct KindRules {
    /// Its word in the database, the API and the metrics.
    pub word: &'static str,
    /// The prefix of the order keys, by which its deliveries of one lead are kept in order. Kinds with different
    /// prefixes do not wait for each other; `None` means no order.
    pub order: Option<&'static str>,
    /// The format of its document.
    pub document: DocumentShape,
    /// Where it goes.
    pub destination: Destination,
    /// Whether the breaker of the tenant's CRM holds it back.
    pub breaker: bool,
    /// Whether an attempt may be repeated without a lookup.
    pub writes: Writes,
    /// Whether a person has to enter it by hand once it has stopped, which flags its lead.
    pub manual: bool,
    /// Whether an operator may mark it as delivered. Not for a webhook, whose leads would be lost.
    pub may_be_settled: bool,
}

/// The format of a delivery's document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DocumentShape {
    /// Bytes in the CRM's own shape.
    Raw,
    /// A lead in the contract's shape.
    Lead,
    /// A disposition in the contract's shape.
    Disposition,
}

impl DocumentShape {
    /// Whether the document is what its sender sent, and not a document of the contract.
    #[must_use]
    pub const fn is_raw(self) -> bool {
        match self {
            Self::Raw => true,
            Self::Lead | Self::Disposition => false,
        }
    }
}

/// Where a delivery goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Destination {
    /// To the tenant's adapter, which sends no requests for it.
    Adapter,
    /// To the calling platform.
    Agent,
    /// Through the adapter to the tenant's CRM.
    Crm,
}

/// The effect of a repeated attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Writes {
    /// As the adapter declares for its writes.
    AsAdapterDeclares,
    /// A repeated attempt changes nothing.
    Idempotent,
}

const INBOUND: KindRules = KindRules {
    word: "inbound",
    order: None,
    document: DocumentShape::Raw,
    destination: Destination::Adapter,
    breaker: false,
    writes: Writes::Idempotent,
    manual: false,
    may_be_settled: false,
};

/// A push carries its delivery's id, by which the agent recognizes a repeat.
const LEAD: KindRules = KindRules {
    word: "lead",
    order: Some("lead"),
    document: DocumentShape::Lead,
    destination: Destination::Agent,
    breaker: false,
    writes: Writes::Idempotent,
    manual: false,
    may_be_settled: true,
};

const DISPOSITION: KindRules = KindRules {
    word: "disposition",
    order: Some("call"),
    document: DocumentShape::Disposition,
    destination: Destination::Crm,
    breaker: true,
    writes: Writes::AsAdapterDeclares,
    manual: true,
    may_be_settled: true,
};

impl DeliveryKind {
    /// Every kind, for tables and metrics.
    pub const ALL: [Self; 3] = [Self::Inbound, Self::Lead, Self::Disposition];

    /// The rules for this kind.
    #[must_use]
    pub const fn rules(self) -> &'static KindRules {
        match self {
            Self::Inbound => &INBOUND,
            Self::Lead => &LEAD,
            Self::Disposition => &DISPOSITION,
        }
    }

    /// The kind's word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        self.rules().word
    }

    /// The kind with this word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.word() == word)
    }
}

/// How a step changes the flag that asks a person to enter a delivery into the CRM by hand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ManualFlag {
    /// The delivery has stopped: its lead is flagged.
    Set,
    /// The destination has accepted it: the flag is cleared.
    Clear,
    /// Nothing changes.
    Keep,
}

impl DeliveryKind {
    /// The key that orders the deliveries of this kind for one lead; `None` if they have no order.
    #[must_use]
    pub fn order_key(self, lead: &LeadId) -> Option<String> {
        self.rules().order.map(|prefix| format!("{prefix}:{lead}"))
    }

    /// How a delivery of this kind changes its lead's manual flag when it takes a step.
    #[must_use]
    pub const fn manual_flag(self, step: &NextStep) -> ManualFlag {
        match step {
            NextStep::Dead(_) | NextStep::Review(_) if self.rules().manual => ManualFlag::Set,
            NextStep::Done { .. } if self.rules().manual => ManualFlag::Clear,
            _ => ManualFlag::Keep,
        }
    }
}

impl fmt::Display for DeliveryKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::delivery::StopReason;

    #[test]
    fn every_kind_has_its_word() {
        assert_eq!(
            DeliveryKind::ALL.map(DeliveryKind::word),
            ["inbound", "lead", "disposition"]
        );
        for kind in DeliveryKind::ALL {
            assert_eq!(DeliveryKind::from_word(kind.word()), Some(kind));
        }
    }

    #[test]
    fn leads_and_dispositions_are_ordered_apart() {
        let lead: LeadId = "L-1".parse().unwrap();
        let keys = DeliveryKind::ALL.map(|kind| kind.order_key(&lead));
        assert_eq!(keys, [None, Some("lead:L-1".into()), Some("call:L-1".into())]);
    }

    #[test]
    fn only_stopped_dispositions_flag_leads() {
        let done = NextStep::Done {
            reference: String::new(),
        };
        let stopped = [
            NextStep::Dead(StopReason::AttemptsUsedUp),
            NextStep::Review(StopReason::Rejected),
        ];
        for step in stopped {
            let flags = DeliveryKind::ALL.map(|kind| kind.manual_flag(&step));
            assert_eq!(flags, [ManualFlag::Keep, ManualFlag::Keep, ManualFlag::Set]);
        }
        let flags = DeliveryKind::ALL.map(|kind| kind.manual_flag(&done));
        assert_eq!(flags, [ManualFlag::Keep, ManualFlag::Keep, ManualFlag::Clear]);
    }
}
