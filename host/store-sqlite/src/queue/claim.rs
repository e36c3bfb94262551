//! Claims deliveries, and finds out when there is something to claim.

use std::sync::LazyLock;

use jiff::Timestamp;
use sqlx::sqlite::SqliteRow;
use sqlx::{SqliteConnection, SqlitePool};

use crate::column::{Columns, json, later, micros};
use crate::delivery::row::{content_type, history};
use crate::writer::Write;
use jackfield_domain::delivery::{DeliveryKind, DeliveryRank};
use jackfield_domain::id::{DeliveryId, Fence, TenantName};
use jackfield_store::{ClaimRequest, ClaimableKind, ClaimedDelivery, Lease, StoreError, TenantShare};

/// Ids of the claimable deliveries of one kind and rank of a tenant.
macro_rules! of_rank {
    ($rank:literal) => {
        concat!(
            "select * from (
                 select id from delivery indexed by delivery_ready
                 where tenant = ?1 and kind = ?2 and rank = ",
            $rank,
            " and state = 'ready' and blocked = 0 and due <= ?3
                 order by due, id limit ?4)"
        )
    };
}

/// Claimable deliveries of one kind of a tenant with their documents, up to the limit for each rank. All ranks are in
/// one statement, because a statement costs two thread switches and most ranks have nothing.
pub(crate) const CLAIMABLE: &str = concat!(
    "with claimable as (",
    of_rank!(0),
    " union all ",
    of_rank!(1),
    " union all ",
    of_rank!(2),
    " union all ",
    of_rank!(3),
    ") select d.*, i.headers, coalesce(p.body, i.body) as body
       from claimable m
       cross join delivery d on d.id = m.id
       join inbox i on i.id = d.receipt
       left join payload p on p.delivery = d.id and p.version = d.payload"
);

/// Tenants and kinds that have claimable work: a few index look-ups for each tenant that has anything ready.
///
/// The states are literals here and below: `SQLite` uses a partial index only if the query contains its condition.
pub(crate) static DUE: LazyLock<String> = LazyLock::new(|| {
    format!(
        "select c.tenant, k.value as kind
         from delivery_count c cross join json_each('[{}]') k
         where c.state = 'ready' and c.deliveries > 0 and exists (
             select 1 from delivery d indexed by delivery_ready
             where d.tenant = c.tenant and d.kind = k.value and d.rank in ({})
                 and d.state = 'ready' and d.blocked = 0 and d.due <= ?)
         order by c.tenant",
        every_kind(),
        every_rank(),
    )
});

/// The next due time of each tenant, kind and rank that has anything ready, and the next lease's end.
pub(crate) static NEXT_DUE: LazyLock<String> = LazyLock::new(|| {
    format!(
        "select min(at) as at from (
             select (select min(d.due) from delivery d indexed by delivery_ready
                     where d.tenant = c.tenant and d.kind = k.value and d.rank = r.value
                         and d.state = 'ready' and d.blocked = 0 and d.due > ?1) as at
             from delivery_count c
             cross join json_each('[{}]') k
             cross join json_each('[{}]') r
             where c.state = 'ready' and c.deliveries > 0
             union all
             select min(lease_until) from delivery indexed by delivery_leased
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

    async fn run(&self, db: &mut SqliteConnection) -> Result<Vec<ClaimedDelivery>, StoreError> {
        let mut claimed = vec![];
        for share in &self.tenants {
            let mut found = claim_share(self, db, share, &share.last).await?;
            if found.is_empty() && !share.last.is_empty() {
                found = claim_share(self, db, share, &[]).await?;
            }
            claimed.extend(found);
        }
        Ok(claimed)
    }
}

/// Leases a tenant's share, most urgent first, without the deliveries in `except`.
async fn claim_share(
    claim: &ClaimRequest,
    db: &mut SqliteConnection,
    share: &TenantShare,
    except: &[DeliveryId],
) -> Result<Vec<ClaimedDelivery>, StoreError> {
    let mut kinds = share.kinds.clone();
    let mut found = vec![];
    for (kind, limit) in &kinds {
        let limit = share.limit.min(*limit);
        if limit > 0 {
            found.extend(claimable(claim, db, &share.tenant, *kind, limit, except).await?);
        }
    }
    found.sort_by_key(|(rank, claimed)| (*rank, claimed.due, claimed.lease.id.0));
    let mut selected = vec![];
    for (_, claimed) in found {
        let of_kind = kinds.iter_mut().find(|(kind, _)| *kind == claimed.kind);
        if let Some((_, left @ 1..)) = of_kind
            && selected.len() < usize::try_from(share.limit).unwrap_or(usize::MAX)
        {
            *left -= 1;
            selected.push(claimed);
        }
    }
    lease(claim, db, share, &selected).await?;
    Ok(selected)
}

/// Deliveries of one kind that are claimable now, up to the limit for each rank, with their rank and their next fence.
async fn claimable(
    claim: &ClaimRequest,
    db: &mut SqliteConnection,
    tenant: &TenantName,
    kind: DeliveryKind,
    limit: u32,
    except: &[DeliveryId],
) -> Result<Vec<(i64, ClaimedDelivery)>, StoreError> {
    let extra = u32::try_from(except.len()).unwrap_or(u32::MAX);
    let rows = sqlx::query(CLAIMABLE)
        .bind(tenant.as_str())
        .bind(kind.word())
        .bind(micros(claim.now))
        .bind(limit.saturating_add(extra))
        .fetch_all(db)
        .await?;
    let ranked = rows.iter().map(|row| Ok((row.plain("rank")?, claimed(row)?)));
    let mut ranked = ranked.collect::<Result<Vec<_>, StoreError>>()?;
    ranked.retain(|(_, claimed)| !except.contains(&claimed.lease.id));
    Ok(ranked)
}

async fn lease(
    claim: &ClaimRequest,
    db: &mut SqliteConnection,
    share: &TenantShare,
    claimed: &[ClaimedDelivery],
) -> Result<(), StoreError> {
    if claimed.is_empty() {
        return Ok(());
    }
    let ids: Vec<i64> = claimed.iter().map(|claimed| claimed.lease.id.0).collect();
    let ids = json("a list of numbers", &ids)?;
    sqlx::query(
        "update delivery set state = 'leased', fence = fence + 1, lease_owner = ?, lease_until = ?, changed_at = ?
         where id in (select value from json_each(?))",
    )
    .bind(claim.owner.as_str())
    .bind(micros(later(claim.now, claim.lease)))
    .bind(micros(claim.now))
    .bind(ids.as_str())
    .execute(&mut *db)
    .await?;
    sqlx::query(
        "insert into attempt (delivery, fence, tenant, release, started_at)
         select id, fence, tenant, ?, ? from delivery where id in (select value from json_each(?))",
    )
    .bind(share.release.0)
    .bind(micros(claim.now))
    .bind(ids.as_str())
    .execute(db)
    .await?;
    Ok(())
}

fn claimed(row: &SqliteRow) -> Result<ClaimedDelivery, StoreError> {
    let fence: i64 = row.plain("fence")?;
    let kind = row.checked("kind", DeliveryKind::from_word)?;
    Ok(ClaimedDelivery {
        lease: Lease {
            id: DeliveryId(row.plain("id")?),
            fence: Fence(fence + 1),
        },
        tenant: row.id("tenant")?,
        kind,
        key: row.id("dedup_key")?,
        lead: row.id_option("lead")?,
        payload: row.plain("body")?,
        content_type: content_type(kind, row)?,
        accepted_at: row.time("accepted_at")?,
        due: row.time("due")?,
        history: history(row)?,
    })
}

/// Releases leases as if the deliveries had never been claimed. The fence stays, so that it never identifies two
/// claims.
pub(crate) struct ReleaseLeases(pub(crate) Vec<Lease>);

impl Write for ReleaseLeases {
    type Output = ();

    async fn run(&self, db: &mut SqliteConnection) -> Result<(), StoreError> {
        for lease in &self.0 {
            let released = sqlx::query(
                "update delivery set state = 'ready', lease_owner = null, lease_until = null
                 where id = ? and fence = ? and state = 'leased'",
            )
            .bind(lease.id.0)
            .bind(lease.fence.0)
            .execute(&mut *db)
            .await?;
            if released.rows_affected() > 0 {
                sqlx::query("delete from attempt where delivery = ? and fence = ?")
                    .bind(lease.id.0)
                    .bind(lease.fence.0)
                    .execute(&mut *db)
                    .await?;
            }
        }
        Ok(())
    }
}

/// Tenants and kinds that have claimable work at `now`.
pub(crate) async fn due(db: &SqlitePool, now: Timestamp) -> Result<Vec<ClaimableKind>, StoreError> {
    let rows = sqlx::query(DUE.as_str()).bind(micros(now)).fetch_all(db).await?;
    let due = |row: &SqliteRow| {
        Ok(ClaimableKind {
            tenant: row.id("tenant")?,
            kind: row.checked("kind", DeliveryKind::from_word)?,
        })
    };
    rows.iter().map(due).collect()
}

/// When the next delivery falls due or the next lease expires, after `now`.
pub(crate) async fn next_due(db: &SqlitePool, now: Timestamp) -> Result<Option<Timestamp>, StoreError> {
    let row = sqlx::query(NEXT_DUE.as_str()).bind(micros(now)).fetch_one(db).await?;
    row.time_option("at")
}

/// Attempts of a tenant that were started at or after `since`.
pub(crate) async fn attempts_since(db: &SqlitePool, tenant: &TenantName, since: Timestamp) -> Result<u64, StoreError> {
    let row = sqlx::query("select count(*) as attempts from attempt where tenant = ? and started_at >= ?")
        .bind(tenant.as_str())
        .bind(micros(since))
        .fetch_one(db)
        .await?;
    row.count("attempts")
}
