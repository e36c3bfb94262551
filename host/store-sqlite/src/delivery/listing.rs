//! Reads deliveries for operators.

use rusqlite::types::Value;
use rusqlite::{Connection, Row, params_from_iter};

use crate::column::{Columns as _, micros};
use crate::delivery::row::Document;
use crate::page::{PageQuery, to_page};
use crate::sql::{all, first};
use jackfield_domain::delivery::failure::AttemptClass;
use jackfield_domain::delivery::{DeliveryKind, DeliveryState, StopReason};
use jackfield_domain::id::{DedupKey, DeliveryId, Fence, LeadId, ReceiptId, ReleaseNumber, TenantName};
use jackfield_domain::intake::idempotency::KEY_DIGEST_BYTES;
use jackfield_store::{
    AttemptRecord, DeliveryDetail, DeliveryFilter, DeliverySummary, Page, PageRequest, QueueDepth, StoreError,
};

/// The digest of a key.
type KeyDigest = [u8; KEY_DIGEST_BYTES];

/// Deliveries that have not ended, and those that have, with the same columns.
const QUEUE: &str = "select *, null as reference from queue";
const HISTORY: &str = "select *, changed_at as due from history";

/// One delivery with its attempts.
pub(super) fn find(db: &Connection, id: DeliveryId) -> Result<Option<DeliveryDetail>, StoreError> {
    let find = |table: &str| {
        first(db, &format!("{table} where id = ?"), [id.0], |row| {
            let place = (ReceiptId(row.plain("receipt")?), row.plain::<i64>("payload")?);
            Ok((summary(row)?, place))
        })
    };
    let found = match find(QUEUE)? {
        None => find(HISTORY)?,
        found => found,
    };
    let Some((summary, (receipt, payload))) = found else {
        return Ok(None);
    };
    let document = Document::read(db, summary.kind, id, receipt, payload)?;
    let attempts = "select * from attempt where delivery = ? order by fence";
    Ok(Some(DeliveryDetail {
        attempts: all(db, attempts, [id.0], attempt)?,
        payload: document.body,
        content_type: document.content_type,
        summary,
    }))
}

/// Deliveries, newest first.
pub(super) fn list(
    db: &Connection,
    filter: &DeliveryFilter,
    digests: &[KeyDigest],
    page: &PageRequest,
) -> Result<Page<DeliverySummary>, StoreError> {
    let part = PageQuery::newest_first(page)?;
    let mut deliveries = vec![];
    for ListingQuery { sql, values } in ListingQuery::of(filter, digests, part.before, part.rows()) {
        deliveries.extend(all(db, &sql, params_from_iter(values), summary)?);
    }
    deliveries.sort_by_key(|delivery: &DeliverySummary| std::cmp::Reverse(delivery.id));
    Ok(to_page(deliveries, part.limit, |delivery| delivery.id.0.to_string()))
}

/// A query for a page of a listing, of one table.
pub(crate) struct ListingQuery {
    pub(crate) sql: String,
    pub(crate) values: Vec<Value>,
}

impl ListingQuery {
    /// Those of the tables that may hold what is looked for. `digests` are those of the key that is looked for, if its
    /// tenant is known, too: they have an index.
    pub(crate) fn of(filter: &DeliveryFilter, digests: &[KeyDigest], before: i64, rows: i64) -> Vec<Self> {
        let may_be = |ended| filter.states.is_empty() || filter.states.iter().any(|state| state.is_ended() == ended);
        let tables = [(QUEUE, may_be(false)), (HISTORY, may_be(true))];
        let tables = tables.into_iter().filter(|(_, may_hold)| *may_hold);
        tables
            .map(|(table, _)| Self::new(table, filter, digests, before, rows))
            .collect()
    }

    fn new(table: &str, filter: &DeliveryFilter, digests: &[KeyDigest], before: i64, rows: i64) -> Self {
        let mut query = Self {
            sql: format!("{table} where id < ?"),
            values: vec![before.into()],
        };
        query.add_conditions(filter);
        if !digests.is_empty() {
            let list = places(digests.len());
            let found = [
                " and id in (select delivery from delivery_key where digest in (",
                &list,
                "))",
            ];
            query.sql.extend(found);
            query.values.extend(digests.iter().map(|digest| digest.to_vec().into()));
        }
        query.sql.push_str(" order by id desc limit ?");
        query.values.push(rows.into());
        query
    }

    fn add_conditions(&mut self, filter: &DeliveryFilter) {
        let texts = [
            ("tenant =", filter.tenant.as_ref().map(TenantName::as_str)),
            ("kind =", filter.kind.map(DeliveryKind::word)),
            ("lead =", filter.lead.as_ref().map(LeadId::as_str)),
            ("dedup_key =", filter.key.as_ref().map(DedupKey::as_str)),
            ("reason =", filter.reason.map(StopReason::word)),
            ("class =", filter.class.map(AttemptClass::word)),
        ];
        for (condition, value) in texts {
            if let Some(value) = value {
                self.add(condition, value.to_owned().into());
            }
        }
        let times = [("changed_at >=", filter.since), ("changed_at <", filter.until)];
        for (condition, time) in times {
            if let Some(time) = time {
                self.add(condition, micros(time).into());
            }
        }
        if !filter.states.is_empty() {
            let list = places(filter.states.len());
            self.sql.extend([" and state in (", &list, ")"]);
            let words = filter.states.iter().map(|state| state.word().to_owned().into());
            self.values.extend(words);
        }
    }

    fn add(&mut self, condition: &str, value: Value) {
        self.sql.push_str(" and ");
        self.sql.push_str(condition);
        self.sql.push_str(" ?");
        self.values.push(value);
    }
}

/// So many placeholders.
fn places(count: usize) -> String {
    vec!["?"; count].join(", ")
}

fn summary(row: &Row<'_>) -> Result<DeliverySummary, StoreError> {
    let state = row.word("state", DeliveryState::from_word)?;
    Ok(DeliverySummary {
        id: DeliveryId(row.plain("id")?),
        tenant: row.id("tenant")?,
        kind: row.word("kind", DeliveryKind::from_word)?,
        lead: row.id_option("lead")?,
        key: row.id("dedup_key")?,
        state,
        reason: row.word_option("reason", StopReason::from_word)?,
        class: row.word_option("class", AttemptClass::from_word)?,
        counted: row.plain("counted")?,
        ambiguous: row.plain("ambiguous")?,
        generation: row.plain("generation")?,
        due: (state == DeliveryState::Ready).then(|| row.time("due")).transpose()?,
        reference: row.plain("reference")?,
        accepted_at: row.time("accepted_at")?,
        changed_at: row.time("changed_at")?,
    })
}

fn attempt(row: &Row<'_>) -> Result<AttemptRecord, StoreError> {
    Ok(AttemptRecord {
        fence: Fence(row.plain("fence")?),
        release: ReleaseNumber(row.plain("release")?),
        started_at: row.time("started_at")?,
        ended_at: row.time_option("ended_at")?,
        class: row.word_option("class", AttemptClass::from_word)?,
        detail: row.document("detail")?,
    })
}

/// Queue depths; needs one index look-up for each count.
pub(crate) const QUEUE_DEPTH: &str = "select * from (
        select c.tenant, c.state, c.deliveries, (
            select q.accepted_at from queue q indexed by queue_state
            where q.tenant = c.tenant and q.state = c.state order by q.id limit 1) as oldest
        from delivery_count c
        where c.state in ('ready', 'leased', 'dead', 'review') and c.deliveries > 0)
    order by tenant, state";

/// Unfinished deliveries, by tenant and state.
pub(super) fn queue_depth(db: &Connection) -> Result<Vec<QueueDepth>, StoreError> {
    all(db, QUEUE_DEPTH, [], |row| {
        Ok(QueueDepth {
            tenant: row.id("tenant")?,
            state: row.word("state", DeliveryState::from_word)?,
            count: row.count("deliveries")?,
            oldest: row.time("oldest")?,
        })
    })
}

/// How many deliveries are in each state, over all tenants.
pub(super) fn states(db: &Connection) -> Result<Vec<(DeliveryState, u64)>, StoreError> {
    let sql = "select state, sum(deliveries) as deliveries from delivery_count group by state";
    let counted = all(db, sql, [], |row| {
        Ok((row.word("state", DeliveryState::from_word)?, row.count("deliveries")?))
    })?;
    let count = |state| counted.iter().find(|(counted, _)| *counted == state);
    Ok(DeliveryState::ALL
        .map(|state| (state, count(state).map_or(0, |(_, count)| *count)))
        .into())
}
