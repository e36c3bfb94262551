//! An adapter's project: a folder with an `adapter.toml`.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use jackfield_domain::id::AdapterName;
use serde::Deserialize;

use crate::contract::{ContractFiles, NamedLine, OptionalExport};
use crate::languages::Language;

/// The file that makes a folder a project.
pub const MANIFEST: &str = "adapter.toml";

/// A folder with an adapter.
#[derive(Debug)]
pub struct Project {
    root: PathBuf,
    manifest: Manifest,
}

/// `adapter.toml`
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// The component's name, as in `describe`.
    pub name: AdapterName,
    /// The adapter's language.
    pub language: Language,
    /// The path of the language's SDK, relative to this folder.
    pub sdk: PathBuf,
    /// The line of the contract, if it is an older one than this program's SDK is made for: a project that has a copy
    /// of an older SDK names the line of that SDK.
    pub contract: Option<NamedLine>,
    /// The optional exports that the adapter has besides the required ones.
    #[serde(default)]
    pub exports: BTreeSet<OptionalExport>,
}

impl Manifest {
    /// The project's line of the contract.
    #[must_use]
    pub fn contract_files(&self) -> &'static ContractFiles {
        self.contract.map_or(self.language.contract(), NamedLine::files)
    }
}

/// A folder is not a valid project.
#[derive(Debug, thiserror::Error)]
pub enum ProjectError {
    /// There is no manifest.
    #[error(
        "{} has no {MANIFEST}: go to the folder of an adapter, or make one with `jackfield adapter new NAME --lang \
        LANG`",
        .0.display()
    )]
    None(PathBuf),
    /// The manifest cannot be read.
    #[error("{} cannot be read: {error}", path.display())]
    Unreadable {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// The manifest is invalid.
    #[error("{} is not an adapter's manifest: {why}", path.display())]
    Invalid {
        /// The file.
        path: PathBuf,
        /// What is wrong, and how to correct it.
        why: String,
    },
}

impl Project {
    /// Reads the manifest of a folder.
    ///
    /// # Errors
    /// There is none, or it is invalid; the message says what to do.
    pub fn open(folder: &Path) -> Result<Self, ProjectError> {
        let path = folder.join(MANIFEST);
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(ProjectError::None(folder.into())),
            Err(error) => return Err(ProjectError::Unreadable { path, error }),
        };
        let invalid = |why: String| ProjectError::Invalid {
            path: path.clone(),
            why,
        };
        let manifest: Manifest = toml::from_str(&text).map_err(|error| invalid(error.to_string()))?;
        if !manifest.exports.is_empty() && manifest.language == Language::Rust {
            return Err(invalid(
                "take `exports` out: in Rust, `export!(MyAdapter with lookup, parse_leads)` names them".into(),
            ));
        }
        if manifest.contract.is_some() && manifest.language == Language::Rust {
            return Err(invalid(
                "take `contract` out: in Rust, the SDK's crate says which line of the contract it is made for".into(),
            ));
        }
        let sdk = folder.join(&manifest.sdk);
        if !sdk.is_dir() {
            return Err(invalid(format!(
                "`sdk` names {}, and there is no such folder: it should hold Jackfield's SDK for this language, as \
                 `jackfield adapter new` writes it",
                sdk.display()
            )));
        }
        let root = fs::canonicalize(folder).map_err(|error| ProjectError::Unreadable {
            path: folder.into(),
            error,
        })?;
        Ok(Self { root, manifest })
    }

    /// The folder, as an absolute path.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The manifest.
    #[must_use]
    pub const fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// The folder of the SDK.
    #[must_use]
    pub fn sdk(&self) -> PathBuf {
        self.root.join(&self.manifest.sdk)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn opened(manifest: &str) -> Result<Project, String> {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("sdk")).unwrap();
        fs::write(folder.path().join(MANIFEST), manifest).unwrap();
        Project::open(folder.path()).map_err(|error| error.to_string())
    }

    #[test]
    fn a_manifest_names_language_and_exports() {
        let project = opened("name = \"acme\"\nlanguage = \"go\"\nsdk = \"sdk\"\nexports = [\"lookup\"]\n").unwrap();
        let manifest = project.manifest();
        let exports: Vec<_> = manifest.exports.iter().map(OptionalExport::name).collect();
        assert_eq!((manifest.language, exports), (Language::Go, vec!["lookup"]));
    }

    #[test]
    fn a_manifest_may_name_an_older_line() {
        let manifest = "name = \"acme\"\nlanguage = \"py\"\nsdk = \"sdk\"\n";
        let world = |more: &str| {
            opened(&format!("{manifest}{more}"))
                .unwrap()
                .manifest()
                .contract_files()[3]
                .1
        };
        assert!(world("contract = \"0.1\"\n").contains("jackfield:crm@0.1.0"));
        assert!(world("").contains("jackfield:crm@0.2.0"));
    }

    #[test]
    fn mistakes_are_named() {
        let cases = [
            ("name = \"acme\"\nlanguage = \"go\"\n", "missing field `sdk`"),
            (
                "name = \"Acme\"\nlanguage = \"go\"\nsdk = \"sdk\"\n",
                "adapter name is not valid",
            ),
            (
                "name = \"acme-\"\nlanguage = \"go\"\nsdk = \"sdk\"\n",
                "no `-` at the end",
            ),
            (
                "name = \"acme\"\nlanguage = \"cobol\"\nsdk = \"sdk\"\n",
                "unknown variant `cobol`",
            ),
            (
                "name = \"acme\"\nlanguage = \"go\"\nsdk = \"nowhere\"\n",
                "there is no such folder",
            ),
            (
                "name = \"acme\"\nlanguage = \"go\"\nsdk = \"sdk\"\nworld = \"x\"\n",
                "unknown field `world`",
            ),
            (
                "name = \"acme\"\nlanguage = \"go\"\nsdk = \"sdk\"\nexports = [\"status\"]\n",
                "unknown export `status`: the optional exports are `lookup`, `leads`",
            ),
            (
                "name = \"acme\"\nlanguage = \"rust\"\nsdk = \"sdk\"\nexports = [\"leads\"]\n",
                "take `exports` out",
            ),
            (
                "name = \"acme\"\nlanguage = \"rust\"\nsdk = \"sdk\"\ncontract = \"0.1\"\n",
                "take `contract` out",
            ),
            (
                "name = \"acme\"\nlanguage = \"py\"\nsdk = \"sdk\"\ncontract = \"0.7\"\n",
                "unknown variant `0.7`, expected `0.1`",
            ),
        ];
        for (manifest, expected) in cases {
            let said = opened(manifest).unwrap_err();
            assert!(said.contains(expected), "{said} should say: {expected}");
        }
        let empty = tempfile::tempdir().unwrap();
        let said = Project::open(empty.path()).unwrap_err().to_string();
        assert!(said.contains("jackfield adapter new"), "{said}");
    }
}
