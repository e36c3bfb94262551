//! The delivery engine: claims what is due, attempts it, and stores what follows.
//!
//! `domain::delivery` decides what follows from an attempt; this module carries it out. A claim is committed before the
//! first byte leaves, no transaction is open during an attempt, and a worker whose lease was lost changes nothing.

mod announcer;
mod attempt;
mod engine;
mod lanes;

pub use announcer::Announcer;
pub use engine::{Engine, EngineParts, LeaseOwner, ROUND_GAP};
