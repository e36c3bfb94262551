//! The project's own style rules as tests: which module may import which, how long files and names may be, which
//! phrases are banned.
//!
//! A rule reports every offender at once, as `file:line`, and says what to do about it. What clippy and rustfmt check
//! is deliberately absent.
#![expect(clippy::unwrap_used, reason = "a panic in a test is its report, in its helpers too")]

mod circles;
mod code;
mod contract;
mod edges;
mod files;
mod manifests;
mod names;
mod phrases;
mod references;
mod tree;
