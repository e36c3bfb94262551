//! Imports go one way, and each foreign crate stops at the modules that are made for it.

use crate::code::Code;
use crate::tree::{File, none, rust};

/// The modules of the host, and what each may import beside itself. A module may import only what stands above it,
/// so the edges go one way.
const MODULES: &[(&str, &[&str])] = &[
    ("domain", &[]),
    ("clock", &[]),
    ("store", &["domain"]),
    ("adapter", &["domain", "clock"]),
    ("conformance", &["domain", "adapter"]),
    ("config", &["domain"]),
    ("telemetry", &["config"]),
    ("metrics", &["domain", "store"]),
    ("problem", &["domain", "store"]),
    ("request", &["clock", "problem"]),
    ("auth", &["domain", "clock", "store"]),
    ("vault", &["domain", "clock", "store"]),
    ("tenants", &["domain", "clock", "store", "adapter", "vault"]),
    ("health", &["clock", "store", "metrics", "problem", "tenants"]),
    (
        "ingress",
        &[
            "domain", "clock", "store", "metrics", "problem", "request", "auth", "tenants",
        ],
    ),
    (
        "delivery",
        &["domain", "clock", "store", "adapter", "metrics", "tenants"],
    ),
    (
        "admin",
        &[
            "domain", "clock", "store", "metrics", "problem", "request", "auth", "tenants", "vault",
        ],
    ),
    ("listener", &["domain", "clock", "metrics", "request"]),
    (
        "app",
        &[
            "domain", "clock", "store", "adapter", "config", "metrics", "auth", "tenants", "health", "ingress",
            "delivery", "admin", "vault", "listener",
        ],
    ),
    (
        "cli",
        &[
            "domain",
            "clock",
            "adapter",
            "conformance",
            "config",
            "telemetry",
            "admin",
            "app",
        ],
    ),
];

/// Foreign crates, and the only places of the host that may know them.
const FOREIGN: &[(&str, &[&str])] = &[
    ("sqlx", &["host/src/store/"]),
    ("wasmtime", &["host/src/adapter/"]),
    ("wasmtime_wasi", &["host/src/adapter/"]),
    (
        "axum",
        &[
            "host/src/ingress/",
            "host/src/admin/",
            "host/src/problem.rs",
            "host/src/request.rs",
            "host/src/health.rs",
            "host/src/listener/",
            "host/src/app.rs",
        ],
    ),
    ("hyper", &["host/src/listener/"]),
    ("hyper_util", &["host/src/listener/"]),
    ("tokio_rustls", &["host/src/listener/"]),
    ("ipnet", &["host/src/domain/address.rs"]),
    ("jackfield_kit", &["host/src/cli/"]),
    ("anyhow", &["host/src/cli/"]),
    ("clap", &["host/src/cli/"]),
    ("comfy_table", &["host/src/cli/"]),
    ("rpassword", &["host/src/cli/"]),
    ("prometheus_client", &["host/src/metrics.rs", "host/src/metrics/"]),
];

/// The only places of the host that may read the environment.
const ENVIRONMENT: [&str; 3] = ["host/src/cli/", "host/src/config.rs", "host/src/tenants/secrets.rs"];

/// What does not belong into decisions: waiting, I/O, logs.
const IMPURE: [&str; 6] = ["async", "await", "tokio", "tracing", "reqwest", "rand"];
const IMPURE_STD: [&str; 6] = ["env", "fs", "io", "process", "thread", "sync"];

/// The files of the host with their code.
fn host() -> impl Iterator<Item = (&'static File, &'static Code)> {
    rust().filter(|(file, _)| file.is_in(&["host/src/"]))
}

/// The module at the crate's root that a file belongs to, and how deep it lies; none for the root itself.
fn module(file: &File) -> Option<(&str, usize)> {
    let path = file.path.strip_prefix("host/src/")?.strip_suffix(".rs")?;
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
    let offenders = host().filter_map(|(file, code)| Some((file, code, module(file)?)));
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
    let unknown = host().filter(|(file, _)| {
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
        let others = host().filter(|(file, _)| !file.is_in(places));
        others.flat_map(move |(file, code)| {
            let lines = code.lines_with(name);
            lines.map(move |line| format!("{}:{line}: `{name}` belongs to {}", file.path, places.join(", ")))
        })
    });
    none("turn a foreign type into one of ours where it belongs", offenders);
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
    let domain = host().filter(|(file, _)| file.is_in(&["host/src/domain/"]));
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
