//! Rust: a library crate of type `cdylib`, compiled by cargo for `wasm32-wasip2`, which produces components itself.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use serde_json::Value;
use wit_component::DecodedWasm;

use super::{Files, NativeTests, Profile, embed};
use crate::build::{Build, BuildError, run};
use crate::contract;

/// See [`Profile`].
pub(super) const PROFILE: Profile = Profile {
    word: "rust",
    name: "Rust",
    template: TEMPLATE,
    contract: contract::CURRENT,
    sdk: SDK,
    component,
    recipe: || "cargo build --profile adapter --target wasm32-wasip2".into(),
    test,
    is_reproducible: true,
    version_in: "Cargo.toml",
};

/// The target that adapters are compiled for.
const TARGET: &str = "wasm32-wasip2";
/// Their cargo profile, which the template defines.
const CARGO_PROFILE: &str = "adapter";

const TEMPLATE: Files = embed!("../../templates/rust/":
    ".gitignore.in",
    "Cargo.toml.in",
    "README.md",
    "adapter.toml",
    "src/lib.rs.in",
    "tests/fixtures.rs.in",
    "fixtures/status-callable.json",
    "fixtures/status-do-not-call.json",
    "fixtures/status-unknown-lead.json",
    "fixtures/write-do-not-call.json",
    "fixtures/write-maintenance.json",
    "fixtures/write-no-answer.json",
    "fixtures/write-no-reply.json",
    "fixtures/write-other.json",
    "fixtures/write-rate-limited.json",
    "fixtures/write-refused.json",
    "fixtures/write-visit-booked.json",
);

const SDK: Files = embed!("../../../sdk/rust/":
    "Cargo.toml",
    "README.md",
    "src/about.rs",
    "src/adapter.rs",
    "src/bindings.rs",
    "src/date.rs",
    "src/date/tests.rs",
    "src/export.rs",
    "src/host.rs",
    "src/http.rs",
    "src/http/tests.rs",
    "src/lib.rs",
    "src/model.rs",
    "src/money.rs",
    "src/phone.rs",
    "src/testing/exchange.rs",
    "src/testing/mod.rs",
    "src/testing/numbering.rs",
    "src/testing/replay.rs",
    "src/testing/script.rs",
);

fn component(build: &Build<'_>) -> Result<Vec<u8>, BuildError> {
    ensure_target(build)?;
    let name = build.project.manifest().name.as_str();
    build.progress.step("compiling with cargo");
    let mut cargo = Command::new("cargo");
    cargo.current_dir(build.project.root());
    // Flags in the environment are for the machine's own target.
    cargo.env_remove("RUSTFLAGS").env_remove("CARGO_ENCODED_RUSTFLAGS");
    cargo.args([
        "build",
        "--quiet",
        "--lib",
        "--profile",
        CARGO_PROFILE,
        "--target",
        TARGET,
    ]);
    cargo.args([
        "--message-format",
        "json-render-diagnostics",
        "-p",
        name,
        "--target-dir",
    ]);
    cargo.arg(build.work.join("target"));
    let report = run("cargo build", &mut cargo)?;
    let artifact = artifact(&report, name).ok_or_else(|| {
        BuildError::Project(format!(
            "cargo built no component of `{name}`: Cargo.toml should say `crate-type = [\"cdylib\", \"rlib\"]` under \
             [lib], and its package should be called as in adapter.toml"
        ))
    })?;
    let component = fs::read(&artifact).map_err(|error| BuildError::io(&artifact, error))?;
    if exports_nothing(&component) {
        return Err(BuildError::Project(
            "src/lib.rs exports no adapter: add `jackfield_sdk::export!(YourAdapter);` beside its `impl Adapter`"
                .into(),
        ));
    }
    Ok(component)
}

/// Whether a component has no exports: the compiler does not ask for any.
fn exports_nothing(component: &[u8]) -> bool {
    match wit_component::decode(component) {
        Ok(DecodedWasm::Component(resolve, world)) => resolve.worlds[world].exports.is_empty(),
        _ => false,
    }
}

/// Runs `cargo test`.
fn test(tests: &NativeTests<'_>) -> Result<String, BuildError> {
    tests.progress.step("compiling and running the tests with cargo");
    let mut cargo = Command::new("cargo");
    cargo.current_dir(tests.root).args(["test", "--quiet", "--target-dir"]);
    run("cargo test", cargo.arg(tests.work.join("target")))
}

/// The component of a package in cargo's report.
fn artifact(report: &str, package: &str) -> Option<PathBuf> {
    let library = package.replace('-', "_");
    let messages = report
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let mut made = messages.filter(|message| {
        message["reason"] == "compiler-artifact" && message["target"]["name"].as_str() == Some(&library)
    });
    made.find_map(|message| {
        let files = message["filenames"].as_array()?.iter().filter_map(Value::as_str);
        let mut components = files
            .map(PathBuf::from)
            .filter(|file| file.extension().is_some_and(|it| it == "wasm"));
        components.next()
    })
}

/// Installs the standard library for the target if it is missing.
fn ensure_target(build: &Build<'_>) -> Result<(), BuildError> {
    if has_target(build)? {
        return Ok(());
    }
    build.progress.step(&format!("installing the target {TARGET}"));
    let mut rustup = Command::new("rustup");
    let installed = run(
        "rustup target add",
        rustup.current_dir(build.project.root()).args(["target", "add", TARGET]),
    );
    if installed.is_ok() && has_target(build)? {
        return Ok(());
    }
    Err(BuildError::Missing {
        what: format!("Rust's target {TARGET}"),
        remedy: format!("run `rustup target add {TARGET}`, or get it the way this toolchain came"),
    })
}

/// Asks the compiler itself, so that rustup is not required.
fn has_target(build: &Build<'_>) -> Result<bool, BuildError> {
    let mut rustc = Command::new("rustc");
    rustc.current_dir(build.project.root());
    rustc.args(["--print", "target-libdir", "--target", TARGET]);
    let libraries = match run("rustc", &mut rustc) {
        Ok(said) => PathBuf::from(said.trim()),
        Err(BuildError::Missing { .. }) => {
            return Err(BuildError::Missing {
                what: "Rust".into(),
                remedy: "install it with rustup: https://rustup.rs".into(),
            });
        }
        Err(_) => return Ok(false),
    };
    Ok(fs::read_dir(libraries).is_ok_and(|mut files| files.next().is_some()))
}
