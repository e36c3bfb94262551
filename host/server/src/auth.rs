//! Bearer tokens of agents and operators, identified by their digests.
//!
//! A token is 32 random bytes, shown once when it is created. The host stores its SHA-256 digest. 256 random bits
//! cannot be guessed, so a slow hash would protect nothing and only slow the host down. A check reads memory, never the
//! database.

use std::collections::HashMap;
use std::fmt;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use arc_swap::ArcSwap;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rand::CryptoRng;
use rand::rngs::StdRng;
use subtle::ConstantTimeEq as _;

use jackfield_clock::{SharedClock, lock};
use jackfield_domain::custody::Sensitive;
use jackfield_domain::id::{Digest, TenantName, TokenId};
use jackfield_store::{NewToken, SharedStore, StoreError, TokenPurpose, TokenRecord};

/// The label of the operator token that the first start creates.
const FIRST_OPERATOR: &str = "made at the first start";

/// Generates a token, and the digest to store of it. The prefix tells people, and scanners for leaked secrets, what it
/// is: `jfa_` for an agent's, `jfo_` for an operator's.
pub fn generate(purpose: &TokenPurpose, rng: &mut impl CryptoRng) -> (Sensitive, Digest) {
    let prefix = match purpose {
        TokenPurpose::Agent(_) => "jfa_",
        TokenPurpose::Operator => "jfo_",
    };
    let mut bytes = [0; 32];
    rng.fill_bytes(&mut bytes);
    let token = format!("{prefix}{}", URL_SAFE_NO_PAD.encode(bytes));
    let digest = Digest::of(token.as_bytes());
    (Sensitive::new(token), digest)
}

/// The valid tokens, by their digests.
#[derive(Debug, Default)]
struct LiveTokens(HashMap<Digest, TokenRecord>);

impl LiveTokens {
    /// The record of a presented token. It is looked up by digest, so its timing reveals nothing about any token.
    fn find(&self, presented: &str) -> Option<&TokenRecord> {
        let digest = Digest::of(presented.as_bytes());
        self.0
            .get_key_value(&digest)
            .filter(|(stored, _)| bool::from(stored.as_bytes().ct_eq(digest.as_bytes())))
            .map(|(_, record)| record)
    }

    fn allows_agent(&self, tenant: &TenantName, presented: &str) -> bool {
        self.find(presented)
            .is_some_and(|record| matches!(&record.purpose, TokenPurpose::Agent(of) if of == tenant))
    }

    fn operator(&self, presented: &str) -> Option<&TokenRecord> {
        self.find(presented)
            .filter(|record| record.purpose == TokenPurpose::Operator)
    }

    fn operators(&self) -> usize {
        self.0
            .values()
            .filter(|record| record.purpose == TokenPurpose::Operator)
            .count()
    }
}

/// Why a token was not revoked.
#[derive(Debug, thiserror::Error)]
pub enum RevokeError {
    /// No token has this id, or the token is already revoked.
    #[error("there is no live token `{0}`")]
    NotLive(TokenId),
    /// Without this token nobody could use the admin API.
    #[error("`{0}` is the last operator token: create another one first")]
    LastOperator(TokenId),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Every valid token, in memory. Checks need no lock.
pub struct Tokens {
    store: SharedStore,
    clock: SharedClock,
    rng: Mutex<StdRng>,
    live: ArcSwap<LiveTokens>,
    /// Held from reading the store until `live` is written, so that an older reading never replaces a newer one, which
    /// would make a revoked token valid again.
    refreshing: tokio::sync::Mutex<()>,
    /// The store's revision when `live` was read; 0 before that.
    revision: AtomicU64,
}

impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tokens")
            .field("live", &self.live.load().0.len())
            .finish_non_exhaustive()
    }
}

impl Tokens {
    /// No token is valid until the first [`Tokens::refresh`]. `rng` must be seeded by the operating system.
    #[must_use]
    pub fn new(store: SharedStore, clock: SharedClock, rng: StdRng) -> Self {
        Self {
            store,
            clock,
            rng: Mutex::new(rng),
            live: ArcSwap::default(),
            refreshing: tokio::sync::Mutex::default(),
            revision: AtomicU64::default(),
        }
    }

    /// Reads the valid tokens from the store.
    ///
    /// # Errors
    /// The store failed; the tokens that were valid before stay valid.
    pub async fn refresh(&self) -> Result<(), StoreError> {
        let _one_at_a_time = self.refreshing.lock().await;
        let revision = self.store.revision().await?;
        let live = LiveTokens(self.store.live_tokens().await?.into_iter().collect());
        self.live.store(live.into());
        self.revision.store(revision, Ordering::Relaxed);
        Ok(())
    }

    /// Reads the valid tokens from the store if its revision has changed. This is called regularly, because several
    /// hosts may share a database.
    ///
    /// # Errors
    /// Like [`Tokens::refresh`].
    pub async fn refresh_if_changed(&self) -> Result<(), StoreError> {
        if self.store.revision().await? == self.revision.load(Ordering::Relaxed) {
            return Ok(());
        }
        self.refresh().await
    }

    /// Whether the presented token is valid for the public API of this tenant.
    #[must_use]
    pub fn allows_agent(&self, tenant: &TenantName, presented: &str) -> bool {
        self.live.load().allows_agent(tenant, presented)
    }

    /// The record of the presented token if it is an operator's.
    #[must_use]
    pub fn operator(&self, presented: &str) -> Option<TokenRecord> {
        self.live.load().operator(presented).cloned()
    }

    /// Whether the token with this digest is valid.
    #[must_use]
    pub fn is_live(&self, digest: &Digest) -> bool {
        self.live.load().0.contains_key(digest)
    }

    /// Creates a token, which is valid at once. Only the caller gets its text.
    ///
    /// # Errors
    /// The store failed.
    pub async fn create(&self, purpose: TokenPurpose, label: String) -> Result<(Sensitive, TokenRecord), StoreError> {
        let (token, hash) = {
            let mut rng = lock(&self.rng);
            generate(&purpose, &mut *rng)
        };
        let record = self.insert(hash, purpose, label).await?;
        Ok((token, record))
    }

    /// Inserts the token with this digest, which is valid at once.
    ///
    /// # Errors
    /// The store failed.
    pub async fn insert(&self, hash: Digest, purpose: TokenPurpose, label: String) -> Result<TokenRecord, StoreError> {
        let new = NewToken {
            hash,
            purpose,
            label,
            now: self.clock.now(),
        };
        // Only the new token is added, because reading all may take long. It is stored before it is added, and this
        // lock prevents an older reading from removing it again.
        let _one_at_a_time = self.refreshing.lock().await;
        let record = self.store.put_token(new).await?;
        let mut live = self.live.load().0.clone();
        live.insert(hash, record.clone());
        self.live.store(LiveTokens(live).into());
        Ok(record)
    }

    /// Revokes a token. This host refuses it once this returns.
    ///
    /// # Errors
    /// The token is not valid, it is the last operator token, or the store failed.
    pub async fn revoke(&self, id: TokenId) -> Result<(), RevokeError> {
        self.refresh().await?;
        let live = self.live.load_full();
        let record = live.0.values().find(|record| record.id == id);
        if record.is_some_and(|record| record.purpose == TokenPurpose::Operator) && live.operators() == 1 {
            return Err(RevokeError::LastOperator(id));
        }
        if !self.store.revoke_token(id, self.clock.now()).await? {
            return Err(RevokeError::NotLive(id));
        }
        Ok(self.refresh().await?)
    }

    /// Creates an operator token if none is valid, so that somebody can use the admin API of a new installation.
    ///
    /// # Errors
    /// The store failed.
    pub async fn ensure_operator(&self) -> Result<Option<Sensitive>, StoreError> {
        self.refresh().await?;
        if self.live.load().operators() > 0 {
            return Ok(None);
        }
        let (token, _) = self.create(TokenPurpose::Operator, FIRST_OPERATOR.into()).await?;
        Ok(Some(token))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use jiff::Timestamp;
    use rand::SeedableRng as _;

    use super::*;
    use jackfield_clock::ManualClock;
    use jackfield_store_sqlite::SqliteStore;

    fn agent() -> TokenPurpose {
        TokenPurpose::Agent("dwarka-homes".parse().unwrap())
    }

    fn live(purpose: TokenPurpose, seed: u64) -> (String, LiveTokens) {
        let (token, digest) = generate(&purpose, &mut StdRng::seed_from_u64(seed));
        let record = TokenRecord {
            id: TokenId(1),
            purpose,
            label: String::new(),
            created_at: Timestamp::UNIX_EPOCH,
            revoked_at: None,
        };
        (token.expose().to_owned(), LiveTokens([(digest, record)].into()))
    }

    #[test]
    fn tokens_have_a_prefix_and_256_random_bits() {
        for (purpose, prefix) in [(agent(), "jfa_"), (TokenPurpose::Operator, "jfo_")] {
            let (token, digest) = generate(&purpose, &mut StdRng::seed_from_u64(1));
            let random = token.expose().strip_prefix(prefix).unwrap();
            assert_eq!(URL_SAFE_NO_PAD.decode(random).unwrap().len(), 32);
            assert_eq!(digest, Digest::of(token.expose().as_bytes()));
            let (other, _) = generate(&purpose, &mut StdRng::seed_from_u64(2));
            assert_ne!(token.expose(), other.expose());
        }
    }

    #[test]
    fn agent_tokens_are_for_one_tenant() {
        let (token, live) = live(agent(), 1);
        assert!(live.allows_agent(&"dwarka-homes".parse().unwrap(), &token));
        assert!(!live.allows_agent(&"other-homes".parse().unwrap(), &token));
        assert_eq!(live.operator(&token), None);
    }

    #[test]
    fn operator_tokens_are_not_for_tenants() {
        let (token, live) = live(TokenPurpose::Operator, 1);
        assert_eq!(live.operator(&token).map(|record| record.id), Some(TokenId(1)));
        assert!(!live.allows_agent(&"dwarka-homes".parse().unwrap(), &token));
    }

    #[test]
    fn only_the_exact_token_is_valid() {
        let (token, live) = live(TokenPurpose::Operator, 1);
        let digest = Digest::of(token.as_bytes()).to_string();
        for wrong in ["", "jfo_", &token[..token.len() - 1], &format!("{token} "), &digest] {
            assert_eq!(live.operator(wrong), None, "{wrong}");
        }
        assert_eq!(LiveTokens::default().operator(&token), None);
    }

    async fn tokens(folder: &tempfile::TempDir) -> Tokens {
        let store = SqliteStore::open(&folder.path().join("test.db")).await.unwrap();
        let clock = ManualClock::new(Timestamp::UNIX_EPOCH);
        Tokens::new(Arc::new(store), Arc::new(clock), StdRng::seed_from_u64(1))
    }

    #[tokio::test]
    async fn only_the_first_start_creates_a_token() {
        let folder = tempfile::tempdir().unwrap();
        let tokens = tokens(&folder).await;
        let first = tokens.ensure_operator().await.unwrap().unwrap();
        assert!(tokens.operator(first.expose()).is_some());
        assert!(tokens.ensure_operator().await.unwrap().is_none());
    }

    #[tokio::test]
    async fn revoked_tokens_are_refused_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let tokens = tokens(&folder).await;
        let tenant = "dwarka-homes".parse().unwrap();
        let (token, record) = tokens.create(agent(), "calls".into()).await.unwrap();
        assert!(tokens.allows_agent(&tenant, token.expose()));
        tokens.revoke(record.id).await.unwrap();
        assert!(!tokens.allows_agent(&tenant, token.expose()));
        let again = tokens.revoke(record.id).await;
        assert!(matches!(again, Err(RevokeError::NotLive(_))), "{again:?}");
    }

    #[tokio::test]
    async fn last_operator_token_cannot_be_revoked() {
        let folder = tempfile::tempdir().unwrap();
        let tokens = tokens(&folder).await;
        let (first, one) = tokens.create(TokenPurpose::Operator, String::new()).await.unwrap();
        let refused = tokens.revoke(one.id).await;
        assert!(matches!(refused, Err(RevokeError::LastOperator(_))), "{refused:?}");
        tokens.create(TokenPurpose::Operator, String::new()).await.unwrap();
        tokens.revoke(one.id).await.unwrap();
        assert_eq!(tokens.operator(first.expose()), None);
    }
}
