//! Tests of an adapter without a host, a CRM or WebAssembly: the same code, natively, against a script.
//!
//! - A [`Script`] says which requests the adapter is to make and what the CRM answers, in code.
//! - A [`Replay`] takes such scripts, with the call and what it must return, from a folder of JSON files.

mod exchange;
mod replay;
mod script;

pub use exchange::{Exchange, TransportError};
pub use replay::Replay;
pub use script::Script;
