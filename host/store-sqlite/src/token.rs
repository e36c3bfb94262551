//! Tokens: their hashes and the APIs that they grant access to.

use async_trait::async_trait;
use jiff::Timestamp;
use sqlx::sqlite::SqliteRow;
use sqlx::{SqliteConnection, SqlitePool};

use crate::SqliteStore;
use crate::column::{Columns, micros, stored};
use crate::page::{PageQuery, to_page};
use crate::writer::Write;
use jackfield_domain::id::{Digest, TenantName, TokenId};
use jackfield_store::{NewToken, Page, PageRequest, StoreError, TokenPurpose, TokenRecord, TokenStore};

#[async_trait]
impl TokenStore for SqliteStore {
    async fn put_token(&self, token: NewToken) -> Result<TokenRecord, StoreError> {
        self.writer.submit(token).await
    }

    async fn live_tokens(&self) -> Result<Vec<(Digest, TokenRecord)>, StoreError> {
        live(&self.readers).await
    }

    async fn tokens(&self, page: PageRequest) -> Result<Page<TokenRecord>, StoreError> {
        list(&self.readers, &page).await
    }

    async fn revoke_token(&self, id: TokenId, now: Timestamp) -> Result<bool, StoreError> {
        self.writer.submit(Revoke { id, now }).await
    }
}

impl Write for NewToken {
    type Output = TokenRecord;

    async fn run(&self, db: &mut SqliteConnection) -> Result<TokenRecord, StoreError> {
        let tenant = match &self.purpose {
            TokenPurpose::Agent(tenant) => Some(tenant.as_str()),
            TokenPurpose::Operator => None,
        };
        let id =
            sqlx::query_scalar("insert into token (hash, tenant, label, created_at) values (?, ?, ?, ?) returning id")
                .bind(self.hash.as_bytes().as_slice())
                .bind(tenant)
                .bind(self.label.as_str())
                .bind(micros(self.now))
                .fetch_one(db)
                .await?;
        Ok(TokenRecord {
            id: TokenId(id),
            purpose: self.purpose.clone(),
            label: self.label.clone(),
            created_at: stored(self.now),
            revoked_at: None,
        })
    }
}

/// Every token that is not revoked, with its hash.
pub(crate) async fn live(db: &SqlitePool) -> Result<Vec<(Digest, TokenRecord)>, StoreError> {
    let rows = sqlx::query("select * from token where revoked_at is null order by id")
        .fetch_all(db)
        .await?;
    rows.iter().map(|row| Ok((row.digest("hash")?, token(row)?))).collect()
}

/// Tokens, newest first.
pub(crate) async fn list(db: &SqlitePool, page: &PageRequest) -> Result<Page<TokenRecord>, StoreError> {
    let part = PageQuery::newest_first(page)?;
    let rows = sqlx::query("select * from token where id < ? order by id desc limit ?")
        .bind(part.before)
        .bind(part.rows())
        .fetch_all(db)
        .await?;
    to_page(&rows, part.limit, token, |token| token.id.0.to_string())
}

fn token(row: &SqliteRow) -> Result<TokenRecord, StoreError> {
    let tenant: Option<TenantName> = row.id_option("tenant")?;
    Ok(TokenRecord {
        id: TokenId(row.plain("id")?),
        purpose: tenant.map_or(TokenPurpose::Operator, TokenPurpose::Agent),
        label: row.plain("label")?,
        created_at: row.time("created_at")?,
        revoked_at: row.time_option("revoked_at")?,
    })
}

/// Revokes a token.
pub(crate) struct Revoke {
    pub(crate) id: TokenId,
    pub(crate) now: Timestamp,
}

impl Write for Revoke {
    type Output = bool;

    async fn run(&self, db: &mut SqliteConnection) -> Result<bool, StoreError> {
        let revoked = sqlx::query("update token set revoked_at = ? where id = ? and revoked_at is null")
            .bind(micros(self.now))
            .bind(self.id.0)
            .execute(db)
            .await?;
        Ok(revoked.rows_affected() > 0)
    }
}
