//! C: a compiler that includes libc, and bindings that this program generates for the project's world.
//!
//! The compiler is the one in Zig, which a package registry offers for every machine, pinned; or that of a wasi-sdk, if
//! `WASI_SDK_PATH` is set.

mod native;

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::{Files, Profile, embed};
use crate::build::{self, Build, BuildError, run};
use crate::contract;

/// See [`Profile`].
pub(super) const PROFILE: Profile = Profile {
    word: "c",
    name: "C",
    template: TEMPLATE,
    contract: contract::CURRENT,
    sdk: SDK,
    component,
    recipe: || concat!(include_str!("c-requirements.txt"), include_str!("c.rs")).into(),
    test: native::test,
    is_reproducible: true,
    version_in: "src/adapter.c",
};

const TEMPLATE: Files = embed!(
    "../../templates/c/":
    ".gitignore.in",
    "README.md",
    "adapter.toml",
    "fixtures/status-callable.json",
    "fixtures/status-do-not-call.json",
    "fixtures/status-unknown-lead.json",
    "fixtures/status-unreadable.json",
    "fixtures/write-hung-up.json",
    "fixtures/write-other.json",
    "fixtures/write-rate-limited.json",
    "fixtures/write-refused.json",
    "fixtures/write-visit-booked.json",
    "src/adapter.c",
    "tests/adapter.c",
);

const SDK: Files = embed!(
    "../../../sdk/c/":
    "README.md",
    "include/jackfield.h",
    "include/jackfield_json.h",
    "src/component.c",
    "src/dates.c",
    "src/encode.c",
    "src/format.c",
    "src/host.c",
    "src/http.c",
    "src/internal.h",
    "src/json.c",
    "src/memory.c",
    "src/money.c",
    "src/panic.c",
    "src/phone.c",
    "src/records.c",
    "src/sanitizer.c",
    "src/text.c",
    "testing/jackfield_test.c",
    "testing/jackfield_test.h",
    "yyjson/LICENSE",
    "yyjson/yyjson.c",
    "yyjson/yyjson.h",
);

/// The compiler's package, by version and hash.
const REQUIREMENTS: &str = include_str!("c-requirements.txt");

/// The variable with the path of an installed wasi-sdk to use instead.
const WASI_SDK: &str = "WASI_SDK_PATH";

/// Flags for everything. The stack is small and lies below all other memory, so that an overflow traps.
const FLAGS: [&str; 4] = ["-std=gnu11", "-Oz", "-mexec-model=reactor", "-fno-strict-aliasing"];

/// Flags for the adapter and the SDK. Warnings are errors, because an adapter's input is untrusted, and undefined
/// behaviour ends the invocation with a message instead of continuing with wrong values.
const STRICT: [&str; 12] = [
    "-Wall",
    "-Wextra",
    "-Werror",
    "-fsanitize=undefined",
    "-fno-sanitize-recover=all",                     // handled in sdk/c/src/sanitizer.c
    "-UNDEBUG",                                      // assert reports what does not hold
    "-fsanitize-undefined-strip-path-components=-1", // the same component on every machine
    "-finstrument-function-entry-bare",              // checks the stack: see sdk/c/src/panic.c
    "-D__assert_fail=jf_assert_fail",
    "-Dabort=jf_abort",
    "-Wl,-z,stack-size=262144",
    "-Wl,--strip-all",
];

/// The SDK's JSON library, as its own project maintains it, and its flags. Older copies of the SDK have none.
const JSON: &str = "yyjson";
const JSON_FLAGS: [&str; 2] = ["-w", "-DYYJSON_DISABLE_FILE=1"];

fn component(build: &Build<'_>) -> Result<Vec<u8>, BuildError> {
    let root = build.project.root();
    let mut sources = sources(&root.join("src"), Path::new("src"))?;
    if sources.is_empty() {
        let problem = format!(
            "{} has no .c files: the adapter's source belongs there",
            root.join("src").display()
        );
        return Err(BuildError::Project(problem));
    }
    let sdk = &build.project.manifest().sdk;
    sources.extend(self::sources(&root.join(sdk).join("src"), &sdk.join("src"))?);
    let compiler = Compiler::find(build)?;

    build.progress.step("generating the contract's bindings");
    let bindings = bindings(build)?;
    let object = build.work.join("contract.o");
    let mut generated = compiler.command();
    // The bindings' memory belongs to the invocation: see sdk/c/src/component.c.
    generated
        .args(["-w", "-Dfree=jf_bindings_free", "-c", "contract.c", "-o"])
        .arg(&object);
    run("cc contract.c", generated.current_dir(&bindings))?;

    let mut objects = vec![object];
    let json = root.join(sdk).join(JSON);
    if json.is_dir() {
        let object = build.work.join("yyjson.o");
        let mut library = compiler.command();
        library.args(JSON_FLAGS).args(["-c", "yyjson.c", "-o"]).arg(&object);
        run("cc yyjson.c", library.current_dir(json))?;
        objects.push(object);
    }

    build.progress.step("compiling");
    let module = build.work.join("module.wasm");
    let mut all = compiler.command();
    all.args(STRICT);
    for export in &build.project.manifest().exports {
        let word = export.name().replace('-', "_").to_ascii_uppercase();
        all.arg(format!("-DJF_WITH_{word}"));
    }
    for folder in [sdk.join("include"), sdk.join("src"), sdk.join(JSON), bindings.clone()] {
        all.arg("-I").arg(folder);
    }
    // Relative to the project's folder, so that messages of the compiler and of faults name them like that.
    all.args(sources).args(objects).arg("-o").arg(&module);
    run("cc src/*.c", all.current_dir(root)).map_err(missing_export)?;

    build.progress.step("making the component");
    let module = fs::read(&module).map_err(|error| BuildError::io(&module, error))?;
    build::componentize(&build::embed_world(module, build.project)?)
}

/// A sentence in place of the linker's words if the adapter does not define a function that it exports.
fn missing_export(error: BuildError) -> BuildError {
    const EXPORTED: [(&str, &str); 5] = [
        ("jf_describe", "every adapter exports it"),
        ("jf_query_status", "every adapter exports it"),
        ("jf_write_disposition", "every adapter exports it"),
        ("jf_find", "adapter.toml names \"lookup\" among the exports"),
        ("jf_parse_leads", "adapter.toml names \"leads\" among the exports"),
    ];
    let BuildError::Failed { output, .. } = &error else {
        return error;
    };
    let is_missing = |name: &str| {
        let mut lines = output.lines().filter(|line| line.contains("undefined symbol"));
        lines.any(|line| {
            line.split(|c: char| !c.is_alphanumeric() && c != '_')
                .any(|word| word == name)
        })
    };
    let sentences = EXPORTED.iter().filter(|(name, _)| is_missing(name));
    let sentences = sentences.map(|(name, why)| format!("no file in src/ defines {name}, and {why}"));
    let sentences: Vec<_> = sentences.collect();
    if sentences.is_empty() {
        return error;
    }
    BuildError::Project(format!(
        "{}; jackfield.h declares it, with what it does",
        sentences.join("; ")
    ))
}

/// The `.c` files below a folder, sorted, with `name` as the folder's path for the compiler.
fn sources(folder: &Path, name: &Path) -> Result<Vec<PathBuf>, BuildError> {
    let mut found = Vec::new();
    let entries = fs::read_dir(folder).map_err(|error| BuildError::io(folder, error))?;
    for entry in entries {
        let entry = entry.map_err(|error| BuildError::io(folder, error))?;
        let (path, name) = (entry.path(), name.join(entry.file_name()));
        if path.is_dir() {
            found.extend(sources(&path, &name)?);
        } else if path.extension().is_some_and(|ending| ending == "c") {
            found.push(name);
        }
    }
    found.sort();
    Ok(found)
}

/// Generates `contract.h` and `contract.c` for the project's world, and returns their folder.
fn bindings(build: &Build<'_>) -> Result<PathBuf, BuildError> {
    let options = wit_bindgen_c::Opts {
        rename_world: Some("contract".into()),
        // The types are embedded into the linked module instead.
        no_object_file: true,
        ..wit_bindgen_c::Opts::default()
    };
    let files = build::bindings(options.build(), build.project)?;
    let folder = build.work.join("bindings");
    fs::create_dir_all(&folder).map_err(|error| BuildError::io(&folder, error))?;
    for (name, text) in files.iter() {
        let path = folder.join(name);
        fs::write(&path, text).map_err(|error| BuildError::io(&path, error))?;
    }
    Ok(folder)
}

/// A C compiler for WebAssembly.
enum Compiler {
    /// The one in Zig, run by an environment's Python.
    Zig { python: PathBuf, cache: PathBuf },
    /// An installed wasi-sdk's.
    WasiSdk(PathBuf),
}

impl Compiler {
    fn find(build: &Build<'_>) -> Result<Self, BuildError> {
        if let Some(home) = env::var_os(WASI_SDK).filter(|home| !home.is_empty()) {
            let clang = Path::new(&home).join("bin/clang");
            if !clang.is_file() {
                return Err(BuildError::Missing {
                    what: format!("{}", clang.display()),
                    remedy: format!(
                        "set {WASI_SDK} to the folder of a wasi-sdk, or unset it to use a downloaded compiler"
                    ),
                });
            }
            return Ok(Self::WasiSdk(clang));
        }
        let python = build.tools.python("zig", REQUIREMENTS, build.progress)?;
        // In the environment's folder, so that libc is compiled once for all projects.
        let cache = python.ancestors().nth(2).unwrap_or(&build.work).join("cache");
        if !cache.is_dir() {
            build.progress.step("compiling C's library, once for all projects");
        }
        Ok(Self::Zig { python, cache })
    }

    /// The compiler with the flags for everything.
    fn command(&self) -> Command {
        let mut command = match self {
            Self::Zig { python, cache } => {
                let mut command = Command::new(python);
                command.args(["-m", "ziglang", "cc", "-target", "wasm32-wasi"]);
                for variable in ["ZIG_GLOBAL_CACHE_DIR", "ZIG_LOCAL_CACHE_DIR"] {
                    command.env(variable, cache);
                }
                command
            }
            Self::WasiSdk(clang) => {
                let mut command = Command::new(clang);
                // Zig does this by default.
                command.args([
                    "--target=wasm32-wasip1",
                    "-Wl,--stack-first",
                    "-Wno-unused-command-line-argument",
                ]);
                command
            }
        };
        command.args(FLAGS);
        command
    }
}
