//! The audit trail.

use async_trait::async_trait;
use sqlx::sqlite::SqliteRow;
use sqlx::{SqliteConnection, SqlitePool};

use crate::SqliteStore;
use crate::column::{Columns, micros, stored};
use crate::page::{PageQuery, to_page};
use crate::writer::Write;
use jackfield_domain::custody::audit::{AuditEntry, AuditEvent};
use jackfield_store::{AuditStore, Page, PageRequest, StoreError};

#[async_trait]
impl AuditStore for SqliteStore {
    async fn append_audit(&self, event: AuditEvent) -> Result<AuditEntry, StoreError> {
        self.writer.submit_urgent(event).await
    }

    async fn audit(&self, page: PageRequest) -> Result<Page<AuditEntry>, StoreError> {
        list(&self.readers, &page).await
    }

    async fn audit_after(&self, seq: i64, limit: u32) -> Result<Vec<(i64, Option<AuditEntry>)>, StoreError> {
        after(&self.readers, seq, limit).await
    }
}

impl Write for AuditEvent {
    type Output = AuditEntry;

    async fn run(&self, db: &mut SqliteConnection) -> Result<AuditEntry, StoreError> {
        let last = sqlx::query("select seq, hash from audit order by seq desc limit 1")
            .fetch_optional(&mut *db)
            .await?;
        let last = last.map(|row| Ok::<_, StoreError>((row.plain("seq")?, row.digest("hash")?)));
        let event = Self {
            at: stored(self.at),
            ..self.clone()
        };
        let entry = AuditEntry::after(last.transpose()?, event);
        sqlx::query(
            "insert into audit (seq, at, actor, label, action, target, status, request, prev, hash)
             values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        )
        .bind(entry.seq)
        .bind(micros(entry.event.at))
        .bind(entry.event.actor.to_string())
        .bind(entry.event.label.as_str())
        .bind(entry.event.action.as_str())
        .bind(entry.event.target.as_str())
        .bind(entry.event.status)
        .bind(entry.event.request.as_str())
        .bind(entry.prev.as_bytes().as_slice())
        .bind(entry.hash.as_bytes().as_slice())
        .execute(db)
        .await?;
        Ok(entry)
    }
}

/// Entries, newest first.
pub(crate) async fn list(db: &SqlitePool, page: &PageRequest) -> Result<Page<AuditEntry>, StoreError> {
    let part = PageQuery::newest_first(page)?;
    let rows = sqlx::query("select * from audit where seq < ? order by seq desc limit ?")
        .bind(part.before)
        .bind(part.rows())
        .fetch_all(db)
        .await?;
    to_page(&rows, part.limit, entry, |entry| entry.seq.to_string())
}

/// The entries after a number, oldest first; `None` in place of an entry that cannot be read.
pub(crate) async fn after(db: &SqlitePool, seq: i64, limit: u32) -> Result<Vec<(i64, Option<AuditEntry>)>, StoreError> {
    let rows = sqlx::query("select * from audit where seq > ? order by seq limit ?")
        .bind(seq)
        .bind(limit)
        .fetch_all(db)
        .await?;
    rows.iter()
        .map(|row| Ok((row.plain("seq")?, entry(row).ok())))
        .collect()
}

fn entry(row: &SqliteRow) -> Result<AuditEntry, StoreError> {
    Ok(AuditEntry {
        seq: row.plain("seq")?,
        event: AuditEvent {
            at: row.time("at")?,
            actor: row.id("actor")?,
            label: row.plain("label")?,
            action: row.plain("action")?,
            target: row.plain("target")?,
            status: row.checked_option("status", |status: i64| status.try_into().ok())?,
            request: row.plain("request")?,
        },
        prev: row.digest("prev")?,
        hash: row.digest("hash")?,
    })
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use sqlx::{ConnectOptions as _, Connection as _};
    use tempfile::TempDir;

    use super::*;
    use crate::SqliteStore;
    use jackfield_domain::custody::audit::{Actor, ChainBreak, ChainVerifier};
    use jackfield_domain::id::TokenId;

    fn event(n: i64) -> AuditEvent {
        AuditEvent {
            at: Timestamp::from_second(n).unwrap(),
            actor: Actor::Operator(TokenId(n)),
            label: String::new(),
            action: "POST /v1/tokens".into(),
            target: format!("token=tok_{n}"),
            status: Some(201),
            request: format!("req_{n}"),
        }
    }

    /// Changes a trail of six entries with some SQL, and verifies it.
    async fn tampered(sql: &str) -> Result<(), ChainBreak> {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("jackfield.db");
        let store = SqliteStore::open(&path).await.unwrap();
        for n in 1..=6 {
            store.append_audit(event(n)).await.unwrap();
        }
        let mut db = sqlx::sqlite::SqliteConnectOptions::new()
            .filename(&path)
            .connect()
            .await
            .unwrap();
        for trigger in ["audit_stays", "audit_is_kept", "audit_grows_at_its_end"] {
            let refused = sqlx::raw_sql(sqlx::AssertSqlSafe(sql)).execute(&mut db).await;
            assert!(
                refused.is_err_and(|error| error.to_string().contains("append-only")),
                "{sql}: {trigger}"
            );
            let drop = format!("drop trigger {trigger}");
            sqlx::raw_sql(sqlx::AssertSqlSafe(drop)).execute(&mut db).await.unwrap();
            if sqlx::raw_sql(sqlx::AssertSqlSafe(sql)).execute(&mut db).await.is_ok() {
                break;
            }
        }
        db.close().await.unwrap();
        let mut verifier = ChainVerifier::new(None);
        for (seq, entry) in store.audit_after(i64::MIN, 100).await.unwrap() {
            verifier.next(seq, entry.as_ref())?;
        }
        verifier.finish()
    }

    #[tokio::test]
    async fn tampering_in_the_database_is_reported() {
        let copy = "insert into audit select 10, at, actor, label, action, target, status, request, prev, hash \
            from audit where seq = 3";
        let cases = [
            ("update audit set at = at + 1 where seq = 3", ChainBreak::Edited(3)),
            ("update audit set actor = 'host' where seq = 1", ChainBreak::Edited(1)),
            (
                "update audit set actor = 'nonsense' where seq = 6",
                ChainBreak::Edited(6),
            ),
            ("update audit set label = 'x' where seq = 2", ChainBreak::Edited(2)),
            ("update audit set action = 'x' where seq = 2", ChainBreak::Edited(2)),
            ("update audit set target = '' where seq = 5", ChainBreak::Edited(5)),
            ("update audit set status = null where seq = 4", ChainBreak::Edited(4)),
            (
                "update audit set status = 99999999 where seq = 4",
                ChainBreak::Edited(4),
            ),
            ("update audit set request = 'x' where seq = 4", ChainBreak::Edited(4)),
            (
                "update audit set prev = zeroblob(32) where seq = 4",
                ChainBreak::Edited(4),
            ),
            ("update audit set hash = x'00' where seq = 4", ChainBreak::Edited(4)),
            ("update audit set seq = -seq where seq = 4", ChainBreak::Inserted(-4)),
            ("delete from audit where seq = 1", ChainBreak::Missing(1)),
            ("delete from audit where seq in (3, 4)", ChainBreak::Missing(3)),
            (copy, ChainBreak::Missing(7)),
            (
                "insert into audit select 0, at, actor, label, action, target, status, request, prev, hash from audit \
                 where seq = 1",
                ChainBreak::Inserted(0),
            ),
            (
                "replace into audit select 3, at, actor, label, action, target, status, request, prev, hash from audit \
                 where seq = 4",
                ChainBreak::Edited(3),
            ),
        ];
        for (sql, expected) in cases {
            assert_eq!(tampered(sql).await, Err(expected), "{sql}");
        }
    }
}
