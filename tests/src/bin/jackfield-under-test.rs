//! The `jackfield` binary under a name that this crate's tests can ask cargo for, so that it is never a stale one.

use std::process::ExitCode;

fn main() -> ExitCode {
    jackfield::cli::main()
}
