//! An instance of an adapter: its linked component, what it can reach, and the limits around it.

pub mod engine;
pub mod environment;
pub mod error;
pub mod exports;
mod fixed_clock;
pub mod instance;
pub mod linked;
mod memory;
pub mod state;
