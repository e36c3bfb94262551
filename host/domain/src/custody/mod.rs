//! What must be guarded: secrets, the audit log, and recordings of real calls.

pub mod audit;
pub mod recording;
pub mod seal;
mod sensitive;

pub use sensitive::Sensitive;
