//! `jackfield compile-adapter`: the process in which the host compiles one adapter. It is hidden from help, because
//! only the host runs it.

use std::process::ExitCode;
use std::time::Duration;

use jackfield_sandbox::{CompileLimits, compile_adapter};

/// Compile the component on standard input to native code on standard output, under limits
#[derive(Debug, Clone, Copy, clap::Args)]
#[command(after_help = "Example:
  jackfield compile-adapter --memory-mib 2048 --cpu-seconds 120

The host starts this by itself for every adapter that is pushed. Output and errors must be pipes, because the process
may not write to files. Only the same version of the host can load the output.")]
pub struct CompileArgs {
    /// Address space that the process may use
    #[arg(long, value_name = "MIB")]
    memory_mib: u64,
    /// Processor time that the process may use
    #[arg(long, value_name = "SECONDS")]
    cpu_seconds: u64,
}

/// Compiles, and returns the exit code of the process. It must run before any other thread is started, because the
/// limits do not allow one.
pub(super) fn run(args: CompileArgs) -> ExitCode {
    compile_adapter(CompileLimits {
        memory: args.memory_mib.saturating_mul(1 << 20),
        cpu: Duration::from_secs(args.cpu_seconds),
        // The process that starts this one enforces the deadline.
        ..CompileLimits::default()
    })
}
