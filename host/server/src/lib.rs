//! The server: accepts webhooks and dispositions, delivers them, and is operated through its admin API.
//!
//! ARCHITECTURE.md at the root of the repository is the map. `jackfield-domain` decides, `jackfield-store` remembers,
//! `jackfield-sandbox` runs the adapters; here `tenants` holds what is in service, `ingress`, `delivery` and `admin`
//! serve, `app` puts them together, and `cli` is what people type.

pub mod admin;
pub mod app;
pub mod auth;
pub mod cli;
pub mod config;
pub mod delivery;
pub mod ingress;
pub mod intake;
pub mod listener;
pub mod observe;
pub mod problem;
pub mod tenants;
pub mod vault;
