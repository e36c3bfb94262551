//! The contract of `wit/`: generated types, their conversion to and from the domain's, and the format of fixtures.

pub mod bindings;
pub mod convert;
pub mod fixture;
