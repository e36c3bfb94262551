//! What an author of adapters does, done as an author would: new projects, building, the documentation's own commands.
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
