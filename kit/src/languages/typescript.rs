//! TypeScript and JavaScript: checked, bundled, and embedded into a JavaScript engine that is a component.
//!
//! The tools are npm packages, pinned by a lock file with hashes and installed once for all projects; a project's own
//! `node_modules` contains only the adapter's dependencies. `build.mjs` runs beside the tools.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};

use super::{Files, NativeTests, Profile, embed};
use crate::build::{Build, BuildError, run};
use crate::contract;
use crate::progress::Progress;
use crate::tools::{self, Tools};

/// See [`Profile`].
pub(super) const PROFILE: Profile = Profile {
    word: "ts",
    name: "TypeScript",
    template: TEMPLATE,
    contract: contract::CURRENT,
    sdk: SDK,
    component,
    recipe: || {
        concat!(
            include_str!("typescript/build.mjs"),
            include_str!("typescript/package-lock.json")
        )
        .into()
    },
    test,
    is_reproducible: false,
    version_in: "src/adapter.ts",
};

const TEMPLATE: Files = embed!("../../templates/ts/":
    ".gitignore.in",
    "README.md",
    "adapter.toml",
    "fixtures/status-another-form.json",
    "fixtures/status-callable.json",
    "fixtures/status-do-not-call.json",
    "fixtures/status-id-is-encoded.json",
    "fixtures/status-unauthorized.json",
    "fixtures/status-unknown-lead.json",
    "fixtures/write-500.json",
    "fixtures/write-conflict.json",
    "fixtures/write-do-not-call.json",
    "fixtures/write-hung-up.json",
    "fixtures/write-maintenance.json",
    "fixtures/write-no-answer.json",
    "fixtures/write-other.json",
    "fixtures/write-rate-limited.json",
    "fixtures/write-rejected.json",
    "fixtures/write-unreachable.json",
    "fixtures/write-unreadable.json",
    "fixtures/write-visit-booked.json",
    "package.json.in",
    "src/adapter.ts",
    "src/mapping.ts",
    "tests/adapter.test.ts",
    "tests/tsconfig.json.in",
    "tsconfig.json.in",
);

const SDK: Files = embed!("../../../sdk/js/":
    "README.md",
    "package.json",
    "src/adapter.ts",
    "src/charset.ts",
    "src/component.ts",
    "src/contract.d.ts",
    "src/date.ts",
    "src/describe.ts",
    "src/failure.ts",
    "src/fault.ts",
    "src/host.ts",
    "src/http.ts",
    "src/index.ts",
    "src/instants.ts",
    "src/json.ts",
    "src/model.ts",
    "src/money.ts",
    "src/phone.ts",
    "src/utf8.ts",
    "src/wire.ts",
    "testing/dates.ts",
    "testing/fixture.ts",
    "testing/index.ts",
    "testing/phones.ts",
    "tsconfig.base.json",
);

/// The files in the folder of the tools.
const TOOLS: [(&str, &str); 4] = [
    (".npmrc", include_str!("typescript/npmrc")),
    ("build.mjs", include_str!("typescript/build.mjs")),
    ("package.json", include_str!("typescript/package.json")),
    ("package-lock.json", include_str!("typescript/package-lock.json")),
];

fn component(build: &Build<'_>) -> Result<Vec<u8>, BuildError> {
    let io = |path: &Path| {
        let path = path.to_owned();
        move |error| BuildError::io(&path, error)
    };
    let project = build.project;
    let work = &build.work;
    let wit = work.join("wit");
    contract::write_with_project(&wit, project.manifest()).map_err(io(&wit))?;
    let out = work.join("component.wasm");
    let toolbox = Toolbox::open(build.tools, build.progress)?;
    let order = json!({
        "project": project.root(),
        "sdk": project.sdk(),
        "work": work,
        "wit": wit,
        "out": out,
        "world": contract::PROJECT_WORLD,
        "exports": project.manifest().exports.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "npm": toolbox.npm,
    });
    toolbox.step("npm install (the project's dependencies)", "dependencies", &order)?;
    if project.root().join("tsconfig.json").is_file() {
        build.progress.step("checking types");
        toolbox.step("tsc --noEmit", "types", &order)?;
    }
    build.progress.step("bundling");
    toolbox.step("rolldown", "bundle", &order)?;
    build.progress.step("embedding it into the JavaScript engine");
    toolbox.step("componentize-js", "component", &order)?;
    fs::read(&out).map_err(io(&out))
}

/// Runs `tests/*.test.ts` in Node's own runner, bundled, so that an old Node.js need not understand types.
fn test(tests: &NativeTests<'_>) -> Result<String, BuildError> {
    if !tests.root.join("tests").is_dir() {
        return Err(tests.none("tests/….test.ts"));
    }
    let toolbox = Toolbox::open(tests.tools, tests.progress)?;
    let order = json!({ "project": tests.root, "sdk": tests.sdk, "work": tests.work, "npm": toolbox.npm });
    tests.progress.step("checking types and running the tests");
    toolbox.step("npm install (the project's dependencies)", "dependencies", &order)?;
    toolbox.step("tsc --noEmit", "types", &order)?;
    toolbox.step("tsc --noEmit -p tests", "testTypes", &order)?;
    toolbox.step("node --test", "test", &order)
}

/// Node.js, and the folder of the installed packages.
struct Toolbox {
    home: PathBuf,
    node: PathBuf,
    npm: PathBuf,
}

impl Toolbox {
    fn open(tools: &Tools, progress: &Progress<'_>) -> Result<Self, BuildError> {
        let (node, npm) = tools::node()?;
        let home = tools.node("typescript", &TOOLS, progress)?;
        Ok(Self { home, node, npm })
    }

    /// Runs one step of `build.mjs`. `words` names it in errors.
    fn step(&self, words: &str, step: &str, order: &Value) -> Result<String, BuildError> {
        let mut order = order.clone();
        order["step"] = step.into();
        let mut node = Command::new(&self.node);
        node.arg("build.mjs").arg(order.to_string()).current_dir(&self.home);
        run(words, &mut node)
    }
}
