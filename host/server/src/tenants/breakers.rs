//! The circuit breakers of the tenants' CRMs on this host. The delivery engine drives them, and operators read and
//! override them; what must outlive the host is in the store.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};

use jiff::Timestamp;

use jackfield_clock::lock;
use jackfield_domain::delivery::DeliverySpec;
use jackfield_domain::delivery::breaker::{
    Breaker, BreakerCapacity, BreakerChange, BreakerOverride, BreakerPermit, BreakerState, BreakerStatus,
    FinishedAttempt, TenantBreaker,
};
use jackfield_domain::id::{DeliveryId, TenantName};
use jackfield_store::BreakerRecord;

/// Every tenant's breaker. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Breakers(Arc<Mutex<BTreeMap<TenantName, CountedBreaker>>>);

#[derive(Debug, Default)]
struct CountedBreaker {
    breaker: Breaker,
    /// How often the breaker entered each state.
    entered: [u64; BreakerState::ALL.len()],
}

impl Breakers {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<TenantName, CountedBreaker>> {
        lock(&self.0)
    }

    fn with<T>(&self, tenant: &TenantName, access: impl FnOnce(&mut Breaker) -> T) -> T {
        access(&mut self.lock().entry(tenant.clone()).or_default().breaker)
    }

    /// Changes a breaker; if its state changes, counts and logs that.
    fn change<T>(
        &self,
        tenant: &TenantName,
        change: impl FnOnce(&mut Breaker) -> (T, Option<BreakerChange>),
    ) -> (T, Option<BreakerChange>) {
        let mut entries = self.lock();
        let entry = entries.entry(tenant.clone()).or_default();
        let (result, transition) = change(&mut entry.breaker);
        if let Some(BreakerChange { from, to }) = transition {
            for (count, _) in entry
                .entered
                .iter_mut()
                .zip(BreakerState::ALL)
                .filter(|(_, state)| *state == to)
            {
                *count += 1;
            }
            let forced = entry.breaker.forced().map(BreakerOverride::word);
            if to == BreakerState::Open {
                tracing::warn!(%tenant, %from, %to, forced, "the CRM's breaker changes");
            } else {
                tracing::info!(%tenant, %from, %to, forced, "the CRM's breaker changes");
            }
        }
        (result, transition)
    }

    /// How many dispositions may be attempted now, and which of them are claimed last.
    #[must_use]
    pub fn capacity(
        &self,
        tenant: &TenantName,
        spec: &DeliverySpec,
        now: Timestamp,
    ) -> (BreakerCapacity, Vec<DeliveryId>) {
        self.with(tenant, |breaker| (breaker.capacity(spec, now), breaker.claim_last()))
    }

    /// Acquires the permit for an attempt of a disposition.
    pub fn acquire_permit(&self, tenant: &TenantName) -> BreakerPermit {
        self.change(tenant, Breaker::acquire).0
    }

    /// Reports how an attempt of a disposition ended; returns the change of the breaker's state, if there was one.
    #[must_use]
    pub fn report(
        &self,
        tenant: &TenantName,
        attempt: FinishedAttempt,
        spec: &DeliverySpec,
        now: Timestamp,
        jitter: f64,
    ) -> Option<BreakerChange> {
        let record = |breaker: &mut Breaker| ((), breaker.record(attempt, spec, now, jitter));
        self.change(tenant, record).1
    }

    /// Releases the permit of a disposition that was not sent.
    pub fn release_permit(&self, tenant: &TenantName, permit: BreakerPermit) {
        self.with(tenant, |breaker| breaker.cancel(permit));
    }

    /// Allows a probe at once, because something about the CRM or its settings was repaired.
    pub fn probe_now(&self, tenant: &TenantName, now: Timestamp) {
        self.with(tenant, |breaker| breaker.probe_now(now));
    }

    /// Since when the breaker has let only probes through; none if it lets more through.
    #[must_use]
    pub fn held_since(&self, tenant: &TenantName) -> Option<Timestamp> {
        self.lock().get(tenant)?.breaker.held_since()
    }

    /// The status of a tenant's breaker; one that has not been used yet is closed.
    #[must_use]
    pub fn status(&self, tenant: &TenantName) -> BreakerStatus {
        let entries = self.lock();
        let known = entries.get(tenant).map(|entry| entry.breaker.status());
        known.unwrap_or_else(|| Breaker::default().status())
    }

    /// The breakers of all tenants.
    #[must_use]
    pub fn statuses(&self) -> Vec<TenantBreaker> {
        let status = |(tenant, entry): (&TenantName, &CountedBreaker)| TenantBreaker {
            tenant: tenant.clone(),
            status: entry.breaker.status(),
            entered: entry.entered,
        };
        self.lock().iter().map(status).collect()
    }

    /// Applies what the store says: the override of an operator, at this host or another, and, for a tenant that is new
    /// to this host, since when its CRM has not answered.
    pub fn sync(&self, records: &[BreakerRecord], now: Timestamp) {
        for record in records {
            let is_new = {
                let mut entries = self.lock();
                let is_new = !entries.contains_key(&record.tenant);
                entries.entry(record.tenant.clone()).or_insert_with(|| CountedBreaker {
                    breaker: Breaker::resume(record.forced, record.open_since, now),
                    ..CountedBreaker::default()
                });
                is_new
            };
            if !is_new {
                let force = |breaker: &mut Breaker| {
                    let differs = breaker.forced() != record.forced;
                    ((), differs.then(|| breaker.set_override(record.forced, now)).flatten())
                };
                // `change` has logged and counted the transition.
                let _transition = self.change(&record.tenant, force);
            }
        }
    }
}
