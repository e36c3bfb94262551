//! Tests that need the store's internals: every connection's pragmas, the plans of hot queries, a writer whose jobs
//! fail.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::Timestamp;
use rusqlite::Connection;
use serde_json::json;
use tempfile::TempDir;

use super::open::verify;
use super::sql::failed;
use super::writer::{Transaction, Write};
use super::{SqliteOptions, SqliteStore, Synchronous};
use jackfield_domain::call::disposition::{self, Disposition};
use jackfield_domain::delivery::{DeliveryKind, DeliveryState, DeliveryVerdict, NextStep, StopReason};
use jackfield_domain::id::{LeadId, ReleaseNumber, TenantName};
use jackfield_store::{
    Accept, AcceptDisposition, AlertStore as _, AttemptDetail, ClaimRequest, ClaimedDelivery, DeliveryFilter,
    DeliveryStore as _, FinishAttempt, FinishOutcome, IntakeStore as _, LeadStore as _, PageRequest, QueueStore as _,
    RawRequest, ReadinessStore as _, StoreError, TenantShare,
};

mod personal_data;
mod plans;

pub(super) async fn store() -> (TempDir, SqliteStore) {
    let folder = TempDir::new().unwrap();
    let store = SqliteStore::open(&folder.path().join("jackfield.db")).await.unwrap();
    (folder, store)
}

pub(super) fn acme() -> TenantName {
    "acme".parse().unwrap()
}

fn lead() -> LeadId {
    "L-1".parse().unwrap()
}

fn call(id: &str) -> AcceptDisposition {
    let document = json!({"call_metadata": {"call_id": id}, "qualification": {"outcome": "no_answer"}});
    AcceptDisposition {
        digest: disposition::digest(&lead(), &document),
        disposition: Disposition::read(lead(), &document).unwrap(),
        request: RawRequest {
            tenant: acme(),
            received_at: Timestamp::UNIX_EPOCH,
            headers: "[]".into(),
            body: document.to_string().into(),
        },
        payload: None,
        due: Timestamp::UNIX_EPOCH,
    }
}

async fn claim_one(store: &SqliteStore) -> ClaimedDelivery {
    let claim = ClaimRequest {
        owner: "worker".into(),
        now: Timestamp::UNIX_EPOCH,
        lease: Duration::from_mins(1),
        tenants: vec![TenantShare {
            tenant: acme(),
            limit: 1,
            kinds: vec![(DeliveryKind::Disposition, 1)],
            last: vec![],
            release: ReleaseNumber(1),
        }],
    };
    store.claim(claim).await.unwrap().pop().unwrap()
}

/// Runs SQL as a job.
struct Sql(String);

impl Write for Sql {
    type Output = ();

    fn run(&self, tx: &mut Transaction<'_>) -> Result<(), StoreError> {
        tx.execute_batch(&self.0).map_err(failed)
    }
}

pub(super) async fn sql(store: &SqliteStore, sql: &str) -> Result<(), StoreError> {
    store.writer.submit(Sql(sql.into())).await
}

/// Verifies the writer's own pragmas.
struct Verify;

impl Write for Verify {
    type Output = ();

    fn run(&self, tx: &mut Transaction<'_>) -> Result<(), StoreError> {
        verify(tx, Synchronous::Full).map_err(|error| StoreError::Corrupt(error.to_string()))
    }
}

#[tokio::test]
async fn every_connection_has_the_pragmas() {
    let (_folder, store) = store().await;
    store.writer.submit(Verify).await.unwrap();
    // All at once, so that each gets a connection of its own.
    let together = Arc::new(std::sync::Barrier::new(4));
    let checks = (0..4).map(|_| {
        let together = Arc::clone(&together);
        store.readers.read(move |db| {
            together.wait();
            let error = db.execute_batch("delete from probe").unwrap_err();
            assert!(error.to_string().contains("readonly"), "{error}");
            verify(db, Synchronous::Full).map_err(|error| StoreError::Corrupt(error.to_string()))
        })
    });
    let checked = futures_util::future::join_all(checks).await;
    assert_eq!(checked, [Ok(()), Ok(()), Ok(()), Ok(())]);
}

#[tokio::test]
async fn a_pragma_without_effect_is_an_error() {
    let (folder, _store) = store().await;
    let reader = Connection::open(folder.path().join("jackfield.db")).unwrap();
    reader.pragma_update(None, "synchronous", "normal").unwrap();
    let error = verify(&reader, Synchronous::Full).unwrap_err().to_string();
    assert!(error.contains("synchronous = 1 and not 2"), "{error}");
}

#[tokio::test]
async fn a_bad_job_fails_alone() {
    let (_folder, store) = store().await;
    let (before, bad, after) = tokio::join!(
        store.accept_disposition(call("C-1")),
        sql(&store, "update probe set times = 1; insert into queue (id) values (1)"),
        store.accept_disposition(call("C-2")),
    );
    assert!(matches!(bad, Err(StoreError::Unavailable(_))), "{bad:?}");
    assert!(matches!((before, after), (Ok(Accept::New(_)), Ok(Accept::New(_)))));
    let stats = store.write_stats();
    assert_eq!(
        (stats.commits, stats.jobs),
        (2, 2),
        "each job of the batch got its own transaction"
    );
}

/// Records that it ran.
struct Turn(&'static str, Arc<Mutex<Vec<&'static str>>>);

impl Write for Turn {
    type Output = ();

    fn run(&self, _: &mut Transaction<'_>) -> Result<(), StoreError> {
        self.1.lock().unwrap().push(self.0);
        Ok(())
    }
}

#[tokio::test]
async fn outside_callers_do_not_delay_the_host() {
    let (folder, store) = store().await;
    let other = Connection::open(folder.path().join("jackfield.db")).unwrap();
    other.execute_batch("begin immediate").unwrap();
    let turns = Arc::new(Mutex::new(vec![]));
    let flood = (0..2000).map(|_| store.writer.submit(Turn("outside", Arc::clone(&turns))));
    // The writer can start once everything is enqueued.
    let (outside, own, ()) = tokio::join!(
        futures_util::future::join_all(flood),
        store.writer.submit_urgent(Turn("own", Arc::clone(&turns))),
        async { other.execute_batch("rollback").unwrap() }
    );
    assert!(own.is_ok() && outside.iter().all(Result::is_ok));
    let turns = turns.lock().unwrap();
    let position = turns.iter().position(|turn| *turn == "own").unwrap();
    assert!(
        position <= 256,
        "it waited for at most the current commit, not for {position} jobs"
    );
    assert_eq!(turns.len(), 2001, "every job ran");
}

#[tokio::test]
async fn a_dead_letter_is_all_or_nothing() {
    // A dead letter, its alert and the lead's flag are one transaction.
    let (_folder, store) = store().await;
    store.accept_disposition(call("C-1")).await.unwrap();
    let claimed = claim_one(&store).await;
    let finish = FinishAttempt {
        lease: claimed.lease,
        now: Timestamp::UNIX_EPOCH,
        verdict: DeliveryVerdict {
            step: NextStep::Dead(StopReason::AttemptsUsedUp),
            alert: Some(jackfield_domain::alert::AlertKind::DeadLetter),
            ..DeliveryVerdict::unreadable(claimed.history)
        },
        detail: AttemptDetail::default(),
        leads: vec![],
        refused: vec![],
        breaker: None,
    };
    // Break one part after the other, in the reverse order of their statements.
    let parts = [
        "create trigger broken before insert on alert begin select raise(abort, 'broken'); end",
        "create trigger broken before update of manual_since on lead begin select raise(abort, 'broken'); end",
        "create trigger broken before update of state on queue begin select raise(abort, 'broken'); end",
        "create trigger broken before update on attempt begin select raise(abort, 'broken'); end",
    ];
    for part in parts {
        sql(&store, part).await.unwrap();
        assert!(store.finish(finish.clone()).await.is_err(), "{part}");
        let delivery = store.delivery(claimed.lease.id).await.unwrap().unwrap();
        assert_eq!(
            (delivery.summary.state, delivery.attempts[0].class),
            (DeliveryState::Leased, None),
            "{part}"
        );
        assert_eq!(store.unannounced_alerts().await, Ok(vec![]), "{part}");
        assert_eq!(
            store.lead(&acme(), &lead()).await.unwrap().unwrap().manual_since,
            None,
            "{part}"
        );
        sql(&store, "drop trigger broken").await.unwrap();
    }
    assert_eq!(store.finish(finish).await, Ok(FinishOutcome::Stored { leads: 0 }));
    assert_eq!(store.unannounced_alerts().await.unwrap().len(), 1);
}

#[tokio::test]
async fn an_accept_is_all_or_nothing() {
    let (_folder, store) = store().await;
    for part in [
        "request",
        "queue",
        "line",
        "delivery_key",
        "lead",
        "delivery_count",
        "last_id",
    ] {
        let trigger = format!("create trigger broken before insert on {part} begin select raise(abort, 'broken'); end");
        sql(&store, &trigger).await.unwrap();
        assert!(store.accept_disposition(call("C-1")).await.is_err(), "{part}");
        sql(&store, "drop trigger broken").await.unwrap();
        for table in ["request", "queue", "line", "delivery_key", "lead"] {
            let query = format!("select count(*) from {table}");
            let count = move |db: &Connection| db.query_row(&query, [], |row| row.get::<_, i64>(0)).map_err(failed);
            assert_eq!(store.readers.read(count).await, Ok(0), "{part}: {table}");
        }
    }
    assert!(matches!(
        store.accept_disposition(call("C-1")).await,
        Ok(Accept::New(_))
    ));
}

#[tokio::test]
async fn a_newer_schema_is_refused() {
    let (folder, store) = store().await;
    let path = folder.path().join("jackfield.db");
    // One that this version can still read is opened.
    sql(&store, "update schema set version = 9999").await.unwrap();
    store.close().await.unwrap();
    let store = SqliteStore::open(&path).await.unwrap();
    sql(&store, "update schema set oldest_reader = 9999").await.unwrap();
    store.close().await.unwrap();
    let error = SqliteStore::open(&path).await.unwrap_err().to_string();
    assert!(error.contains("newer jackfield") && error.contains("9999"), "{error}");
}

#[tokio::test]
async fn other_databases_are_refused() {
    for (table, word) in [
        ("create table _sqlx_migrations (version integer)", "empty data folder"),
        ("create table customers (name text)", "another program"),
    ] {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("jackfield.db");
        Connection::open(&path).unwrap().execute_batch(table).unwrap();
        let before = std::fs::read(&path).unwrap();
        let error = SqliteStore::open(&path).await.unwrap_err().to_string();
        assert!(error.contains(word), "{error}");
        assert_eq!(std::fs::read(&path).unwrap(), before, "it stays as it was");
    }
}

#[tokio::test]
async fn ids_begin_with_the_cell() {
    let (folder, store) = store().await;
    sql(&store, "update installation set cell = 3").await.unwrap();
    store.close().await.unwrap();
    let store = SqliteStore::open(&folder.path().join("jackfield.db")).await.unwrap();
    let Ok(Accept::New(receipt)) = store.accept_disposition(call("C-1")).await else {
        panic!("refused")
    };
    assert_eq!(
        (receipt.id.0, receipt.delivery.0),
        (3 * (1 << 40) + 1, 3 * (1 << 40) + 1)
    );
}

#[tokio::test]
async fn unreadable_values_are_not_in_errors() {
    let (_folder, store) = store().await;
    store.accept_disposition(call("C-1")).await.unwrap();
    sql(&store, "update queue set dedup_key = ' Asha Verma '")
        .await
        .unwrap();
    let page = PageRequest { after: None, limit: 9 };
    let error = store.deliveries(&DeliveryFilter::default(), page).await;
    assert_eq!(error, Err(StoreError::Corrupt("column `dedup_key`".into())));
}

#[tokio::test]
async fn the_size_of_the_file_can_be_limited() {
    let folder = TempDir::new().unwrap();
    let options = SqliteOptions {
        max_bytes: Some(1 << 20),
        ..SqliteOptions::default()
    };
    let path = folder.path().join("jackfield.db");
    let store = SqliteStore::open_with(&path, options).await.unwrap();
    let error = sql(&store, "create table huge as select zeroblob(2000000)")
        .await
        .unwrap_err();
    assert!(error.to_string().contains("full"), "{error}");
    store.ready().await.unwrap();
    // When the file is full, a write that changes a page of it would still succeed.
    sql(&store, "create table filler (content blob)").await.unwrap();
    for size in [100_000, 10_000, 1_000] {
        let fill = format!("insert into filler values (zeroblob({size}))");
        while sql(&store, &fill).await.is_ok() {}
    }
    let error = store.ready().await.unwrap_err();
    assert!(error.to_string().contains("full"), "{error}");
    sql(&store, "drop table filler").await.unwrap();
    store.ready().await.unwrap();
}
