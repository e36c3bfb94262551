//! From nothing to an adapter that the host takes, in each language: what `jackfield adapter new` and `build` make is
//! loaded by the real runtime.
#![expect(
    clippy::unwrap_used,
    reason = "what fails here fails a test, and the panic is its report"
)]

mod c;

use std::path::PathBuf;
use std::sync::Arc;

use jackfield::adapter::{Runtime, RuntimeConfig};
use jackfield::clock::{ManualClock, SharedClock};
use jackfield_tests::process::program;
use jiff::Timestamp;

/// A runtime by a clock that stands still, which keeps native code between tests.
fn runtime() -> Runtime {
    let cache = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../target/test-cache");
    let clock: SharedClock = Arc::new(ManualClock::new(Timestamp::UNIX_EPOCH));
    Runtime::start(RuntimeConfig::new(cache, program()), clock).unwrap()
}
