//! Where the master key comes from: a file of its own, or the environment.
//!
//! The file has one key a line, as base64; lines that begin with `#` are for people. The first key seals, further ones
//! are older and only open. It is always replaced whole, so that a crash leaves the former file or the new one.

use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use jackfield_domain::custody::Sensitive;
use jackfield_domain::custody::seal::{InvalidMasterKey, Keyring, MasterKey};

/// Bytes of a key file at most: hundreds of keys with remarks. A larger one is another file, given by mistake.
const MAX_FILE: u64 = 64 * 1024;

/// What a new file says of itself.
const HEAD: &str =
    "# The master key of a Jackfield installation: its secrets are sealed with it, and cannot be read without it.
# Back it up apart from the database. The first key seals; further ones are older and only open.
";

/// Where the master key is.
#[derive(Debug, Clone)]
pub enum KeySource {
    /// In a file that the host makes and rewrites.
    File(PathBuf),
    /// Handed over at every start.
    Given {
        /// What seals (`JACKFIELD_MASTER_KEY`).
        key: Sensitive,
        /// What only opens, while a rotation is under way (`JACKFIELD_MASTER_KEY_OLD`).
        old: Option<Sensitive>,
    },
}

/// The master key cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The file cannot be read or written.
    #[error(
        "the master key file {} cannot be used: {source}; check master_key_file, and who may write in its folder",
        path.display()
    )]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Others may read or change it.
    #[error(
        "the master key file {0} has mode {mode:o}: others could read or change it; run `chmod 600 {0}`",
        path.display()
    )]
    Exposed {
        /// Which.
        path: PathBuf,
        /// Its permissions.
        mode: u32,
    },
    /// A line is no key.
    #[error("the master key file {}, line {line}: {source}", path.display())]
    Line {
        /// Which.
        path: PathBuf,
        /// Counted from 1.
        line: usize,
        /// What a key looks like.
        source: InvalidMasterKey,
    },
    /// There is no key in it.
    #[error(
        "the master key file {} holds no key: restore it from its backup, or delete it if nothing was sealed with it",
        .0.display()
    )]
    Empty(PathBuf),
    /// A variable is no key.
    #[error("environment variable {name}: {source}")]
    Variable {
        /// Its name.
        name: &'static str,
        /// What a key looks like.
        source: InvalidMasterKey,
    },
}

impl KeySource {
    /// The keys; none if the file is not there.
    ///
    /// # Errors
    /// The file cannot be read or may be read by others, or something in it is no key.
    pub fn read(&self) -> Result<Option<Keyring>, KeyError> {
        match self {
            Self::File(path) => read_file(path),
            Self::Given { key, old } => {
                let read = |name, text: &Sensitive| {
                    MasterKey::read(text.expose()).map_err(|source| KeyError::Variable { name, source })
                };
                let key = read("JACKFIELD_MASTER_KEY", key)?;
                let old = old.as_ref().map(|old| read("JACKFIELD_MASTER_KEY_OLD", old));
                Ok(Some(Keyring::new([Some(key), old.transpose()?].into_iter().flatten())))
            }
        }
    }
}

fn read_file(path: &Path) -> Result<Option<Keyring>, KeyError> {
    let failed = |source| KeyError::File {
        path: path.to_owned(),
        source,
    };
    let file = match File::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        opened => opened.map_err(failed)?,
    };
    let metadata = file.metadata().map_err(failed)?;
    let mode = metadata.permissions().mode() & 0o777;
    if mode & 0o077 != 0 {
        return Err(KeyError::Exposed {
            path: path.to_owned(),
            mode,
        });
    }
    // Room for all of it at once, so that no copy is left behind by growing.
    let mut text = Zeroizing::new(String::with_capacity(
        usize::try_from(metadata.len().min(MAX_FILE)).unwrap_or_default() + 1,
    ));
    file.take(MAX_FILE).read_to_string(&mut text).map_err(failed)?;
    let mut keys = vec![];
    for (index, line) in text.lines().enumerate() {
        let line_text = line.trim();
        if line_text.is_empty() || line_text.starts_with('#') {
            continue;
        }
        keys.push(MasterKey::read(line_text).map_err(|source| KeyError::Line {
            path: path.to_owned(),
            line: index + 1,
            source,
        })?);
    }
    if keys.is_empty() {
        return Err(KeyError::Empty(path.to_owned()));
    }
    Ok(Some(Keyring::new(keys)))
}

/// Replaces the file, or makes it. When this returns, the disk has it.
///
/// # Errors
/// It cannot be written; the former file is as it was.
pub(super) fn write_file(path: &Path, keys: &Keyring) -> Result<(), KeyError> {
    let mut text = Zeroizing::new(String::with_capacity(HEAD.len() + 64 * keys.keys().len()));
    text.push_str(HEAD);
    for key in keys.keys() {
        text.push_str(key.write().expose());
        text.push('\n');
    }
    let mut name = path.as_os_str().to_owned();
    name.push(".new");
    let temporary = PathBuf::from(name);
    let write = || {
        // What a crash left there is of no use.
        match fs::remove_file(&temporary) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut file = File::options()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&temporary)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        fs::rename(&temporary, path)?;
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
    };
    write().map_err(|source| KeyError::File {
        path: path.to_owned(),
        source,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use jackfield_domain::custody::seal::KEY_BYTES;

    fn key(seed: u8) -> MasterKey {
        MasterKey::new(Zeroizing::new([seed; KEY_BYTES]))
    }

    fn file(folder: &tempfile::TempDir, text: &str) -> PathBuf {
        let path = folder.path().join("master.key");
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        path
    }

    #[test]
    fn a_file_is_written_whole_and_for_its_owner_only() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("master.key");
        assert!(KeySource::File(path.clone()).read().unwrap().is_none());
        // What a crash left behind is no obstacle.
        fs::write(folder.path().join("master.key.new"), "half").unwrap();
        for ring in [Keyring::new([key(1)]), Keyring::new([key(2), key(1)])] {
            write_file(&path, &ring).unwrap();
            let read = KeySource::File(path.clone()).read().unwrap().unwrap();
            assert_eq!(read.ids(), ring.ids());
            assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        }
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_file_that_others_may_read_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = file(&folder, key(1).write().expose());
        for mode in [0o640, 0o604, 0o620, 0o666] {
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            let told = KeySource::File(path.clone()).read().unwrap_err().to_string();
            assert!(
                told.contains("chmod 600") && told.contains(&format!("{mode:o}")),
                "{told}"
            );
        }
    }

    #[test]
    fn what_is_no_key_is_named_and_not_shown() {
        let folder = tempfile::tempdir().unwrap();
        let good = key(1).write();
        let told = |text: &str| KeySource::File(file(&folder, text)).read().unwrap_err().to_string();
        let bad = told(&format!("# remark\n\n{}\nhunter2\n", good.expose()));
        assert!(bad.contains("line 4") && bad.contains("openssl"), "{bad}");
        assert!(!bad.contains("hunter2") && !bad.contains(good.expose()), "{bad}");
        assert!(told("# nothing\n").contains("holds no key"));
        let given = |key: &str, old: Option<&str>| {
            let sensitive = |text: &str| Sensitive::new(text.to_owned());
            let (key, old) = (sensitive(key), old.map(sensitive));
            KeySource::Given { key, old }.read()
        };
        let both = given(good.expose(), Some(key(2).write().expose())).unwrap().unwrap();
        assert_eq!(both.ids(), [key(1).id(), key(2).id()]);
        let wrong = given("hunter2", None).unwrap_err().to_string();
        assert!(
            wrong.contains("JACKFIELD_MASTER_KEY:") && !wrong.contains("hunter2"),
            "{wrong}"
        );
        let wrong = given(good.expose(), Some("hunter2")).unwrap_err().to_string();
        assert!(wrong.contains("JACKFIELD_MASTER_KEY_OLD:"), "{wrong}");
    }
}
