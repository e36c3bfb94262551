//! Jackfield: a WebAssembly plugin host between voice-AI calling platforms and any CRM.
//!
//! ARCHITECTURE.md at the root of the repository is the map. Data flows one way: `domain` decides, `store` remembers,
//! `adapter` runs the components, `ingress`, `delivery` and `admin` serve, `app` puts them together, `cli` is what
//! people type.

pub mod admin;
pub mod auth;
pub mod cli;
pub mod clock;
pub mod domain;
pub mod problem;
pub mod request;
pub mod store;
pub mod tenants;
