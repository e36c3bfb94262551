//! The host's id: which leases in the store are its own.
//!
//! It is made at the first start and kept in a file beside the database, so that a host that starts again knows what
//! its former self held, and leaves alone what another host over the same store holds.

use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

/// The file in the data directory.
const FILE: &str = "host.id";
/// Random bytes of an id, which the file has as hex.
const BYTES: usize = 16;
/// How much of the file is read: an id is shorter.
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
    /// The file holds something else.
    #[error(
        "{} does not hold a host's id, which is {} hex digits: restore it, or delete it for a new one; with a new one, \
         what was in flight is taken up again only when its leases have run out, after a few minutes",
        .0.display(), 2 * BYTES
    )]
    Invalid(PathBuf),
}

/// The id of the host that keeps its files in `data_dir`; made if there is none. Only the process that has the database
/// open may ask.
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

/// Writes a new id to a file of its own and renames it: after a crash the id is whole or absent.
fn create(path: &Path) -> io::Result<String> {
    let id = hex::encode(rand::random::<[u8; BYTES]>());
    let new = path.with_extension("id.new");
    // A crash may have left it.
    match fs::remove_file(&new) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = File::options().write(true).create_new(true).mode(0o600).open(&new)?;
    writeln!(file, "{id}")?;
    file.sync_all()?;
    fs::rename(&new, path)?;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    File::open(folder.unwrap_or(Path::new(".")))?.sync_all()?;
    Ok(id)
}

#[cfg(test)]
mod tests {
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
