//! What Jackfield decides, and nothing else: no I/O, no async, no clock, no randomness of its own.
//!
//! A decision is a function from values to a verdict; other modules carry it out. Time, random numbers and policy are
//! arguments, so every schedule and state machine is tested without waiting.

pub mod adapter;
pub mod address;
pub mod alert;
pub mod audit;
pub mod breaker;
pub mod delivery;
pub mod disposition;
pub mod egress;
pub mod failure;
pub mod field;
pub mod id;
pub mod idempotency;
pub mod lead;
pub mod oauth2;
pub mod outcome;
pub mod pace;
pub mod patience;
pub mod pause;
mod read;
pub mod recording;
pub mod release;
pub mod reserve;
pub mod retry;
pub mod seal;
pub mod signature;
pub mod status;
pub mod throttle;
pub mod zone;
