//! The host as a process: what an operator starts, and what a crash leaves behind.
#![expect(
    clippy::unwrap_used,
    reason = "what fails here fails a test, and the panic is its report"
)]

mod compiler;
mod crash;
mod hostile;
mod life;
mod privacy;

/// The binary under test.
const BINARY: &str = env!("CARGO_BIN_EXE_jackfield-under-test");
