//! The cost of frequent transactions when a tenant has a backlog, counted in steps of `SQLite`'s virtual machine. These
//! are the same on every machine, so that no test depends on time.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use jiff::Timestamp;
use serde_json::json;
use sqlx::SqliteConnection;

use super::SqliteStore;
use super::tests::{acme, sql, store};
use super::writer::{Write, WriteTogether};
use jackfield_domain::call::disposition::{self, Disposition};
use jackfield_domain::delivery::failure::AttemptClass;
use jackfield_domain::delivery::{AttemptHistory, DeliveryKind, DeliveryVerdict, NextStep};
use jackfield_domain::id::{ReleaseNumber, TenantName};
use jackfield_store::{
    AcceptDisposition, AttemptDetail, ClaimRequest, ClaimedDelivery, ExpireHeld, FinishAttempt, IntakeStore as _,
    RawRequest, StoreError, TenantShare,
};

/// The length of a backlog, and of a short one for comparison.
const MANY: u64 = 100_000;
const FEW: u64 = 100;

/// Counts every step of a connection from now on.
async fn count_steps(db: &mut SqliteConnection) -> Arc<AtomicU64> {
    let steps = Arc::new(AtomicU64::new(0));
    let counter = Arc::clone(&steps);
    db.lock_handle().await.unwrap().set_progress_handler(1, move || {
        counter.fetch_add(1, Ordering::Relaxed);
        true
    });
    steps
}

/// Work of the writer that also returns its number of steps.
struct Counted<W>(W);

impl<W: WriteTogether> Write for Counted<W> {
    type Output = (W::Output, u64);

    async fn run(&self, db: &mut SqliteConnection) -> Result<Self::Output, StoreError> {
        let steps = count_steps(db).await;
        let outputs = W::run_together(&[&self.0], db).await;
        db.lock_handle().await.unwrap().remove_progress_handler();
        Ok((outputs?.pop().unwrap(), steps.load(Ordering::Relaxed)))
    }
}

async fn written<W: WriteTogether>(store: &SqliteStore, work: W) -> (W::Output, u64) {
    store.writer.submit(Counted(work)).await.unwrap()
}

async fn read(store: &SqliteStore, query: &'static str) -> u64 {
    let mut reader = store.readers.acquire().await.unwrap();
    let steps = count_steps(&mut reader).await;
    sqlx::query(query).bind(1).fetch_all(&mut *reader).await.unwrap();
    reader.lock_handle().await.unwrap().remove_progress_handler();
    steps.load(Ordering::Relaxed)
}

/// Gives a tenant `count` ready dispositions; `lead` is SQL over `i`.
async fn backlog(store: &SqliteStore, tenant: &str, count: u64, lead: &str) {
    let rows = format!("with recursive n(i) as (select 1 union all select i + 1 from n where i < {count})");
    let fill = format!(
        "{rows} insert into inbox (tenant, endpoint, digest, headers, body, received_at)
             select '{tenant}', 'dispositions', zeroblob(32), '[]', zeroblob(2), 0 from n;
         {rows} insert into delivery
             (tenant, kind, dedup_key, receipt, payload, lead, order_key, rank, state, due, accepted_at, changed_at)
             select '{tenant}', 'disposition', 'K-' || i, 1, 0, {lead}, 'call:' || {lead}, 2, 'ready', 0, 0, 0 from n;"
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
    let (_folder, store) = store().await;
    let (busy, other): (TenantName, TenantName) = (acme(), "zenith".parse().unwrap());
    backlog(&store, busy.as_str(), count, lead).await;
    store
        .accept_disposition(call(&other, "Z-1", "no_answer"))
        .await
        .unwrap();
    let mut costs = vec![
        ("due", read(&store, super::queue::claim::DUE.as_str()).await),
        ("next due", read(&store, super::queue::claim::NEXT_DUE.as_str()).await),
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
            read(&store, super::queue::claim::DUE.as_str()).await,
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
