//! The result of a telephone call.

pub mod disposition;
pub mod do_not_call;
pub mod outcome;
