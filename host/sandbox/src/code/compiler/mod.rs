//! Compiling, outside of the serving process.
//!
//! A compiler is a large program that reads what a stranger wrote: a small component can make it use any amount of
//! memory or time, or crash. So each component is compiled by a process of its own: the host's program with another
//! command, which limits itself before it reads a byte, has no environment and cannot open files. If it crashes, the
//! file is refused and the host keeps serving. Its output is native code, which the cache stores under this
//! installation's HMAC.
//!
//! There is no fallback: a host that cannot start the process compiles nothing and says so.

mod process;

use std::io;
use std::os::unix::process::ExitStatusExt as _;
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use rustix::process::Signal;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::{Child, Command};

use super::error::{CompileRefusal, PackageError, truncate};
use jackfield_clock::{SharedClock, timeout};

pub use process::compile_adapter;

/// The command of the host's program for compiling.
const COMMAND: &str = "compile-adapter";

/// Bytes of native code for each byte of a component, at most. The output of compilers needs two to four; a component
/// that needs more was made to be large.
const NATIVE_FOR_EACH: usize = 16;
/// Bytes of native code that even the smallest component may have: the image of an empty one has a tenth of it.
const NATIVE_AT_LEAST: usize = 1 << 20;
/// Bytes of native code that any component may have: four times the largest component.
const NATIVE_AT_MOST: usize = 256 << 20;
/// Bytes that are read of a failed compiler's standard error, before it is truncated for the message.
const WORDS: usize = 2000;

/// The limits of compiling one component.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CompileLimits {
    /// Address space of the process, in bytes; rounded down to MiB.
    pub memory: u64,
    /// Its processor time; rounded down to seconds, at least one.
    pub cpu: Duration,
    /// How long it may run, by the host's clock.
    pub deadline: Duration,
}

impl Default for CompileLimits {
    /// 2 GiB, five times what Python's components need; two minutes of processor time, twenty times what they need; and
    /// five minutes by the clock, because serving has priority over it.
    fn default() -> Self {
        Self {
            memory: 2 << 30,
            cpu: Duration::from_mins(2),
            deadline: Duration::from_mins(5),
        }
    }
}

impl CompileLimits {
    fn memory_mib(&self) -> u64 {
        self.memory >> 20
    }

    fn cpu_seconds(&self) -> u64 {
        self.cpu.as_secs().max(1)
    }
}

/// Starts the processes that compile.
#[derive(Debug)]
pub struct Compiler {
    program: PathBuf,
    limits: CompileLimits,
    clock: SharedClock,
}

impl Compiler {
    /// A compiler that runs `program`, which is the host's own.
    pub const fn new(program: PathBuf, limits: CompileLimits, clock: SharedClock) -> Self {
        Self { program, limits, clock }
    }

    /// The native code of a component, for the engine that [`super::engine`] configures.
    ///
    /// # Errors
    /// The component is not valid or does not compile within the limits, or the process cannot be started.
    pub async fn compile(&self, component: &[u8]) -> Result<Vec<u8>, PackageError> {
        let mut child = self.start().map_err(|error| {
            let program = self.program.display();
            PackageError::Host(format!("the compiler {program} cannot be started: {error}"))
        })?;
        let limit = native_limit(component.len());
        let compiling = exchange(&mut child, component, limit);
        let Some(ended) = timeout(&*self.clock, self.limits.deadline, compiling).await else {
            // The process is killed when it is dropped, and its status does not matter.
            return Err(CompileRefusal::Deadline(self.limits.deadline.as_secs()).into());
        };
        let ended = ended
            .map_err(|error| PackageError::Host(format!("the host cannot exchange data with the compiler: {error}")))?;
        if ended.native.len() > limit {
            return Err(CompileRefusal::Size(limit).into());
        }
        if ended.status.success() {
            return Ok(ended.native);
        }
        Err(self.explain(ended.status, &ended.words))
    }

    fn start(&self) -> io::Result<Child> {
        Command::new(&self.program)
            .arg0("jackfield")
            .arg(COMMAND)
            .args(["--memory-mib", &self.limits.memory_mib().to_string()])
            .args(["--cpu-seconds", &self.limits.cpu_seconds().to_string()])
            .env_clear()
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            // In a group of its own, so that a Ctrl-C at the terminal drains the host and does not stop the compiler.
            .process_group(0)
            .kill_on_drop(true)
            .spawn()
    }

    /// Why there is no native code.
    fn explain(&self, status: ExitStatus, words: &str) -> PackageError {
        let signal = |signal: Signal| status.signal() == Some(signal.as_raw());
        // A failed allocation ends a Rust program with SIGABRT, after a message.
        let out_of_memory = signal(Signal::ABORT) && words.contains("memory allocation of");
        match status.code().and_then(|code| u8::try_from(code).ok()) {
            Some(process::INVALID) => PackageError::Invalid(words.to_owned()),
            Some(process::OUT_OF_MEMORY) => CompileRefusal::Memory(self.limits.memory_mib()).into(),
            _ if out_of_memory => CompileRefusal::Memory(self.limits.memory_mib()).into(),
            _ if signal(Signal::XCPU) => CompileRefusal::Cpu(self.limits.cpu_seconds()).into(),
            None | Some(process::PANICKED) => CompileRefusal::Crash(status.to_string()).into(),
            Some(_) => PackageError::Host(format!("the compiler ended with {status}: {words}")),
        }
    }
}

/// How a process ended.
struct Ended {
    status: ExitStatus,
    /// At most one byte longer than allowed.
    native: Vec<u8>,
    words: String,
}

async fn exchange(child: &mut Child, component: &[u8], limit: usize) -> io::Result<Ended> {
    let (Some(mut input), Some(output), Some(errors)) = (child.stdin.take(), child.stdout.take(), child.stderr.take())
    else {
        return Err(io::Error::other("its standard streams are missing"));
    };
    let feed = async move {
        // The status says why a process ended before it had read everything.
        let _ = input.write_all(component).await;
    };
    // Each pipe is closed as soon as enough is read, so that a process that writes more ends instead of waiting.
    let (native, words, ()) = tokio::join!(read(output, limit + 1), read(errors, WORDS), feed);
    let words = String::from_utf8_lossy(&words?).into_owned();
    Ok(Ended {
        status: child.wait().await?,
        native: native?,
        words: truncate(&words),
    })
}

async fn read(from: impl AsyncRead + Unpin, limit: usize) -> io::Result<Vec<u8>> {
    let mut bytes = vec![];
    from.take(limit as u64).read_to_end(&mut bytes).await?;
    Ok(bytes)
}

/// Bytes of native code that a component of `size` bytes may have.
fn native_limit(size: usize) -> usize {
    size.saturating_mul(NATIVE_FOR_EACH)
        .clamp(NATIVE_AT_LEAST, NATIVE_AT_MOST)
}

#[cfg(test)]
mod tests;
