//! The work of an adapter's author: new projects, builds, and the commands of the documentation.
#![expect(
    clippy::unwrap_used,
    reason = "what fails here fails a test, and the panic is its report"
)]

mod c;
mod desk;
mod go;
mod python;
mod readmes;
mod rust;
mod typescript;
