//! The native tests of an adapter in C: programs for this machine, under the sanitizers.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use sha2::{Digest as _, Sha256};

use super::{JSON, JSON_FLAGS, REQUIREMENTS, sources};
use crate::build::{BuildError, run};
use crate::languages::NativeTests;

/// Compiles each `.c` file in `tests/` with the adapter to a program for this machine, under the sanitizers, and runs
/// it. The host is the double in the SDK's `testing/`.
pub fn test(tests: &NativeTests<'_>) -> Result<String, BuildError> {
    let programs = sources(&tests.root.join("tests"), &tests.root.join("tests")).unwrap_or_default();
    if programs.is_empty() {
        return Err(tests.none("tests/….c, each with a `main`"));
    }
    let native = tests.work.join("native");
    fs::create_dir_all(&native).map_err(|error| BuildError::io(&native, error))?;
    tests.progress.step("compiling the adapter for this machine");
    let compiler = NativeCompiler::find(tests, &native)?;
    let sdk = tests.sdk.join("src");
    let mut files = sources(&sdk, &sdk)?;
    // The one file that compiles for WebAssembly alone; the double replaces it.
    files.retain(|path| !path.ends_with("component.c"));
    files.push(tests.sdk.join("testing/jackfield_test.c"));
    let own = tests.root.join("src");
    if tests.root != tests.sdk {
        files.extend(sources(&own, &own)?);
    }
    let mut folders = ["include", "src", "testing", JSON]
        .map(|name| tests.sdk.join(name))
        .to_vec();
    folders.push(own);
    let mut objects = vec![compiler.library(tests, &native)?];
    for (number, file) in files.iter().enumerate() {
        let object = native.join(format!("{number}.o"));
        let mut cc = compiler.command(&folders);
        run(
            "cc",
            cc.arg("-c").arg(file).arg("-o").arg(&object).current_dir(tests.root),
        )?;
        objects.push(object);
    }
    for program in &programs {
        let name = program
            .strip_prefix(tests.root)
            .unwrap_or(program)
            .display()
            .to_string();
        tests.progress.step(&format!("running {name}"));
        let binary = native.join("program");
        let mut cc = compiler.command(&folders);
        cc.arg(program)
            .args(&objects)
            .arg("-o")
            .arg(&binary)
            .current_dir(tests.root);
        run("cc", &mut cc)?;
        let mut program = Command::new(&binary);
        // Text of a function that has returned is found too.
        program
            .env("ASAN_OPTIONS", "detect_stack_use_after_return=1")
            .current_dir(tests.root);
        run(&name, &mut program)?;
    }
    let sanitizers = if compiler.address {
        "address and undefined behaviour"
    } else {
        "undefined behaviour"
    };
    let count = programs.len();
    Ok(format!(
        "{count} of {count} programs in tests/ passed, under the sanitizers for {sanitizers}\n"
    ))
}

/// A C compiler for this machine.
struct NativeCompiler {
    program: Vec<OsString>,
    /// Whether it has the address sanitizer.
    address: bool,
}

impl NativeCompiler {
    /// The machine's compiler if it has both sanitizers, otherwise the recipe's, which has one.
    fn find(tests: &NativeTests<'_>, work: &Path) -> Result<Self, BuildError> {
        let probe = work.join("probe.c");
        fs::write(&probe, "int main(void) { return 0; }\n").map_err(|error| BuildError::io(&probe, error))?;
        let own = Self {
            program: vec!["cc".into()],
            address: true,
        };
        let mut cc = own.command(&[]);
        cc.arg(&probe).arg("-o").arg(work.join("probe"));
        if cc.output().is_ok_and(|ended| ended.status.success()) {
            return Ok(own);
        }
        let python = tests.tools.python("zig", REQUIREMENTS, tests.progress)?;
        Ok(Self {
            program: vec![python.into(), "-m".into(), "ziglang".into(), "cc".into()],
            address: false,
        })
    }

    fn bare(&self) -> Command {
        let mut command = Command::new(&self.program[0]);
        command
            .args(&self.program[1..])
            .args(["-std=gnu11", "-g", "-D_GNU_SOURCE"]);
        command
    }

    /// With warnings as errors and the sanitizers, for sources in these folders.
    fn command(&self, folders: &[PathBuf]) -> Command {
        let mut command = self.bare();
        let sanitizers = if self.address { "address,undefined" } else { "undefined" };
        command.args(["-O1", "-Wall", "-Wextra", "-Werror", "-fno-sanitize-recover=all"]);
        command.arg(format!("-fsanitize={sanitizers}"));
        for folder in folders {
            command.arg("-I").arg(folder);
        }
        command
    }

    /// The SDK's JSON library: large, so it is compiled once, and as its own project tests it.
    fn library(&self, tests: &NativeTests<'_>, work: &Path) -> Result<PathBuf, BuildError> {
        let source = tests.sdk.join(JSON).join("yyjson.c");
        let bytes = fs::read(&source).map_err(|error| BuildError::io(&source, error))?;
        let object = work.join(format!("yyjson-{}.o", &hex::encode(Sha256::digest(bytes))[..12]));
        if !object.is_file() {
            let mut cc = self.bare();
            cc.args(JSON_FLAGS)
                .args(["-O1", "-c"])
                .arg(&source)
                .arg("-o")
                .arg(&object);
            run("cc yyjson.c", &mut cc)?;
        }
        Ok(object)
    }
}
