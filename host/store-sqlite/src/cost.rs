//! The cost of frequent transactions when a tenant has a backlog, counted in steps of `SQLite`'s virtual machine. These
//! are the same on every machine, so that no test depends on time.

use std::cell::Cell;
use std::time::Duration;

use jiff::Timestamp;
use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};
use serde_json::json;
use tempfile::TempDir;

use super::SqliteStore;
use super::delivery::listing::{ListingQuery, QUEUE_DEPTH};
use super::queue::claim::{DUE, NEXT_DUE};
use super::sql::all;
use super::tests::{acme, sql, store};
use super::writer::{Transaction, Write};
use jackfield_domain::call::disposition::{self, Disposition};
use jackfield_domain::delivery::failure::AttemptClass;
use jackfield_domain::delivery::{AttemptHistory, DeliveryKind, DeliveryState, DeliveryVerdict, NextStep};
use jackfield_domain::id::{ReleaseNumber, TenantName};
use jackfield_store::{
    AcceptDisposition, AttemptDetail, ClaimRequest, ClaimedDelivery, DeliveryFilter, ExpireHeld, FinishAttempt,
    IntakeStore as _, RawRequest, StoreError, TenantShare,
};

/// The length of a backlog, and of a short one for comparison.
const MANY: u64 = 100_000;
const FEW: u64 = 100;

thread_local! {
    /// The steps that this thread's statements took.
    static STEPS: Cell<u64> = const { Cell::new(0) };
}

/// Counts every step of a connection, on the thread that makes it.
pub(super) fn count_steps(db: &mut Connection) -> rusqlite::Result<()> {
    let count = || {
        STEPS.set(STEPS.get() + 1);
        false
    };
    db.progress_handler(1, Some(count))
}

fn counted<T>(work: impl FnOnce() -> T) -> (T, u64) {
    let before = STEPS.get();
    let result = work();
    (result, STEPS.get() - before)
}

/// Work of the writer that also returns its number of steps.
struct Counted<W>(W);

impl<W: Write> Write for Counted<W> {
    type Output = (W::Output, u64);

    fn run(&self, tx: &mut Transaction<'_>) -> Result<Self::Output, StoreError> {
        let (output, steps) = counted(|| self.0.run(tx));
        Ok((output?, steps))
    }
}

async fn written<W: Write>(store: &SqliteStore, work: W) -> (W::Output, u64) {
    store.writer.submit(Counted(work)).await.unwrap()
}

/// The steps of a query with these values.
async fn read(store: &SqliteStore, query: &str, values: Vec<Value>) -> u64 {
    let query = query.to_owned();
    let steps = move |db: &Connection| {
        let (rows, steps) = counted(|| all(db, &query, params_from_iter(values), |_| Ok(())));
        rows.map(|_| steps)
    };
    store.readers.read(steps).await.unwrap()
}

/// Gives a tenant `count` ready dispositions; `lead` is SQL over `i`.
async fn backlog(store: &SqliteStore, tenant: &str, count: u64, lead: &str) {
    let rows = format!("with recursive n(i) as (select 1 union all select i + 1 from n where i < {count})");
    let fill = format!(
        "{rows} insert into request (id, tenant, endpoint, headers, body, received_at)
             select i, '{tenant}', 'dispositions', '[]', zeroblob(2), 0 from n;
         {rows} insert into queue (id, tenant, kind, dedup_key, receipt, payload, lead, order_key, rank, waits, state,
                 blocked, due, accepted_at, changed_at)
             select i, '{tenant}', 'disposition', 'K-' || i, 1, 0, {lead}, 'call:' || {lead}, 2, 1, 'ready', 0, 0, 0, 0
             from n;
         insert into line select tenant, order_key, min(id), 1, 0 from queue group by tenant, order_key;
         update queue set blocked = 1 where id not in (select head from line);
         insert into delivery_count values ('{tenant}', 'ready', {count});
         insert into last_id values ('receipt', {count}), ('delivery', {count});"
    );
    sql(store, &fill).await.unwrap();
}

fn claim(tenant: &TenantName) -> ClaimRequest {
    ClaimRequest {
        owner: "worker".into(),
        now: Timestamp::from_second(1).unwrap(),
        lease: Duration::from_mins(1),
        tenants: vec![TenantShare {
            tenant: tenant.clone(),
            limit: 8,
            kinds: DeliveryKind::ALL.map(|kind| (kind, 8)).into(),
            last: vec![],
            release: ReleaseNumber(1),
        }],
    }
}

fn call(tenant: &TenantName, id: &str, outcome: &str) -> AcceptDisposition {
    let (lead, document) = (
        "L-1".parse().unwrap(),
        json!({"call_metadata": {"call_id": id}, "qualification": {"outcome": outcome}}),
    );
    AcceptDisposition {
        digest: disposition::digest(&lead, &document),
        disposition: Disposition::read(lead, &document).unwrap(),
        request: RawRequest {
            tenant: tenant.clone(),
            received_at: Timestamp::UNIX_EPOCH,
            headers: "[]".into(),
            body: document.to_string().into(),
        },
        payload: None,
        due: Timestamp::UNIX_EPOCH,
    }
}

fn end(claimed: &ClaimedDelivery, step: NextStep) -> FinishAttempt {
    FinishAttempt {
        lease: claimed.lease,
        now: Timestamp::from_second(1).unwrap(),
        verdict: DeliveryVerdict {
            class: AttemptClass::Unavailable,
            step,
            alert: None,
            history: AttemptHistory::default(),
        },
        detail: AttemptDetail::default(),
        leads: vec![],
        refused: vec![],
        breaker: None,
    }
}

/// The steps of every operation while `acme` has a backlog.
async fn costs(count: u64, lead: &str) -> Vec<(&'static str, u64)> {
    let (folder, store) = store().await;
    let (busy, other): (TenantName, TenantName) = (acme(), "zenith".parse().unwrap());
    backlog(&store, busy.as_str(), count, lead).await;
    let store = reopened(&folder, store).await;
    store
        .accept_disposition(call(&other, "Z-1", "no_answer"))
        .await
        .unwrap();
    let mut costs = vec![
        ("due", read(&store, &DUE, vec![1.into()]).await),
        ("next due", read(&store, &NEXT_DUE, vec![1.into()]).await),
    ];
    let (claimed, steps) = written(&store, claim(&other)).await;
    assert_eq!(claimed.len(), 1);
    costs.push(("another's claim", steps));
    let done = NextStep::Done { reference: "R".into() };
    costs.push(("another's end", written(&store, end(&claimed[0], done.clone())).await.1));

    let (claimed, steps) = written(&store, claim(&busy)).await;
    assert!(!claimed.is_empty());
    costs.push(("claim", steps / claimed.len() as u64));
    let (nothing, steps) = written(&store, claim(&busy)).await;
    if nothing.is_empty() {
        costs.push(("claim while the first is in flight", steps));
        costs.push((
            "due while the first is in flight",
            read(&store, &DUE, vec![1.into()]).await,
        ));
    }
    costs.push(("accept", written(&store, call(&busy, "C-1", "no_answer")).await.1));
    costs.push((
        "accept a do-not-call",
        written(&store, call(&busy, "C-2", "dnc_requested")).await.1,
    ));
    let due = Timestamp::UNIX_EPOCH;
    costs.push((
        "retry",
        written(&store, end(&claimed[0], NextStep::Retry { due })).await.1,
    ));
    let (claimed, _) = written(&store, claim(&busy)).await;
    costs.push(("end", written(&store, end(&claimed[0], done)).await.1));
    let request = ExpireHeld {
        tenant: busy,
        due_by: Timestamp::from_second(1).unwrap(),
        now: Timestamp::from_second(1).unwrap(),
        limit: 10,
    };
    costs.push(("expire held deliveries", written(&store, request).await.1));
    costs
}

/// A hundred thousand dispositions of one lead, of which one can be claimed at a time, and one each of a hundred
/// thousand leads.
#[tokio::test]
async fn a_backlog_raises_no_cost() {
    for lead in ["'L-1'", "'L-' || i"] {
        let (few, many) = (costs(FEW, lead).await, costs(MANY, lead).await);
        assert_eq!(few.len(), many.len());
        for ((what, few), (_, many)) in few.into_iter().zip(many) {
            assert!(
                many <= few,
                "{what} with lead {lead}: {few} steps for {FEW}, {many} for {MANY}"
            );
        }
    }
}

/// The store, opened anew: the writer reads the last ids then.
async fn reopened(folder: &TempDir, store: SqliteStore) -> SqliteStore {
    store.close().await.unwrap();
    SqliteStore::open(&folder.path().join("jackfield.db")).await.unwrap()
}

/// Deliveries that have ended, of a few leads.
async fn finished(store: &SqliteStore, count: u64) {
    let rows = format!("with recursive n(i) as (select 1 union all select i + 1 from n where i < {count})");
    let fill = format!(
        "{rows} insert into request (id, tenant, endpoint, headers, body, received_at)
             select i, 'acme', 'dispositions', '[]', zeroblob(2), 0 from n;
         {rows} insert into history (id, tenant, kind, dedup_key, receipt, payload, lead, state, class, counted,
                 ambiguous, generation, accepted_at, changed_at)
             select i, 'acme', 'disposition', 'K-' || i, i, 0, 'L-' || i % 100, 'done', 'committed', 0, 0, 0, i, i
             from n;
         {rows} insert into delivery_key (digest, delivery, receipt, body_digest, accepted_at)
             select randomblob(16), i, i, zeroblob(32), i from n;
         {rows} insert into attempt (delivery, fence, tenant, release, started_at, ended_at, class)
             select i, 1, 'acme', 1, i, i, 'committed' from n;
         insert into delivery_count values ('acme', 'done', {count});
         insert into last_id values ('receipt', {count}), ('delivery', {count});"
    );
    sql(store, &fill).await.unwrap();
}

/// The steps of what is done all day, and of what people look at, when so many deliveries have ended.
async fn costs_of_age(count: u64) -> Vec<(&'static str, u64)> {
    let (folder, store) = store().await;
    finished(&store, count).await;
    let store = reopened(&folder, store).await;
    let mut costs = vec![
        ("accept", written(&store, call(&acme(), "C-1", "no_answer")).await.1),
        ("repeat", written(&store, call(&acme(), "C-1", "no_answer")).await.1),
        ("due", read(&store, &DUE, vec![1.into()]).await),
        ("next due", read(&store, &NEXT_DUE, vec![1.into()]).await),
    ];
    let (claimed, steps) = written(&store, claim(&acme())).await;
    costs.push(("claim", steps));
    let done = NextStep::Done { reference: "R".into() };
    costs.push(("end", written(&store, end(&claimed[0], done)).await.1));
    costs.push(("queue depth", read(&store, QUEUE_DEPTH, vec![]).await));
    let (tenant, lead) = (Some(acme()), Some("L-1".parse().unwrap()));
    let filters = [
        ("all", DeliveryFilter::default()),
        (
            "of a tenant",
            DeliveryFilter {
                tenant: tenant.clone(),
                ..DeliveryFilter::default()
            },
        ),
        (
            "of a lead",
            DeliveryFilter {
                tenant: tenant.clone(),
                lead,
                ..DeliveryFilter::default()
            },
        ),
        (
            "stopped",
            DeliveryFilter {
                states: vec![DeliveryState::Dead, DeliveryState::Review],
                ..DeliveryFilter::default()
            },
        ),
        (
            "done",
            DeliveryFilter {
                tenant,
                states: vec![DeliveryState::Done],
                ..DeliveryFilter::default()
            },
        ),
    ];
    for (what, filter) in filters {
        let mut steps = 0;
        for ListingQuery { sql, values } in ListingQuery::of(&filter, &[], i64::MAX, 6) {
            steps += read(&store, &sql, values).await;
        }
        costs.push((what, steps));
    }
    costs
}

#[tokio::test]
async fn age_raises_no_cost() {
    let (young, old) = (costs_of_age(1000).await, costs_of_age(100_000).await);
    for ((what, young), (_, old)) in young.into_iter().zip(old) {
        assert_eq!(
            old, young,
            "{what}: the steps for 100,000 ended deliveries, and for 1,000"
        );
    }
}
