//! Claims deliveries, and finds out when there is something to claim.

use std::sync::LazyLock;

use jiff::Timestamp;
use rusqlite::{Connection, params};

use crate::column::{Columns as _, later, micros};
use crate::delivery::row::{DeliveryRow, Document};
use crate::line;
use crate::sql::{all, execute, first, only};
use crate::writer::{Transaction, Write};
use jackfield_domain::delivery::{DeliveryKind, DeliveryRank, DeliveryState};
use jackfield_domain::id::{DeliveryId, Fence, TenantName};
use jackfield_store::{ClaimRequest, ClaimableKind, ClaimedDelivery, Lease, StoreError, TenantShare};

/// Deliveries of one kind and rank of a tenant that may go now, the longest due first.
pub(crate) const CLAIMABLE: &str = "select id, due from queue indexed by queue_ready
    where tenant = ? and kind = ? and rank = ? and state = 'ready' and blocked = 0 and due <= ?
    order by due, id limit ?";

/// Tenants and kinds that have claimable work: a few index look-ups for each tenant that has anything ready.
///
/// The states are literals here and below: `SQLite` uses a partial index only if the query contains its condition.
pub(crate) static DUE: LazyLock<String> = LazyLock::new(|| {
    format!(
        "select c.tenant, k.value as kind
         from delivery_count c cross join json_each('[{}]') k
         where c.state = 'ready' and c.deliveries > 0 and exists (
             select 1 from queue q indexed by queue_ready
             where q.tenant = c.tenant and q.kind = k.value and q.rank in ({})
                 and q.state = 'ready' and q.blocked = 0 and q.due <= ?)
         order by c.tenant",
        every_kind(),
        every_rank(),
    )
});

/// The next due time of each tenant, kind and rank that has anything ready, and the next lease's end.
pub(crate) static NEXT_DUE: LazyLock<String> = LazyLock::new(|| {
    format!(
        "select min(at) as at from (
             select (select min(q.due) from queue q indexed by queue_ready
                     where q.tenant = c.tenant and q.kind = k.value and q.rank = r.value
                         and q.state = 'ready' and q.blocked = 0 and q.due > ?1) as at
             from delivery_count c
             cross join json_each('[{}]') k
             cross join json_each('[{}]') r
             where c.state = 'ready' and c.deliveries > 0
             union all
             select min(lease_until) from queue indexed by queue_leased
             where state = 'leased' and lease_until > ?1)",
        every_kind(),
        every_rank(),
    )
});

/// The words of all kinds, as the members of a JSON array.
fn every_kind() -> String {
    DeliveryKind::ALL.map(|kind| format!("\"{}\"", kind.word())).join(", ")
}

/// The numbers of all ranks, in a list.
fn every_rank() -> String {
    DeliveryRank::ALL.map(|rank| rank.number().to_string()).join(", ")
}

impl Write for ClaimRequest {
    type Output = Vec<ClaimedDelivery>;

    fn run(&self, tx: &mut Transaction<'_>) -> Result<Vec<ClaimedDelivery>, StoreError> {
        let mut claimed = vec![];
        for share in &self.tenants {
            let mut found = claim_share(self, tx, share, &share.last)?;
            if found.is_empty() && !share.last.is_empty() {
                found = claim_share(self, tx, share, &[])?;
            }
            claimed.extend(found);
        }
        Ok(claimed)
    }
}

/// A delivery that may be claimed.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Candidate {
    rank: DeliveryRank,
    due: Timestamp,
    id: i64,
}

/// Leases a tenant's share, most urgent first, without the deliveries in `except`.
fn claim_share(
    claim: &ClaimRequest,
    tx: &mut Transaction<'_>,
    share: &TenantShare,
    except: &[DeliveryId],
) -> Result<Vec<ClaimedDelivery>, StoreError> {
    let mut found = vec![];
    for (kind, limit) in &share.kinds {
        let limit = share.limit.min(*limit);
        let mut of_kind = candidates(claim, tx, &share.tenant, *kind, limit, except)?;
        of_kind.sort();
        of_kind.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
        found.extend(of_kind);
    }
    found.sort();
    found.truncate(usize::try_from(share.limit).unwrap_or(usize::MAX));
    found
        .into_iter()
        .map(|candidate| lease(claim, tx, share, DeliveryId(candidate.id)))
        .collect()
}

/// Deliveries of one kind that are claimable now, up to the limit for each rank.
fn candidates(
    claim: &ClaimRequest,
    tx: &Transaction<'_>,
    tenant: &TenantName,
    kind: DeliveryKind,
    limit: u32,
    except: &[DeliveryId],
) -> Result<Vec<Candidate>, StoreError> {
    let mut found = vec![];
    if limit == 0 {
        return Ok(found);
    }
    let rows = limit.saturating_add(u32::try_from(except.len()).unwrap_or(u32::MAX));
    for rank in DeliveryRank::ALL {
        let of_rank = all(
            tx,
            CLAIMABLE,
            params![tenant.as_str(), kind.word(), rank.number(), micros(claim.now), rows],
            |row| {
                Ok(Candidate {
                    rank,
                    due: row.time("due")?,
                    id: row.plain("id")?,
                })
            },
        )?;
        found.extend(of_rank);
    }
    found.retain(|candidate| !except.contains(&DeliveryId(candidate.id)));
    Ok(found)
}

/// Leases a delivery, and writes its attempt.
fn lease(
    claim: &ClaimRequest,
    tx: &mut Transaction<'_>,
    share: &TenantShare,
    id: DeliveryId,
) -> Result<ClaimedDelivery, StoreError> {
    let (row, claimed) = only(tx, "select * from queue where id = ?", [id.0], |row| {
        let delivery = DeliveryRow::read(row)?;
        let document = Document::read(tx, delivery.kind, id, delivery.receipt, delivery.payload)?;
        let claimed = ClaimedDelivery {
            lease: Lease {
                id,
                fence: Fence(delivery.fence.0 + 1),
            },
            tenant: delivery.tenant.clone(),
            kind: delivery.kind,
            key: row.id("dedup_key")?,
            lead: delivery.lead.clone(),
            payload: document.body,
            content_type: document.content_type,
            accepted_at: delivery.accepted_at,
            due: row.time("due")?,
            history: delivery.history,
        };
        Ok((delivery, claimed))
    })?;
    execute(
        tx,
        "update queue set state = 'leased', fence = ?, lease_owner = ?, lease_until = ?, changed_at = ? where id = ?",
        params![
            claimed.lease.fence.0,
            claim.owner,
            micros(later(claim.now, claim.lease)),
            micros(claim.now),
            id.0,
        ],
    )?;
    if let Some(order_key) = &row.order_key {
        line::start(tx, &row.tenant, order_key)?;
    }
    tx.count(&row.tenant, Some(DeliveryState::Ready), DeliveryState::Leased);
    execute(
        tx,
        "insert into attempt (delivery, fence, tenant, release, started_at) values (?, ?, ?, ?, ?)",
        params![
            id.0,
            claimed.lease.fence.0,
            row.tenant.as_str(),
            share.release.0,
            micros(claim.now),
        ],
    )?;
    Ok(claimed)
}

/// Releases leases as if the deliveries had never been claimed. The fence stays, so that it never identifies two
/// claims.
pub(super) struct ReleaseLeases(pub(super) Vec<Lease>);

impl Write for ReleaseLeases {
    type Output = ();

    fn run(&self, tx: &mut Transaction<'_>) -> Result<(), StoreError> {
        for lease in &self.0 {
            let Some(row) = leased(tx, *lease)? else { continue };
            let is_blocked = row.leave_turn(tx, true)?;
            execute(
                tx,
                "update queue set state = 'ready', blocked = ?, lease_owner = null, lease_until = null where id = ?",
                params![is_blocked, lease.id.0],
            )?;
            tx.count(&row.tenant, Some(DeliveryState::Leased), DeliveryState::Ready);
            execute(
                tx,
                "delete from attempt where delivery = ? and fence = ?",
                [lease.id.0, lease.fence.0],
            )?;
        }
        Ok(())
    }
}

/// The delivery of a lease, if the lease was not lost.
pub(super) fn leased(tx: &Transaction<'_>, lease: Lease) -> Result<Option<DeliveryRow>, StoreError> {
    first(
        tx,
        "select * from queue where id = ? and fence = ? and state = 'leased'",
        [lease.id.0, lease.fence.0],
        DeliveryRow::read,
    )
}

/// Tenants and kinds that have claimable work at `now`.
pub(super) fn due(db: &Connection, now: Timestamp) -> Result<Vec<ClaimableKind>, StoreError> {
    all(db, &DUE, [micros(now)], |row| {
        Ok(ClaimableKind {
            tenant: row.id("tenant")?,
            kind: row.word("kind", DeliveryKind::from_word)?,
        })
    })
}

/// When the next delivery falls due or the next lease expires, after `now`.
pub(super) fn next_due(db: &Connection, now: Timestamp) -> Result<Option<Timestamp>, StoreError> {
    only(db, &NEXT_DUE, [micros(now)], |row| row.time_option("at"))
}

/// Attempts of a tenant that were started at or after `since`.
pub(super) fn attempts_since(db: &Connection, tenant: &TenantName, since: Timestamp) -> Result<u64, StoreError> {
    only(
        db,
        "select count(*) as attempts from attempt where tenant = ? and started_at >= ?",
        params![tenant.as_str(), micros(since)],
        |row| row.count("attempts"),
    )
}
