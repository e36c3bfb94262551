//! The host's id: which leases in the store are its own.
//!
//! The first start creates it and writes it to a file beside the database. So a host that is restarted recognises its
//! own leases, and does not touch those of another host over the same store.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use crate::private_file;

/// The file's name in the data directory.
const FILE: &str = "host.id";
/// The random bytes of an id. The file contains them in hex.
const BYTES: usize = 16;
/// How many bytes of the file are read: more than an id has.
const MAX_FILE: u64 = 256;

/// The host has no usable id.
#[derive(Debug, thiserror::Error)]
pub enum HostIdError {
    /// The file cannot be read or written.
    #[error("the host's id {} cannot be used: {source}; check who may read it and write in its folder", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file does not contain an id.
    #[error(
        "{} does not hold a host's id, which is {} hex digits: restore it, or delete it for a new one; with a new one, \
         what was in flight is resumed only when its leases have expired, after a few minutes",
        .0.display(), 2 * BYTES
    )]
    Invalid(PathBuf),
}

/// The id of the host whose files are in `data_dir`. It is created if there is none. Only the process that has opened
/// the database may call this.
pub(super) fn read_or_create(data_dir: &Path) -> Result<String, HostIdError> {
    let path = data_dir.join(FILE);
    let read = match read(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => create(&path),
        read => read,
    };
    match read {
        Ok(id) if is_valid(&id) => Ok(id),
        Ok(_) => Err(HostIdError::Invalid(path)),
        Err(error) if error.kind() == io::ErrorKind::InvalidData => Err(HostIdError::Invalid(path)),
        Err(source) => Err(HostIdError::File { path, source }),
    }
}

fn is_valid(id: &str) -> bool {
    id.len() == 2 * BYTES && id.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

fn read(path: &Path) -> io::Result<String> {
    let mut text = String::new();
    File::open(path)?.take(MAX_FILE).read_to_string(&mut text)?;
    Ok(text.trim_end().to_owned())
}

fn create(path: &Path) -> io::Result<String> {
    let id = hex::encode(rand::random::<[u8; BYTES]>());
    private_file::replace(path, format!("{id}\n").as_bytes())?;
    Ok(id)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn id_is_made_once() {
        let (one, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        fs::write(one.path().join("host.id.new"), "half").unwrap();
        let id = read_or_create(one.path()).unwrap();
        assert!(is_valid(&id), "{id}");
        assert_eq!(read_or_create(one.path()).unwrap(), id);
        assert_ne!(read_or_create(other.path()).unwrap(), id);
        let files: Vec<_> = one.path().read_dir().unwrap().map(Result::unwrap).collect();
        assert_eq!(files.len(), 1, "{files:?}");
        assert_eq!(files[0].metadata().unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn other_content_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(FILE);
        let id = "0123456789abcdef0123456789abcdef";
        let invalid = [
            "",
            "\n",
            "0123",
            "%",
            &id.to_uppercase(),
            &format!("{id}/1"),
            &id.repeat(9),
        ];
        for text in invalid.map(str::as_bytes).into_iter().chain([&[0xff; 32][..]]) {
            fs::write(&path, text).unwrap();
            let error = read_or_create(dir.path()).unwrap_err().to_string();
            assert!(
                error.contains("host.id does not hold") && error.contains("delete it"),
                "{error}"
            );
            assert_eq!(fs::read(&path).unwrap(), text, "the file is left alone");
        }
        fs::write(&path, format!("{id}\n")).unwrap();
        assert_eq!(read_or_create(dir.path()).unwrap(), id);
    }

    #[test]
    fn unreadable_file_is_an_error() {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join(FILE)).unwrap();
        let error = read_or_create(dir.path()).unwrap_err().to_string();
        assert!(
            error.contains("host.id cannot be used") && error.contains("check who"),
            "{error}"
        );
    }
}
