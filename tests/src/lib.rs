//! What Jackfield's tests and its demo are built from: real servers on loopback, no mocks.

pub mod components;
