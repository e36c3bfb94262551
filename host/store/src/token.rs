//! Tokens that grant access to the APIs.

use std::fmt;

use async_trait::async_trait;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::StoreError;
use super::page::{Page, PageRequest};
use jackfield_domain::id::{Digest, TenantName, TokenId};

/// Tokens, of which only hashes are stored.
#[async_trait]
pub trait TokenStore: Send + Sync + fmt::Debug {
    /// Stores a token's hash.
    async fn put_token(&self, token: NewToken) -> Result<TokenRecord, StoreError>;

    /// Every token that is not revoked, with its hash.
    async fn live_tokens(&self) -> Result<Vec<(Digest, TokenRecord)>, StoreError>;

    /// Tokens, newest first, including revoked ones.
    async fn tokens(&self, page: PageRequest) -> Result<Page<TokenRecord>, StoreError>;

    /// Revokes a token. False if there is none, or it was revoked before.
    async fn revoke_token(&self, id: TokenId, now: Timestamp) -> Result<bool, StoreError>;
}

/// The API that a token grants access to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TokenPurpose {
    /// The public API of one tenant.
    Agent(TenantName),
    /// The admin API.
    Operator,
}

impl fmt::Display for TokenPurpose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Agent(tenant) => write!(f, "agent of {tenant}"),
            Self::Operator => f.write_str("operator"),
        }
    }
}

/// A token to be stored. The token itself is shown once and not stored.
#[derive(Debug, Clone)]
pub struct NewToken {
    /// Digest of the token.
    pub hash: Digest,
    /// The API that it grants access to.
    pub purpose: TokenPurpose,
    /// A person's note.
    pub label: String,
    /// When.
    pub now: Timestamp,
}

/// A token as listings show it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenRecord {
    /// Its number.
    pub id: TokenId,
    /// The API that it grants access to.
    pub purpose: TokenPurpose,
    /// A person's note.
    pub label: String,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
}
