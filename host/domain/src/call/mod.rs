//! What became of a telephone call.

pub mod disposition;
pub mod outcome;
