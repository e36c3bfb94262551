//! What must be protected: secrets, the audit trail, and recordings of real invocations.

pub mod audit;
pub mod fixture;
pub mod personal_values;
pub mod recording;
pub mod seal;
mod sensitive;

pub use sensitive::Sensitive;
