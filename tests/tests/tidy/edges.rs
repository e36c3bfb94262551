//! Imports go one way, and each foreign crate stops at the modules that are made for it.

use crate::code::Code;
use crate::tree::{File, none, rust};

/// The modules of the server, and what each may import beside itself. A module may import only what stands above it, so
/// the edges go one way. Cargo holds the edges between the host's crates.
const MODULES: &[(&str, &[&str])] = &[
    ("config", &[]),
    ("observe::telemetry", &["config"]),
    ("observe::metrics", &[]),
    ("observe::failures", &[]),
    ("problem", &[]),
    ("observe::request", &["problem", "observe::failures"]),
    ("auth", &[]),
    ("private_file", &[]),
    ("vault", &["private_file"]),
    ("tenants", &["vault"]),
    (
        "observe::health",
        &["observe::metrics", "observe::failures", "problem", "tenants"],
    ),
    ("intake", &["tenants"]),
    (
        "ingress",
        &[
            "observe::metrics",
            "problem",
            "observe::request",
            "auth",
            "tenants",
            "intake",
        ],
    ),
    ("delivery", &["observe::metrics", "observe::failures", "tenants"]),
    (
        "admin",
        &[
            "observe::metrics",
            "observe::failures",
            "problem",
            "observe::request",
            "auth",
            "tenants",
            "vault",
        ],
    ),
    ("listener", &["observe::metrics", "problem", "observe::request"]),
    (
        "app",
        &[
            "config",
            "observe::metrics",
            "observe::failures",
            "observe::request",
            "auth",
            "private_file",
            "tenants",
            "observe::health",
            "intake",
            "ingress",
            "delivery",
            "admin",
            "vault",
            "listener",
        ],
    ),
    ("cli", &["config", "observe::telemetry", "app"]),
];

/// Folders whose modules each have a row of their own in [`MODULES`]. The folder itself has none: a file imports from
/// one of its modules, by a path that begins with `crate::` and the folder's name.
const FOLDERS: [&str; 1] = ["observe"];

/// Foreign crates, and the only places of the server that may know them.
const FOREIGN: &[(&str, &[&str])] = &[
    (
        "axum",
        &[
            "ingress/",
            "admin/",
            "problem.rs",
            "observe/request.rs",
            "observe/health.rs",
            "listener/",
            "app.rs",
        ],
    ),
    ("h2", &["listener/"]),
    ("hyper", &["listener/"]),
    ("hyper_util", &["listener/"]),
    ("tokio_rustls", &["listener/"]),
    ("jackfield_kit", &["cli/"]),
    ("jackfield_conformance", &["cli/"]),
    ("anyhow", &["cli/"]),
    ("clap", &["cli/"]),
    ("comfy_table", &["cli/"]),
    ("rpassword", &["cli/"]),
    ("prometheus_client", &["observe/metrics.rs", "observe/metrics/"]),
];

/// Modules of the server that are not only for HTTP servers, so that nothing of HTTP is in them.
const WITHOUT_HTTP: [&str; 1] = ["host/server/src/intake/"];
const HTTP: [&str; 4] = ["axum", "http", "hyper", "reqwest"];

/// The only places of the host that may read the environment.
const ENVIRONMENT: [&str; 3] = [
    "host/server/src/cli/",
    "host/server/src/config.rs",
    "host/server/src/tenants/secret_reader.rs",
];

/// Where the server lies.
const SERVER: &str = "host/server/src/";

/// What does not belong into decisions: waiting, I/O, logs.
const IMPURE: [&str; 6] = ["async", "await", "tokio", "tracing", "reqwest", "rand"];
const IMPURE_STD: [&str; 6] = ["env", "fs", "io", "process", "thread", "sync"];

/// The files of the host's crates with their code.
fn host() -> impl Iterator<Item = (&'static File, &'static Code)> {
    rust().filter(|(file, _)| file.is_in(&["host/"]))
}

/// The files of the server with their code.
fn server() -> impl Iterator<Item = (&'static File, &'static Code)> {
    host().filter(|(file, _)| file.is_in(&[SERVER]))
}

/// The module that a file belongs to, as [`MODULES`] names it, and how deep the file lies below the crate's root; none
/// for the root itself.
fn module(file: &File) -> Option<(String, usize)> {
    let path = file.path.strip_prefix(SERVER)?.strip_suffix(".rs")?;
    let path = path.strip_suffix("/mod").unwrap_or(path);
    let parts: Vec<_> = path.split('/').collect();
    let name = match parts.as_slice() {
        [] | ["lib" | "main"] => return None,
        [folder, module, ..] if FOLDERS.contains(folder) => format!("{folder}::{module}"),
        [module, ..] => (*module).to_owned(),
    };
    Some((name, parts.len()))
}

/// The modules that code of `module` imports, as [`MODULES`] names them, with their lines. A path that leads to a
/// folder of [`FOLDERS`], and not to one of its modules by a path from the root, is returned as the folder's name.
fn imports(code: &Code, module: &str, depth: usize) -> Vec<(usize, String)> {
    let of_root: Vec<_> = [code.paths("crate"), code.paths_above(depth)].concat();
    let mut found: Vec<_> = of_root.iter().map(|(line, name)| (*line, (*name).to_owned())).collect();
    for folder in FOLDERS {
        let below = code.paths(&format!("crate::{folder}"));
        found.retain(|(line, name)| name != folder || !below.iter().any(|(of_below, _)| of_below == line));
        found.extend(below.iter().map(|(line, name)| (*line, format!("{folder}::{name}"))));
        if module.starts_with(&format!("{folder}::")) {
            let mut siblings = code.paths_above(depth - 1);
            siblings.retain(|path| !of_root.contains(path));
            found.extend(siblings.iter().map(|(line, name)| (*line, format!("{folder}::{name}"))));
        }
    }
    found
}

/// Whether a name that [`imports`] returned is that of a module, and not of an item at the crate's root.
fn is_module(name: &str) -> bool {
    let folder = name.split("::").next().unwrap_or(name);
    FOLDERS.contains(&folder) || MODULES.iter().any(|(module, _)| *module == name)
}

#[test]
fn the_table_itself_goes_one_way() {
    let rows = MODULES.iter().enumerate();
    let offenders = rows.flat_map(|(index, (module, imports))| {
        let is_above = move |import: &&str| MODULES[..index].iter().any(|(name, _)| name == import);
        let below = imports.iter().copied().filter(move |import| !is_above(import));
        below.map(move |import| format!("`{module}` may import `{import}`"))
    });
    none("a module may import only what stands above it in MODULES", offenders);
}

#[test]
fn modules_import_only_what_is_below_them() {
    let offenders = server().filter_map(|(file, code)| Some((file, code, module(file)?)));
    let offenders = offenders.flat_map(|(file, code, (module, depth))| {
        let row = MODULES.iter().find(|(name, _)| *name == module);
        imports(code, &module, depth)
            .into_iter()
            .filter_map(move |(line, import)| {
                let allowed = row.is_some_and(|(_, allowed)| allowed.contains(&import.as_str())) || import == module;
                (is_module(&import) && !allowed).then(|| format!("{}:{line}: `{module}` imports `{import}`", file.path))
            })
    });
    none(
        "move what is shared down to a module that both may import, or hand it in as an argument",
        offenders,
    );
}

#[test]
fn imports_from_a_folder_name_its_modules() {
    let code = Code::of(
        "use crate::observe::metrics::{A, B};\nuse crate::observe::{health, request::C};\n\
         use crate::{observe::metrics};\nuse super::request;\nuse super::super::tenants;\nuse super::super::observe;",
    );
    let found = |module, depth| {
        let mut found = imports(&code, module, depth);
        found.sort();
        let text = |(line, name): (usize, String)| format!("{line} {name}");
        found.into_iter().map(text).collect::<Vec<_>>()
    };
    let by_root = [
        "1 observe::metrics",
        "2 observe::health",
        "2 observe::request",
        "3 observe",
    ];
    let by_super = ["4 observe::request", "5 tenants", "6 observe"];
    assert_eq!(found("observe::health", 2), [&by_root[..], &by_super].concat());
    assert_eq!(found("ingress", 2), [&by_root[..], &by_super[1..]].concat());
}

#[test]
fn every_module_has_a_place_in_the_order() {
    let unknown = server().filter(|(file, _)| {
        module(file).is_some_and(|(module, depth)| {
            let is_root = depth == module.split("::").count();
            is_root && !FOLDERS.contains(&module.as_str()) && !MODULES.iter().any(|(name, _)| *name == module)
        })
    });
    none(
        "add the module to MODULES of tests/tests/tidy/edges.rs, above whatever may import it",
        unknown.map(|(file, _)| file.path.clone()),
    );
}

#[test]
fn foreign_crates_stay_where_they_belong() {
    let offenders = FOREIGN.iter().flat_map(|(name, places)| {
        let is_allowed = |file: &File| {
            let path = file.path.strip_prefix(SERVER).unwrap_or_default();
            places.iter().any(|place| path.starts_with(place))
        };
        let others = server().filter(move |(file, _)| !is_allowed(file));
        others.flat_map(move |(file, code)| {
            let lines = code.lines_with(name);
            lines.map(move |line| format!("{}:{line}: `{name}` belongs to {}", file.path, places.join(", ")))
        })
    });
    none("turn a foreign type into one of ours where it belongs", offenders);
}

#[test]
fn intake_does_not_know_http() {
    let intake = host().filter(|(file, _)| file.is_in(&WITHOUT_HTTP));
    let offenders = intake.flat_map(|(file, code)| {
        let crates = HTTP
            .iter()
            .flat_map(|name| code.paths(name).into_iter().map(move |(line, _)| (line, *name)));
        crates.map(|(line, name)| format!("{}:{line}: `{name}`", file.path))
    });
    none("read and answer HTTP where requests come in, in `ingress`", offenders);
}

#[test]
fn environment_is_read_in_named_places() {
    let offenders = host()
        .filter(|(file, _)| !file.is_in(&ENVIRONMENT))
        .flat_map(|(file, code)| {
            let paths = code.paths("std").into_iter().filter(|(_, name)| *name == "env");
            paths.map(|(line, _)| format!("{}:{line}", file.path))
        });
    none(
        &format!(
            "take the value as an argument; only {} read the environment",
            ENVIRONMENT.join(", ")
        ),
        offenders,
    );
}

#[test]
fn decisions_are_pure() {
    let domain = host().filter(|(file, _)| file.is_in(&["host/domain/src/"]));
    let offenders = domain.flat_map(|(file, code)| {
        let words = IMPURE
            .iter()
            .flat_map(|word| code.lines_with(word).map(move |line| (line, *word)));
        let std = code
            .paths("std")
            .into_iter()
            .filter(|(_, name)| IMPURE_STD.contains(name));
        words
            .chain(std)
            .map(|(line, word)| format!("{}:{line}: `{word}`", file.path))
    });
    none(
        "a decision is a function of its arguments: return what is to be done, and do it in another module",
        offenders,
    );
}

#[test]
fn the_fakes_do_not_know_the_host() {
    let fakes = rust().filter(|(file, _)| file.is_in(&["tests/src/fakes/"]));
    let offenders = fakes.flat_map(|(file, code)| {
        let lines = code.lines_with("jackfield");
        lines.map(|line| format!("{}:{line}", file.path))
    });
    none(
        "write down a second time what the fake demands, so that a mistake of the host cannot hide in shared code",
        offenders,
    );
}
