//! Active releases that do not load on this host: why, and when they are tried again.

use std::collections::HashMap;
use std::sync::Mutex;
use std::time::Duration;

use jiff::Timestamp;

use jackfield_clock::{self as clock, lock};
use jackfield_domain::id::{ReleaseNumber, TenantName};

/// The wait after the first failure. What repairs a release by a request (a file that is applied, a secret that is set)
/// loads it at once; the retries are for what changes unseen, such as a file.
const FIRST_WAIT: Duration = Duration::from_secs(1);
/// The longest wait. A release may have to be compiled each time, and there may be thousands.
const MAX_WAIT: Duration = Duration::from_mins(1);

/// The active releases that did not load when they were last tried.
#[derive(Debug, Default)]
pub(super) struct LoadFailures(Mutex<HashMap<TenantName, LoadFailure>>);

/// Why a tenant's active release does not load.
#[derive(Debug, Clone, PartialEq, Eq)]
struct LoadFailure {
    release: ReleaseNumber,
    reason: String,
    wait: Duration,
    retry_at: Timestamp,
}

impl LoadFailures {
    /// Records a failure; returns whether it is a new one, for the log.
    pub(super) fn record(&self, tenant: &TenantName, release: ReleaseNumber, reason: &str, now: Timestamp) -> bool {
        let mut failures = lock(&self.0);
        let last = failures.get(tenant).filter(|last| last.release == release);
        let is_new = last.is_none_or(|last| last.reason != reason);
        let wait = last.map_or(FIRST_WAIT, |last| (2 * last.wait).min(MAX_WAIT));
        let failure = LoadFailure {
            release,
            reason: reason.to_owned(),
            wait,
            retry_at: clock::after(now, wait),
        };
        failures.insert(tenant.clone(), failure);
        is_new
    }

    /// Forgets the failure of a tenant whose active release is loaded.
    pub(super) fn remove(&self, tenant: &TenantName) {
        lock(&self.0).remove(tenant);
    }

    /// Whether this release of the tenant failed, and is not to be tried again yet.
    pub(super) fn waits(&self, tenant: &TenantName, release: ReleaseNumber, now: Timestamp) -> bool {
        let failures = lock(&self.0);
        let failure = failures.get(tenant);
        failure.is_some_and(|failure| failure.release == release && failure.retry_at > now)
    }

    /// The tenants whose active release is to be tried again.
    pub(super) fn due(&self, now: Timestamp) -> Vec<TenantName> {
        let failures = lock(&self.0);
        let due = failures.iter().filter(|(_, failure)| failure.retry_at <= now);
        due.map(|(tenant, _)| tenant.clone()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retries_slow_down_to_one_a_minute() {
        let failures = LoadFailures::default();
        let (tenant, release) = ("acme".parse().unwrap(), ReleaseNumber(1));
        let mut now = Timestamp::from_second(1000).unwrap();
        let mut waits = vec![];
        for _ in 0..8 {
            failures.record(&tenant, release, "no secret", now);
            assert!(failures.waits(&tenant, release, now) && failures.due(now).is_empty());
            let before = now;
            while failures.due(now).is_empty() {
                now = clock::after(now, Duration::from_secs(1));
            }
            waits.push(now.duration_since(before).as_secs());
        }
        assert_eq!(waits, [1, 2, 4, 8, 16, 32, 60, 60]);
        assert!(!failures.waits(&tenant, release, now));
    }

    #[test]
    fn another_release_or_reason_is_new() {
        let failures = LoadFailures::default();
        let (tenant, now) = ("acme".parse().unwrap(), Timestamp::from_second(1000).unwrap());
        let record = |release, reason| failures.record(&tenant, ReleaseNumber(release), reason, now);
        assert!(record(1, "no secret"));
        assert!(!record(1, "no secret"));
        assert!(record(1, "no adapter"));
        assert!(record(2, "no adapter"));
        assert!(
            !failures.waits(&tenant, ReleaseNumber(3), now),
            "another release is tried at once"
        );
        failures.remove(&tenant);
        assert!(record(2, "no adapter"));
    }
}
