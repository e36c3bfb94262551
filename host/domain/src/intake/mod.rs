//! Whether a request is accepted: who sent it, how often, and whether it was seen before.

pub mod address;
pub mod document;
pub mod idempotency;
pub mod limits;
pub mod media;
pub mod request_head;
pub mod signature;
pub mod slow_client;
pub mod throttle;
