//! One look for work: what is due, who may take how much of it, and the claim.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use jiff::Timestamp;

use super::{Engine, Job, POLL};
use crate::delivery::lanes::{Share, Wish};
use crate::tenants::Tenant;
use jackfield_clock as clock;
use jackfield_domain::delivery::DeliveryKind;
use jackfield_domain::id::TenantName;
use jackfield_store::{ClaimRequest, ClaimableKind, ExpireHeld, LEASE, StoreError, TenantShare};

/// Dead letters that are made in one transaction of what a breaker held for too long: a moment of the writer's time.
const GIVE_UP_AT_ONCE: u32 = 200;

/// A look for work.
#[derive(Debug)]
pub(super) struct Round {
    pub(super) jobs: Vec<Job>,
    /// Deliveries that were given up.
    pub(super) given_up: usize,
    /// When there may be more, if nobody says so earlier.
    pub(super) until: Timestamp,
}

impl Engine {
    /// Looks for work once: takes away expired leases, divides what is free among the tenants, claims.
    pub(super) async fn round(&self) -> Result<Round, StoreError> {
        let now = self.clock.now();
        let expired = self.store.reap(now, None).await?;
        if expired > 0 {
            tracing::warn!(deliveries = expired, "leases ran out");
        }
        let (mut serving, mut wishes) = (HashMap::new(), vec![]);
        let mut given_up = 0;
        for due in by_tenant(self.store.due(now).await?) {
            // Work of a tenant that cannot be served waits until it can.
            let Some(tenant) = self.tenants.get(&due.0) else {
                continue;
            };
            given_up += self.expire_held(&tenant, now).await?;
            wishes.push(self.wish(&tenant, due.1, now).await?);
            serving.insert(due.0, tenant);
        }
        let divided = self.lanes.divide(&wishes, now);
        let jobs = self.claim(divided.shares, &serving, now).await?;
        let next = if jobs.is_empty() {
            self.store.next_due(now).await?
        } else {
            None
        };
        let more = (given_up > 0).then_some(now);
        let until = [next, divided.held_until, more].into_iter().flatten().min();
        let poll = clock::after(now, POLL);
        Ok(Round {
            jobs,
            given_up,
            until: until.map_or(poll, |until| until.min(poll)),
        })
    }

    /// Claims what was divided. Each claimed delivery departs at once, so that the next round counts it.
    async fn claim(
        &self,
        shares: Vec<Share>,
        serving: &HashMap<TenantName, Arc<Tenant>>,
        now: Timestamp,
    ) -> Result<Vec<Job>, StoreError> {
        if shares.is_empty() {
            return Ok(vec![]);
        }
        let share = |share: Share| TenantShare {
            tenant: share.tenant,
            limit: share.limit,
            kinds: share.kinds,
            last: share.last,
            release: share.release,
        };
        let claim = ClaimRequest {
            owner: self.owner.clone(),
            now,
            lease: LEASE,
            tenants: shares.into_iter().map(share).collect(),
        };
        let mut jobs = vec![];
        for claimed in self.store.claim(claim).await? {
            if let Some(tenant) = serving.get(&claimed.tenant) {
                jobs.push(Job {
                    flight: self.lanes.depart(&claimed.tenant, claimed.kind, now),
                    tenant: Arc::clone(tenant),
                    claimed,
                });
            }
        }
        Ok(jobs)
    }

    async fn wish(&self, tenant: &Tenant, kinds: Vec<DeliveryKind>, now: Timestamp) -> Result<Wish, StoreError> {
        let name = tenant.release().tenant();
        let spec = tenant.release().spec.delivery.clone();
        let used_today = if spec.per_day.is_some() && self.lanes.is_new(name, &spec) {
            let used = self.store.attempts_since(name, spec.timezone.day(now).start).await?;
            u32::try_from(used).unwrap_or(u32::MAX)
        } else {
            0
        };
        Ok(Wish {
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
        let held = self.tenants.breakers.held_since(name);
        if held.is_none_or(|since| clock::after(since, max_hold) > now) {
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
