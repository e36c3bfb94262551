//! The host as a process: what an operator starts, and what a crash leaves behind.

mod crash;
mod life;
mod privacy;

/// The binary under test.
const BINARY: &str = env!("CARGO_BIN_EXE_jackfield-under-test");
