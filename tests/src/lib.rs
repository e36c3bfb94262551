//! The harness of Jackfield's tests and its demo: real servers on loopback, no mocks.
#![expect(
    clippy::unwrap_used,
    reason = "a failure here fails a test, and the panic is its report"
)]
#![expect(
    clippy::missing_panics_doc,
    clippy::must_use_candidate,
    reason = "this library serves tests only"
)]

pub mod api_description;
pub mod components;
pub mod documents;
pub mod fakes;
pub mod fuzz;
pub mod listener;
pub mod node;
pub mod operator;
pub mod process;
pub mod raw_guest;
pub mod response;
