//! The listener and ingress against clients that are slow, greedy, broken, unknown or too many, over real connections.
#![expect(
    clippy::unwrap_used,
    reason = "what fails here fails a test, and the panic is its report"
)]

mod addresses;
mod connections;
mod http2;
mod rates;
mod slow;
mod tls;
mod tokens;
