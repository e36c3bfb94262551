//! The audit trail.

use async_trait::async_trait;
use rusqlite::{Row, params};

use crate::SqliteStore;
use crate::column::{Columns as _, micros, stored};
use crate::page::{PageQuery, to_page};
use crate::sql::{all, execute, first};
use crate::writer::{Transaction, Write};
use jackfield_domain::custody::audit::{AuditEntry, AuditEvent};
use jackfield_store::{AuditStore, Page, PageRequest, StoreError};

#[async_trait]
impl AuditStore for SqliteStore {
    async fn append_audit(&self, event: AuditEvent) -> Result<AuditEntry, StoreError> {
        self.writer.submit_urgent(event).await
    }

    async fn audit(&self, page: PageRequest) -> Result<Page<AuditEntry>, StoreError> {
        let part = PageQuery::newest_first(&page)?;
        let sql = "select * from audit where seq < ? order by seq desc limit ?";
        let values = [part.before, part.rows()];
        let found = self.readers.read(move |db| all(db, sql, values, entry)).await?;
        Ok(to_page(found, part.limit, |entry| entry.seq.to_string()))
    }

    async fn audit_after(&self, seq: i64, limit: u32) -> Result<Vec<(i64, Option<AuditEntry>)>, StoreError> {
        let sql = "select * from audit where seq > ? order by seq limit ?";
        let numbered = |row: &Row<'_>| Ok((row.plain("seq")?, entry(row).ok()));
        self.readers
            .read(move |db| all(db, sql, params![seq, limit], numbered))
            .await
    }
}

impl Write for AuditEvent {
    type Output = AuditEntry;

    fn run(&self, tx: &mut Transaction<'_>) -> Result<AuditEntry, StoreError> {
        let sql = "select seq, hash from audit order by seq desc limit 1";
        let last = first(tx, sql, [], |row| Ok((row.plain("seq")?, row.digest("hash")?)))?;
        let event = Self {
            at: stored(self.at),
            ..self.clone()
        };
        let entry = AuditEntry::after(last, event);
        execute(
            tx,
            "insert into audit (seq, at, actor, label, action, target, status, request, prev, hash)
             values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            params![
                entry.seq,
                micros(entry.event.at),
                entry.event.actor.to_string(),
                entry.event.label,
                entry.event.action,
                entry.event.target,
                entry.event.status,
                entry.event.request,
                entry.prev.as_bytes(),
                entry.hash.as_bytes(),
            ],
        )?;
        Ok(entry)
    }
}

/// Reads an entry.
fn entry(row: &Row<'_>) -> Result<AuditEntry, StoreError> {
    Ok(AuditEntry {
        seq: row.plain("seq")?,
        event: AuditEvent {
            at: row.time("at")?,
            actor: row.id("actor")?,
            label: row.plain("label")?,
            action: row.plain("action")?,
            target: row.plain("target")?,
            status: row.plain("status")?,
            request: row.plain("request")?,
        },
        prev: row.digest("prev")?,
        hash: row.digest("hash")?,
    })
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use rusqlite::Connection;
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
        let db = Connection::open(&path).unwrap();
        for trigger in ["audit_stays", "audit_is_kept", "audit_grows_at_its_end"] {
            let refused = db.execute_batch(sql);
            assert!(
                refused.is_err_and(|error| error.to_string().contains("append-only")),
                "{sql}: {trigger}"
            );
            db.execute_batch(&format!("drop trigger {trigger}")).unwrap();
            if db.execute_batch(sql).is_ok() {
                break;
            }
        }
        db.close().unwrap();
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
