//! What an invocation uses, what it has left, and what the host observes of it.

pub mod budget;
pub mod cpu;
pub mod kept_memory;
pub mod log;
pub mod memory_budget;
pub mod observations;
pub mod stdio;
