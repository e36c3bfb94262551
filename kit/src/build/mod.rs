//! From a project to its component.
//!
//! A build that was made from the same files with the same program is not made again: its stamp, a digest of every
//! input, lies beside the component.

mod command;
mod component;
mod inputs;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

pub use command::run;
pub use component::{bindings, componentize, embed_world};
use inputs::Inputs;

use crate::languages;
use crate::progress::Progress;
use crate::project::Project;
use crate::tools::Tools;

/// Where a build's files are, inside the project, unless the caller says otherwise.
pub const FOLDER: &str = "build";

/// A build, as a recipe sees it.
#[derive(Debug)]
pub struct Build<'a> {
    /// What is built.
    pub project: &'a Project,
    /// A folder for what arises on the way, as an absolute path; kept between builds.
    pub work: PathBuf,
    /// Tools that can be fetched.
    pub tools: &'a Tools,
    /// Where steps are told.
    pub progress: &'a Progress<'a>,
}

/// A component was built.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Built {
    /// Where it is.
    pub component: PathBuf,
    /// Its size in bytes.
    pub size: u64,
    /// Nothing had changed since the build before.
    pub unchanged: bool,
}

/// A component cannot be built.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// Something that the machine does not have.
    #[error("{what} is missing: {remedy}")]
    Missing {
        /// What.
        what: String,
        /// What to do.
        remedy: String,
    },
    /// A command failed: most often, the adapter's source has a mistake.
    #[error("`{command}` failed:\n{output}")]
    Failed {
        /// The command, as one would type it.
        command: String,
        /// The end of what it wrote.
        output: String,
    },
    /// The compiled module is no component of the contract.
    #[error("the module that was compiled does not become a component: {0}")]
    Component(String),
    /// The project is not as it should be.
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
    /// A file or folder that cannot be used.
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
/// What is missing or wrong, and what to do about it.
pub fn build(project: &Project, folder: &Path, tools: &Tools, progress: &Progress<'_>) -> Result<Built, BuildError> {
    let name = &project.manifest().name;
    let work = folder.join(name);
    // Absolute, since recipes run their tools in the project's folder.
    let work = fs::create_dir_all(&work)
        .and_then(|()| fs::canonicalize(&work))
        .map_err(|error| BuildError::io(&work, error))?;
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
        let bytes = languages::component(&build)?;
        fs::write(&component, bytes).map_err(|error| BuildError::io(&component, error))?;
        let built = inputs.with_added(Inputs::of(project)?);
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
