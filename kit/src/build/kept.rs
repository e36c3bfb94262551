//! Components of languages whose toolchain makes other bytes each time, by the digest of their inputs.
//!
//! A name and version mean one component for ever, so a second build of the same sources must not be a second
//! component: in a new clone, or after the build folder was deleted. Other machines make a component of their own.

use std::fs;
use std::path::PathBuf;
use std::time::SystemTime;

use super::BuildError;
use crate::project::Project;
use crate::tools::Tools;

/// How many are kept. They have 12 to 19 MiB each.
const MOST: usize = 24;

/// The folder of kept components; none for a language whose builds are reproducible.
pub struct KeptComponents(Option<PathBuf>);

impl KeptComponents {
    /// Those of a project's language.
    pub fn of(project: &Project, tools: &Tools) -> Self {
        let is_reproducible = project.manifest().language.is_reproducible();
        Self((!is_reproducible).then(|| tools.components()))
    }

    /// The component that was made of these inputs.
    pub fn find(&self, stamp: &str) -> Option<Vec<u8>> {
        fs::read(self.path(stamp)?).ok()
    }

    /// Keeps a component, and drops the oldest of too many.
    pub fn keep(&self, stamp: &str, bytes: &[u8]) -> Result<(), BuildError> {
        let (Some(folder), Some(path)) = (&self.0, self.path(stamp)) else {
            return Ok(());
        };
        let io = |error| BuildError::io(&path, error);
        fs::create_dir_all(folder).map_err(io)?;
        // Renamed when it is whole, since other builds may read it.
        let unfinished = tempfile::NamedTempFile::new_in(folder).map_err(io)?;
        fs::write(unfinished.path(), bytes).map_err(io)?;
        unfinished.persist(&path).map_err(|error| io(error.error))?;
        let entries = fs::read_dir(folder).map_err(io)?.flatten();
        let mut kept: Vec<(SystemTime, PathBuf)> = entries
            .filter_map(|entry| Some((entry.metadata().ok()?.modified().ok()?, entry.path())))
            .collect();
        kept.sort();
        for (_, oldest) in kept.iter().take(kept.len().saturating_sub(MOST)) {
            // Another build may have dropped it.
            let _ = fs::remove_file(oldest);
        }
        Ok(())
    }

    fn path(&self, stamp: &str) -> Option<PathBuf> {
        Some(self.0.as_ref()?.join(format!("{stamp}.wasm")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_of_too_many_are_dropped() {
        let folder = tempfile::tempdir().unwrap();
        let kept = KeptComponents(Some(folder.path().join("components")));
        for number in 0..=MOST {
            assert_eq!(kept.find(&number.to_string()), None);
            kept.keep(&number.to_string(), &[7]).unwrap();
            assert_eq!(kept.find(&number.to_string()), Some(vec![7]));
        }
        let left = fs::read_dir(folder.path().join("components")).unwrap().count();
        assert_eq!(left, MOST);
        let none = KeptComponents(None);
        none.keep("a", &[7]).unwrap();
        assert_eq!(none.find("a"), None);
    }
}
