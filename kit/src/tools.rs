//! Tools of recipes: found on the machine, or downloaded from a package registry, pinned, into a folder that all
//! projects share.

use std::env;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

use sha2::{Digest as _, Sha256};

use crate::build::{BuildError, run};
use crate::progress::Progress;

/// The variable that sets the folder of downloaded tools.
pub const FOLDER_VARIABLE: &str = "JACKFIELD_TOOLS";

/// The folder of downloaded tools.
#[derive(Debug, Clone)]
pub struct Tools {
    folder: PathBuf,
}

impl Tools {
    /// Uses the given folder.
    #[must_use]
    pub const fn in_folder(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// The user's folder: `$JACKFIELD_TOOLS`, or `jackfield/tools` in the user's cache.
    ///
    /// # Errors
    /// The user has no home directory.
    pub fn of_user() -> Result<Self, BuildError> {
        let folder = named(FOLDER_VARIABLE).or_else(|| Some(user_cache()?.join("tools")));
        folder.map(Self::in_folder).ok_or_else(|| BuildError::Missing {
            what: "a folder to keep tools in".into(),
            remedy: format!("set {FOLDER_VARIABLE} to one that can be written"),
        })
    }

    /// The folder of components that were built once: see [`build`](crate::build).
    pub(crate) fn components(&self) -> PathBuf {
        self.folder.join("components")
    }

    /// Returns the Python of an environment with exactly these requirements (the text of a requirements file, with
    /// hashes). Creates the environment the first time. `name` is for people.
    ///
    /// # Errors
    /// There is no Python, or the packages cannot be downloaded.
    pub fn python(&self, name: &str, requirements: &str, progress: &Progress<'_>) -> Result<PathBuf, BuildError> {
        let make = |home: &Path| {
            let python = home.join("bin/python");
            let system = self::python()?;
            run("python -m venv", Command::new(system).args(["-m", "venv"]).arg(home))?;
            let file = home.join("requirements.txt");
            fs::write(&file, requirements).map_err(|error| BuildError::io(&file, error))?;
            let mut pip = Command::new(&python);
            pip.args([
                "-m",
                "pip",
                "install",
                "--quiet",
                "--disable-pip-version-check",
                "--no-input",
            ]);
            pip.args(["--require-hashes", "--only-binary", ":all:", "-r"])
                .arg(&file);
            run("pip install", &mut pip).map(drop)
        };
        let home = self.once(name, &[requirements], progress, make)?;
        Ok(home.join("bin/python"))
    }

    /// Returns a folder of npm packages. `files` are its `package.json`, its `package-lock.json`, which pins every
    /// package with its hash, and other files beside `node_modules`. Creates the folder the first time.
    ///
    /// # Errors
    /// There is no Node.js or no npm, or the packages cannot be downloaded.
    pub fn node(&self, name: &str, files: &[(&str, &str)], progress: &Progress<'_>) -> Result<PathBuf, BuildError> {
        let make = |home: &Path| {
            fs::create_dir_all(home).map_err(|error| BuildError::io(home, error))?;
            for (file, text) in files {
                let path = home.join(file);
                fs::write(&path, text).map_err(|error| BuildError::io(&path, error))?;
            }
            let mut npm = Command::new(node()?.1);
            npm.args(["ci", "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error"])
                .current_dir(home);
            run("npm ci", &mut npm).map(drop)
        };
        let texts: Vec<_> = files.iter().flat_map(|(file, text)| [*file, *text]).collect();
        self.once(name, &texts, progress, make)
    }

    /// Returns a folder of tools and creates it the first time. It depends on `inputs` only. Concurrent builds create
    /// it once, and an unfinished folder is created again.
    fn once(
        &self,
        name: &str,
        inputs: &[&str],
        progress: &Progress<'_>,
        create: impl FnOnce(&Path) -> Result<(), BuildError>,
    ) -> Result<PathBuf, BuildError> {
        let digest = hex::encode(Sha256::digest(inputs.concat()));
        let home = self.folder.join(format!("{name}-{}", &digest[..12]));
        let complete = home.join("complete");
        let io = |error| BuildError::io(&home, error);
        fs::create_dir_all(&self.folder).map_err(|error| BuildError::io(&self.folder, error))?;
        let lock = self.folder.join(format!("{name}.lock"));
        let lock = File::create(&lock).map_err(|error| BuildError::io(&lock, error))?;
        lock.lock().map_err(io)?;
        if complete.is_file() {
            return Ok(home);
        }
        progress.step(&format!("downloading {name}, once for all projects"));
        if home.exists() {
            fs::remove_dir_all(&home).map_err(io)?;
        }
        create(&home)?;
        fs::write(&complete, "").map_err(io)?;
        Ok(home)
    }
}

/// The folder of this user's files that can be created again: `jackfield` in the user's cache. None without a home
/// directory.
#[must_use]
pub fn user_cache() -> Option<PathBuf> {
    let cache = named("XDG_CACHE_HOME").or_else(|| Some(named("HOME")?.join(".cache")))?;
    Some(cache.join("jackfield"))
}

/// The path in an environment variable, if it is set.
fn named(variable: &str) -> Option<PathBuf> {
    env::var_os(variable)
        .filter(|value| !value.is_empty())
        .map(PathBuf::from)
}

/// The machine's Node.js and npm.
///
/// # Errors
/// One of them is missing, or Node.js is too old.
pub fn node() -> Result<(PathBuf, PathBuf), BuildError> {
    let missing = || BuildError::Missing {
        what: "Node.js 20 or later with npm, as `node` and `npm`".into(),
        remedy: "install it from your system's packages (Debian: nodejs and npm) or from nodejs.org".into(),
    };
    let (node, npm) = (found("node").ok_or_else(missing)?, found("npm").ok_or_else(missing)?);
    let new_enough = "process.exit(Number(process.versions.node.split('.')[0]) < 20 ? 1 : 0)";
    let ended = Command::new(&node).args(["-e", new_enough]).output();
    if ended.is_ok_and(|ended| ended.status.success()) {
        return Ok((node, npm));
    }
    Err(missing())
}

/// The machine's Python.
///
/// # Errors
/// There is none, or it is too old.
pub fn python() -> Result<&'static str, BuildError> {
    let new_enough = "import sys; sys.exit(sys.version_info < (3, 10))";
    let found = Command::new("python3").args(["-c", new_enough]).output();
    if found.is_ok_and(|ended| ended.status.success()) {
        return Ok("python3");
    }
    Err(BuildError::Missing {
        what: "Python 3.10 or later, as `python3`".into(),
        remedy: "install it from your system's packages (Debian: python3 and python3-venv) or from python.org".into(),
    })
}

/// Finds a program on the PATH.
#[must_use]
pub fn found(program: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    env::split_paths(&path)
        .map(|folder| folder.join(program))
        .find(|file| is_program(file))
}

fn is_program(file: &Path) -> bool {
    fs::metadata(file).is_ok_and(|metadata| metadata.is_file())
}
