//! The listener and the public API with clients that are slow, greedy, broken, unknown or too many, over real
//! connections.

mod addresses;
mod connections;
mod departures;
mod heads;
mod http2;
mod proxies;
mod rates;
mod refusals;
mod slow;
mod tls;
mod tokens;
