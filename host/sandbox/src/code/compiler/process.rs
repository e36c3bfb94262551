//! The process that compiles: it limits itself, reads a component, writes native code, and reports by its exit status.

use std::io::{self, Read as _, Write as _};
use std::process::ExitCode;

use rustix::process::{Resource, Rlimit, getrlimit, nice, setrlimit};

use super::CompileLimits;
use crate::code::engine;
use crate::code::error::MAX_SIZE;

/// Exit status for a component that is not valid; standard error says why. `EX_DATAERR` of sysexits.h.
pub const INVALID: u8 = 65;
/// Exit status for a failure of the host. `EX_SOFTWARE`.
pub const FAILED: u8 = 70;
/// Exit status for a lack of memory. `EX_OSERR`.
pub const OUT_OF_MEMORY: u8 = 71;
/// Exit status of a Rust program that panicked.
pub const PANICKED: u8 = 101;

/// Seconds of processor time between the signal that ends the process and the one that cannot be blocked.
const GRACE: u64 = 1;
/// Files that it may have open: the three that it starts with.
const FILES: u64 = 3;
/// Its niceness: it gets a third of a core when serving could use all of them.
const NICENESS: i32 = 5;

/// Compiles the component on standard input to native code on standard output, within `limits`, and returns the
/// process's exit status. Nothing else may run in the process.
#[must_use]
pub fn compile_adapter(limits: CompileLimits) -> ExitCode {
    let Err(refused) = limit(limits).map_err(Refused::Host).and_then(|()| compile()) else {
        return ExitCode::SUCCESS;
    };
    let (status, words) = match refused {
        Refused::Invalid(words) => (INVALID, words),
        Refused::Memory => (OUT_OF_MEMORY, String::new()),
        Refused::Host(error) => (FAILED, error.to_string()),
    };
    // The parent process may be gone, and then nobody reads it.
    let _ = io::stderr().write_all(words.as_bytes());
    ExitCode::from(status)
}

enum Refused {
    Invalid(String),
    Memory,
    Host(io::Error),
}

fn limit(limits: CompileLimits) -> io::Result<()> {
    // A system that is short of memory kills this process before any other. Best effort: there may be no /proc.
    let _ = std::fs::write("/proc/self/oom_score_adj", "1000");
    // Best effort too: a policy of the system may forbid it.
    let _ = nice(NICENESS);
    let seconds = limits.cpu_seconds();
    lower(Resource::As, limits.memory, limits.memory)?;
    lower(Resource::Cpu, seconds, seconds + GRACE)?;
    lower(Resource::Nofile, FILES, FILES)?;
    // It writes to a pipe and not to files, starts no processes, and never dumps its memory, which is a tenant's code.
    for none in [Resource::Fsize, Resource::Nproc, Resource::Core] {
        lower(none, 0, 0)?;
    }
    Ok(())
}

/// Sets a limit, unless a lower one is set already.
fn lower(resource: Resource, current: u64, maximum: u64) -> io::Result<()> {
    let ceiling = getrlimit(resource).maximum.unwrap_or(u64::MAX);
    let limit = Rlimit {
        current: Some(current.min(ceiling)),
        maximum: Some(maximum.min(ceiling)),
    };
    Ok(setrlimit(resource, limit)?)
}

fn compile() -> Result<(), Refused> {
    let mut component = vec![];
    // The host sends nothing larger; the limit is for people who try the command.
    let mut input = io::stdin().lock().take(MAX_SIZE as u64);
    input.read_to_end(&mut component).map_err(Refused::Host)?;
    let engine = engine::for_compiling().map_err(|error| {
        let host = io::Error::other(format!("{error:#}"));
        refused(&error, Refused::Host(host))
    })?;
    let native = engine.precompile_component(&component).map_err(|error| {
        let words = format!("{error:#}");
        refused(&error, Refused::Invalid(words))
    })?;
    io::stdout().lock().write_all(&native).map_err(Refused::Host)
}

/// A lack of memory, if any cause in the chain says so; `otherwise` if not.
fn refused(error: &wasmtime::Error, otherwise: Refused) -> Refused {
    let short = error.chain().any(|cause| {
        let is_short = cause
            .downcast_ref::<io::Error>()
            .is_some_and(|error| error.kind() == io::ErrorKind::OutOfMemory);
        is_short || cause.is::<wasmtime::OutOfMemory>()
    });
    if short { Refused::Memory } else { otherwise }
}
