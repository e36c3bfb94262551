//! Requests of guests to CRMs: which may be sent, where they may go, and what comes back.

pub mod answer;
mod check;
mod connect;
pub mod error;
pub mod host_network;
pub mod network;
pub mod resolver;
pub mod roots;
pub mod send;
