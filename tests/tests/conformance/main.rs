//! The conformance kit, run on correct adapters and on adapters that are wrong on purpose: each mistake fails its own
//! check, and no other check fails.
#![expect(clippy::unwrap_used, reason = "tests")]

mod adapters;
mod bench;
mod broken;
mod command;
mod wrong;
