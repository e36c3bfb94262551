//! `[delivery]` of a tenant's file.

use std::num::NonZeroU32;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::retry::{RetryLadder, TextDuration};
use crate::zone::Zone;

/// `[delivery]`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DeliverySpec {
    /// The waits before each counted attempt, each after the previous failure.
    pub retry: RetryLadder,
    /// Deliveries of this tenant in flight at once.
    pub concurrency: NonZeroU32,
    /// Attempts a second; unlimited when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub per_second: Option<NonZeroU32>,
    /// Attempts a day; unlimited when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub per_day: Option<NonZeroU32>,
    /// Where the day of `per_day` begins: the CRM's IANA time zone, UTC when absent.
    pub timezone: Zone,
    /// How long the CRM's breaker may hold a due delivery before it becomes a dead letter. 1 minute to 30 days; a day
    /// when absent: longer than any outage that nobody notices, and short enough for a person to call back.
    pub max_hold: TextDuration,
    /// When to stop sending to a CRM that does not answer.
    pub breaker: BreakerSpec,
}

/// `[delivery.breaker]`: when to stop sending to a CRM that does not answer, and when to try again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct BreakerSpec {
    /// This many failures in a row open the breaker, and so does a half of four times as many last attempts. 1 to 100.
    pub failures: NonZeroU32,
    /// How long it stays open before the first probe; doubles after each failed probe. At least 1 second.
    pub open_for: TextDuration,
    /// The longest time between two probes. At most 1 hour, and not below `open_for`.
    pub max_open_for: TextDuration,
}

impl Default for BreakerSpec {
    /// Five failures are one pass of the default ladder, or one moment at the default concurrency. After 30 s a
    /// restarted CRM is back; probing every 5 min is soon enough for one that is not.
    fn default() -> Self {
        Self {
            failures: const { NonZeroU32::new(5).unwrap() },
            open_for: TextDuration(Duration::from_secs(30)),
            max_open_for: TextDuration(Duration::from_mins(5)),
        }
    }
}

impl Default for DeliverySpec {
    fn default() -> Self {
        Self {
            retry: RetryLadder::default(),
            concurrency: const { NonZeroU32::new(8).unwrap() },
            per_second: None,
            per_day: None,
            timezone: Zone::default(),
            max_hold: TextDuration(Duration::from_hours(24)),
            breaker: BreakerSpec::default(),
        }
    }
}
