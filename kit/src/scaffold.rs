//! Creates projects: an adapter that builds and passes its checks, for the author to change.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use jackfield_domain::id::{AdapterName, InvalidId};

use crate::contract;
use crate::languages::Language;

/// The folder of the SDK's copy in a new project.
pub const SDK: &str = "vendor/jackfield";
/// The same for Go, whose tools expect a folder `vendor` to mirror all imports.
pub const SDK_IN_GO: &str = "third_party/jackfield";
/// The folder of the contract's copy in a new project.
pub const CONTRACT: &str = "wit";

/// A project cannot be created.
#[derive(Debug, thiserror::Error)]
pub enum ScaffoldError {
    /// An adapter cannot have this name.
    #[error(transparent)]
    Name(#[from] InvalidId),
    /// The folder is not empty.
    #[error("{} is there already and not empty: choose another name, or another folder with --into", .0.display())]
    Exists(PathBuf),
    /// A file cannot be written.
    #[error("{} cannot be written: {error}", path.display())]
    Io {
        /// Which.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
}

/// Creates the project of an adapter called `name` in `folder`, which must be missing or empty. Returns the written
/// paths, relative to the folder and sorted; the SDK and the contract each appear as their folder.
///
/// # Errors
/// The name is not possible, the folder is not empty, or it cannot be written.
pub fn create(name: &str, language: Language, folder: &Path) -> Result<Vec<String>, ScaffoldError> {
    let _: AdapterName = name.parse()?;
    let io = |path: &Path| {
        let path = path.to_owned();
        move |error| ScaffoldError::Io { path, error }
    };
    if folder.exists() {
        let mut entries = fs::read_dir(folder).map_err(io(folder))?;
        if entries.next().is_some() {
            return Err(ScaffoldError::Exists(folder.into()));
        }
    }
    let mut written = Vec::new();
    for (path, text) in language.template() {
        let path = filled(path.strip_suffix(".in").unwrap_or(path), name);
        write(&folder.join(&path), &filled(text, name))?;
        written.push(path);
    }
    let sdk = if language == Language::Go { SDK_IN_GO } else { SDK };
    for (path, text) in language.sdk() {
        let path = path.strip_suffix(".in").unwrap_or(path);
        write(&folder.join(sdk).join(path), text)?;
    }
    contract::write_to(&folder.join(CONTRACT), language).map_err(io(&folder.join(CONTRACT)))?;
    written.sort();
    written.extend([format!("{sdk}/"), format!("{CONTRACT}/")]);
    Ok(written)
}

fn write(path: &Path, text: &str) -> Result<(), ScaffoldError> {
    let parent = path.parent().unwrap_or(path);
    fs::create_dir_all(parent)
        .and_then(|()| fs::write(path, text))
        .map_err(|error| ScaffoldError::Io {
            path: path.into(),
            error,
        })
}

/// A template's text with the adapter's name filled in.
fn filled(text: &str, name: &str) -> String {
    let words = name.split('-').filter(|word| !word.is_empty());
    let pascal: String = words
        .map(|word| {
            let (first, rest) = word.split_at(1);
            first.to_ascii_uppercase() + rest
        })
        .collect();
    text.replace("{{name}}", name)
        .replace("{{snake}}", &name.replace('-', "_"))
        .replace("{{Pascal}}", &pascal)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_written_in_each_style() {
        assert_eq!(
            filled("{{name}} {{snake}} {{Pascal}}", "acme-homes"),
            "acme-homes acme_homes AcmeHomes"
        );
    }

    #[test]
    fn folders_with_files_are_not_touched() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("mine"), "mine").unwrap();
        let refused = create("acme", Language::Rust, folder.path()).unwrap_err();
        assert!(matches!(refused, ScaffoldError::Exists(_)));
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn invalid_names_create_nothing() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["", "Acme", "1st", "a b", "../up", "acme-"] {
            let refused = create(name, Language::Rust, &folder.path().join("new")).unwrap_err();
            assert!(matches!(refused, ScaffoldError::Name(_)), "{name}");
        }
        assert!(!folder.path().join("new").exists());
    }
}
