//! Why a guest returned no answer of its own.

use crate::contract::convert::ContractViolation;

/// Why a guest returned no answer of its own.
pub enum GuestError {
    /// The guest stopped, or could not be started.
    Stopped(wasmtime::Error),
    /// It returned something that the contract does not allow; the text says what.
    BadOutput(String),
}

impl From<wasmtime::Error> for GuestError {
    fn from(error: wasmtime::Error) -> Self {
        Self::Stopped(error)
    }
}

impl From<ContractViolation> for GuestError {
    fn from(ContractViolation(detail): ContractViolation) -> Self {
        Self::BadOutput(detail)
    }
}
