//! What operators see of a running host: its log, its metrics, its health checks, and one log line for each request.
//!
//! Each module has a row of its own in the table of `tests/tests/tidy/edges.rs`, since each imports other modules:
//! `metrics` and `failures` import none, and `health` also imports `tenants`. No module that `health` needs imports
//! `observe`.

pub mod failures;
pub mod health;
pub mod metrics;
pub mod request;
pub mod telemetry;
