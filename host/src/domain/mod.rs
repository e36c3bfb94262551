//! What Jackfield decides, and nothing else: no I/O, no async, no clock, no randomness of its own.
//!
//! A decision is a function from values to a verdict; other modules carry it out. Time, random numbers and policy are
//! arguments, so every schedule and state machine is tested without waiting.

pub mod adapter;
pub mod alert;
pub mod breaker;
pub mod delivery;
pub mod disposition;
pub mod egress;
pub mod failure;
pub mod field;
pub mod id;
pub mod idempotency;
pub mod lead;
pub mod outcome;
pub mod pace;
mod read;
pub mod release;
pub mod retry;
pub mod signature;
pub mod status;
pub mod zone;
