//! The inputs of a build: the project, its SDK, the contract and this program's recipes.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use super::{BuildError, FOLDER};
use crate::languages::{self, Language};
use crate::project::Project;

/// Folders with generated files, anywhere.
const GENERATED: [&str; 5] = [FOLDER, "target", "node_modules", "__pycache__", "dist"];
/// What a project or an SDK has at its root for people and for its tests, which no component contains. Names that begin
/// with a dot are another program's settings, except for those in [`HIDDEN_INPUTS`].
const UNRELATED: [&str; 10] = [
    "fixtures",
    "tests",
    "docs",
    "README.md",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "LICENSE",
    "LICENSE.md",
    "NOTICE",
    "AUTHORS",
];
/// The settings of cargo and npm.
const HIDDEN_INPUTS: [&str; 2] = [".cargo", ".npmrc"];
/// How files end that no component contains: Go's tests, and what editors leave.
const UNRELATED_ENDINGS: [&str; 4] = ["_test.go", "~", ".swp", ".orig"];

/// The digests of all inputs, by name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inputs(BTreeMap<String, [u8; 32]>);

impl Inputs {
    /// Reads them.
    ///
    /// # Errors
    /// A file cannot be read.
    pub fn of(project: &Project) -> Result<Self, BuildError> {
        let language = project.manifest().language;
        let mut inputs = Self(BTreeMap::new());
        inputs.add("version", env!("CARGO_PKG_VERSION").as_bytes());
        inputs.add("recipe", languages::recipe(language).as_bytes());
        for (name, text) in project.manifest().contract_files() {
            inputs.add(&format!("contract/{name}"), text.as_bytes());
        }
        let sdk = fs::canonicalize(project.sdk()).map_err(|error| BuildError::io(&project.sdk(), error))?;
        for (prefix, root) in [("project", project.root()), ("sdk", sdk.as_path())] {
            // The SDK is often in the project's folder, and is read on its own.
            for path in files(root, |folder| folder == sdk)? {
                let name = path.strip_prefix(root).unwrap_or(&path);
                inputs.read(&format!("{prefix}/{}", name.display()), &path)?;
            }
        }
        if language == Language::Rust {
            // A crate of a workspace also depends on the workspace's files.
            for (level, folder) in project.root().ancestors().enumerate().skip(1) {
                for name in ["Cargo.lock", "Cargo.toml"] {
                    let path = folder.join(name);
                    if path.is_file() {
                        inputs.read(&format!("workspace/{level}/{name}"), &path)?;
                    }
                }
            }
        }
        Ok(inputs)
    }

    /// The inputs to record for a build: those `after` it if the build only added some, such as a lock file; otherwise
    /// these.
    #[must_use]
    pub fn with_added(self, after: Self) -> Self {
        let kept = self.0.iter().all(|(name, digest)| after.0.get(name) == Some(digest));
        if kept { after } else { self }
    }

    /// One digest of all inputs.
    #[must_use]
    pub fn stamp(&self) -> String {
        let mut all = Sha256::new();
        for (name, digest) in &self.0 {
            all.update(Sha256::digest(name));
            all.update(digest);
        }
        hex::encode(all.finalize())
    }

    fn add(&mut self, name: &str, bytes: &[u8]) {
        self.0.insert(name.to_owned(), Sha256::digest(bytes).into());
    }

    fn read(&mut self, name: &str, path: &Path) -> Result<(), BuildError> {
        let bytes = fs::read(path).map_err(|error| BuildError::io(path, error))?;
        self.add(name, &bytes);
        Ok(())
    }
}

/// Every file below a folder that a component may contain, without the folders that are `left_out`.
fn files(root: &Path, left_out: impl Fn(&Path) -> bool) -> Result<Vec<PathBuf>, BuildError> {
    let mut found = Vec::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        let io = |error| BuildError::io(&folder, error);
        for entry in fs::read_dir(&folder).map_err(io)? {
            let entry = entry.map_err(io)?;
            if is_unrelated(&entry.file_name().to_string_lossy(), folder == root) {
                continue;
            }
            // Links are skipped: they lead to generated files, or out of the project.
            match entry.file_type().map_err(io)? {
                kind if kind.is_dir() && !left_out(&entry.path()) => folders.push(entry.path()),
                kind if kind.is_file() => found.push(entry.path()),
                _ => {}
            }
        }
    }
    Ok(found)
}

/// Whether no component contains a file or folder of this name.
fn is_unrelated(name: &str, at_root: bool) -> bool {
    let is_hidden = name.starts_with('.') && !HIDDEN_INPUTS.contains(&name);
    let is_for_people = at_root && UNRELATED.contains(&name);
    let has_ending = UNRELATED_ENDINGS.iter().any(|ending| name.ends_with(ending));
    GENERATED.contains(&name) || is_hidden || is_for_people || has_ending
}

#[cfg(test)]
mod tests {
    use super::*;

    fn project(folder: &Path) -> Project {
        fs::create_dir_all(folder.join("sdk")).unwrap();
        fs::create_dir_all(folder.join("fixtures")).unwrap();
        fs::create_dir_all(folder.join("node_modules/x")).unwrap();
        let manifest = "name = \"acme\"\nlanguage = \"py\"\nsdk = \"sdk\"\n";
        fs::write(folder.join("adapter.toml"), manifest).unwrap();
        Project::open(folder).unwrap()
    }

    #[test]
    fn only_inputs_change_the_stamp() {
        let folder = tempfile::tempdir().unwrap();
        let project = project(folder.path());
        let stamp = || Inputs::of(&project).unwrap().stamp();
        let before = stamp();
        for made in [
            "fixtures/new.json",
            "node_modules/x/index.js",
            "README.md",
            "tests/test_app.py",
            "docs/crm.md",
            ".gitignore",
            ".github/workflows/ci.yml",
            "src/.app.py.swp",
            "src/app.py~",
            "app_test.go",
            "sdk/README.md",
            "sdk/tests/test_sdk.py",
        ] {
            let path = folder.path().join(made);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "x").unwrap();
            assert_eq!(stamp(), before, "{made}");
        }
        let mut seen = vec![before];
        for (path, text) in [
            ("app.py", "1"),
            ("app.py", "2"),
            ("sdk/app.py", "2"),
            ("adapter.lock", ""),
            (".npmrc", ""),
            ("src/README.md", "embedded, perhaps"),
        ] {
            fs::write(folder.path().join(path), text).unwrap();
            let now = stamp();
            assert!(!seen.contains(&now), "{path}");
            seen.push(now);
        }
    }

    #[test]
    fn files_added_by_the_build_count() {
        // A file that was changed during the build does not.
        let folder = tempfile::tempdir().unwrap();
        let project = project(folder.path());
        let source = folder.path().join("app.py");
        fs::write(&source, "1").unwrap();
        let before = Inputs::of(&project).unwrap();
        fs::write(folder.path().join("app.lock"), "").unwrap();
        let locked = Inputs::of(&project).unwrap();
        assert_eq!(before.clone().with_added(locked.clone()), locked);
        fs::write(&source, "2").unwrap();
        let edited = Inputs::of(&project).unwrap();
        assert_eq!(before.clone().with_added(edited), before);
    }
}
