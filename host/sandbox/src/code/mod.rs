//! From a component's bytes to native code: checks, the process that compiles, the cache, and wasmtime's engine.

pub mod cache;
pub mod compiler;
pub mod engine;
pub mod error;
pub mod package;
