//! Builds a project's component.
//!
//! A build with the same inputs as the last one is skipped: a stamp, the digest of every input, is stored beside the
//! component. Where a toolchain makes other bytes each time, components are kept by that digest, so that the same
//! sources make the same component on this machine, in every folder.

mod command;
mod component;
mod inputs;
mod kept;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

pub use command::run;
pub use component::{bindings, componentize, embed_world};
use inputs::Inputs;
use kept::KeptComponents;

use crate::languages::{self, NativeTests};
use crate::progress::Progress;
use crate::project::Project;
use crate::tools::Tools;

/// The folder of a build's files inside the project, unless the caller chooses another.
pub const FOLDER: &str = "build";

/// The arguments of a recipe.
#[derive(Debug)]
pub struct Build<'a> {
    /// The project to build.
    pub project: &'a Project,
    /// A folder for intermediate files, as an absolute path; kept between builds.
    pub work: PathBuf,
    /// Tools that can be downloaded.
    pub tools: &'a Tools,
    /// Where steps are reported.
    pub progress: &'a Progress<'a>,
}

/// A component was built.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Built {
    /// Its path.
    pub component: PathBuf,
    /// Its size in bytes.
    pub size: u64,
    /// Nothing had changed since the last build.
    pub unchanged: bool,
}

/// A component cannot be built.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// The machine lacks something.
    #[error("{what} is missing: {remedy}")]
    Missing {
        /// What is missing.
        what: String,
        /// What to do.
        remedy: String,
    },
    /// A command failed, most often because of a mistake in the adapter's source.
    #[error("`{command}` failed:\n{output}")]
    Failed {
        /// The command, as in a terminal.
        command: String,
        /// The end of its output.
        output: String,
    },
    /// The compiled module does not fit the contract.
    #[error("the compiled module cannot be turned into a component: {0}")]
    Component(String),
    /// The project has a mistake.
    #[error("{0}")]
    Project(String),
    /// A file or folder.
    #[error("{}: {error}", path.display())]
    Io {
        /// Which.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
}

impl BuildError {
    /// An error of a file or folder.
    #[must_use]
    pub fn io(path: &Path, error: io::Error) -> Self {
        Self::Io {
            path: path.into(),
            error,
        }
    }
}

/// Builds a project's component, `<name>.wasm`, into `folder`.
///
/// # Errors
/// Something is missing or wrong; the message says what to do about it.
pub fn build(project: &Project, folder: &Path, tools: &Tools, progress: &Progress<'_>) -> Result<Built, BuildError> {
    let name = &project.manifest().name;
    let work = work_folder(project, folder)?;
    let component = folder.join(format!("{name}.wasm"));
    let stamp = work.join("stamp");
    let inputs = Inputs::of(project)?;
    let before = fs::read_to_string(&stamp).unwrap_or_default();
    let unchanged = before == inputs.stamp() && component.is_file();
    if !unchanged {
        let build = Build {
            project,
            work,
            tools,
            progress,
        };
        let kept = KeptComponents::of(project, tools);
        let (bytes, built) = if let Some(bytes) = kept.find(&inputs.stamp()) {
            (bytes, inputs)
        } else {
            let bytes = languages::component(&build)?;
            let built = inputs.with_added(Inputs::of(project)?);
            kept.keep(&built.stamp(), &bytes)?;
            (bytes, built)
        };
        fs::write(&component, bytes).map_err(|error| BuildError::io(&component, error))?;
        fs::write(&stamp, built.stamp()).map_err(|error| BuildError::io(&stamp, error))?;
    }
    let size = fs::metadata(&component)
        .map_err(|error| BuildError::io(&component, error))?
        .len();
    Ok(Built {
        component,
        size,
        unchanged,
    })
}

/// Runs a project's native tests and returns the output of their runner. Intermediate files are in `folder`.
///
/// # Errors
/// A test failed, there is none, or something is missing; the message says what to do about it.
pub fn test(project: &Project, folder: &Path, tools: &Tools, progress: &Progress<'_>) -> Result<String, BuildError> {
    let tests = NativeTests {
        root: project.root(),
        sdk: &project.sdk(),
        work: &work_folder(project, folder)?,
        tools,
        progress,
    };
    languages::test(project.manifest().language, &tests)
}

/// The folder of a project's intermediate files. Absolute, because recipes run tools in the project's folder.
fn work_folder(project: &Project, folder: &Path) -> Result<PathBuf, BuildError> {
    let work = folder.join(project.manifest().name.as_str());
    fs::create_dir_all(&work)
        .and_then(|()| fs::canonicalize(&work))
        .map_err(|error| BuildError::io(&work, error))
}
