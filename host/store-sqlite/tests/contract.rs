//! The contract of every store, and tests for `SQLite` only: one writer, one process, one file.

#![expect(clippy::unwrap_used, reason = "a panic in a test is its report")]

use std::future::Future as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jackfield_domain::lead::Priority;
use jackfield_store::contract::FreshStore;
use jackfield_store::contract::fixture::{accept_call, accept_lead, at, call, claim, claim_one, detail, finish};
use jackfield_store::{Accept, DeliveryStore as _, IntakeStore as _, ReadinessStore as _, StoreError};
use jackfield_store_sqlite::{OpenError, SqliteOptions, SqliteStore};
use rusqlite::Connection;
use tempfile::TempDir;

mod sqlite {
    jackfield_store::store_contract!(crate::fresh_sqlite);
}

async fn fresh_sqlite() -> FreshStore {
    let (folder, path) = folder();
    FreshStore {
        store: Arc::new(SqliteStore::open(&path).await.unwrap()),
        guard: Box::new(folder),
    }
}

fn folder() -> (TempDir, PathBuf) {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("jackfield.db");
    (folder, path)
}

async fn open(path: &Path, queue: usize, max_bytes: Option<u64>) -> SqliteStore {
    SqliteStore::open_with(
        path,
        SqliteOptions {
            queue,
            max_bytes,
            ..SqliteOptions::default()
        },
    )
    .await
    .unwrap()
}

/// Runs `ask` while the writer holds one accept that it cannot commit, because another connection holds the write lock.
/// The lock is released once `ask` has enqueued everything.
async fn while_busy<T>(store: &SqliteStore, path: &Path, ask: impl Future<Output = T>) -> T {
    let other = Connection::open(path).unwrap();
    other.execute_batch("begin immediate").unwrap();
    let rest = async {
        while store.write_stats().waiting > 0 {
            tokio::task::yield_now().await;
        }
        tokio::join!(ask, async { other.execute_batch("rollback").unwrap() }).0
    };
    tokio::join!(accept_call(store, "first", "L-first", at(0)), rest).1
}

/// Accepts `n` dispositions at once.
async fn accept_at_once(store: &SqliteStore, n: i64) -> Vec<Result<Accept, StoreError>> {
    let accepts = (0..n).map(|n| store.accept_disposition(call(&format!("C-{n}"), &format!("L-{n}"), at(n))));
    futures_util::future::join_all(accepts).await
}

#[tokio::test]
async fn many_writes_share_a_commit() {
    let (_folder, path) = folder();
    let store = open(&path, 4096, None).await;
    let answers = while_busy(&store, &path, accept_at_once(&store, 1000)).await;
    assert!(answers.iter().all(|answer| matches!(answer, Ok(Accept::New(_)))));
    let stats = store.write_stats();
    assert_eq!(stats.jobs, 1001);
    assert!(stats.commits <= 5, "{stats:?}");
}

#[tokio::test]
async fn full_queue_refuses_and_stores_nothing() {
    let (_folder, path) = folder();
    let store = open(&path, 8, None).await;
    let answers = while_busy(&store, &path, accept_at_once(&store, 20)).await;
    let (accepted, refused): (Vec<_>, Vec<_>) = answers.into_iter().partition(Result::is_ok);
    assert_eq!((accepted.len(), refused.len()), (8, 12));
    assert!(refused.iter().all(|answer| *answer == Err(StoreError::Overloaded)));
    assert_eq!(
        claim(&store, 100, at(99)).await.len(),
        9,
        "including the one that the writer already held"
    );
}

#[tokio::test]
async fn internal_writes_wait_for_space() {
    // A full queue does not refuse the host's own writes; they wait for space.
    let (_folder, path) = folder();
    let store = open(&path, 1, None).await;
    let mut claimed = vec![];
    for n in 0..3 {
        accept_call(&store, &format!("mine-{n}"), &format!("L-mine-{n}"), at(0)).await;
        claimed.push(claim_one(&store, at(0)).await);
    }
    let finish_all = async {
        let finish_one = |claimed| finish(&store, claimed, Ok("R"), at(1));
        futures_util::future::join_all(claimed.iter().map(finish_one)).await;
    };
    let ask = async { tokio::join!(accept_at_once(&store, 5), finish_all).0 };
    let answers = while_busy(&store, &path, ask).await;
    let refused = answers.iter().filter(|answer| **answer == Err(StoreError::Overloaded));
    assert_eq!(refused.count(), 4);
    for claimed in claimed {
        let delivery = detail(&store, claimed.lease.id).await;
        assert_eq!(delivery.summary.reference.as_deref(), Some("R"));
    }
}

#[tokio::test]
async fn full_disk_acknowledges_nothing() {
    let (_folder, path) = folder();
    let store = open(&path, 4096, Some(400 * 1024)).await;
    let mut accepted = 0;
    let refused = loop {
        match store
            .accept_disposition(call(&format!("C-{accepted}"), "L-1", at(accepted)))
            .await
        {
            Ok(_) => accepted += 1,
            Err(error) => break error,
        }
        assert!(accepted < 10_000, "the limit is never reached");
    };
    assert!(
        matches!(&refused, StoreError::Unavailable(why) if why.contains("full")),
        "{refused}"
    );
    let late = call(&format!("C-{accepted}"), "L-1", at(accepted));
    assert_eq!(store.accept_disposition(late.clone()).await, Err(refused));
    store.close().await.unwrap();

    let store = open(&path, 4096, None).await;
    let states = store.states().await.unwrap();
    assert_eq!(
        states.iter().map(|(_, count)| count).sum::<u64>(),
        accepted.unsigned_abs()
    );
    assert_eq!(store.ready().await, Ok(()));
    let again = store.accept_disposition(late).await;
    assert!(
        matches!(again, Ok(Accept::New(_))),
        "the refused request stored nothing"
    );
}

#[tokio::test]
async fn reopened_file_contains_everything() {
    let (_folder, path) = folder();
    let store = open(&path, 4096, None).await;
    let lead = accept_lead(&store, "L-1", Priority::High, at(0)).await;
    let call = accept_call(&store, "C-1", "L-1", at(1)).await;
    let claimed = claim(&store, 1, at(1)).await;
    assert_eq!(claimed[0].lease.id, lead);
    let before = [detail(&store, lead).await, detail(&store, call).await];
    store.close().await.unwrap();
    assert!(!wal(&path).exists(), "closing moves the log into the file");
    assert!(matches!(store.ready().await, Err(StoreError::Unavailable(_))));
    assert!(matches!(store.close().await, Err(StoreError::Unavailable(_))));

    let store = open(&path, 4096, None).await;
    assert_eq!([detail(&store, lead).await, detail(&store, call).await], before);
    finish(&store, &claimed[0], Ok("R"), at(2)).await;
}

fn wal(path: &Path) -> PathBuf {
    path.with_extension("db-wal")
}

#[tokio::test]
async fn second_process_is_refused() {
    let (_folder, path) = folder();
    let store = open(&path, 4096, None).await;
    let refused = SqliteStore::open(&path).await.unwrap_err();
    assert!(matches!(refused, OpenError::InUse(_)));
    let message = refused.to_string();
    assert!(
        message.contains("jackfield.db.lock") && message.contains("stop it"),
        "{message}"
    );
    accept_call(&store, "C-1", "L-1", at(0)).await;
    store.close().await.unwrap();
    SqliteStore::open(&path).await.unwrap();
}

#[tokio::test]
async fn files_are_private_to_the_owner() {
    let (folder, path) = folder();
    std::fs::write(&path, "").unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
    let store = open(&path, 4096, None).await;
    accept_call(&store, "C-1", "L-1", at(0)).await;
    assert!(wal(&path).exists());
    for file in folder.path().read_dir().unwrap() {
        let file = file.unwrap();
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600, "{file:?}");
    }
}

#[tokio::test]
async fn open_errors_name_the_file() {
    let (folder, _) = folder();
    let nowhere = folder.path().join("missing/jackfield.db");
    let message = SqliteStore::open(&nowhere).await.unwrap_err().to_string();
    assert!(
        message.contains("missing/jackfield.db") && message.contains("folder exists"),
        "{message}"
    );

    let path = folder.path().join("other.db");
    std::fs::write(
        &path,
        "this is no database, but a text of more than a hundred bytes".repeat(9),
    )
    .unwrap();
    let message = SqliteStore::open(&path).await.unwrap_err().to_string();
    assert!(message.contains("not a database"), "{message}");
}

#[tokio::test]
async fn dropped_future_does_not_cancel_its_write() {
    // An enqueued write is executed even if its future is dropped.
    let (_folder, path) = folder();
    let store = open(&path, 4096, None).await;
    let mut gone = Box::pin(store.accept_disposition(call("C-1", "L-1", at(0))));
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    assert!(gone.as_mut().poll(&mut context).is_pending());
    drop(gone);
    let repeat = store.accept_disposition(call("C-1", "L-1", at(1))).await;
    assert!(matches!(repeat, Ok(Accept::Repeat(_))), "{repeat:?}");
}
