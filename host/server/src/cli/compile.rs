//! `jackfield compile-adapter`: the process in which the host compiles one adapter. Hidden, since nobody types it.

use std::process::ExitCode;
use std::time::Duration;

use jackfield_sandbox::{CompileLimits, compile_adapter};

/// Compile the component on standard input to native code on standard output, under limits
#[derive(Debug, Clone, Copy, clap::Args)]
#[command(after_help = "Example:
  jackfield compile-adapter --memory-mib 2048 --cpu-seconds 120

The host starts this by itself for every adapter that is pushed. Output and errors must be pipes, since the process may
write to no file. The output is for the same version of the host only.")]
pub struct CompileArgs {
    /// Address space that the process may use
    #[arg(long, value_name = "MIB")]
    memory_mib: u64,
    /// Processor time that the process may use
    #[arg(long, value_name = "SECONDS")]
    cpu_seconds: u64,
}

/// Compiles, and answers what the process has to end with. Before any other thread is there: the limits leave room for
/// none.
pub(super) fn run(args: CompileArgs) -> ExitCode {
    compile_adapter(CompileLimits {
        memory: args.memory_mib.saturating_mul(1 << 20),
        cpu: Duration::from_secs(args.cpu_seconds),
        // Whoever started the process holds this one.
        ..CompileLimits::default()
    })
}
