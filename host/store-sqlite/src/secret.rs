//! Sealed secrets.

use async_trait::async_trait;
use rusqlite::{Connection, Row, params};

use crate::SqliteStore;
use crate::column::{Columns as _, micros};
use crate::page::{limit, rows, to_page};
use crate::sql::{all, execute, first};
use crate::writer::{Transaction, Write};
use jackfield_domain::custody::seal::SealedSecret;
use jackfield_domain::id::TenantName;
use jackfield_store::{NewSecret, Page, PageRequest, ResealedSecret, SecretRecord, SecretStore, StoreError};

#[async_trait]
impl SecretStore for SqliteStore {
    async fn secret(&self, tenant: &TenantName, name: &str) -> Result<Option<SecretRecord>, StoreError> {
        let (tenant, name) = (tenant.clone(), name.to_owned());
        let sql = "select * from secret where tenant = ? and name = ?";
        self.readers
            .read(move |db| first(db, sql, params![tenant.as_str(), name], secret))
            .await
    }

    async fn secrets(&self, tenant: &TenantName, page: PageRequest) -> Result<Page<SecretRecord>, StoreError> {
        let tenant = tenant.clone();
        self.readers.read(move |db| list(db, &tenant, &page)).await
    }

    async fn all_secrets(&self) -> Result<Vec<SecretRecord>, StoreError> {
        let sql = "select * from secret order by tenant, name";
        self.readers.read(move |db| all(db, sql, [], secret)).await
    }

    async fn put_secret(&self, secret: NewSecret) -> Result<(), StoreError> {
        self.writer.submit_urgent(secret).await
    }

    async fn remove_secret(&self, tenant: &TenantName, name: &str) -> Result<bool, StoreError> {
        let (tenant, name) = (tenant.clone(), name.to_owned());
        self.writer.submit(Remove { tenant, name }).await
    }

    async fn reseal(&self, secrets: Vec<ResealedSecret>) -> Result<usize, StoreError> {
        self.writer.submit_urgent(Reseal(secrets)).await
    }
}

impl Write for NewSecret {
    type Output = ();

    fn run(&self, tx: &mut Transaction<'_>) -> Result<(), StoreError> {
        execute(
            tx,
            "insert into secret (tenant, name, key, nonce, ciphertext, set_at) values (?, ?, ?, ?, ?, ?)
             on conflict (tenant, name) do update set key = excluded.key, nonce = excluded.nonce,
                 ciphertext = excluded.ciphertext, set_at = excluded.set_at",
            params![
                self.tenant.as_str(),
                self.name,
                self.sealed.key.to_string(),
                self.sealed.nonce,
                self.sealed.ciphertext,
                micros(self.now),
            ],
        )
        .map(drop)
    }
}

/// A secret to remove.
struct Remove {
    tenant: TenantName,
    name: String,
}

impl Write for Remove {
    type Output = bool;

    fn run(&self, tx: &mut Transaction<'_>) -> Result<bool, StoreError> {
        let removed = execute(
            tx,
            "delete from secret where tenant = ? and name = ?",
            params![self.tenant.as_str(), self.name],
        )?;
        Ok(removed > 0)
    }
}

/// Secrets sealed with another key, replaced all or none.
struct Reseal(Vec<ResealedSecret>);

impl Write for Reseal {
    type Output = usize;

    fn run(&self, tx: &mut Transaction<'_>) -> Result<usize, StoreError> {
        let mut changed = 0;
        for resealed in &self.0 {
            changed += execute(
                tx,
                "update secret set key = ?, nonce = ?, ciphertext = ? where tenant = ? and name = ? and nonce = ?",
                params![
                    resealed.sealed.key.to_string(),
                    resealed.sealed.nonce,
                    resealed.sealed.ciphertext,
                    resealed.tenant.as_str(),
                    resealed.name,
                    resealed.was,
                ],
            )?;
        }
        Ok(changed)
    }
}

/// A tenant's secrets by name.
fn list(db: &Connection, tenant: &TenantName, page: &PageRequest) -> Result<Page<SecretRecord>, StoreError> {
    let limit = limit(page);
    let found = all(
        db,
        "select * from secret where tenant = ? and name > ? order by name limit ?",
        params![tenant.as_str(), page.after.as_deref().unwrap_or_default(), rows(limit)],
        secret,
    )?;
    Ok(to_page(found, limit, |secret| secret.name.clone()))
}

fn secret(row: &Row<'_>) -> Result<SecretRecord, StoreError> {
    Ok(SecretRecord {
        tenant: row.id("tenant")?,
        name: row.plain("name")?,
        sealed: SealedSecret {
            key: row.id("key")?,
            nonce: row.plain("nonce")?,
            ciphertext: row.plain("ciphertext")?,
        },
        set_at: row.time("set_at")?,
    })
}
