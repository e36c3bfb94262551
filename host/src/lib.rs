//! Jackfield: a WebAssembly plugin host between voice-AI calling platforms and any CRM.
//!
//! ARCHITECTURE.md at the root of the repository is the map. Data flows one way: `domain` decides, `store` remembers,
//! `adapter` runs the components, `tenants` holds what is in service, `ingress`, `delivery` and `admin` serve, `app`
//! puts them together, `cli` is what people type.

pub mod adapter;
pub mod admin;
pub mod app;
pub mod auth;
pub mod cli;
pub mod clock;
pub mod config;
pub mod conformance;
pub mod delivery;
pub mod domain;
pub mod health;
pub mod ingress;
pub mod listener;
pub mod metrics;
pub mod problem;
pub mod request;
pub mod store;
pub mod telemetry;
pub mod tenants;
pub mod vault;
