//! Runs the adapters: the only part of the host that knows WebAssembly.
//!
//! `Runtime` makes something that serves (`Loaded`) of a release and a component's bytes. Each call of a `Loaded` has a
//! fresh instance, unless the release asks for another (`places`), with limits around it, and ends in a `Called`: the
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

pub use bulkhead::Seat;
pub use call::Called;
pub use compiler::{CompileLimits, CompileRefusal, compile_adapter};
pub use config::RuntimeConfig;
pub use convert::ParsedLead;
pub use credentials::{CredentialProblem, CredentialSecret, CredentialSecrets};
pub use engine::Engine;
pub use loaded::Loaded;
pub use network::{NoClient, TokenNetwork};
pub use oauth2::{NoToken, OAuth2Session};
pub use package::{Inspected, PackageError};
pub use recorder::{AlreadyRecording, Order, Recorder, Tapes};
pub use resolver::{Addresses, PinnedResolver, Resolver, SharedResolver, SystemResolver};
pub use roots::NoTls;
pub use runtime::{Linked, LoadError, Runtime, RuntimeError};
pub use tls::{TlsProblem, Trust, Whose};
