//! Tests that need the store's internals: every connection's pragmas, the plans of hot queries, a writer whose jobs
//! fail.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::Timestamp;
use serde_json::json;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{Connection as _, Row as _, SqliteConnection};
use tempfile::TempDir;

use super::open::verify;
use super::writer::Write;
use super::{SqliteOptions, SqliteStore, Synchronous};
use jackfield_domain::call::disposition::{self, Disposition};
use jackfield_domain::delivery::{DeliveryKind, DeliveryState, DeliveryVerdict, NextStep, StopReason};
use jackfield_domain::id::{LeadId, ReleaseNumber, TenantName};
use jackfield_store::{
    Accept, AcceptDisposition, AlertStore as _, AttemptDetail, ClaimRequest, ClaimedDelivery, DeliveryFilter,
    DeliveryStore as _, FinishAttempt, FinishOutcome, IntakeStore as _, LeadStore as _, PageRequest, QueueStore as _,
    RawRequest, ReadinessStore as _, StoreError, TenantShare,
};

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
    type Output = u64;

    async fn run(&self, db: &mut SqliteConnection) -> Result<u64, StoreError> {
        let sql = sqlx::AssertSqlSafe(self.0.as_str());
        Ok(sqlx::raw_sql(sql).execute(db).await?.rows_affected())
    }
}

pub(super) async fn sql(store: &SqliteStore, sql: &str) -> Result<u64, StoreError> {
    store.writer.submit(Sql(sql.into())).await
}

/// Verifies the writer's own pragmas.
struct Verify;

impl Write for Verify {
    type Output = ();

    async fn run(&self, db: &mut SqliteConnection) -> Result<(), StoreError> {
        verify(db, Synchronous::Full)
            .await
            .map_err(|error| StoreError::Corrupt(error.to_string()))
    }
}

#[tokio::test]
async fn every_connection_has_the_pragmas() {
    let (_folder, store) = store().await;
    store.writer.submit(Verify).await.unwrap();
    let mut readers = vec![];
    for _ in 0..store.readers.options().get_max_connections() {
        let mut reader = store.readers.acquire().await.unwrap();
        verify(&mut reader, Synchronous::Full).await.unwrap();
        let error = sqlx::query("delete from probe")
            .execute(&mut *reader)
            .await
            .unwrap_err();
        assert!(error.to_string().contains("readonly"), "{error}");
        readers.push(reader);
    }
    assert_eq!(readers.len(), 4);
}

#[tokio::test]
async fn a_pragma_without_effect_is_an_error() {
    let (_folder, store) = store().await;
    let mut reader = store.readers.acquire().await.unwrap();
    sqlx::query("pragma synchronous = normal")
        .execute(&mut *reader)
        .await
        .unwrap();
    let error = verify(&mut reader, Synchronous::Full).await.unwrap_err().to_string();
    assert!(error.contains("synchronous = 1 and not 2"), "{error}");
}

#[tokio::test]
async fn a_bad_job_fails_alone() {
    let (_folder, store) = store().await;
    let (before, bad, after) = tokio::join!(
        store.accept_disposition(call("C-1")),
        sql(
            &store,
            "update probe set times = 1; insert into delivery (id) values (1)"
        ),
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

    async fn run(&self, _: &mut SqliteConnection) -> Result<(), StoreError> {
        self.1.lock().unwrap().push(self.0);
        Ok(())
    }
}

#[tokio::test]
async fn outside_callers_do_not_delay_the_host() {
    let (folder, store) = store().await;
    let options = SqliteConnectOptions::new().filename(folder.path().join("jackfield.db"));
    let mut other = SqliteConnection::connect_with(&options).await.unwrap();
    sqlx::query("begin immediate").execute(&mut other).await.unwrap();
    let turns = Arc::new(Mutex::new(vec![]));
    let flood = (0..2000).map(|_| store.writer.submit(Turn("outside", Arc::clone(&turns))));
    // The writer can start once everything is enqueued.
    let (outside, own, begins) = tokio::join!(
        futures_util::future::join_all(flood),
        store.writer.submit_urgent(Turn("own", Arc::clone(&turns))),
        sqlx::query("rollback").execute(&mut other)
    );
    begins.unwrap();
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
        "create trigger broken before update of state on delivery begin select raise(abort, 'broken'); end",
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
    for part in ["inbox", "delivery", "lead", "delivery_count"] {
        let trigger = format!("create trigger broken before insert on {part} begin select raise(abort, 'broken'); end");
        sql(&store, &trigger).await.unwrap();
        assert!(store.accept_disposition(call("C-1")).await.is_err(), "{part}");
        sql(&store, "drop trigger broken").await.unwrap();
        for table in [
            "select count(*) from inbox",
            "select count(*) from delivery",
            "select count(*) from lead",
        ] {
            let rows: i64 = sqlx::query_scalar(table).fetch_one(&store.readers).await.unwrap();
            assert_eq!(rows, 0, "{part}: {table}");
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
    let newer = "insert into _sqlx_migrations (version, description, success, checksum, execution_time)
                 values (9999, 'of tomorrow', true, x'00', 0)";
    sql(&store, newer).await.unwrap();
    store.close().await.unwrap();
    let path = folder.path().join("jackfield.db");
    let error = SqliteStore::open(&path).await.unwrap_err().to_string();
    assert!(error.contains("newer jackfield") && error.contains("9999"), "{error}");
}

#[tokio::test]
async fn unreadable_values_are_not_in_errors() {
    let (_folder, store) = store().await;
    store.accept_disposition(call("C-1")).await.unwrap();
    sql(&store, "update delivery set dedup_key = ' Asha Verma '")
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

async fn blocked(store: &SqliteStore) -> Vec<i64> {
    let query = sqlx::query_scalar("select id from delivery where state = 'ready' and blocked = 1 order by id");
    query.fetch_all(&store.readers).await.unwrap()
}

/// The migration sets `blocked` for older deliveries just as the triggers do for new ones.
#[tokio::test]
async fn the_migration_blocks_older_deliveries() {
    let (_folder, store) = store().await;
    for id in ["C-1", "C-2", "C-3"] {
        store.accept_disposition(call(id)).await.unwrap();
    }
    let migration = include_str!("migrations/0004_breaker.sql");
    let start = migration.find("update delivery set blocked = 1").unwrap();
    let fill = migration[start..].split_inclusive(';').next().unwrap();
    for expected in [vec![2, 3], vec![2, 3]] {
        assert_eq!(blocked(&store).await, expected);
        sql(&store, "update delivery set blocked = 0 where state = 'ready'")
            .await
            .unwrap();
        sql(&store, fill).await.unwrap();
        assert_eq!(blocked(&store).await, expected);
        if store.due(Timestamp::UNIX_EPOCH).await.unwrap().is_empty() {
            break;
        }
        // Once more while the first is in flight.
        claim_one(&store).await;
    }
    assert_eq!(store.due(Timestamp::UNIX_EPOCH).await, Ok(vec![]));
}

/// `SQLite`'s plan for a query.
async fn plan(store: &SqliteStore, sql: &str) -> Vec<String> {
    let sql = sqlx::AssertSqlSafe(format!("explain query plan {sql}"));
    let rows = sqlx::raw_sql(sql).fetch_all(&store.readers).await.unwrap();
    rows.iter().map(|row| row.get("detail")).collect()
}

#[tokio::test]
async fn hot_queries_read_few_deliveries() {
    // A query may scan: one row, the last ids, the result of a subquery (its own plan is among the lines), counts by
    // tenant, the four ranks, the three kinds or the requested keys, leased deliveries, deliveries that are not done,
    // unannounced alerts.
    const SMALL: [&str; 9] = [
        "CONSTANT ROW",
        "sqlite_sequence",
        "(subquery-",
        "c",
        "r VIRTUAL TABLE",
        "k VIRTUAL TABLE",
        "delivery USING INDEX delivery_leased",
        "delivery USING INDEX delivery_open",
        "alert USING INDEX alert_untold",
    ];
    let (_folder, store) = store().await;
    let queries = [
        super::intake::disposition::SEEN_CALLS,
        super::intake::lead::SEEN_KEYS,
        super::queue::claim::CLAIMABLE,
        super::queue::claim::DUE.as_str(),
        super::queue::claim::NEXT_DUE.as_str(),
        super::delivery::listing::QUEUE_DEPTH,
        super::queue::finish::LOST_LEASES,
        super::breaker::HELD,
        super::alert::UNANNOUNCED,
    ];
    for query in queries {
        let plan = plan(&store, query).await;
        let scans = plan.iter().filter_map(|line| line.strip_prefix("SCAN "));
        for scan in scans {
            assert!(SMALL.iter().any(|small| scan.starts_with(small)), "{query}\n{plan:#?}");
        }
        let sorts = plan.iter().any(|line| line.contains("TEMP B-TREE"));
        assert!(!sorts, "{query}\n{plan:#?}");
    }
}

#[tokio::test]
async fn open_deliveries_are_found_by_index() {
    let (_folder, store) = store().await;
    for tenant in [None, Some(acme())] {
        let filter = DeliveryFilter {
            tenant,
            states: vec![DeliveryState::Dead, DeliveryState::Review],
            ..DeliveryFilter::default()
        };
        let query = super::delivery::listing::listing(&filter, 9, 9);
        let plan = plan(&store, query.sql().as_str()).await;
        assert!(plan[0].contains("delivery_open"), "{plan:?}");
    }
}
