//! Tokens: their hashes and the APIs that they grant access to.

use async_trait::async_trait;
use jiff::Timestamp;
use rusqlite::{Connection, Row, params};

use crate::SqliteStore;
use crate::column::{Columns as _, micros, stored};
use crate::page::{PageQuery, to_page};
use crate::registry::raise_revision;
use crate::sql::{all, execute, only};
use crate::writer::{Transaction, Write};
use jackfield_domain::id::{Digest, TenantName, TokenId};
use jackfield_store::{NewToken, Page, PageRequest, StoreError, TokenPurpose, TokenRecord, TokenStore};

#[async_trait]
impl TokenStore for SqliteStore {
    async fn put_token(&self, token: NewToken) -> Result<TokenRecord, StoreError> {
        self.writer.submit(token).await
    }

    async fn live_tokens(&self) -> Result<Vec<(Digest, TokenRecord)>, StoreError> {
        let sql = "select * from token where revoked_at is null order by id";
        let live = |row: &Row<'_>| Ok((row.digest("hash")?, token(row)?));
        self.readers.read(move |db| all(db, sql, [], live)).await
    }

    async fn tokens(&self, page: PageRequest) -> Result<Page<TokenRecord>, StoreError> {
        self.readers.read(move |db| list(db, &page)).await
    }

    async fn revoke_token(&self, id: TokenId, now: Timestamp) -> Result<bool, StoreError> {
        self.writer.submit(Revoke { id, now }).await
    }
}

impl Write for NewToken {
    type Output = TokenRecord;

    fn run(&self, tx: &mut Transaction<'_>) -> Result<TokenRecord, StoreError> {
        let tenant = match &self.purpose {
            TokenPurpose::Agent(tenant) => Some(tenant.as_str()),
            TokenPurpose::Operator => None,
        };
        let id = only(
            tx,
            "insert into token (hash, tenant, label, created_at) values (?, ?, ?, ?) returning id",
            params![self.hash.as_bytes(), tenant, self.label, micros(self.now)],
            |row| row.plain("id"),
        )?;
        raise_revision(tx)?;
        Ok(TokenRecord {
            id: TokenId(id),
            purpose: self.purpose.clone(),
            label: self.label.clone(),
            created_at: stored(self.now),
            revoked_at: None,
        })
    }
}

/// Tokens, newest first.
fn list(db: &Connection, page: &PageRequest) -> Result<Page<TokenRecord>, StoreError> {
    let part = PageQuery::newest_first(page)?;
    let found = all(
        db,
        "select * from token where id < ? order by id desc limit ?",
        [part.before, part.rows()],
        token,
    )?;
    Ok(to_page(found, part.limit, |token| token.id.0.to_string()))
}

fn token(row: &Row<'_>) -> Result<TokenRecord, StoreError> {
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
struct Revoke {
    id: TokenId,
    now: Timestamp,
}

impl Write for Revoke {
    type Output = bool;

    fn run(&self, tx: &mut Transaction<'_>) -> Result<bool, StoreError> {
        let revoked = execute(
            tx,
            "update token set revoked_at = ? where id = ? and revoked_at is null",
            [micros(self.now), self.id.0],
        )?;
        raise_revision(tx)?;
        Ok(revoked > 0)
    }
}
