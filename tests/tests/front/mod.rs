//! The listener and the public API with clients that are slow, greedy, broken, unknown or too many, over real
//! connections.

mod addresses;
mod connections;
mod http2;
mod rates;
mod slow;
mod tls;
mod tokens;
