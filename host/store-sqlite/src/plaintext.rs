//! Secrets that an earlier version stored in plaintext: sealed at the first start, and wiped from the file.

use jiff::Timestamp;
use sqlx::{Row as _, SqliteConnection};

use crate::SqliteStore;
use crate::writer::Write;
use jackfield_domain::custody::Sensitive;
use jackfield_domain::custody::seal::SealedSecret;
use jackfield_domain::id::TenantName;
use jackfield_store::{NewSecret, StoreError};

impl SqliteStore {
    /// Seals the secrets that an earlier version stored in plaintext, and returns their number. Their rows stay,
    /// emptied, until [`Self::wipe_plaintext`] is done.
    ///
    /// # Errors
    /// Those of the store and of `seal`; the secrets are unchanged.
    pub async fn seal_plaintext<S>(&self, seal: S) -> Result<usize, StoreError>
    where
        S: Fn(&TenantName, &str, &Sensitive) -> Result<SealedSecret, StoreError> + Send + Sync + 'static,
    {
        if !self.has_plaintext().await? {
            return Ok(0);
        }
        self.writer.submit_urgent(SealAll(seal)).await
    }

    /// Removes the plaintext from the file, free pages and log included. Call it before the host serves anything: it
    /// blocks the writer, and temporarily needs free disk space of the size of the database. It may be interrupted at
    /// any point and called again.
    ///
    /// # Errors
    /// Those of the store, such as a full disk; the next call wipes the rest.
    pub async fn wipe_plaintext(&self) -> Result<(), StoreError> {
        if !self.has_plaintext().await? {
            return Ok(());
        }
        let rows: i64 = sqlx::query_scalar("select count(*) from plaintext_secret")
            .fetch_one(&self.readers)
            .await?;
        if rows > 0 {
            self.writer.vacuum().await?;
        }
        self.writer.submit_urgent(DropPlaintext).await
    }

    async fn has_plaintext(&self) -> Result<bool, StoreError> {
        let tables: i64 = sqlx::query_scalar("select count(*) from sqlite_schema where name = 'plaintext_secret'")
            .fetch_one(&self.readers)
            .await?;
        Ok(tables > 0)
    }
}

struct SealAll<S>(S);

impl<S> Write for SealAll<S>
where
    S: Fn(&TenantName, &str, &Sensitive) -> Result<SealedSecret, StoreError> + Send + Sync + 'static,
{
    /// How many were sealed.
    type Output = usize;

    async fn run(&self, db: &mut SqliteConnection) -> Result<usize, StoreError> {
        let rows = sqlx::query("select tenant, name, value from plaintext_secret")
            .fetch_all(&mut *db)
            .await?;
        let mut sealed = 0;
        for row in &rows {
            let value = Sensitive::new(row.try_get("value")?);
            // A secret is never empty: this one was sealed before.
            if value.expose().is_empty() {
                continue;
            }
            let tenant: String = row.try_get("tenant")?;
            let tenant: TenantName = tenant
                .parse()
                .map_err(|_| StoreError::Corrupt("column `tenant`".into()))?;
            let name: String = row.try_get("name")?;
            let new = NewSecret {
                sealed: (self.0)(&tenant, &name, &value)?,
                tenant,
                name,
                // The time at which it was set is no longer known.
                now: Timestamp::UNIX_EPOCH,
            };
            new.run(&mut *db).await?;
            sealed += 1;
        }
        // Overwritten values are zeroed at once, so that little depends on the vacuum.
        sqlx::query("pragma secure_delete = on").execute(&mut *db).await?;
        sqlx::query("update plaintext_secret set value = ''")
            .execute(&mut *db)
            .await?;
        sqlx::query("pragma secure_delete = off").execute(&mut *db).await?;
        Ok(sealed)
    }
}

struct DropPlaintext;

impl Write for DropPlaintext {
    type Output = ();

    async fn run(&self, db: &mut SqliteConnection) -> Result<(), StoreError> {
        sqlx::query("drop table plaintext_secret").execute(db).await?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use sqlx::{ConnectOptions as _, Connection as _};
    use tempfile::TempDir;

    use super::*;
    use jackfield_domain::custody::seal::NONCE_BYTES;
    use jackfield_store::SecretStore as _;

    const SECRET: &str = "plaintext-canary-0123456789";

    /// A file as an earlier version left it: with secrets, some of which were overwritten.
    async fn file_with_plaintext(path: &Path) {
        let store = SqliteStore::open(path).await.unwrap();
        store.close().await.unwrap();
        let mut db = sqlx::sqlite::SqliteConnectOptions::new()
            .filename(path)
            .connect()
            .await
            .unwrap();
        for n in 0..300 {
            let insert = "insert into plaintext_secret (tenant, name, value) values ('acme', ?, ?)";
            let secret = sqlx::query(insert)
                .bind(format!("sec_{n}"))
                .bind(format!("{SECRET}-{n}"));
            secret.execute(&mut db).await.unwrap();
        }
        let overwritten = "update plaintext_secret set value = 'short' where name < 'sec_200'";
        sqlx::query(overwritten).execute(&mut db).await.unwrap();
        db.close().await.unwrap();
    }

    #[expect(clippy::unnecessary_wraps, reason = "the signature that `seal_plaintext` expects")]
    fn seal(_: &TenantName, name: &str, value: &Sensitive) -> Result<SealedSecret, StoreError> {
        assert!(value.expose() == "short" || value.expose().starts_with(SECRET));
        Ok(SealedSecret {
            key: "00112233aabbccdd".parse().unwrap(),
            nonce: [1; NONCE_BYTES],
            ciphertext: format!("sealed {name}").into(),
        })
    }

    /// The number of occurrences in the files of a folder, including the log.
    fn found(folder: &TempDir) -> usize {
        let files = folder
            .path()
            .read_dir()
            .unwrap()
            .map(|file| std::fs::read(file.unwrap().path()).unwrap());
        files
            .map(|bytes| memchr::memmem::find_iter(&bytes, SECRET).count())
            .sum()
    }

    #[tokio::test]
    async fn plaintext_is_sealed_and_erased() {
        // Plaintext secrets are sealed, and no part of them stays in the file.
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("jackfield.db");
        file_with_plaintext(&path).await;
        let store = SqliteStore::open(&path).await.unwrap();
        assert!(found(&folder) > 150, "there is something to wipe");
        assert_eq!(store.seal_plaintext(seal).await, Ok(300));
        assert_eq!(store.wipe_plaintext().await, Ok(()));
        assert_eq!(found(&folder), 0, "while the store is open");
        let stored = store.all_secrets().await.unwrap();
        assert_eq!(stored.len(), 300);
        assert!(
            stored
                .iter()
                .all(|secret| secret.sealed.ciphertext == format!("sealed {}", secret.name).as_bytes())
        );
        assert_eq!(
            (store.seal_plaintext(seal).await, store.wipe_plaintext().await),
            (Ok(0), Ok(()))
        );
        store.close().await.unwrap();
        assert_eq!(found(&folder), 0, "and when it is closed");
    }

    #[tokio::test]
    async fn an_interrupted_migration_is_resumed() {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("jackfield.db");
        file_with_plaintext(&path).await;
        let store = SqliteStore::open(&path).await.unwrap();
        let refused = store.seal_plaintext(|_, _, _| Err(StoreError::Overloaded)).await;
        assert_eq!(
            (refused, store.all_secrets().await),
            (Err(StoreError::Overloaded), Ok(vec![]))
        );
        // The secrets are sealed and committed, but the process ends before it wipes the file.
        assert_eq!(store.seal_plaintext(seal).await, Ok(300));
        store.close().await.unwrap();

        let store = SqliteStore::open(&path).await.unwrap();
        assert_eq!(store.seal_plaintext(|_, _, _| Err(StoreError::Overloaded)).await, Ok(0));
        assert_eq!(store.wipe_plaintext().await, Ok(()));
        assert_eq!((found(&folder), store.all_secrets().await.unwrap().len()), (0, 300));
    }
}
