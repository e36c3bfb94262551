//! The tools of an adapter's author that need no host: creating projects and building them to components.
//!
//! A project is a folder with an [`adapter.toml`](project::Project). [`scaffold`] creates one; [`build`] builds its
//! component by the recipe of its language in [`languages`]. [`tools`] downloads what a recipe needs, pinned, from the
//! language's package registry, or names what has to be installed.
//!
//! Nothing here depends on the host or the sandbox, except for the domain's rule for names. `jackfield adapter
//! new|build|test` and `cargo xtask adapters` use it.

pub mod build;
pub mod contract;
pub mod languages;
pub mod progress;
pub mod project;
pub mod reference;
pub mod scaffold;
pub mod tools;
