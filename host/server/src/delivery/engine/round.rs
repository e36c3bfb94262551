//! One round of the engine: finds what is due, decides how much each tenant may claim, and claims it.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use jiff::Timestamp;

use super::{Engine, Job, POLL};
use crate::delivery::lanes::TenantDemand;
use crate::tenants::Tenant;
use jackfield_clock as clock;
use jackfield_domain::delivery::DeliveryKind;
use jackfield_domain::id::TenantName;
use jackfield_store::{ClaimRequest, ClaimableKind, ExpireHeld, LEASE, StoreError, TenantShare};

/// Most deliveries that one transaction makes dead letters because a breaker held them for too long. This many take the
/// writer only a moment.
const EXPIRED_AT_ONCE: u32 = 200;

/// The result of a round.
#[derive(Debug)]
pub(super) struct Round {
    pub(super) jobs: Vec<Job>,
    /// How many deliveries became dead letters because a breaker held them for too long.
    pub(super) expired: usize,
    /// When the engine looks for work again, unless it is notified earlier.
    pub(super) next_poll: Timestamp,
}

impl Engine {
    /// Expires leases, divides what is free among the tenants, and claims.
    pub(super) async fn round(&self) -> Result<Round, StoreError> {
        let now = self.clock.now();
        let reaped = self.store.reap(now, None).await?;
        if reaped > 0 {
            tracing::warn!(deliveries = reaped, "leases ran out");
        }
        let (mut serving, mut demands) = (HashMap::new(), vec![]);
        let mut expired = 0;
        for (name, kinds) in by_tenant(self.store.due(now).await?) {
            // Work of a tenant that cannot be served waits until it can.
            let Some(tenant) = self.tenants.get(&name) else {
                continue;
            };
            expired += self.expire_held(&tenant, now).await?;
            demands.push(self.demand(&tenant, kinds, now).await?);
            serving.insert(name, tenant);
        }
        let plan = self.lanes.divide(&demands, now);
        let jobs = self.claim(plan.shares, &serving, now).await?;
        let next_due = if jobs.is_empty() {
            self.store.next_due(now).await?
        } else {
            None
        };
        let more_to_expire = (expired > 0).then_some(now);
        let next = [next_due, plan.held_until, more_to_expire].into_iter().flatten().min();
        let poll = clock::after(now, POLL);
        Ok(Round {
            jobs,
            expired,
            next_poll: next.map_or(poll, |next| next.min(poll)),
        })
    }

    /// Claims as planned. Each claimed delivery counts as in flight at once, so that the next round sees it.
    async fn claim(
        &self,
        shares: Vec<TenantShare>,
        serving: &HashMap<TenantName, Arc<Tenant>>,
        now: Timestamp,
    ) -> Result<Vec<Job>, StoreError> {
        if shares.is_empty() {
            return Ok(vec![]);
        }
        let request = ClaimRequest {
            owner: self.owner.to_string(),
            now,
            lease: LEASE,
            tenants: shares,
        };
        let mut jobs = vec![];
        for claimed in self.store.claim(request).await? {
            if let Some(tenant) = serving.get(&claimed.tenant) {
                jobs.push(Job {
                    in_flight: self.lanes.start(&claimed.tenant, claimed.kind, now),
                    tenant: Arc::clone(tenant),
                    claimed,
                });
            }
        }
        Ok(jobs)
    }

    /// What a tenant has due and what its release allows. Counts the attempts of the day if its lane needs that.
    async fn demand(
        &self,
        tenant: &Tenant,
        kinds: Vec<DeliveryKind>,
        now: Timestamp,
    ) -> Result<TenantDemand, StoreError> {
        let name = tenant.release().tenant();
        let spec = tenant.release().spec.delivery.clone();
        let used_today = if spec.per_day.is_some() && self.lanes.needs_daily_count(name, &spec) {
            let used = self.store.attempts_since(name, spec.timezone.day(now).start).await?;
            u32::try_from(used).unwrap_or(u32::MAX)
        } else {
            0
        };
        Ok(TenantDemand {
            tenant: name.clone(),
            kinds,
            release: tenant.release().number,
            spec,
            used_today,
        })
    }

    /// Makes dead letters of some deliveries that a tenant's breaker has held for longer than its `max_hold`; returns
    /// how many.
    async fn expire_held(&self, tenant: &Tenant, now: Timestamp) -> Result<usize, StoreError> {
        let name = tenant.release().tenant();
        let max_hold = tenant.release().spec.delivery.max_hold.0;
        let held_since = self.tenants.breakers.held_since(name);
        if held_since.is_none_or(|since| clock::after(since, max_hold) > now) {
            return Ok(0);
        }
        let request = ExpireHeld {
            tenant: name.clone(),
            due_by: clock::before(now, max_hold),
            now,
            limit: EXPIRED_AT_ONCE,
        };
        let expired = self.store.expire_held(request).await?;
        if expired > 0 {
            tracing::warn!(tenant = %name, deliveries = expired, "held for longer than max_hold");
        }
        Ok(expired)
    }
}

/// Groups what is due by tenant.
fn by_tenant(due: Vec<ClaimableKind>) -> BTreeMap<TenantName, Vec<DeliveryKind>> {
    let mut tenants = BTreeMap::<_, Vec<_>>::new();
    for ClaimableKind { tenant, kind } in due {
        tenants.entry(tenant).or_default().push(kind);
    }
    tenants
}
