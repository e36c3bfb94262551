//! Reads deliveries for operators.

use sqlx::sqlite::SqliteRow;
use sqlx::{QueryBuilder, Sqlite, SqlitePool};

use crate::column::{Columns, micros};
use crate::delivery::row::content_type;
use crate::page::{PageQuery, to_page};
use jackfield_domain::delivery::failure::AttemptClass;
use jackfield_domain::delivery::{DeliveryKind, DeliveryState, StopReason};
use jackfield_domain::id::{DedupKey, DeliveryId, Fence, LeadId, ReleaseNumber, TenantName};
use jackfield_store::{
    AttemptRecord, DeliveryDetail, DeliveryFilter, DeliverySummary, Page, PageRequest, QueueDepth, StoreError,
};

/// One delivery with its attempts, from one snapshot of the database.
pub(crate) async fn find(db: &SqlitePool, id: DeliveryId) -> Result<Option<DeliveryDetail>, StoreError> {
    let mut snapshot = db.begin().await?;
    let row = sqlx::query(
        "select d.*, i.headers, coalesce(p.body, i.body) as body
         from delivery d
         join inbox i on i.id = d.receipt
         left join payload p on p.delivery = d.id and p.version = d.payload
         where d.id = ?",
    )
    .bind(id.0)
    .fetch_optional(&mut *snapshot)
    .await?;
    let Some(row) = row else { return Ok(None) };
    let attempts = sqlx::query("select * from attempt where delivery = ? order by fence")
        .bind(id.0)
        .fetch_all(&mut *snapshot)
        .await?;
    let summary = summary(&row)?;
    Ok(Some(DeliveryDetail {
        attempts: attempts.iter().map(attempt).collect::<Result<_, _>>()?,
        payload: row.plain("body")?,
        content_type: content_type(summary.kind, &row)?,
        summary,
    }))
}

/// Deliveries, newest first.
pub(crate) async fn list(
    db: &SqlitePool,
    filter: &DeliveryFilter,
    page: &PageRequest,
) -> Result<Page<DeliverySummary>, StoreError> {
    let part = PageQuery::newest_first(page)?;
    let mut query = listing(filter, part.before, part.rows());
    let rows = query.build().fetch_all(db).await?;
    to_page(&rows, part.limit, summary, |delivery| delivery.id.0.to_string())
}

/// The query for a page of a listing.
pub(crate) fn listing(filter: &DeliveryFilter, before: i64, rows: i64) -> QueryBuilder<Sqlite> {
    // The few deliveries that are not done have an index, which SQLite uses if it is named and its condition repeated.
    let open = !filter.states.is_empty() && !filter.states.contains(&DeliveryState::Done);
    let mut query = QueryBuilder::<Sqlite>::new(if open {
        "select * from delivery indexed by delivery_open where state <> 'done' and id < "
    } else {
        "select * from delivery where id < "
    });
    query.push_bind(before);
    add_conditions(&mut query, filter);
    query.push(" order by id desc limit ").push_bind(rows);
    query
}

fn add_conditions(query: &mut QueryBuilder<Sqlite>, filter: &DeliveryFilter) {
    let texts = [
        (" and tenant = ", filter.tenant.as_ref().map(TenantName::as_str)),
        (" and kind = ", filter.kind.map(DeliveryKind::word)),
        (" and lead = ", filter.lead.as_ref().map(LeadId::as_str)),
        (" and dedup_key = ", filter.key.as_ref().map(DedupKey::as_str)),
        (" and reason = ", filter.reason.map(StopReason::word)),
        (" and class = ", filter.class.map(AttemptClass::word)),
    ];
    for (condition, value) in texts {
        if let Some(value) = value {
            query.push(condition).push_bind(value);
        }
    }
    let times = [
        (" and changed_at >= ", filter.since),
        (" and changed_at < ", filter.until),
    ];
    for (condition, time) in times {
        if let Some(time) = time {
            query.push(condition).push_bind(micros(time));
        }
    }
    if !filter.states.is_empty() {
        query.push(" and state in (");
        let mut states = query.separated(", ");
        for state in &filter.states {
            states.push_bind(state.word());
        }
        query.push(")");
    }
}

fn summary(row: &SqliteRow) -> Result<DeliverySummary, StoreError> {
    let state = row.checked("state", DeliveryState::from_word)?;
    Ok(DeliverySummary {
        id: DeliveryId(row.plain("id")?),
        tenant: row.id("tenant")?,
        kind: row.checked("kind", DeliveryKind::from_word)?,
        lead: row.id_option("lead")?,
        key: row.id("dedup_key")?,
        state,
        reason: row.checked_option("reason", StopReason::from_word)?,
        class: row.checked_option("class", AttemptClass::from_word)?,
        counted: row.plain("counted")?,
        ambiguous: row.plain("ambiguous")?,
        generation: row.plain("generation")?,
        due: (state == DeliveryState::Ready).then(|| row.time("due")).transpose()?,
        reference: row.plain("reference")?,
        accepted_at: row.time("accepted_at")?,
        changed_at: row.time("changed_at")?,
    })
}

fn attempt(row: &SqliteRow) -> Result<AttemptRecord, StoreError> {
    Ok(AttemptRecord {
        fence: Fence(row.plain("fence")?),
        release: ReleaseNumber(row.plain("release")?),
        started_at: row.time("started_at")?,
        ended_at: row.time_option("ended_at")?,
        class: row.checked_option("class", AttemptClass::from_word)?,
        detail: row.document("detail")?,
    })
}

/// Queue depths; needs one index look-up for each count.
pub(crate) const QUEUE_DEPTH: &str = "select * from (
        select c.tenant, c.state, c.deliveries, (
            select d.accepted_at from delivery d indexed by delivery_open
            where d.tenant = c.tenant and d.state = c.state and d.state <> 'done' order by d.id limit 1) as oldest
        from delivery_count c
        where c.state in ('ready', 'leased', 'dead', 'review') and c.deliveries > 0)
    order by tenant, state";

/// Unfinished deliveries, by tenant and state.
pub(crate) async fn queue_depth(db: &SqlitePool) -> Result<Vec<QueueDepth>, StoreError> {
    let rows = sqlx::query(QUEUE_DEPTH).fetch_all(db).await?;
    let depth = |row: &SqliteRow| {
        Ok(QueueDepth {
            tenant: row.id("tenant")?,
            state: row.checked("state", DeliveryState::from_word)?,
            count: row.count("deliveries")?,
            oldest: row.time("oldest")?,
        })
    };
    rows.iter().map(depth).collect()
}

/// How many deliveries are in each state, over all tenants.
pub(crate) async fn states(db: &SqlitePool) -> Result<Vec<(DeliveryState, u64)>, StoreError> {
    let rows = sqlx::query("select state, sum(deliveries) as deliveries from delivery_count group by state")
        .fetch_all(db)
        .await?;
    let mut counts = DeliveryState::ALL.map(|state| (state, 0));
    for row in &rows {
        let state = row.checked("state", DeliveryState::from_word)?;
        for (_, count) in counts.iter_mut().filter(|(counted, _)| *counted == state) {
            *count = row.count("deliveries")?;
        }
    }
    Ok(counts.into())
}
