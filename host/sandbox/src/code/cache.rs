//! Compiled adapters on disk, so that a restart compiles nothing.
//!
//! Native code runs as it is, outside of any sandbox. So every file carries an HMAC under a key that only this
//! installation has, and a host loads only what it has written itself. The key of an entry is the component's digest,
//! wasmtime's version and the engine's configuration; after an upgrade the component is compiled again.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::hash::{Hash, Hasher};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use hmac::{Hmac, KeyInit as _, Mac as _};
use rand::TryRng as _;
use rand::rngs::SysRng;
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use jackfield_domain::id::Digest;

/// Length of the key, and of the HMAC at the start of a file, in bytes.
const MAC: usize = 32;

/// The directory of compiled adapters.
pub struct CompileCache {
    dir: PathBuf,
    key: Zeroizing<[u8; MAC]>,
    /// Identifies the engine: wasmtime's version and everything in its configuration that affects compiled code.
    engine: String,
    /// Makes the names of this process's temporary files unique.
    written: AtomicU64,
}

impl CompileCache {
    /// Opens `dir`, and creates it and its key if they do not exist.
    ///
    /// # Errors
    /// The directory or the key cannot be created or read, or others can read the key.
    pub fn open(dir: &Path, engine: &wasmtime::Engine) -> io::Result<Self> {
        DirBuilder::new().recursive(true).mode(0o700).create(dir)?;
        let key = dir.join("key");
        if !key.exists() {
            make_key(dir, &key)?;
        }
        let key = read_key(&key)?;
        let mut hash = Sha256Hasher::default();
        engine.precompile_compatibility_hash().hash(&mut hash);
        Ok(Self {
            dir: dir.to_owned(),
            key,
            engine: hex::encode(&hash.0.finalize()[..8]),
            written: AtomicU64::new(0),
        })
    }

    /// The native code of a component; none if this installation has not compiled it for this engine, or if the file is
    /// not the one that it wrote.
    pub fn read(&self, adapter: Digest) -> Option<Vec<u8>> {
        let name = self.name(adapter);
        let mut code = fs::read(self.dir.join(&name)).ok()?;
        let mac = code.first_chunk::<MAC>()?;
        if self.mac(&name, &code[MAC..]).verify_slice(mac).is_err() {
            tracing::warn!(
                adapter = %adapter,
                "a compiled adapter in the cache was not written by this installation, or was changed since; \
                 it is not loaded but compiled again"
            );
            return None;
        }
        code.drain(..MAC);
        Some(code)
    }

    /// Stores the native code of a component. A reader sees all of it or nothing.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn write(&self, adapter: Digest, code: &[u8]) -> io::Result<()> {
        let name = self.name(adapter);
        let count = self.written.fetch_add(1, Ordering::Relaxed);
        let temporary = self.dir.join(format!("{name}.{}-{count}.tmp", std::process::id()));
        let write = || {
            let mut file = private().open(&temporary)?;
            file.write_all(&self.mac(&name, code).finalize().into_bytes())?;
            file.write_all(code)?;
            // No fsync: the HMAC detects a file that a power failure has left incomplete.
            fs::rename(&temporary, self.dir.join(&name))
        };
        write().inspect_err(|_| {
            let _ = fs::remove_file(&temporary);
        })
    }

    fn name(&self, adapter: Digest) -> String {
        format!("{}-{}.cwasm", hex::encode(adapter.as_bytes()), self.engine)
    }

    /// Covers the name too, so that one component's code is never mistaken for another's.
    fn mac(&self, name: &str, code: &[u8]) -> Hmac<Sha256> {
        #[expect(clippy::expect_used, reason = "HMAC takes keys of any length")]
        let mut mac = Hmac::<Sha256>::new_from_slice(&*self.key).expect("any key");
        mac.update(name.as_bytes());
        mac.update(&[0]);
        mac.update(code);
        mac
    }
}

fn private() -> OpenOptions {
    let mut options = File::options();
    options.write(true).create_new(true).mode(0o600);
    options
}

/// Writes the whole key before it gets its name: another process that starts at the same time reads all of it, or makes
/// its own, and the first one is kept.
fn make_key(dir: &Path, path: &Path) -> io::Result<()> {
    let mut key = Zeroizing::new([0; MAC]);
    SysRng.try_fill_bytes(&mut *key).map_err(io::Error::other)?;
    let temporary = dir.join(format!("key.{}.tmp", hex::encode(Digest::of(&*key).as_bytes())));
    let mut file = private().open(&temporary)?;
    let made =
        file.write_all(&*key)
            .and_then(|()| file.sync_all())
            .and_then(|()| match fs::hard_link(&temporary, path) {
                Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
                _ => Ok(()),
            });
    fs::remove_file(&temporary)?;
    made
}

fn read_key(path: &Path) -> io::Result<Zeroizing<[u8; MAC]>> {
    let mut file = File::open(path)?;
    if file.metadata()?.permissions().mode() & 0o077 != 0 {
        return Err(io::Error::new(
            io::ErrorKind::PermissionDenied,
            "others can read or write it, so they could have the host load their code: delete the cache directory, \
             and it is made afresh",
        ));
    }
    let mut key = Zeroizing::new([0; MAC]);
    file.read_exact(&mut *key)?;
    Ok(key)
}

/// A hasher that uses SHA-256: its results are the same in every process, which the standard hasher does not promise.
#[derive(Default)]
struct Sha256Hasher(Sha256);

impl Hasher for Sha256Hasher {
    fn write(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    fn finish(&self) -> u64 {
        let digest = self.0.clone().finalize();
        digest.first_chunk().map_or(0, |first| u64::from_le_bytes(*first))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cache(dir: &Path) -> io::Result<CompileCache> {
        CompileCache::open(dir, &wasmtime::Engine::default())
    }

    #[test]
    fn the_next_process_reads_the_cache() {
        let dir = tempfile::tempdir().unwrap();
        let adapter = Digest::of(b"a");
        let first = cache(dir.path()).unwrap();
        assert_eq!(first.read(adapter), None);
        first.write(adapter, b"code").unwrap();
        first.write(adapter, b"newer").unwrap();
        assert_eq!(cache(dir.path()).unwrap().read(adapter).unwrap(), b"newer");
        assert_eq!(first.read(Digest::of(b"b")), None);
        // The key and one file: no temporary file remains.
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 2);
    }

    #[test]
    fn foreign_and_changed_files_are_refused() {
        let (ours, theirs) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let adapter = Digest::of(b"a");
        let own = cache(ours.path()).unwrap();
        let foreign = cache(theirs.path()).unwrap();
        let file = ours.path().join(own.name(adapter));

        foreign.write(adapter, b"code").unwrap();
        fs::copy(theirs.path().join(foreign.name(adapter)), &file).unwrap();
        assert_eq!(own.read(adapter), None, "another installation's");

        own.write(adapter, b"code").unwrap();
        let good = fs::read(&file).unwrap();
        for index in 0..good.len() {
            let mut bad = good.clone();
            bad[index] ^= 1;
            fs::write(&file, bad).unwrap();
            assert_eq!(own.read(adapter), None, "byte {index}");
        }
        for length in 0..good.len() {
            fs::write(&file, &good[..length]).unwrap();
            assert_eq!(own.read(adapter), None, "cut to {length}");
        }
        fs::write(&file, &good).unwrap();
        assert!(own.read(adapter).is_some());
        let other = Digest::of(b"b");
        fs::rename(&file, ours.path().join(own.name(other))).unwrap();
        assert_eq!(own.read(other), None, "another component's");
    }

    #[test]
    fn a_key_that_others_can_read_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        cache(dir.path()).unwrap();
        let key = dir.path().join("key");
        assert_eq!(fs::metadata(&key).unwrap().permissions().mode() & 0o777, 0o600);
        fs::set_permissions(&key, fs::Permissions::from_mode(0o644)).unwrap();
        assert!(cache(dir.path()).is_err());
    }
}
