//! What a delivery carries, and all that differs from kind to kind.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::NextStep;
use crate::id::LeadId;

/// What is delivered, and so to whom.
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

/// How one kind of delivery is treated. A new kind is a new row of [`DeliveryKind::rules`], an attempt file in the
/// server's `delivery/attempt/`, and a migration.
#[derive(Debug, PartialEq, Eq)]
pub struct KindRules {
    /// Its word in the database, the API and the metrics.
    pub word: &'static str,
    /// What its deliveries of one lead are put in order by: the prefix of their order keys. Deliveries of kinds with
    /// different prefixes do not wait for each other; `None` goes in no order.
    pub order: Option<&'static str>,
    /// What its document is.
    pub document: DocumentShape,
    /// Where it goes.
    pub destination: Destination,
    /// Whether the breaker of the tenant's CRM holds it back.
    pub breaker: bool,
    /// Whether an attempt may be repeated blindly.
    pub writes: Writes,
    /// Whether a person has to enter it by hand while it is stuck, which flags its lead.
    pub manual: bool,
    /// Whether a person may say that the destination has it after all. Not for a webhook, whose leads would be lost.
    pub may_be_settled: bool,
}

/// What a delivery's document is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DocumentShape {
    /// Bytes in the CRM's own shape.
    Raw,
    /// A lead in the contract's shape.
    Lead,
    /// A disposition in the contract's shape.
    Disposition,
}

/// Where a delivery goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Destination {
    /// Into the tenant's adapter, which asks nobody.
    Adapter,
    /// To the calling platform.
    Agent,
    /// Through the adapter into the tenant's CRM.
    Crm,
}

/// What a repeated attempt does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Writes {
    /// What the adapter says of its writes holds.
    AsAdapterDeclares,
    /// Repeating an attempt changes nothing more.
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

/// A push carries its delivery's id, under which the agent recognises a repeat.
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

    /// How this kind is treated.
    #[must_use]
    pub const fn rules(self) -> &'static KindRules {
        match self {
            Self::Inbound => &INBOUND,
            Self::Lead => &LEAD,
            Self::Disposition => &DISPOSITION,
        }
    }

    /// The word for it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        self.rules().word
    }

    /// The kind that a word names.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.word() == word)
    }
}

/// What a step does to the flag that asks a person to enter a delivery into the CRM by hand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ManualFlag {
    /// The delivery is stuck: its lead is flagged.
    Set,
    /// The destination has it: the flag is cleared.
    Clear,
    /// Nothing changes.
    Keep,
}

impl DeliveryKind {
    /// The key that puts the deliveries of this kind to one lead in order; `None` if they go in no order.
    #[must_use]
    pub fn order_key(self, lead: &LeadId) -> Option<String> {
        self.rules().order.map(|prefix| format!("{prefix}:{lead}"))
    }

    /// What follows for the lead's manual flag when a delivery of this kind takes a step.
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
    fn leads_and_dispositions_have_lines_of_their_own() {
        let lead: LeadId = "L-1".parse().unwrap();
        let keys = DeliveryKind::ALL.map(|kind| kind.order_key(&lead));
        assert_eq!(keys, [None, Some("lead:L-1".into()), Some("call:L-1".into())]);
    }

    #[test]
    fn only_stuck_dispositions_flag_their_lead() {
        let done = NextStep::Done {
            reference: String::new(),
        };
        let stuck = [
            NextStep::Dead(StopReason::AttemptsUsedUp),
            NextStep::Review(StopReason::Rejected),
        ];
        for step in stuck {
            let flags = DeliveryKind::ALL.map(|kind| kind.manual_flag(&step));
            assert_eq!(flags, [ManualFlag::Keep, ManualFlag::Keep, ManualFlag::Set]);
        }
        let flags = DeliveryKind::ALL.map(|kind| kind.manual_flag(&done));
        assert_eq!(flags, [ManualFlag::Keep, ManualFlag::Keep, ManualFlag::Clear]);
    }
}
