//! Python: componentize-py puts `CPython`, the SDK and the adapter into one component.
//!
//! Imports run when the component is built, and the component contains their result, so that an invocation does not pay
//! for them. The author's modules are in `src/`; the module `adapter` calls `jackfield.export`.

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::Path;
use std::process::Command;

use super::{Files, NativeTests, Profile, embed};
use crate::build::{Build, BuildError, run};
use crate::contract;
use crate::tools;

/// See [`Profile`].
pub(super) const PROFILE: Profile = Profile {
    word: "py",
    name: "Python",
    template: TEMPLATE,
    contract: contract::CURRENT,
    sdk: SDK,
    component,
    recipe: || concat!(include_str!("python-requirements.txt"), include_str!("python-entry.py")).into(),
    test,
    is_reproducible: false,
    version_in: "src/adapter.py",
};

const REQUIREMENTS: &str = include_str!("python-requirements.txt");

/// The module that componentize-py starts from.
const ENTRY: &str = include_str!("python-entry.py");
/// Its name, which an author is unlikely to choose.
const ENTRY_MODULE: &str = "jackfield_component";

/// The author's modules, in the project.
const SOURCES: &str = "src";

/// The SDK's package, in its folder.
const PACKAGE: &str = "jackfield";

const TEMPLATE: Files = embed!(
    "../../templates/py/":
    ".gitignore.in",
    "README.md",
    "adapter.toml",
    "fixtures/status-callable.json",
    "fixtures/status-do-not-call.json",
    "fixtures/status-unknown-lead.json",
    "fixtures/status-unreadable.json",
    "fixtures/write-conflict.json",
    "fixtures/write-hung-up.json",
    "fixtures/write-rate-limited.json",
    "fixtures/write-refused.json",
    "fixtures/write-unknown.json",
    "fixtures/write-unreachable.json",
    "fixtures/write-visit-booked.json",
    "pyproject.toml",
    "src/adapter.py",
    "src/mapping.py",
    "tests/__init__.py",
    "tests/test_adapter.py",
);

const SDK: Files = embed!(
    "../../../sdk/python/":
    "README.md",
    "jackfield/__init__.py",
    "jackfield/about.py",
    "jackfield/adapter.py",
    "jackfield/charset.py",
    "jackfield/component.py",
    "jackfield/date.py",
    "jackfield/failures.py",
    "jackfield/host.py",
    "jackfield/http.py",
    "jackfield/instants.py",
    "jackfield/log.py",
    "jackfield/model.py",
    "jackfield/money.py",
    "jackfield/phone.py",
    "jackfield/py.typed",
    "jackfield/raw_json.py",
    "jackfield/shape.py",
    "jackfield/testing/__init__.py",
    "jackfield/testing/dates.py",
    "jackfield/testing/exchange.py",
    "jackfield/testing/phones.py",
    "jackfield/testing/replay.py",
    "jackfield/testing/script.py",
    "jackfield/xml.py",
);

fn component(build: &Build<'_>) -> Result<Vec<u8>, BuildError> {
    let sources = build.project.root().join(SOURCES);
    if !sources.join("adapter.py").is_file() {
        return Err(BuildError::Project(format!(
            "{} is missing: it is where a Python adapter begins, and ends with `export(YourAdapter())`",
            sources.join("adapter.py").display()
        )));
    }
    let python = build.tools.python("componentize-py", REQUIREMENTS, build.progress)?;
    let environment = python.parent().and_then(Path::parent).unwrap_or(&python);
    let wit = build.work.join("wit");
    contract::write_with_project(&wit, build.project.manifest()).map_err(|error| BuildError::io(&wit, error))?;
    // A copy of all sources, because the Python in the component writes compiled modules beside them.
    let modules = build.work.join("modules");
    stage(build, &sources, &modules).map_err(|error| BuildError::io(&modules, error))?;

    build.progress.step("importing the adapter and making its component");
    let made = build.work.join("component.wasm");
    let mut command = Command::new(environment.join("bin/componentize-py"));
    command.args(["--quiet", "-w", contract::PROJECT_WORLD, "-d"]).arg(&wit);
    command.args(["componentize", ENTRY_MODULE, "-p"]).arg(&modules);
    command.arg("-o").arg(&made);
    // Otherwise it would use packages of the active environment, and components would differ between machines.
    command.env("VIRTUAL_ENV", environment).env_remove("PYTHONPATH");
    // A mistake of the author needs no backtrace of the tool.
    command.env("RUST_BACKTRACE", "0");
    run("componentize-py", &mut command).map_err(authors_part)?;
    fs::read(&made).map_err(|error| BuildError::io(&made, error))
}

/// A failure with what the adapter's own imports wrote, which is a sentence of the SDK or Python's report of an
/// exception, and without the backtraces of the tool and of its interpreter around it.
fn authors_part(error: BuildError) -> BuildError {
    match error {
        BuildError::Failed { command, output } => {
            let (_, rest) = output.split_once("AssertionError: ").unwrap_or(("", &output));
            let (own, _) = rest.split_once("\nCaused by:").unwrap_or((rest, ""));
            BuildError::Failed {
                command,
                output: own.trim_end().to_owned(),
            }
        }
        other => other,
    }
}

/// Runs `unittest`, with the machine's Python.
fn test(tests: &NativeTests<'_>) -> Result<String, BuildError> {
    let is_test = |name: &OsStr| name.to_string_lossy().starts_with("test");
    let mut found = fs::read_dir(tests.root.join("tests")).into_iter().flatten().flatten();
    if !found.any(|entry| is_test(&entry.file_name())) {
        return Err(tests.none("tests/test_….py"));
    }
    tests.progress.step("running the tests");
    let mut python = Command::new(tools::python()?);
    // Without writing compiled modules beside the sources.
    run(
        "python3 -m unittest",
        python.current_dir(tests.root).args(["-B", "-m", "unittest"]),
    )
}

/// Copies the author's modules, the SDK and the entry into one folder.
fn stage(build: &Build<'_>, sources: &Path, modules: &Path) -> io::Result<()> {
    if modules.exists() {
        fs::remove_dir_all(modules)?;
    }
    copy(sources, modules)?;
    copy(&build.project.sdk().join(PACKAGE), &modules.join(PACKAGE))?;
    fs::write(modules.join(format!("{ENTRY_MODULE}.py")), ENTRY)
}

fn copy(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            if entry.file_name() != "__pycache__" {
                copy(&entry.path(), &target)?;
            }
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}
