//! What a store records about a breaker, so that a restarted host can resume it.

use jiff::Timestamp;

use super::{BreakerChange, BreakerOverride, BreakerState};
use crate::delivery::failure::AttemptClass;
use crate::id::TenantName;

/// What a change means for the record of a breaker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BreakerEvent {
    /// It opened: this is recorded, and raises an alert.
    Opened,
    /// It closed: it is no longer recorded as open.
    Closed,
}

impl BreakerChange {
    /// What to record about the change. A breaker that is recorded as open does not open again, and probes and ramps
    /// are not recorded.
    #[must_use]
    pub const fn event(self, open_since: Option<Timestamp>) -> Option<BreakerEvent> {
        match (self.from, self.to) {
            (_, BreakerState::Closed) => Some(BreakerEvent::Closed),
            (BreakerState::Closed, _) if open_since.is_none() => Some(BreakerEvent::Opened),
            _ => None,
        }
    }
}

/// The message of the alert that a tenant's breaker opened, after an attempt of this class.
#[must_use]
pub fn opened_message(tenant: &TenantName, class: AttemptClass) -> String {
    format!(
        "the CRM's breaker opened: the last attempt was {class}; dispositions wait and lose no attempts; repair the \
         CRM or its address, `jackfield breaker show {tenant}` says when it is tried again"
    )
}

/// Since when a breaker is recorded as open after an operator changed its override at `now`.
#[must_use]
pub fn open_since_after_override(
    open_since: Option<Timestamp>,
    before: Option<BreakerOverride>,
    after: Option<BreakerOverride>,
    now: Timestamp,
) -> Option<Timestamp> {
    match (before, after) {
        (_, Some(BreakerOverride::Open)) => open_since.or(Some(now)),
        (_, Some(BreakerOverride::Closed)) | (Some(BreakerOverride::Closed), None) => None,
        (Some(BreakerOverride::Open) | None, None) => open_since,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::UNIX_EPOCH;

    #[test]
    fn only_the_first_opening_is_recorded() {
        let change = |from, to| BreakerChange { from, to };
        let opened = change(BreakerState::Closed, BreakerState::Open);
        assert_eq!(opened.event(None), Some(BreakerEvent::Opened));
        assert_eq!(opened.event(Some(NOW)), None);
        assert_eq!(change(BreakerState::HalfOpen, BreakerState::Open).event(None), None);
        let closed = change(BreakerState::Ramping, BreakerState::Closed);
        assert_eq!(closed.event(Some(NOW)), Some(BreakerEvent::Closed));
    }

    #[test]
    fn overrides_keep_the_first_opening() {
        let (open, closed) = (Some(BreakerOverride::Open), Some(BreakerOverride::Closed));
        let earlier = Some(Timestamp::MIN);
        assert_eq!(open_since_after_override(None, None, open, NOW), Some(NOW));
        assert_eq!(open_since_after_override(earlier, None, open, NOW), earlier);
        assert_eq!(open_since_after_override(earlier, open, closed, NOW), None);
        assert_eq!(open_since_after_override(earlier, closed, None, NOW), None);
        assert_eq!(open_since_after_override(earlier, open, None, NOW), earlier);
        assert_eq!(open_since_after_override(None, None, None, NOW), None);
    }
}
