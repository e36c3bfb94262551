//! The source of the master key: a file of its own, or the environment.
//!
//! Each line of the file has one key in base64; lines that begin with `#` are comments. The first key seals; the others
//! are older and only unseal. The file is replaced as a whole, so that a crash leaves the former file or the new one.

use std::fs::File;
use std::io::{self, Read as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use crate::private_file;
use jackfield_domain::custody::Sensitive;
use jackfield_domain::custody::seal::{InvalidMasterKey, Keyring, MasterKey};

/// How many bytes of a key file are read: hundreds of keys with comments. A larger file was named by mistake.
const MAX_FILE: u64 = 64 * 1024;

/// The comment at the beginning of the file.
const HEADER: &str =
    "# The master key of a Jackfield installation: its secrets are sealed with it, and cannot be read without it.
# Back it up apart from the database. The first key seals; further ones are older and only open.
";

/// The source of the master key.
#[derive(Debug, Clone)]
pub enum KeySource {
    /// A file that the host creates and rewrites.
    File(PathBuf),
    /// The environment, at every start.
    Environment {
        /// The key that seals (`JACKFIELD_MASTER_KEY`).
        key: Sensitive,
        /// The key that only unseals, during a rotation (`JACKFIELD_MASTER_KEY_OLD`).
        old: Option<Sensitive>,
    },
}

/// The master key cannot be read or written.
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
    /// Other users may read or change the file.
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
    /// A line of the file is not a key.
    #[error("the master key file {}, line {line}: {source}", path.display())]
    Line {
        /// Which.
        path: PathBuf,
        /// Counted from 1.
        line: usize,
        /// What a key looks like.
        source: InvalidMasterKey,
    },
    /// The file contains no key.
    #[error(
        "the master key file {} holds no key: restore it from its backup, or delete it if nothing was sealed with it",
        .0.display()
    )]
    Empty(PathBuf),
    /// A variable is not a key.
    #[error("environment variable {name}: {source}")]
    Variable {
        /// Its name.
        name: &'static str,
        /// What a key looks like.
        source: InvalidMasterKey,
    },
}

impl KeySource {
    /// The keys; none if the file does not exist.
    ///
    /// # Errors
    /// The file cannot be read, other users may read it, or a line or a variable is not a key.
    pub fn read(&self) -> Result<Option<Keyring>, KeyError> {
        match self {
            Self::File(path) => read_file(path),
            Self::Environment { key, old } => {
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
    // The capacity suffices for the whole file, because a text that grows would leave copies of keys in memory.
    let mut text = Zeroizing::new(String::with_capacity(
        usize::try_from(metadata.len().min(MAX_FILE)).unwrap_or_default() + 1,
    ));
    file.take(MAX_FILE).read_to_string(&mut text).map_err(failed)?;
    let mut keys = vec![];
    let lines = text.strip_prefix('\u{feff}').unwrap_or(&text).lines();
    for (index, line) in lines.enumerate() {
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

/// Replaces the file, or creates it. When this returns, the change is durable.
///
/// # Errors
/// The file cannot be written; the former one is unchanged.
pub(super) fn write_file(path: &Path, keys: &Keyring) -> Result<(), KeyError> {
    let mut text = Zeroizing::new(String::with_capacity(HEADER.len() + 64 * keys.keys().len()));
    text.push_str(HEADER);
    for key in keys.keys() {
        text.push_str(key.write().expose());
        text.push('\n');
    }
    private_file::replace(path, text.as_bytes()).map_err(|source| KeyError::File {
        path: path.to_owned(),
        source,
    })
}

#[cfg(test)]
mod tests {
    use std::fs;

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
    fn key_file_is_private_and_replaced_whole() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("master.key");
        assert!(KeySource::File(path.clone()).read().unwrap().is_none());
        // A temporary file that a crash left is replaced.
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
    fn key_file_that_others_may_read_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = file(&folder, key(1).write().expose());
        for mode in [0o640, 0o604, 0o620, 0o666] {
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            let error = KeySource::File(path.clone()).read().unwrap_err().to_string();
            assert!(
                error.contains("chmod 600") && error.contains(&format!("{mode:o}")),
                "{error}"
            );
        }
    }

    #[test]
    fn invalid_keys_are_named_but_not_shown() {
        let folder = tempfile::tempdir().unwrap();
        let good = key(1).write();
        let error = |text: &str| KeySource::File(file(&folder, text)).read().unwrap_err().to_string();
        let bad = error(&format!("# remark\n\n{}\nhunter2\n", good.expose()));
        assert!(bad.contains("line 4") && bad.contains("openssl"), "{bad}");
        assert!(!bad.contains("hunter2") && !bad.contains(good.expose()), "{bad}");
        assert!(error("# nothing\n").contains("holds no key"));
        let marked = format!("\u{feff}# remark\r\n{}\r\n", good.expose());
        assert!(
            KeySource::File(file(&folder, &marked)).read().is_ok(),
            "a byte-order mark and CR LF are no part of it"
        );
        let from_environment = |key: &str, old: Option<&str>| {
            let sensitive = |text: &str| Sensitive::new(text.to_owned());
            let (key, old) = (sensitive(key), old.map(sensitive));
            KeySource::Environment { key, old }.read()
        };
        let both = from_environment(good.expose(), Some(key(2).write().expose()))
            .unwrap()
            .unwrap();
        assert_eq!(both.ids(), [key(1).id(), key(2).id()]);
        let wrong = from_environment("hunter2", None).unwrap_err().to_string();
        assert!(
            wrong.contains("JACKFIELD_MASTER_KEY:") && !wrong.contains("hunter2"),
            "{wrong}"
        );
        let wrong = from_environment(good.expose(), Some("hunter2"))
            .unwrap_err()
            .to_string();
        assert!(wrong.contains("JACKFIELD_MASTER_KEY_OLD:"), "{wrong}");
    }
}
