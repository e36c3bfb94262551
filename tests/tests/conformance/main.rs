//! The conformance kit, tried on adapters that are right and on adapters that are wrong on purpose: each mistake is
//! caught under its own name, and nothing else is.
#![expect(clippy::unwrap_used, reason = "tests")]

mod adapters;
mod bench;
mod broken;
mod command;
mod wrong;
