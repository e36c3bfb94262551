//! The breakers of the tenants' CRMs, as this host has them. The delivery engine drives them, operators look at them
//! and force them; what must outlive the host is in the store.

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
pub struct Breakers(Arc<Mutex<BTreeMap<TenantName, Entry>>>);

#[derive(Debug, Default)]
struct Entry {
    breaker: Breaker,
    entered: [u64; BreakerState::ALL.len()],
}

impl Breakers {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<TenantName, Entry>> {
        lock(&self.0)
    }

    fn with<T>(&self, tenant: &TenantName, ask: impl FnOnce(&mut Breaker) -> T) -> T {
        ask(&mut self.lock().entry(tenant.clone()).or_default().breaker)
    }

    /// Changes a breaker; if that brings it to another state, counts and tells it.
    fn drive<T>(
        &self,
        tenant: &TenantName,
        drive: impl FnOnce(&mut Breaker) -> (T, Option<BreakerChange>),
    ) -> (T, Option<BreakerChange>) {
        let mut entries = self.lock();
        let entry = entries.entry(tenant.clone()).or_default();
        let (result, change) = drive(&mut entry.breaker);
        if let Some(BreakerChange { from, to }) = change {
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
        (result, change)
    }

    /// How many dispositions may begin, and which of them go last.
    #[must_use]
    pub fn room(&self, tenant: &TenantName, spec: &DeliverySpec, now: Timestamp) -> (BreakerCapacity, Vec<DeliveryId>) {
        self.with(tenant, |breaker| (breaker.capacity(spec, now), breaker.claim_last()))
    }

    /// A disposition goes out.
    pub fn begin(&self, tenant: &TenantName) -> BreakerPermit {
        self.drive(tenant, Breaker::acquire).0
    }

    /// A disposition came back.
    #[must_use]
    pub fn end(
        &self,
        tenant: &TenantName,
        ended: FinishedAttempt,
        spec: &DeliverySpec,
        now: Timestamp,
        jitter: f64,
    ) -> Option<BreakerChange> {
        let end = |breaker: &mut Breaker| ((), breaker.record(ended, spec, now, jitter));
        self.drive(tenant, end).1
    }

    /// A disposition went no further than the host.
    pub fn abandon(&self, tenant: &TenantName, pass: BreakerPermit) {
        self.with(tenant, |breaker| breaker.cancel(pass));
    }

    /// Something about the CRM was mended.
    pub fn probe_now(&self, tenant: &TenantName, now: Timestamp) {
        self.with(tenant, |breaker| breaker.probe_now(now));
    }

    /// Since when nothing but probes has gone, if that is so.
    #[must_use]
    pub fn held_since(&self, tenant: &TenantName) -> Option<Timestamp> {
        self.lock().get(tenant)?.breaker.held_since()
    }

    /// How a tenant's breaker stands; one that nothing has gone through yet is closed.
    #[must_use]
    pub fn status(&self, tenant: &TenantName) -> BreakerStatus {
        let entries = self.lock();
        let known = entries.get(tenant).map(|entry| entry.breaker.status());
        known.unwrap_or_else(|| Breaker::default().status())
    }

    /// How all of them stand, by tenant.
    #[must_use]
    pub fn readings(&self) -> Vec<TenantBreaker> {
        let reading = |(tenant, entry): (&TenantName, &Entry)| TenantBreaker {
            tenant: tenant.clone(),
            status: entry.breaker.status(),
            entered: entry.entered,
        };
        self.lock().iter().map(reading).collect()
    }

    /// Does as the store says: what an operator forced, here or at another host, and, of a tenant that this host knows
    /// nothing of yet, since when its CRM has not answered.
    pub fn follow(&self, records: &[BreakerRecord], now: Timestamp) {
        for record in records {
            let is_new = {
                let mut entries = self.lock();
                let is_new = !entries.contains_key(&record.tenant);
                entries.entry(record.tenant.clone()).or_insert_with(|| Entry {
                    breaker: Breaker::resume(record.forced, record.open_since, now),
                    ..Entry::default()
                });
                is_new
            };
            if !is_new {
                let force = |breaker: &mut Breaker| {
                    let differs = breaker.forced() != record.forced;
                    ((), differs.then(|| breaker.set_override(record.forced, now)).flatten())
                };
                let _told = self.drive(&record.tenant, force);
            }
        }
    }
}
