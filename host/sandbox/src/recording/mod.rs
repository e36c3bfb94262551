//! Recordings of real invocations, for an operator who wants fixtures of them.
//!
//! `recorder` knows which tenants are recorded, a `session` is the recording of one tenant, and a `tape` is the record
//! of one invocation. Recordings live in this host's memory only, within bounds, until an operator collects them or
//! they expire.

pub mod recorder;
pub mod session;
pub mod tape;
