//! The vault with a real store and a real file: rotations, interrupted at every point, and hosts with wrong keys.

use std::fs;
use std::path::PathBuf;

use jiff::Timestamp;
use rand::SeedableRng as _;
use tempfile::TempDir;

use super::*;
use jackfield_clock::ManualClock;
use jackfield_domain::custody::seal::KeyId;
use jackfield_store_sqlite::SqliteStore;

/// An installation: a database and a key file.
struct Installation {
    folder: TempDir,
    store: Arc<SqliteStore>,
}

impl Installation {
    async fn new() -> Self {
        let folder = TempDir::new().unwrap();
        let store = Arc::new(SqliteStore::open(&folder.path().join("jackfield.db")).await.unwrap());
        Self { folder, store }
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join("master.key")
    }

    async fn open_with(&self, source: KeySource) -> Result<Vault, VaultOpenError> {
        let store = Arc::clone(&self.store) as Arc<dyn SecretStore>;
        Vault::open(
            store,
            Arc::new(ManualClock::new(Timestamp::UNIX_EPOCH)),
            source,
            rand::make_rng(),
        )
        .await
    }

    /// Opens the vault as a start of the host does.
    async fn open(&self) -> Vault {
        self.open_with(KeySource::File(self.file())).await.unwrap()
    }

    fn keys_in_file(&self) -> Vec<KeyId> {
        KeySource::File(self.file()).read().unwrap().unwrap().ids()
    }

    /// The keys that the secrets are sealed with.
    async fn keys_in_use(&self) -> Vec<KeyId> {
        let kept = self.store.all_secrets().await.unwrap();
        kept.iter().map(|record| record.sealed.key).collect()
    }
}

fn tenant(name: &str) -> TenantName {
    name.parse().unwrap()
}

/// Three secrets of two tenants.
async fn fill(vault: &Vault) {
    for (owner, name, value) in [
        ("acme", "crm", "one"),
        ("acme", "hook", "two"),
        ("zenith", "crm", "three"),
    ] {
        let value = Sensitive::new(value.into());
        vault.put(&tenant(owner), name, value).await.unwrap();
    }
}

async fn assert_readable(vault: &Vault) {
    for (owner, name, value) in [
        ("acme", "crm", "one"),
        ("acme", "hook", "two"),
        ("zenith", "crm", "three"),
    ] {
        let found = vault.get(&tenant(owner), name).await.unwrap().unwrap();
        assert_eq!(found.expose(), value);
    }
}

fn random() -> MasterKey {
    random_key(&mut StdRng::seed_from_u64(99))
}

#[tokio::test]
async fn first_start_creates_a_key() {
    // Later starts use it.
    let installation = Installation::new().await;
    let vault = installation.open().await;
    fill(&vault).await;
    assert_readable(&vault).await;
    assert_readable(&installation.open().await).await;
    assert_eq!(vault.get(&tenant("acme"), "other").await, Ok(None));
    assert_eq!(installation.keys_in_file().len(), 1);
}

#[tokio::test]
async fn rotation_seals_every_secret_again() {
    let installation = Installation::new().await;
    let vault = installation.open().await;
    fill(&vault).await;
    let before = installation.keys_in_file();
    let rotated = vault.rotate().await.unwrap();
    assert_eq!((rotated.resealed, rotated.left, rotated.old_key_kept), (3, 0, None));
    assert_ne!(before, [rotated.key]);
    assert_eq!(installation.keys_in_file(), [rotated.key]);
    assert_eq!(installation.keys_in_use().await, [rotated.key; 3]);
    assert_readable(&vault).await;
    assert_readable(&installation.open().await).await;
}

#[tokio::test]
async fn rotation_cut_before_commit_is_finished() {
    // The next start finishes a rotation that was interrupted before its commit.
    let installation = Installation::new().await;
    let vault = installation.open().await;
    fill(&vault).await;
    // The file has both keys and the process is gone.
    key::write_file(&installation.file(), &vault.0.keys.load().with_primary(random())).unwrap();
    drop(vault);
    let vault = installation.open().await;
    assert_readable(&vault).await;
    assert_eq!(installation.keys_in_use().await, [random().id(); 3]);
    assert_eq!(installation.keys_in_file(), [random().id()]);
    assert_readable(&installation.open().await).await;
}

#[tokio::test]
async fn rotation_cut_after_commit_is_finished() {
    // The next start finishes a rotation that was interrupted after its commit.
    let installation = Installation::new().await;
    let vault = installation.open().await;
    fill(&vault).await;
    let old = vault.0.keys.load_full();
    let key = vault.rotate().await.unwrap().key;
    // As if the old key had not been removed.
    let both = Keyring::new(vault.0.keys.load().keys().iter().chain(old.keys()).cloned());
    key::write_file(&installation.file(), &both).unwrap();
    drop(vault);
    assert_readable(&installation.open().await).await;
    assert_eq!(installation.keys_in_file(), [key]);
}

#[tokio::test]
async fn unwritable_key_file_prevents_rotation() {
    let installation = Installation::new().await;
    let vault = installation.open().await;
    fill(&vault).await;
    let before = (installation.keys_in_file(), installation.keys_in_use().await);
    fs::create_dir(installation.folder.path().join("master.key.new")).unwrap();
    let refused = vault.rotate().await;
    assert!(matches!(refused, Err(KeyRotationError::File(_))), "{refused:?}");
    assert_eq!((installation.keys_in_file(), installation.keys_in_use().await), before);
    assert_readable(&vault).await;
}

#[tokio::test]
async fn rotation_can_be_repeated_after_failure() {
    // A rotation whose commit fails leaves both keys and can be repeated.
    let installation = Installation::new().await;
    let vault = installation.open().await;
    fill(&vault).await;
    let before = installation.keys_in_file();
    installation.store.close().await.unwrap();
    let refused = vault.rotate().await;
    assert!(matches!(refused, Err(KeyRotationError::Store(_))), "{refused:?}");
    let keys = installation.keys_in_file();
    assert_eq!((keys.len(), keys[1]), (2, before[0]));

    let path = installation.folder.path().join("jackfield.db");
    let installation = Installation {
        store: Arc::new(SqliteStore::open(&path).await.unwrap()),
        ..installation
    };
    let vault = installation.open().await;
    assert_readable(&vault).await;
    vault.rotate().await.unwrap();
    assert_readable(&vault).await;
    assert_eq!(installation.keys_in_file().len(), 1);
}

#[tokio::test]
async fn secrets_set_during_rotations_are_kept() {
    let installation = Installation::new().await;
    let vault = installation.open().await;
    fill(&vault).await;
    let put = async |n: usize| {
        let value = Sensitive::new(format!("value {n}"));
        vault.put(&tenant("acme"), &format!("s{n}"), value).await.unwrap();
    };
    let rotate = async || drop(vault.rotate().await.unwrap());
    let puts = futures_util::future::join_all((0..200).map(put));
    let rotations = futures_util::future::join_all((0..5).map(|_| rotate()));
    tokio::join!(puts, rotations);
    assert_eq!(installation.keys_in_file().len(), 1);
    let vault = installation.open().await;
    assert_readable(&vault).await;
    for n in 0..200 {
        let found = vault.get(&tenant("acme"), &format!("s{n}")).await.unwrap().unwrap();
        assert_eq!(found.expose(), format!("value {n}"));
    }
}

#[tokio::test]
async fn wrong_key_is_reported_and_kept() {
    // A host without the right key says so, and overwrites neither secrets nor the file.
    let installation = Installation::new().await;
    let vault = installation.open().await;
    fill(&vault).await;
    let (kept, own) = (installation.store.all_secrets().await, installation.keys_in_file());
    let saved = fs::read(installation.file()).unwrap();

    // The file is gone, and the host does not create another one.
    fs::remove_file(installation.file()).unwrap();
    let without = installation.open().await;
    assert!(!installation.file().exists());
    let error = without.get(&tenant("acme"), "crm").await.unwrap_err().to_string();
    assert!(
        error.contains(&own[0].to_string()) && error.contains("has none"),
        "{error}"
    );
    let put = without.put(&tenant("acme"), "new", Sensitive::new("x".into())).await;
    assert!(
        matches!(&put, Err(VaultError::NoKey(path)) if *path == installation.file()),
        "{put:?}"
    );
    assert!(matches!(without.rotate().await, Err(KeyRotationError::NoKey)));

    // The file has another key.
    key::write_file(&installation.file(), &Keyring::new([random()])).unwrap();
    let error = installation
        .open()
        .await
        .get(&tenant("acme"), "crm")
        .await
        .unwrap_err()
        .to_string();
    assert!(
        error.contains(&own[0].to_string()) && error.contains(&random().id().to_string()),
        "{error}"
    );
    assert_eq!(installation.store.all_secrets().await, kept);

    // The right key is back.
    fs::remove_file(installation.file()).unwrap();
    key::write_file(&installation.file(), &vault.0.keys.load()).unwrap();
    assert_eq!(fs::read(installation.file()).unwrap(), saved);
    assert_readable(&installation.open().await).await;
}

#[tokio::test]
async fn start_with_both_keys_rotates() {
    // This is how a key from the environment is rotated.
    let installation = Installation::new().await;
    let from_environment = |key: &MasterKey, old: Option<&MasterKey>| KeySource::Environment {
        key: key.write(),
        old: old.map(MasterKey::write),
    };
    let (first, second) = (random_key(&mut StdRng::seed_from_u64(1)), random());
    let vault = installation.open_with(from_environment(&first, None)).await.unwrap();
    fill(&vault).await;
    let error = vault.rotate().await.unwrap_err().to_string();
    assert!(error.contains("JACKFIELD_MASTER_KEY_OLD"), "{error}");
    assert!(!installation.file().exists());

    let vault = installation
        .open_with(from_environment(&second, Some(&first)))
        .await
        .unwrap();
    assert_readable(&vault).await;
    assert_eq!(installation.keys_in_use().await, [second.id(); 3]);
    assert_readable(&installation.open_with(from_environment(&second, None)).await.unwrap()).await;
}

#[tokio::test]
async fn another_installations_key_file_is_kept() {
    // Without secrets, no key is removed from the file.
    let installation = Installation::new().await;
    let both = Keyring::new([random(), random_key(&mut StdRng::seed_from_u64(1))]);
    key::write_file(&installation.file(), &both).unwrap();
    installation.open().await;
    assert_eq!(installation.keys_in_file(), both.ids());
}
