//! One run of an export: an instance, every limit around it, and the capacity that releases share.

pub mod bulkhead;
mod idle_pool;
pub mod instance_pool;
pub mod invoker;
pub mod low_priority;
mod stop;
