//! What an author does, in each language: a new project, its component, and the same component in the runtime.
#![expect(
    clippy::unwrap_used,
    reason = "what fails here fails a test, and the panic is its report"
)]

mod typescript;
