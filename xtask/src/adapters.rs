//! `cargo xtask adapters`: every adapter, and every guest of the tests and the benchmarks, as a component.
//!
//! They are found by listing folders, so that a new adapter needs no line here. Those in Rust are packages of the
//! workspace, built together in a target folder of their own: its lock is not the one of a `cargo` that runs beside.
//! Those in other languages have an `adapter.toml`, and are built as `jackfield adapter build` does.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use jackfield_kit::progress::Progress;
use jackfield_kit::project::Project;
use jackfield_kit::tools::Tools;
use jackfield_kit::{self as kit};

use crate::setup::TARGET;
use crate::workspace::{self, Workspace};

/// The folders whose folders are packages that become components.
const HOMES: [&str; 3] = ["adapters", "tests/guests", "bench/guests"];

const STEP: &str = "adapters";

/// Builds them all into `target/adapters/<package>.wasm`, and answers their paths. A file is written only when its
/// bytes change.
pub fn run(workspace: &Workspace) -> anyhow::Result<Vec<PathBuf>> {
    workspace::header("adapters, compiled to components");
    let packages = packages(workspace)?;
    if packages.is_empty() {
        bail!("step `{STEP}` failed: no package in {}", HOMES.join(" or "));
    }
    build(workspace, &workspace.path("Cargo.toml"), &packages)?;
    let show = |component: &Path| {
        let size = component.metadata()?.len() / 1024;
        println!("   {:<40} {size:>5} KiB", workspace.shown(component));
        anyhow::Ok(())
    };
    let mut components = Vec::new();
    for package in &packages {
        let component = workspace.components().join(format!("{package}.wasm"));
        put(&artifact(workspace, package), &component)?;
        show(&component)?;
        components.push(component);
    }
    for project in projects(workspace)? {
        let name = project.manifest().name.clone();
        let tell = |step: &str| println!("   {name}: {step}…");
        let built = kit::build::build(
            &project,
            &workspace.path("target/kit"),
            &Tools::of_user()?,
            &Progress::new(tell),
        )
        .with_context(|| format!("step `{STEP}`: {name} ({})", project.manifest().language))?;
        let component = workspace.components().join(format!("{name}.wasm"));
        put(&built.component, &component)?;
        show(&component)?;
        components.push(component);
    }
    Ok(components)
}

/// The adapters and guests in other languages than Rust, in order.
fn projects(workspace: &Workspace) -> anyhow::Result<Vec<Project>> {
    let folders = HOMES.iter().filter_map(|home| workspace.path(home).read_dir().ok());
    let mut paths: Vec<_> = folders.flatten().filter_map(|entry| Some(entry.ok()?.path())).collect();
    paths.sort();
    let has_manifest =
        |path: &&PathBuf| path.join(kit::project::MANIFEST).is_file() && !path.join("Cargo.toml").is_file();
    let open = |path: &PathBuf| Ok(Project::open(path)?);
    paths.iter().filter(has_manifest).map(open).collect()
}

/// Builds packages of a workspace for the sandbox. What is unchanged costs cargo a glance.
pub fn build(workspace: &Workspace, manifest: &Path, packages: &[String]) -> anyhow::Result<()> {
    let mut cargo = workspace.cargo();
    // Flags of the environment are for this machine's compiler and linker.
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

/// Where cargo leaves a package's component.
pub fn artifact(workspace: &Workspace, package: &str) -> PathBuf {
    let file = format!("{}.wasm", package.replace('-', "_"));
    workspace.path("target/wasm").join(TARGET).join("adapter").join(file)
}

/// Copies a file if it differs, so that nothing that depends on it looks newer than it is.
pub fn put(from: &Path, to: &Path) -> anyhow::Result<()> {
    let bytes = fs::read(from).with_context(|| format!("{} was not built", from.display()))?;
    if fs::read(to).is_ok_and(|there| there == bytes) {
        return Ok(());
    }
    let folder = to.parent().context("a file is in a folder")?;
    fs::create_dir_all(folder)
        .and_then(|()| fs::write(to, bytes))
        .with_context(|| format!("cannot write {}", to.display()))
}

/// The names of all packages that become components, in order.
fn packages(workspace: &Workspace) -> anyhow::Result<Vec<String>> {
    let mut names = Vec::new();
    for home in HOMES {
        let Ok(folders) = workspace.path(home).read_dir() else {
            continue;
        };
        for folder in folders {
            let manifest = folder?.path().join("Cargo.toml");
            // A folder without a manifest is an adapter in another language.
            if manifest.is_file() {
                names.push(package_name(&manifest)?);
            }
        }
    }
    names.sort();
    Ok(names)
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
