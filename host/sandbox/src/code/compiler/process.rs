//! The process that compiles: it limits itself, reads a component, writes native code, and says by its end how it went.

use std::io::{self, Read as _, Write as _};
use std::process::ExitCode;

use rustix::process::{Resource, Rlimit, getrlimit, nice, setrlimit};

use super::CompileLimits;
use crate::code::engine;
use crate::code::error::MAX_SIZE;

/// It ends with this if the component is not valid; standard error says why. `EX_DATAERR` of sysexits.h.
pub const INVALID: u8 = 65;
/// It could not do its work: the host's fault. `EX_SOFTWARE`.
pub const FAILED: u8 = 70;
/// It was refused memory. `EX_OSERR`.
pub const OUT_OF_MEMORY: u8 = 71;
/// What Rust ends a program with that panicked.
pub const PANICKED: u8 = 101;

/// Seconds of processor time between the signal that ends the process and the one that nothing can hold off.
const GRACE: u64 = 1;
/// Files it may have open: the three that it is started with.
const FILES: u64 = 3;
/// How much it gives way to whatever serves: a third of a core where the others would take all of them.
const NICENESS: i32 = 5;

/// Compiles the component on standard input to native code on standard output, within `limits`, and answers what the
/// process has to end with. Nothing else may run in the process.
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
    // Whoever started it may be gone, and then there is nobody to tell.
    let _ = io::stderr().write_all(words.as_bytes());
    ExitCode::from(status)
}

enum Refused {
    Invalid(String),
    Memory,
    Host(io::Error),
}

fn limit(limits: CompileLimits) -> io::Result<()> {
    // Where the system is short of memory it ends this process before any other. Best effort: there may be no /proc.
    let _ = std::fs::write("/proc/self/oom_score_adj", "1000");
    // Likewise: a policy of the system may forbid it.
    let _ = nice(NICENESS);
    let seconds = limits.cpu_seconds();
    lower(Resource::As, limits.memory, limits.memory)?;
    lower(Resource::Cpu, seconds, seconds + GRACE)?;
    lower(Resource::Nofile, FILES, FILES)?;
    // It writes to a pipe, to no file; it starts nothing; and its memory, which is a tenant's code, is never dumped.
    for none in [Resource::Fsize, Resource::Nproc, Resource::Core] {
        lower(none, 0, 0)?;
    }
    Ok(())
}

/// Sets a limit, unless a lower one holds already.
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
    // The host sends nothing larger; the limit is for a person who tries the command.
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

/// Memory that was refused, wherever in the chain it is told, or else what the error means otherwise.
fn refused(error: &wasmtime::Error, otherwise: Refused) -> Refused {
    let short = error.chain().any(|cause| {
        let is_short = cause
            .downcast_ref::<io::Error>()
            .is_some_and(|error| error.kind() == io::ErrorKind::OutOfMemory);
        is_short || cause.is::<wasmtime::OutOfMemory>()
    });
    if short { Refused::Memory } else { otherwise }
}
