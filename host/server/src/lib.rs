//! The server: accepts webhooks and dispositions, delivers them, and is operated through its admin API.
//!
//! ARCHITECTURE.md at the root of the repository is the map. `jackfield-domain` decides, `jackfield-store` stores, and
//! `jackfield-sandbox` runs the adapters. In this crate `tenants` holds the releases in service, `ingress`, `delivery`
//! and `admin` serve, `app` assembles a host, and `cli` is the command line.

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
pub mod private_file;
pub mod problem;
pub mod tenants;
pub mod vault;
