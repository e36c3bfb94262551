//! The delivery engine: claims what is due, tries it, and writes down what follows.
//!
//! What an attempt means is decided in `domain::delivery`; here it is only carried out. A claim is committed before the
//! first byte leaves, no transaction is open during a call, and a worker whose lease was lost changes nothing.

mod announcer;
mod attempt;
mod engine;
mod lanes;
mod push;

pub use announcer::Announcer;
pub use engine::{Engine, EngineParts, ROUND_GAP};
