//! Sealed secrets.

use async_trait::async_trait;
use sqlx::sqlite::SqliteRow;
use sqlx::{SqliteConnection, SqlitePool};

use crate::SqliteStore;
use crate::column::{Columns, micros};
use crate::page::{limit, rows, to_page};
use crate::writer::Write;
use jackfield_domain::custody::seal::SealedSecret;
use jackfield_domain::id::TenantName;
use jackfield_store::{NewSecret, Page, PageRequest, ResealedSecret, SecretRecord, SecretStore, StoreError};

#[async_trait]
impl SecretStore for SqliteStore {
    async fn secret(&self, tenant: &TenantName, name: &str) -> Result<Option<SecretRecord>, StoreError> {
        find(&self.readers, tenant, name).await
    }

    async fn secrets(&self, tenant: &TenantName, page: PageRequest) -> Result<Page<SecretRecord>, StoreError> {
        list(&self.readers, tenant, &page).await
    }

    async fn all_secrets(&self) -> Result<Vec<SecretRecord>, StoreError> {
        all(&self.readers).await
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

    async fn run(&self, db: &mut SqliteConnection) -> Result<(), StoreError> {
        sqlx::query(
            "insert into secret (tenant, name, key, nonce, ciphertext, set_at) values (?, ?, ?, ?, ?, ?)
             on conflict (tenant, name) do update set key = excluded.key, nonce = excluded.nonce,
                 ciphertext = excluded.ciphertext, set_at = excluded.set_at",
        )
        .bind(self.tenant.as_str())
        .bind(self.name.as_str())
        .bind(self.sealed.key.to_string())
        .bind(self.sealed.nonce.as_slice())
        .bind(self.sealed.ciphertext.as_slice())
        .bind(micros(self.now))
        .execute(db)
        .await?;
        Ok(())
    }
}

/// A secret to remove.
pub(crate) struct Remove {
    pub(crate) tenant: TenantName,
    pub(crate) name: String,
}

impl Write for Remove {
    type Output = bool;

    async fn run(&self, db: &mut SqliteConnection) -> Result<bool, StoreError> {
        let removed = sqlx::query("delete from secret where tenant = ? and name = ?")
            .bind(self.tenant.as_str())
            .bind(self.name.as_str())
            .execute(db)
            .await?;
        Ok(removed.rows_affected() > 0)
    }
}

/// Secrets sealed with another key, replaced all or none.
pub(crate) struct Reseal(pub(crate) Vec<ResealedSecret>);

impl Write for Reseal {
    type Output = usize;

    async fn run(&self, db: &mut SqliteConnection) -> Result<usize, StoreError> {
        let mut changed = 0;
        for resealed in &self.0 {
            let update =
                "update secret set key = ?, nonce = ?, ciphertext = ? where tenant = ? and name = ? and nonce = ?";
            let update = sqlx::query(update)
                .bind(resealed.sealed.key.to_string())
                .bind(resealed.sealed.nonce.as_slice())
                .bind(resealed.sealed.ciphertext.as_slice())
                .bind(resealed.tenant.as_str())
                .bind(resealed.name.as_str())
                .bind(resealed.was.as_slice());
            changed += usize::try_from(update.execute(&mut *db).await?.rows_affected()).unwrap_or(usize::MAX);
        }
        Ok(changed)
    }
}

/// One secret.
pub(crate) async fn find(db: &SqlitePool, tenant: &TenantName, name: &str) -> Result<Option<SecretRecord>, StoreError> {
    let row = sqlx::query("select * from secret where tenant = ? and name = ?")
        .bind(tenant.as_str())
        .bind(name)
        .fetch_optional(db)
        .await?;
    row.as_ref().map(secret).transpose()
}

/// A tenant's secrets by name.
pub(crate) async fn list(
    db: &SqlitePool,
    tenant: &TenantName,
    page: &PageRequest,
) -> Result<Page<SecretRecord>, StoreError> {
    let limit = limit(page);
    let found = sqlx::query("select * from secret where tenant = ? and name > ? order by name limit ?")
        .bind(tenant.as_str())
        .bind(page.after.as_deref().unwrap_or_default())
        .bind(rows(limit))
        .fetch_all(db)
        .await?;
    to_page(&found, limit, secret, |secret| secret.name.clone())
}

/// Every secret of every tenant.
pub(crate) async fn all(db: &SqlitePool) -> Result<Vec<SecretRecord>, StoreError> {
    let found = sqlx::query("select * from secret order by tenant, name")
        .fetch_all(db)
        .await?;
    found.iter().map(secret).collect()
}

fn secret(row: &SqliteRow) -> Result<SecretRecord, StoreError> {
    Ok(SecretRecord {
        tenant: row.id("tenant")?,
        name: row.plain("name")?,
        sealed: SealedSecret {
            key: row.id("key")?,
            nonce: row.checked("nonce", |nonce: &[u8]| nonce.try_into().ok())?,
            ciphertext: row.plain("ciphertext")?,
        },
        set_at: row.time("set_at")?,
    })
}
