//! The `jackfield` command.

use std::process::ExitCode;

/// An allocator for many small allocations, since every request makes and frees hundreds of them.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    jackfield::cli::main()
}
