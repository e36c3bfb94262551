//! Why a file is not an adapter that this host can run.

use jackfield_domain::delivery::failure::Fault;
use jackfield_domain::visible_text::is_visible;

/// Bytes of a component. Python's, the largest of the supported languages, are 18 MB.
pub const MAX_SIZE: usize = 64 << 20;

/// Characters of an error that quotes a component.
const MAX_QUOTED: usize = 500;
/// Names that an error lists.
const MAX_NAMED: usize = 10;

/// A file is not an adapter that this host can run.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PackageError {
    /// It is too large.
    #[error("the file has {0} bytes; an adapter may have {MAX_SIZE}: strip it of debug information")]
    TooLarge(usize),
    /// It is not WebAssembly.
    #[error("the file is not WebAssembly: push the `.wasm` file that the adapter's build produces")]
    NotWasm,
    /// It is native code, such as `wasmtime compile` produces.
    #[error(
        "the file is native code, not WebAssembly: the host runs only native code that it compiled itself, so push the \
         `.wasm` file that the adapter's build produces"
    )]
    NativeCode,
    /// It is a core module.
    #[error(
        "the file is a core module, not a component: build it for `wasm32-wasip2`, or convert it with \
         `wasm-tools component new`"
    )]
    CoreModule,
    /// It does not compile.
    #[error("not a valid component; the file may be truncated or damaged, so build and push it again: {0}")]
    Invalid(String),
    /// Compiling it exceeds a limit.
    #[error(transparent)]
    Compile(#[from] CompileRefusal),
    /// It compiles, but needs more than an instance may have.
    #[error("it needs more than one instance may have: {0}")]
    Oversized(String),
    /// It was built for another version of the contract.
    #[error(
        "it was built for {0}, and this host runs jackfield:crm@0.2.x and 0.1.x: rebuild it with the SDK of this host"
    )]
    OtherVersion(String),
    /// It imports something that this host does not offer.
    #[error(
        "it imports {}, which this host does not offer: an adapter may import jackfield:crm and WASI 0.2 without \
         wasi:http (requests go through jackfield:crm/http)", first_of(.0)
    )]
    ForeignImports(Vec<String>),
    /// It does not export everything that an adapter must export.
    #[error(
        "it does not export {}: build it for world `adapter` of jackfield:crm@0.2.0", .0.join(", ")
    )]
    MissingExports(Vec<String>),
    /// The types of its imports or exports differ from the contract's.
    #[error(
        "its imports or exports are not those of jackfield:crm@0.2.x or 0.1.x; rebuild it with the SDK of this host: \
         {0}"
    )]
    OtherTypes(String),
    /// `describe` returned nothing.
    #[error("`about.describe` returned nothing; it must work without network and settings: {0}")]
    Describe(Fault),
    /// `describe` returned something that the contract does not allow.
    #[error("`about.describe` returned something that the contract does not allow: {}", .0.join("; "))]
    Description(Vec<String>),
    /// The host failed, not the file.
    #[error("the host could not compile it: {0}")]
    Host(String),
}

/// A component that cannot be compiled within the limits.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CompileRefusal {
    /// It needs too much memory.
    #[error(
        "compiling it needed more than {0} MiB of memory; split its largest functions, or strip what it does not use"
    )]
    Memory(u64),
    /// It needs too much processor time.
    #[error("compiling it needed more than {0} s of processor time; split its largest functions")]
    Cpu(u64),
    /// It takes too long.
    #[error("compiling it took longer than {0} s; if this machine is busy, push it again later")]
    Deadline(u64),
    /// Its native code is too large.
    #[error("it compiles to more than {0} bytes of native code, far more than a component of its size should")]
    Size(usize),
    /// The compiler crashed.
    #[error("the compiler crashed ({0}); if this machine was short of memory, push it again later")]
    Crash(String),
}

/// At most 500 characters of what the engine says about a component: it may quote names, which a stranger chose.
pub fn truncate(text: &str) -> String {
    text.chars().filter(|c| is_visible(*c)).take(MAX_QUOTED).collect()
}

/// The first of these names, and how many more there are.
fn first_of(names: &[String]) -> String {
    let shown = names[..names.len().min(MAX_NAMED)].join(", ");
    match names.len().saturating_sub(MAX_NAMED) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}
