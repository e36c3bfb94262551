//! What an author of adapters uses before there is a host: new projects, and building them to components.
//!
//! A project is a folder with an [`adapter.toml`](project::Project). [`scaffold`] writes one, [`build`] makes the
//! component out of it, by the recipe of its language in [`languages`]. What a recipe needs and the machine does not
//! have is fetched by [`tools`] from the language's package registry, pinned, or named.
//!
//! Nothing here knows the host or the sandbox: `jackfield adapter new|build` and `cargo xtask adapters` both stand on
//! it.

pub mod build;
pub mod contract;
pub mod languages;
pub mod progress;
pub mod project;
pub mod reference;
pub mod scaffold;
pub mod tools;
