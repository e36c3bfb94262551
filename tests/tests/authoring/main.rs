//! What an author does before there is a host, in each language: a new project, built and read as the host reads it.
#![expect(
    clippy::unwrap_used,
    reason = "what fails here fails a test, and the panic is its report"
)]

mod python;
