//! Runs adapters: the only part of the host that knows WebAssembly.
//!
//! [`Runtime`] makes a [`LoadedRelease`] from a release and a component's bytes. Each invocation gets a fresh instance,
//! unless the release asks for reuse, with limits around it, and ends in an [`Invocation`]: the adapter's answer or
//! failure, and what the host observed. A guest can harm only its own invocation, or those of its own tenant where that
//! asks for reuse (promise 7), and no secret enters its sandbox (promise 6).
//!
//! Each module uses only those before it: `contract` and `code` (types, and bytes to native code), `secrets`,
//! `recording`, `meter` (what an invocation uses), `outbound` (its requests), `guest` (an instance), `invocation` (one
//! run of an export), `runtime` (releases), and `rehearsal` (invocations without a network).
//!
//! Deliberately not here: retries (`delivery` decides from a failure's class), which release serves (`tenants`), and
//! HTTP requests that come in.

mod code;
mod contract;
mod guest;
mod invocation;
mod meter;
mod outbound;
mod recording;
pub mod rehearsal;
mod runtime;
mod secrets;

pub use code::compiler::{CompileLimits, compile_adapter};
pub use code::engine::WasmEngine;
pub use code::error::{CompileRefusal, PackageError};
pub use contract::convert::ParsedLead;
pub use invocation::bulkhead::StatusPermit;
pub use invocation::invoker::Invocation;
pub use meter::log::{GuestLog, LogSubject};
pub use outbound::answer::MAX_ANSWER_BODY;
pub use outbound::host_network::{HostNetwork, HostRequestError};
pub use outbound::network::HttpClientError;
pub use outbound::resolver::{AddressLookup, PinnedResolver, Resolver, SharedResolver, SystemResolver};
pub use outbound::roots::TlsSetupError;
pub use recording::recorder::{AlreadyRecording, FinishedRecording, Recorder};
pub use recording::session::RecordingOptions;
pub use runtime::config::{DEFAULT_GUEST_MEMORY_MIB, RuntimeConfig};
pub use runtime::linking::LinkedAdapter;
pub use runtime::loaded::LoadedRelease;
pub use runtime::{LoadError, Runtime, RuntimeError};
pub use secrets::certificates::{CertificateOwner, CertificateProblem, TrustedAuthorities};
pub use secrets::credentials::{CredentialProblem, CredentialSecret, CredentialSecrets};
pub use secrets::oauth2::{OAuth2Session, TokenUnavailable};
