//! The conformance kit, run on correct adapters and on adapters that are wrong on purpose: each mistake fails its own
//! check, and no other check fails.

mod adapters;
mod bench;
mod broken;
mod command;
mod signing;
mod steps;
mod wrong;
