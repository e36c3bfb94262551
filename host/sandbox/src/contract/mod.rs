//! The contract of `wit/`: generated types, and their conversions to and from the domain's types and the records of
//! fixtures.

pub mod bindings;
pub mod convert;
pub mod fixture;
pub mod v0_1;
