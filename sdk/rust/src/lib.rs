//! Write a Jackfield CRM adapter in Rust: one trait, one macro.
//!
//! An adapter defines how *this* CRM answers a status query and takes a disposition. The host does the rest:
//! signatures, queues, retries, credentials and limits. A whole adapter, with its test:
//!
//! ```
//! use jackfield_sdk::{
//!     Adapter, CredentialKind, Description, Disposition, Failure, Host, LeadStatus, Outcome, Receipt, about,
//!     http::url,
//! };
//! use serde::{Deserialize, Serialize};
//!
//! struct Acme;
//!
//! jackfield_sdk::export!(Acme);
//!
//! #[derive(Deserialize)]
//! struct Lead {
//!     stage: String,
//!     dnc: bool,
//! }
//!
//! #[derive(Serialize)]
//! struct Note<'a> {
//!     call: &'a str,
//!     result: &'static str,
//! }
//!
//! #[derive(Deserialize)]
//! struct Saved {
//!     number: String,
//! }
//!
//! impl Adapter for Acme {
//!     fn describe() -> Description {
//!         about!() // name and version from Cargo.toml
//!             .origin("base_url", "Where Acme's CRM lives, such as https://crm.example")
//!             .credential("crm", CredentialKind::Bearer, "Acme's API token, which the host adds")
//!     }
//!
//!     fn query_status(host: &Host, lead_id: &str) -> Result<LeadStatus, Failure> {
//!         let base_url: String = host.required("base_url")?;
//!         let lead: Lead = host.get(url(&base_url, &["leads", lead_id])?).send()?.accept()?.json()?;
//!         Ok(LeadStatus {
//!             lead_id: lead_id.into(),
//!             callable: lead.stage == "open" && !lead.dnc,
//!             status: lead.stage,
//!             dnc: lead.dnc,
//!             ..LeadStatus::default()
//!         })
//!     }
//!
//!     fn write_disposition(host: &Host, call: &Disposition, idempotency_key: &str) -> Result<Receipt, Failure> {
//!         let base_url: String = host.required("base_url")?;
//!         let note = Note {
//!             call: idempotency_key,
//!             result: match &call.outcome {
//!                 Outcome::QualifiedVisitBooked | Outcome::QualifiedNoVisit => "hot",
//!                 Outcome::DncRequested => "never",
//!                 _ => "cold",
//!             },
//!         };
//!         let request = host.post(url(&base_url, &["leads", &call.lead_id, "notes"])?).json(&note);
//!         let saved: Saved = request.send()?.accept()?.json()?;
//!         Ok(Receipt::new(saved.number))
//!     }
//! }
//!
//! // In a native test, a script replaces the host and the CRM.
//! use jackfield_sdk::testing::{Exchange, Script};
//! use serde_json::json;
//!
//! let status = Script::new()
//!     .setting("base_url", "https://crm.example")
//!     .exchange(
//!         Exchange::expect("GET", "https://crm.example/leads/L-1")
//!             .answers_json(200, json!({"stage": "open", "dnc": false})),
//!     )
//!     .run(|host| Acme::query_status(host, "L-1"));
//! assert_eq!(status.map(|status| status.callable), Ok(true));
//! ```
//!
//! | for | see |
//! | --- | --- |
//! | what to implement | [`Adapter`]; [`Lookup`] and [`ParseLeads`] if the CRM allows it |
//! | making it a component | [`export!`], [`about!`] |
//! | settings, signatures, the log, the time | [`Host`] |
//! | calling the CRM, and what its answers mean | [`http`] |
//! | dates, rupees, phone numbers | [`date`], [`money`], [`phone`] |
//! | tests | [`testing`] |
//!
//! `jackfield adapter build` runs `cargo build --profile adapter --target wasm32-wasip2`; the crate's type is `cdylib`,
//! and `rlib` for its tests. A panic's message reaches the host through standard error.

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

/// The README's adapter is compiled with the documentation's other examples.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
