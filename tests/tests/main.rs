//! Every test that needs the host or the sandbox, in one program, because each program links all of Wasmtime.
//!
//! `tidy`, which reads files only, is a program of its own.
#![expect(
    clippy::unwrap_used,
    reason = "what fails here fails a test, and the panic is its report"
)]

mod authoring;
mod conformance;
mod corpus;
mod e2e;
mod fakes;
mod front;
mod process;
mod runtime;
