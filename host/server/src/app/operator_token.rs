//! Operator tokens that the host makes itself: the first one, and those that `jackfield token recover` asks for.
//!
//! Whoever may write in the data directory owns the installation: the database and the master key are there. So that is
//! the proof that a recovery needs. The command writes the digest of a new token into a file that only its owner may
//! read; the host takes it up within a second, or at its next start, and removes the file. The database is locked by
//! the host that runs over it, so the command itself cannot change it.

use std::fs::{self, File, Metadata};
use std::io::{self, Read as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use crate::auth::{Tokens, generate};
use crate::private_file;
use jackfield_clock::SharedClock;
use jackfield_domain::custody::Sensitive;
use jackfield_domain::custody::audit::{Actor, AuditEvent};
use jackfield_domain::id::Digest;
use jackfield_store::{SharedStore, StoreError, TokenPurpose};

/// The file of the first operator token in the data directory, if nobody saw it on a terminal.
const FIRST_TOKEN: &str = "operator.token";
/// The file of a recovery in the data directory.
const RECOVERY: &str = "recover.token";
/// The most bytes of that file: more than a digest has.
const MAX_FILE: u64 = 256;
/// The label of a recovered token.
const RECOVERED: &str = "made by `jackfield token recover`";

/// Writes the first operator token into a file that only its owner may read, and returns the file's path.
///
/// # Errors
/// The file cannot be written.
pub fn store_first_token(data_dir: &Path, token: &Sensitive) -> io::Result<PathBuf> {
    let path = std::path::absolute(data_dir.join(FIRST_TOKEN))?;
    private_file::replace(&path, format!("{}\n", token.expose()).as_bytes())?;
    Ok(path)
}

/// Records that the first start made an operator token.
pub(super) async fn audit_first(store: &SharedStore, clock: &SharedClock) {
    let event = event(clock, "start", "the first operator token was made".into(), None);
    if let Err(error) = store.append_audit(event).await {
        tracing::error!(%error, "the first operator token could not be written to the audit trail");
    }
}

fn event(clock: &SharedClock, action: &str, target: String, status: Option<u16>) -> AuditEvent {
    AuditEvent {
        at: clock.now(),
        actor: Actor::Host,
        label: String::new(),
        action: action.into(),
        target,
        status,
        request: String::new(),
    }
}

/// The recovery of an operator token in a data directory.
#[derive(Debug, Clone)]
pub struct TokenRecovery(PathBuf);

impl TokenRecovery {
    /// The recovery in this data directory.
    #[must_use]
    pub fn new(data_dir: &Path) -> Self {
        Self(data_dir.join(RECOVERY))
    }

    /// Asks the host over this data directory for an operator token, which is valid once the host has taken it up. A
    /// request that was not taken up yet is replaced.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn request(&self) -> io::Result<Sensitive> {
        let (token, digest) = generate(&TokenPurpose::Operator, &mut rand::make_rng::<rand::rngs::StdRng>());
        private_file::replace(&self.0, format!("{digest}\n").as_bytes())?;
        // The host may run as another user than root, who may write everywhere.
        let owner = fs::metadata(self.0.parent().unwrap_or(Path::new(".")))?;
        if fs::metadata(&self.0)?.uid() != owner.uid() {
            std::os::unix::fs::chown(&self.0, Some(owner.uid()), Some(owner.gid()))?;
        }
        Ok(token)
    }

    /// Whether a request waits for a host.
    #[must_use]
    pub fn is_pending(&self) -> bool {
        self.0.exists()
    }

    /// Takes up a request, if there is one. What fails is logged, and tried again with the next call.
    pub(super) async fn accept(&self, tokens: &Tokens, store: &SharedStore, clock: &SharedClock) {
        match self.read() {
            Ok(digest) => {
                if let Err(error) = self.insert(digest, tokens, store, clock).await {
                    tracing::error!(%error, "an operator token cannot be recovered yet");
                }
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => {
                let path = self.0.display();
                tracing::error!(%error, %path, "the recovery of an operator token is refused, and its file removed; \
                    run `jackfield token recover` again, as the user that the host runs as");
                self.remove();
            }
        }
    }

    async fn insert(
        &self,
        digest: Digest,
        tokens: &Tokens,
        store: &SharedStore,
        clock: &SharedClock,
    ) -> Result<(), StoreError> {
        // It is there already if the host stopped before the file was removed.
        if !tokens.is_live(&digest) {
            let asked = event(clock, "token recover", String::new(), None);
            let _ = store.append_audit(asked).await?;
            let made = tokens.insert(digest, TokenPurpose::Operator, RECOVERED.into()).await?;
            let done = event(clock, "token recover", format!("token={}", made.id), Some(201));
            let _ = store.append_audit(done).await?;
            tracing::warn!(token = %made.id, "an operator token was made by `jackfield token recover` on this machine");
        }
        self.remove();
        Ok(())
    }

    /// The digest in the file, if only the owner of the directory can have written it.
    fn read(&self) -> io::Result<Digest> {
        let refused = |why: &str| io::Error::new(io::ErrorKind::InvalidData, why.to_owned());
        let found = fs::symlink_metadata(&self.0)?;
        let folder = fs::metadata(self.0.parent().unwrap_or(Path::new(".")))?;
        if !is_private(&found, &folder) {
            return Err(refused(
                "it must be a file that only the owner of its folder can read and write",
            ));
        }
        let mut text = String::new();
        File::open(&self.0)?.take(MAX_FILE).read_to_string(&mut text)?;
        text.trim_end()
            .parse()
            .map_err(|_| refused("it does not hold a digest"))
    }

    fn remove(&self) {
        if let Err(error) = fs::remove_file(&self.0) {
            let path = self.0.display();
            tracing::error!(%error, %path, "the file of a recovered operator token cannot be removed");
        }
    }
}

fn is_private(file: &Metadata, folder: &Metadata) -> bool {
    let for_others = file.mode() & 0o077;
    file.is_file() && file.uid() == folder.uid() && for_others == 0
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;
    use std::sync::Arc;

    use jackfield_clock::ManualClock;
    use jackfield_store_sqlite::SqliteStore;
    use jiff::Timestamp;
    use rand::SeedableRng as _;
    use rand::rngs::StdRng;

    use super::*;

    struct Installation {
        folder: tempfile::TempDir,
        store: SharedStore,
        clock: SharedClock,
        tokens: Tokens,
    }

    async fn installation() -> Installation {
        let folder = tempfile::tempdir().unwrap();
        let store: SharedStore = Arc::new(SqliteStore::open(&folder.path().join("test.db")).await.unwrap());
        let clock: SharedClock = Arc::new(ManualClock::new(Timestamp::UNIX_EPOCH));
        let tokens = Tokens::new(Arc::clone(&store), Arc::clone(&clock), StdRng::seed_from_u64(1));
        Installation {
            folder,
            store,
            clock,
            tokens,
        }
    }

    #[tokio::test]
    async fn recovered_token_is_live_and_audited() {
        let host = installation().await;
        let recovery = TokenRecovery::new(host.folder.path());
        recovery.accept(&host.tokens, &host.store, &host.clock).await;
        let token = recovery.request().unwrap();
        assert!(recovery.is_pending() && host.tokens.operator(token.expose()).is_none());
        let written = fs::read_to_string(host.folder.path().join(RECOVERY)).unwrap();
        assert!(!written.contains(token.expose()), "the file has no token");
        recovery.accept(&host.tokens, &host.store, &host.clock).await;
        assert!(!recovery.is_pending());
        assert_eq!(host.tokens.operator(token.expose()).unwrap().label, RECOVERED);
    }

    #[tokio::test]
    async fn file_that_others_can_write_is_refused() {
        let host = installation().await;
        let recovery = TokenRecovery::new(host.folder.path());
        let path = host.folder.path().join(RECOVERY);
        let token = recovery.request().unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o660)).unwrap();
        recovery.accept(&host.tokens, &host.store, &host.clock).await;
        assert!(!recovery.is_pending() && host.tokens.operator(token.expose()).is_none());
        let token = recovery.request().unwrap();
        let elsewhere = host.folder.path().join("elsewhere");
        fs::rename(&path, &elsewhere).unwrap();
        std::os::unix::fs::symlink(&elsewhere, &path).unwrap();
        recovery.accept(&host.tokens, &host.store, &host.clock).await;
        assert!(!recovery.is_pending() && host.tokens.operator(token.expose()).is_none());
        private_file::replace(&path, b"nonsense").unwrap();
        recovery.accept(&host.tokens, &host.store, &host.clock).await;
        assert!(!recovery.is_pending());
    }

    #[test]
    fn first_token_is_for_its_owner_only() {
        let folder = tempfile::tempdir().unwrap();
        let path = store_first_token(folder.path(), &Sensitive::new("jfo_x".to_owned())).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "jfo_x\n");
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o600);
    }
}
