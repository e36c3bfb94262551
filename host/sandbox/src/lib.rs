//! Runs the adapters: the only part of the host that knows WebAssembly.
//!
//! `Runtime` makes something that serves (`LoadedRelease`) of a release and a component's bytes. Each call of a `LoadedRelease` has a
//! fresh instance, unless the release asks for another (`places`), with limits around it, and ends in a `Invocation`: the
//! adapter's answer or failure, and what the host saw. A guest can hurt only its own call, or its own tenant's where
//! that asks for it (promise 7), and no secret enters its sandbox (promise 6).
//!
//! What is deliberately not here: retries (`delivery` decides from a failure's class), which release serves
//! (`tenants`), and any idea of HTTP requests that come in.

mod bindings;
mod budget;
mod bulkhead;
mod cache;
mod call;
mod compiler;
mod config;
mod connect;
mod convert;
mod cpu;
mod credentials;
mod description;
mod echo;
mod engine;
mod heavy;
mod http;
mod idle_pool;
mod instance;
mod loaded;
mod log;
mod network;
mod oauth2;
mod outgoing;
mod package;
mod places;
mod recorder;
pub mod rehearsal;
mod resolver;
mod roots;
mod runtime;
mod seen;
mod state;
mod stdio;
mod tape;
mod tls;

pub use bulkhead::StatusPermit;
pub use call::Invocation;
pub use compiler::{CompileLimits, CompileRefusal, compile_adapter};
pub use config::RuntimeConfig;
pub use convert::ParsedLead;
pub use credentials::{CredentialProblem, CredentialSecret, CredentialSecrets};
pub use engine::Engine;
pub use loaded::LoadedRelease;
pub use network::{HttpClientError, TokenNetwork};
pub use oauth2::{OAuth2Session, TokenUnavailable};
pub use package::{Inspected, PackageError};
pub use recorder::{AlreadyRecording, FinishedRecording, Recorder, RecordingOptions};
pub use resolver::{AddressLookup, PinnedResolver, Resolver, SharedResolver, SystemResolver};
pub use roots::TlsSetupError;
pub use runtime::{LinkedAdapter, LoadError, Runtime, RuntimeError};
pub use tls::{CertificateOwner, CertificateProblem, TrustedAuthorities};
