//! The languages of adapters. Each has a template for new projects, an SDK and a recipe.
//!
//! One file per language, so that everything about it is in one place.

mod c;
mod go;
mod python;
mod rust;
mod typescript;

use std::fmt;
use std::path::Path;

use serde::Deserialize;

use crate::build::{Build, BuildError};
use crate::contract::ContractFiles;
use crate::progress::Progress;
use crate::tools::Tools;

/// A language.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Language {
    /// Rust.
    Rust,
    /// TypeScript or JavaScript.
    Ts,
    /// Python.
    Py,
    /// Go.
    Go,
    /// C.
    C,
}

/// Files to write, by their path in the target folder.
pub type Files = &'static [(&'static str, &'static str)];

/// Files of this repository, compiled in: their folder and their paths in it. The suffix `.in` hides a manifest from
/// tools that would treat it as one of the repository's; it is removed when the file is written.
macro_rules! embed {
    ($folder:literal: $($path:literal),* $(,)?) => {
        &[$(($path, include_str!(concat!($folder, $path)))),*]
    };
}
use embed;

/// Everything about a language.
struct Profile {
    /// Its word in `--lang` and `adapter.toml`.
    word: &'static str,
    /// Its name.
    name: &'static str,
    /// A new project. `{{name}}` stands for the adapter's name, `{{snake}}` for the same with `_`, `{{Pascal}}` for the
    /// same in one word with capitals.
    template: Files,
    /// The SDK, as it is copied into a new project.
    sdk: Files,
    /// The line of the contract that the SDK is made for.
    contract: ContractFiles,
    /// Builds the component.
    component: fn(&Build<'_>) -> Result<Vec<u8>, BuildError>,
    /// Everything besides the inputs that changes the component: versions of tools, flags, glue. Part of the stamp.
    recipe: fn() -> String,
    /// Runs the native tests and returns the output of their runner.
    test: fn(&NativeTests<'_>) -> Result<String, BuildError>,
    /// Whether the same inputs make the same bytes. An interpreter's memory is part of its components, and holds the
    /// time and the random numbers of the build.
    is_reproducible: bool,
    /// The file in which a new project says its version.
    version_in: &'static str,
}

/// Native tests: those of an adapter, or of an SDK itself, whose folders are then the same.
#[derive(Debug)]
pub struct NativeTests<'a> {
    /// The folder of the project.
    pub root: &'a Path,
    /// The folder of its SDK.
    pub sdk: &'a Path,
    /// A folder for intermediate files, as an absolute path; kept between runs.
    pub work: &'a Path,
    /// Tools that can be downloaded.
    pub tools: &'a Tools,
    /// Where steps are reported.
    pub progress: &'a Progress<'a>,
}

impl NativeTests<'_> {
    /// What there is to say if a folder has no test.
    fn none(&self, what: &str) -> BuildError {
        let folder = self.root.display();
        BuildError::Project(format!(
            "{folder} has no native tests: write {what}, as `jackfield adapter new` does"
        ))
    }
}

impl Language {
    /// All languages, in the order in which they are listed.
    pub const ALL: [Self; 5] = [Self::Rust, Self::Ts, Self::Py, Self::Go, Self::C];

    const fn profile(self) -> &'static Profile {
        match self {
            Self::Rust => &rust::PROFILE,
            Self::Ts => &typescript::PROFILE,
            Self::Py => &python::PROFILE,
            Self::Go => &go::PROFILE,
            Self::C => &c::PROFILE,
        }
    }

    /// The line of the contract that its SDK is made for.
    #[must_use]
    pub const fn contract(self) -> &'static ContractFiles {
        &self.profile().contract
    }

    /// The word for it on the command line and in `adapter.toml`.
    #[must_use]
    pub const fn word(self) -> &'static str {
        self.profile().word
    }

    /// Its name, for people.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.profile().name
    }

    /// The files of a new project.
    #[must_use]
    pub const fn template(self) -> Files {
        self.profile().template
    }

    /// The files of its SDK.
    #[must_use]
    pub const fn sdk(self) -> Files {
        self.profile().sdk
    }

    /// Whether the same inputs make the same bytes.
    #[must_use]
    pub const fn is_reproducible(self) -> bool {
        self.profile().is_reproducible
    }

    /// The file in which an adapter says its version, as `adapter new` writes it.
    #[must_use]
    pub const fn version_in(self) -> &'static str {
        self.profile().version_in
    }

    /// The language that a word names.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|language| language.word() == word)
    }
}

impl fmt::Display for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Builds a project's component by the recipe of its language.
///
/// # Errors
/// Something is missing or wrong.
pub fn component(build: &Build<'_>) -> Result<Vec<u8>, BuildError> {
    (build.project.manifest().language.profile().component)(build)
}

/// Runs native tests and returns the output of their runner.
///
/// # Errors
/// A test failed, there is none, or something is missing.
pub fn test(language: Language, tests: &NativeTests<'_>) -> Result<String, BuildError> {
    (language.profile().test)(tests)
}

/// What changes a component of this language besides the inputs.
#[must_use]
pub fn recipe(language: Language) -> String {
    (language.profile().recipe)()
}
