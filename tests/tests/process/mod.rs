//! The host as a process of its own: started, drained, killed, and what a crash leaves behind.

mod alerts;
mod canary;
mod compiler;
mod crash;
mod credentials;
mod crowd;
mod egress;
mod forms;
mod hostile;
mod installation;
mod life;
mod privacy;
mod reasons;
mod recording;
mod requests;
mod rotation;
mod secure;
mod signals;

/// The binary under test.
const BINARY: &str = env!("CARGO_BIN_EXE_jackfield-under-test");
