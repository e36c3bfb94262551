//! The message of an alert about a delivery: ids, classes and what to do, in one line.

use super::{DeliveryKind, DeliveryVerdict, NextStep, StopReason};
use crate::id::DeliveryId;

impl DeliveryVerdict {
    /// The message of the alert that this verdict raises.
    #[must_use]
    pub fn alert_message(&self, kind: DeliveryKind, id: DeliveryId) -> String {
        let class = self.class;
        match &self.step {
            NextStep::Dead(StopReason::HeldTooLong) => format!(
                "{kind} {id} is dead: {}: the CRM's breaker was open for longer than max_hold; when the CRM answers \
                 again, replay it",
                StopReason::HeldTooLong
            ),
            NextStep::Dead(reason) => {
                format!("{kind} {id} is dead: {reason}, last attempt {class}; repair the destination, then replay it")
            }
            NextStep::Review(reason) => {
                format!("{kind} {id} needs a decision: {reason}, last attempt {class}; edit, replay or discard it")
            }
            NextStep::Retry { .. } | NextStep::Done { .. } => {
                format!("{kind} {id}: last attempt {class}; check the tenant's credentials, it is tried again")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::AttemptHistory;
    use super::*;

    fn message(verdict: &DeliveryVerdict) -> String {
        verdict.alert_message(DeliveryKind::Disposition, DeliveryId(7))
    }

    #[test]
    fn held_deliveries_wait_for_the_crm() {
        let text = message(&DeliveryVerdict::held_too_long(AttemptHistory::default()));
        assert!(text.starts_with("disposition dlv_7 is dead: "), "{text}");
        assert!(text.ends_with("when the CRM answers again, replay it"), "{text}");
    }

    #[test]
    fn reviews_ask_for_a_decision() {
        let text = message(&DeliveryVerdict::unreadable(AttemptHistory::default()));
        assert!(text.starts_with("disposition dlv_7 needs a decision: "), "{text}");
        assert!(text.ends_with("edit, replay or discard it"), "{text}");
    }
}
