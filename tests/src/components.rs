//! The components that tests and the demo push: built from `adapters/` and `tests/guests/` by `cargo xtask adapters`.

use std::path::PathBuf;

/// The bytes of the component that a package of the workspace compiles to, such as `keystone`.
///
/// # Panics
/// It is not there.
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

/// Where that component is.
#[must_use]
pub fn path(package: &str) -> PathBuf {
    folder().join(format!("{package}.wasm"))
}

/// Where the components are: `target/adapters` of the workspace.
#[must_use]
pub fn folder() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../target/adapters"))
}
