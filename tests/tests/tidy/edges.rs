//! Imports go one way, and each foreign crate stops at the modules that are made for it.

use crate::code::Code;
use crate::tree::{File, none, rust};

/// The modules of the server, and what each may import beside itself. A module may import only what stands above it, so
/// the edges go one way. Cargo holds the edges between the host's crates.
const MODULES: &[(&str, &[&str])] = &[
    ("config", &[]),
    ("telemetry", &["config"]),
    ("metrics", &[]),
    ("problem", &[]),
    ("request", &["problem"]),
    ("auth", &[]),
    ("private_file", &[]),
    ("vault", &["private_file"]),
    ("tenants", &["vault"]),
    ("health", &["metrics", "problem", "tenants"]),
    ("intake", &["tenants"]),
    (
        "ingress",
        &["metrics", "problem", "request", "auth", "tenants", "intake"],
    ),
    ("delivery", &["metrics", "tenants"]),
    ("admin", &["metrics", "problem", "request", "auth", "tenants", "vault"]),
    ("listener", &["metrics", "request"]),
    (
        "app",
        &[
            "config",
            "metrics",
            "auth",
            "tenants",
            "health",
            "intake",
            "ingress",
            "delivery",
            "admin",
            "vault",
            "listener",
            "private_file",
        ],
    ),
    ("cli", &["config", "telemetry", "app"]),
];

/// Foreign crates, and the only places of the server that may know them.
const FOREIGN: &[(&str, &[&str])] = &[
    (
        "axum",
        &[
            "ingress/",
            "admin/",
            "problem.rs",
            "request.rs",
            "health.rs",
            "listener/",
            "app.rs",
        ],
    ),
    ("hyper", &["listener/"]),
    ("hyper_util", &["listener/"]),
    ("tokio_rustls", &["listener/"]),
    ("jackfield_kit", &["cli/"]),
    ("jackfield_conformance", &["cli/"]),
    ("anyhow", &["cli/"]),
    ("clap", &["cli/"]),
    ("comfy_table", &["cli/"]),
    ("rpassword", &["cli/"]),
    ("prometheus_client", &["metrics.rs", "metrics/"]),
];

/// Modules of the server that are not only for HTTP servers, so that nothing of HTTP is in them.
const WITHOUT_HTTP: [&str; 1] = ["host/server/src/intake/"];
const HTTP: [&str; 4] = ["axum", "http", "hyper", "reqwest"];

/// The only places of the host that may read the environment.
const ENVIRONMENT: [&str; 3] = [
    "host/server/src/cli/",
    "host/server/src/config.rs",
    "host/server/src/tenants/secrets.rs",
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

/// The module at the crate's root that a file belongs to, and how deep it lies; none for the root itself.
fn module(file: &File) -> Option<(&str, usize)> {
    let path = file.path.strip_prefix(SERVER)?.strip_suffix(".rs")?;
    let path = path.strip_suffix("/mod").unwrap_or(path);
    let name = path.split('/').next()?;
    (!["lib", "main"].contains(&name)).then(|| (name, path.split('/').count()))
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
        let imports = code.paths("crate").into_iter().chain(code.paths_above(depth));
        imports.filter_map(move |(line, import)| {
            let allowed = row.is_some_and(|(_, allowed)| allowed.contains(&import)) || import == module;
            let known = MODULES.iter().any(|(name, _)| *name == import);
            (known && !allowed).then(|| format!("{}:{line}: `{module}` imports `{import}`", file.path))
        })
    });
    none(
        "move what is shared down to a module that both may import, or hand it in as an argument",
        offenders,
    );
}

#[test]
fn every_module_has_a_place_in_the_order() {
    let unknown = server().filter(|(file, _)| {
        module(file).is_some_and(|(module, depth)| depth == 1 && !MODULES.iter().any(|(name, _)| *name == module))
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
fn the_environment_is_read_in_one_place_each() {
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
