//! What must be protected: secrets, personal data, the audit trail, and recordings of real invocations.

pub mod audit;
pub mod fixture;
pub mod personal_data;
pub mod personal_values;
pub mod recording;
pub mod seal;
mod sensitive;

pub use sensitive::Sensitive;
