//! One round of the engine: what is due, how much of it each tenant may claim, and the claim.

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

/// Most dead letters in one transaction, of what a breaker held for too long: a moment of the writer's time.
const GIVE_UP_AT_ONCE: u32 = 200;

/// What a round found.
#[derive(Debug)]
pub(super) struct Round {
    pub(super) jobs: Vec<Job>,
    /// Deliveries that were given up.
    pub(super) given_up: usize,
    /// When there may be more, if nobody says so earlier.
    pub(super) until: Timestamp,
}

impl Engine {
    /// Expires leases, divides what is free among the tenants, and claims.
    pub(super) async fn round(&self) -> Result<Round, StoreError> {
        let now = self.clock.now();
        let expired = self.store.reap(now, None).await?;
        if expired > 0 {
            tracing::warn!(deliveries = expired, "leases ran out");
        }
        let (mut serving, mut demands) = (HashMap::new(), vec![]);
        let mut given_up = 0;
        for due in by_tenant(self.store.due(now).await?) {
            // Work of a tenant that cannot be served waits until it can.
            let Some(tenant) = self.tenants.get(&due.0) else {
                continue;
            };
            given_up += self.expire_held(&tenant, now).await?;
            demands.push(self.demand(&tenant, due.1, now).await?);
            serving.insert(due.0, tenant);
        }
        let plan = self.lanes.divide(&demands, now);
        let jobs = self.claim(plan.shares, &serving, now).await?;
        let next = if jobs.is_empty() {
            self.store.next_due(now).await?
        } else {
            None
        };
        let more = (given_up > 0).then_some(now);
        let until = [next, plan.held_until, more].into_iter().flatten().min();
        let poll = clock::after(now, POLL);
        Ok(Round {
            jobs,
            given_up,
            until: until.map_or(poll, |until| until.min(poll)),
        })
    }

    /// Claims by the plan. Each claimed delivery is in flight at once, so that the next round counts it.
    async fn claim(
        &self,
        shares: Vec<TenantShare>,
        serving: &HashMap<TenantName, Arc<Tenant>>,
        now: Timestamp,
    ) -> Result<Vec<Job>, StoreError> {
        if shares.is_empty() {
            return Ok(vec![]);
        }
        let claim = ClaimRequest {
            owner: self.owner.to_string(),
            now,
            lease: LEASE,
            tenants: shares,
        };
        let mut jobs = vec![];
        for claimed in self.store.claim(claim).await? {
            if let Some(tenant) = serving.get(&claimed.tenant) {
                jobs.push(Job {
                    in_flight: self.lanes.begin(&claimed.tenant, claimed.kind, now),
                    tenant: Arc::clone(tenant),
                    claimed,
                });
            }
        }
        Ok(jobs)
    }

    async fn demand(
        &self,
        tenant: &Tenant,
        kinds: Vec<DeliveryKind>,
        now: Timestamp,
    ) -> Result<TenantDemand, StoreError> {
        let name = tenant.release().tenant();
        let spec = tenant.release().spec.delivery.clone();
        let used_today = if spec.per_day.is_some() && self.lanes.is_new(name, &spec) {
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

    /// Gives up some of what a tenant's breaker has held for longer than its `max_hold`; returns how much.
    async fn expire_held(&self, tenant: &Tenant, now: Timestamp) -> Result<usize, StoreError> {
        let name = tenant.release().tenant();
        let max_hold = tenant.release().spec.delivery.max_hold.0;
        let held_since = self.tenants.breakers.held_since(name);
        if held_since.is_none_or(|since| clock::after(since, max_hold) > now) {
            return Ok(0);
        }
        let order = ExpireHeld {
            tenant: name.clone(),
            due_by: clock::before(now, max_hold),
            now,
            limit: GIVE_UP_AT_ONCE,
        };
        let given_up = self.store.expire_held(order).await?;
        if given_up > 0 {
            tracing::warn!(tenant = %name, deliveries = given_up, "held for longer than max_hold");
        }
        Ok(given_up)
    }
}

/// What is due, tenant by tenant.
fn by_tenant(due: Vec<ClaimableKind>) -> BTreeMap<TenantName, Vec<DeliveryKind>> {
    let mut tenants = BTreeMap::<_, Vec<_>>::new();
    for ClaimableKind { tenant, kind } in due {
        tenants.entry(tenant).or_default().push(kind);
    }
    tenants
}
