//! The result of a telephone call.

pub mod disposition;
pub mod outcome;
