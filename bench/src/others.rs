//! The alternatives to Jackfield and their tools, built on demand under `target/`.
//!
//! The crates of `bench/others/` are a workspace of their own, and `wasmtime` is installed from source, so that only
//! the benchmarks build them. A second build costs almost nothing.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::{Context as _, ensure};

use crate::context::Context;
use crate::process::Process;
use crate::repository::{root, target};

/// The version of wasmtime that the host uses.
const WASMTIME: &str = "48.0.8";
/// Features that `wasmtime serve` needs to build, and the pooling allocator, which makes it fast.
const FEATURES: &str =
    "serve,run,component-model-async,cranelift,compile,parallel-compilation,pooling-allocator,logging";
/// Extism's plug-ins need no WASI.
const PLUGIN_TARGET: &str = "wasm32-unknown-unknown";
const COMPONENT_TARGET: &str = "wasm32-wasip2";

/// Concurrent instances of `wasmtime serve`: the host's default.
const INSTANCES: &str = "2048";
/// Concurrent connections; the default is 1,000.
const CONNECTIONS: &str = "4096";
/// The number of instances whose memory stays resident between requests, and how much of it: as in the host.
const WARM: &str = "64";
const KEEP_RESIDENT: &str = "33554432";
/// The largest memory of an instance, as in the host's pool.
const MAX_MEMORY: &str = "536870912";

/// The programs of the comparison with Extism.
#[derive(Debug)]
pub struct Extism {
    /// Invokes plug-ins: see `bench/others/extism-calls`.
    pub program: PathBuf,
    /// The benchmarks' Rust guest as a plug-in.
    pub plugin: PathBuf,
}

/// Builds Extism and its guest.
///
/// # Errors
/// They cannot be built here, for example because the first build has no network.
pub fn extism(context: &Context) -> anyhow::Result<Extism> {
    let program = built(context, "extism-calls", None)?;
    let plugin = built(context, "extism-plugin", Some(PLUGIN_TARGET))?;
    Ok(Extism { program, plugin })
}

/// Starts `wasmtime serve` with the component that answers keystone's status query. `environment` holds the component's
/// settings: `CRM`, `CRM_TOKEN` and `AGENT_TOKEN_SHA256`.
///
/// The options are those that its documentation recommends: a pool with as many instances as the host's, memory that
/// stays resident and is reset by `PAGEMAP_SCAN` as in the host, and keep-alive connections. Its output is discarded.
///
/// # Errors
/// It cannot be built here or does not start.
pub async fn wasmtime_serve(context: &Context, environment: &[(&str, &str)]) -> anyhow::Result<Process> {
    let (wasmtime, component) = (
        wasmtime(context)?,
        built(context, "wasi-http-proxy", Some(COMPONENT_TARGET))?,
    );
    // The port was free a moment ago, and nobody else knows it.
    let address = TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))?.local_addr()?;
    let mut command = Command::new(wasmtime);
    command.arg("serve").args(["--addr", &address.to_string(), "-Scli"]);
    command.args(["--max-concurrent-requests", INSTANCES]);
    command.args(["--max-concurrent-connections", CONNECTIONS]);
    for option in [
        "pooling-allocator=y",
        "pooling-pagemap-scan=y",
        &format!("pooling-total-component-instances={INSTANCES}"),
        &format!("pooling-total-core-instances={INSTANCES}0"),
        &format!("pooling-total-memories={INSTANCES}"),
        &format!("pooling-total-tables={INSTANCES}0"),
        &format!("pooling-total-stacks={INSTANCES}"),
        &format!("pooling-max-memory-size={MAX_MEMORY}"),
        &format!("pooling-max-unused-warm-slots={WARM}"),
        &format!("pooling-memory-keep-resident={KEEP_RESIDENT}"),
        "pooling-table-keep-resident=65536",
    ] {
        command.args(["-O", option]);
    }
    for (name, value) in environment {
        command.args(["--env", &format!("{name}={value}")]);
    }
    command.arg(component).stderr(Stdio::null());
    Process::listening(command, address).await
}

/// Builds a package of `bench/others/`, for this machine or for the target `guest`.
fn built(context: &Context, package: &str, guest: Option<&str>) -> anyhow::Result<PathBuf> {
    context.progress.step(&format!("others · building {package}"));
    let folder = target("bench-others");
    let mut cargo = cargo();
    cargo
        .args(["build", "--quiet", "--locked", "--manifest-path"])
        .arg(root().join("bench/others/Cargo.toml"));
    cargo.arg("--target-dir").arg(&folder).args(["-p", package]);
    let Some(guest) = guest else {
        succeed(cargo.arg("--release"))?;
        return Ok(folder.join("release").join(package));
    };
    add_target(guest)?;
    succeed(cargo.args(["--profile", "adapter", "--target", guest]))?;
    let folder = folder.join(guest).join("adapter");
    let names = [package.to_owned(), package.replace('-', "_")];
    let mut files = names.iter().map(|name| folder.join(format!("{name}.wasm")));
    files
        .find(|file| file.exists())
        .with_context(|| format!("{package} has no component in {}", folder.display()))
}

/// Installs `wasmtime` in the host's version.
fn wasmtime(context: &Context) -> anyhow::Result<PathBuf> {
    let folder = target("bench-tools");
    let program = folder.join("bin/wasmtime");
    let version = Command::new(&program).arg("--version").output();
    if version.is_ok_and(|said| String::from_utf8_lossy(&said.stdout).contains(WASMTIME)) {
        return Ok(program);
    }
    fs::create_dir_all(&folder)?;
    context.progress.step(&format!(
        "others · installing wasmtime {WASMTIME}, which takes minutes, once"
    ));
    let mut cargo = cargo();
    cargo.args([
        "install",
        "--quiet",
        "wasmtime-cli",
        "--version",
        WASMTIME,
        "--locked",
        "--force",
    ]);
    cargo
        .args(["--no-default-features", "--features", FEATURES, "--root"])
        .arg(&folder);
    // An interrupted build continues there.
    cargo.arg("--target-dir").arg(target("bench-others"));
    succeed(&mut cargo)?;
    Ok(program)
}

/// Installs the Rust target.
fn add_target(target: &str) -> anyhow::Result<()> {
    let asked = Command::new("rustc")
        .args(["--print", "target-libdir", "--target", target])
        .current_dir(root())
        .output()?;
    let libraries = PathBuf::from(String::from_utf8_lossy(&asked.stdout).trim());
    if libraries.read_dir().is_ok_and(|mut files| files.next().is_some()) {
        return Ok(());
    }
    let mut rustup = Command::new("rustup");
    succeed(rustup.args(["target", "add", target]).current_dir(root()))
}

/// Cargo in the root, where the toolchain is pinned. The environment's flags are for Jackfield's own build.
fn cargo() -> Command {
    let mut cargo = Command::new("cargo");
    cargo.current_dir(root());
    cargo.env_remove("RUSTFLAGS").env_remove("CARGO_ENCODED_RUSTFLAGS");
    cargo
}

fn succeed(command: &mut Command) -> anyhow::Result<()> {
    let status = command.stdin(Stdio::null()).stdout(Stdio::null()).status();
    let status = status.with_context(|| format!("cannot run {command:?}"))?;
    ensure!(status.success(), "{command:?} ended with {status}");
    Ok(())
}
