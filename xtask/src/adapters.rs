//! `cargo xtask adapters`: compiles adapters and guests to components.
//!
//! They are found by listing folders, so that a new one needs no line here. Those in Rust are packages of the
//! workspace, built together in their own target folder, so that they do not wait for the lock of another cargo. Those
//! in other languages have an `adapter.toml` and are built like `jackfield adapter build` does.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::thread;

use anyhow::{Context as _, bail};
use jackfield_kit::progress::Progress;
use jackfield_kit::project::Project;
use jackfield_kit::tools::Tools;
use jackfield_kit::{self as kit};

use crate::setup::TARGET;
use crate::workspace::{self, Workspace};

/// The folders that hold adapters and guests, one folder each.
const FOLDERS: [&str; 3] = ["adapters", "tests/guests", "bench/guests"];

const STEP: &str = "adapters";

/// Projects in other languages that are built at the same time: their tools use one processor most of the time.
const CONCURRENT_BUILDS: usize = 2;

/// Builds every adapter and guest into `target/adapters/<name>.wasm`.
pub fn build_all(workspace: &Workspace) -> anyhow::Result<()> {
    build_components(workspace, Sources::find(workspace)?)
}

/// Builds the adapters and guests with these names into `target/adapters/<name>.wasm`.
pub fn build(workspace: &Workspace, names: &[&str]) -> anyhow::Result<()> {
    let mut sources = Sources::find(workspace)?;
    let known: BTreeSet<_> = sources.names().map(ToOwned::to_owned).collect();
    if let Some(unknown) = names.iter().find(|name| !known.contains(**name)) {
        bail!("step `{STEP}`: no adapter or guest is called `{unknown}`");
    }
    sources.packages.retain(|name| names.contains(&name.as_str()));
    sources
        .projects
        .retain(|project| names.contains(&project.manifest().name.as_str()));
    build_components(workspace, sources)
}

/// What components are built from.
struct Sources {
    /// Names of packages of the workspace.
    packages: Vec<String>,
    /// Projects in other languages than Rust.
    projects: Vec<Project>,
}

impl Sources {
    fn find(workspace: &Workspace) -> anyhow::Result<Self> {
        let folders = FOLDERS
            .iter()
            .filter_map(|folder| workspace.path(folder).read_dir().ok());
        let mut paths: Vec<_> = folders.flatten().filter_map(|entry| Some(entry.ok()?.path())).collect();
        paths.sort();
        let (mut packages, mut projects) = (Vec::new(), Vec::new());
        for path in paths {
            let manifest = path.join("Cargo.toml");
            if manifest.is_file() {
                packages.push(package_name(&manifest)?);
            } else if path.join(kit::project::MANIFEST).is_file() {
                projects.push(Project::open(&path)?);
            }
        }
        if packages.is_empty() {
            bail!("step `{STEP}` failed: no package in {}", FOLDERS.join(" or "));
        }
        Ok(Self { packages, projects })
    }

    fn names(&self) -> impl Iterator<Item = &str> {
        let projects = self.projects.iter().map(|project| project.manifest().name.as_str());
        self.packages.iter().map(String::as_str).chain(projects)
    }
}

/// Builds packages and projects at the same time. A file is written only when its bytes change.
fn build_components(workspace: &Workspace, sources: Sources) -> anyhow::Result<()> {
    workspace::header("adapters, compiled to components");
    let Sources { packages, projects } = sources;
    let queue = &Mutex::new(projects.into_iter());
    let build_projects = || {
        loop {
            let next = queue.lock().ok().and_then(|mut queue| queue.next());
            let Some(project) = next else { return anyhow::Ok(()) };
            build_project(workspace, &project)?;
        }
    };
    thread::scope(|scope| {
        let builders: Vec<_> = (0..CONCURRENT_BUILDS).map(|_| scope.spawn(build_projects)).collect();
        let built_packages = build_packages(workspace, &packages);
        let built_projects: anyhow::Result<Vec<()>> = builders
            .into_iter()
            .map(|builder| builder.join().unwrap_or_else(|_| bail!("step `{STEP}` panicked")))
            .collect();
        built_packages.and(built_projects.map(drop))
    })
}

fn build_packages(workspace: &Workspace, packages: &[String]) -> anyhow::Result<()> {
    if packages.is_empty() {
        return Ok(());
    }
    cargo_build(workspace, &workspace.path("Cargo.toml"), packages)?;
    for package in packages {
        publish(workspace, package, &artifact(workspace, package))?;
    }
    Ok(())
}

fn build_project(workspace: &Workspace, project: &Project) -> anyhow::Result<()> {
    let name = project.manifest().name.as_str();
    let progress = Progress::new(|step: &str| println!("   {name}: {step}…"));
    let built = kit::build::build(project, &workspace.path("target/kit"), &Tools::of_user()?, &progress)
        .with_context(|| format!("step `{STEP}`: {name} ({})", project.manifest().language))?;
    publish(workspace, name, &built.component)
}

/// Copies a component to where everybody looks for it, and prints its size.
fn publish(workspace: &Workspace, name: &str, built: &Path) -> anyhow::Result<()> {
    let component = workspace.component(name);
    copy_if_changed(built, &component)?;
    let size = component.metadata()?.len() / 1024;
    println!("   {:<40} {size:>5} KiB", workspace.shown(&component));
    Ok(())
}

/// Compiles packages of a workspace for the sandbox.
pub fn cargo_build(workspace: &Workspace, manifest: &Path, packages: &[String]) -> anyhow::Result<()> {
    let mut cargo = workspace.cargo();
    // The environment's flags are for this machine's compiler and linker.
    cargo.env_remove("RUSTFLAGS").env_remove("CARGO_ENCODED_RUSTFLAGS");
    cargo.args([
        "build",
        "--profile",
        "adapter",
        "--target",
        TARGET,
        "--target-dir",
        "target/wasm",
    ]);
    if manifest != workspace.path("Cargo.toml") {
        cargo.arg("--manifest-path").arg(workspace.shown(manifest).to_string());
    }
    for package in packages {
        cargo.args(["-p", package]);
    }
    workspace::run(STEP, &mut cargo)
}

/// Where cargo writes the component of a library.
pub fn artifact(workspace: &Workspace, library: &str) -> PathBuf {
    let file = format!("{}.wasm", library.replace('-', "_"));
    workspace.path("target/wasm").join(TARGET).join("adapter").join(file)
}

/// Copies a file unless the copy has the same bytes, so that what depends on it is not rebuilt.
pub fn copy_if_changed(from: &Path, to: &Path) -> anyhow::Result<()> {
    let bytes = fs::read(from).with_context(|| format!("{} was not built", from.display()))?;
    if fs::read(to).is_ok_and(|there| there == bytes) {
        return Ok(());
    }
    let folder = to.parent().context("a file is in a folder")?;
    fs::create_dir_all(folder)
        .and_then(|()| fs::write(to, bytes))
        .with_context(|| format!("cannot write {}", to.display()))
}

fn package_name(manifest: &Path) -> anyhow::Result<String> {
    let text = fs::read_to_string(manifest)?;
    let table: toml::Table = text
        .parse()
        .with_context(|| format!("{} is not TOML", manifest.display()))?;
    let name = table
        .get("package")
        .and_then(|package| package.get("name"))
        .and_then(toml::Value::as_str);
    Ok(name
        .with_context(|| format!("{} names no package", manifest.display()))?
        .to_owned())
}
