//! The `jackfield` command.

use std::process::ExitCode;

/// Every request makes and drops hundreds of small things.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    jackfield::cli::main()
}
