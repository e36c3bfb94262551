//! Jackfield's decisions, and nothing else: no I/O, no async, no clock, no randomness of its own.
//!
//! A decision is a function from values to a verdict; other modules carry it out. Time, random numbers and policy are
//! arguments, so every schedule and state machine is tested without waiting.

pub mod alert;
pub mod call;
pub mod custody;
pub mod delivery;
pub mod extension;
pub mod field;
pub mod id;
pub mod intake;
pub mod json;
pub mod lead;
pub mod phone;
pub mod repetition;
pub mod tenant;
mod text;
pub mod time;
pub mod visible_text;
mod word;
pub mod wrong_input;
pub mod zone;
