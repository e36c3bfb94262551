//! The components that tests and the demo push. `cargo xtask adapters` builds them from `adapters/` and
//! `tests/guests/`.

use std::path::PathBuf;

/// The bytes of a package's component, such as `keystone`.
///
/// # Panics
/// The component was not built.
#[must_use]
pub fn component(package: &str) -> Vec<u8> {
    let path = path(package);
    std::fs::read(&path).unwrap_or_else(|error| {
        panic!(
            "run `cargo xtask adapters` first: {} cannot be read: {error}",
            path.display()
        )
    })
}

/// The path of a package's component.
#[must_use]
pub fn path(package: &str) -> PathBuf {
    folder().join(format!("{package}.wasm"))
}

/// The cache of compiled components that all tests share: compiling an interpreter takes many seconds. It is where
/// `jackfield adapter check` looks if [`cache_home`] is the user's cache.
#[must_use]
pub fn compile_cache() -> PathBuf {
    cache_home().join("jackfield/compiled")
}

/// A value of `XDG_CACHE_HOME` for the tests.
#[must_use]
pub fn cache_home() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../target/test-cache"))
}

/// The folder of the components: the workspace's `target/adapters`.
#[must_use]
pub fn folder() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../target/adapters"))
}
