//! Promise 7: a guest can hurt only its own invocation. Real components in the real runtime, on a manual clock.
#![expect(
    clippy::unwrap_used,
    reason = "what fails here fails a test, and the panic is its report"
)]

mod answers;
mod attacks;
mod compiling;
mod credentials;
mod egress;
mod go;
mod limits;
mod markers;
mod network;
mod packages;
mod pauses;
mod python;
mod refused;
mod reuse;
mod tls;
mod typescript;
mod world;
