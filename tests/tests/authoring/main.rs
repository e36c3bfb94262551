//! An author's way in each language: a new project builds, and what is built is the adapter that it says it is.
#![expect(
    clippy::unwrap_used,
    reason = "what fails here fails a test, and the panic is its report"
)]

mod go;
