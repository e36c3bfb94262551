//! The `jackfield` binary under a name in this crate, so that cargo rebuilds it for this crate's tests.

use std::process::ExitCode;

fn main() -> ExitCode {
    jackfield::cli::main()
}
