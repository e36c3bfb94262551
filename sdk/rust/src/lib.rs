//! Write a Jackfield CRM adapter in Rust.
pub mod about;
mod adapter;
#[doc(hidden)]
pub mod bindings;
pub mod date;
#[doc(hidden)]
pub mod export;
mod host;
pub mod http;
pub mod model;
pub mod money;
pub mod phone;
#[cfg(not(target_family = "wasm"))]
pub mod testing;

pub use about::{CredentialKind, Description, SettingKind};
pub use adapter::{Adapter, Lookup, ParseLeads};
pub use host::{Host, Level};
pub use jiff;
pub use model::{
    Disposition, Extension, Failure, FieldError, Inbound, Lead, LeadStatus, Outcome, Priority, Qualification, Receipt,
    Rejection, SiteVisit,
};
