//! The other parties of a Jackfield host, as strict servers of their own: CRMs, a calling platform and a token
//! server.
//!
//! A fake refuses everything malformed with an error of its own kind, counts and keeps what it stores so that a test
//! can read it back, and misbehaves on command ([`Behaviour`]). Nothing here knows the host: what the fakes demand is
//! written down a second time, so that a mistake of the host cannot hide in shared code.
//!
//! | fake | what it is |
//! | --- | --- |
//! | [`Keystone`] | a tidy JSON API: bearer token, upsert by call id |
//! | [`Groundwork`] | a twenty-year-old PHP application: forms in, XML out, errors inside HTTP 200, no idempotency |
//! | [`Atrium`] | one GraphQL endpoint: picklists, errors inside HTTP 200, calls that can be searched |
//! | [`Parcel`] | a SOAP 1.1 service: namespaces, Basic auth, HTTP 500 for every fault, one record a call reference |
//! | [`Ridgeline`] | a JSON API with optimistic versions: API key, money in lakhs, null clears |
//! | [`Mortar`] | an ERP of the nineties: `KEY=value` lines, fixed-width codes, neither idempotent nor searchable |
//! | [`Ledger`] | rows and nothing else, for test guests: can be searched, and may know a key again |
//! | [`Agent`] | the calling platform's receiver of pushed leads, signed by Standard Webhooks |
//! | [`OAuth2`] | a token server whose refresh tokens are good for one use |
//!
//! All of them are a [`Server`], driven by its methods or over HTTP below `/_control/`.

mod agent;
mod atrium;
mod behaviour;
mod clock;
mod groundwork;
mod keystone;
mod ledger;
mod message;
mod mortar;
mod oauth2;
mod parcel;
mod rfc3339;
mod ridgeline;
mod server;

pub use agent::{AgentConfig, Received, Receiver};
pub use atrium::{Activity, AtriumConfig, AtriumCrm, AtriumLead};
pub use behaviour::{Behaviour, Mode};
pub use clock::Now;
pub use groundwork::{Flag, GroundworkConfig, GroundworkCrm, GroundworkLead, Row};
pub use keystone::{CallRecord, KeystoneConfig, KeystoneCrm, KeystoneLead, Stage};
pub use ledger::{Entry, LedgerConfig, LedgerCrm};
pub use mortar::{Document, MortarConfig, MortarCrm, MortarParty};
pub use oauth2::{Issued, OAuth2Config, TokenBook, TokenServer, WrongAnswer};
pub use parcel::{ParcelCall, ParcelConfig, ParcelCrm, ParcelLead};
pub use ridgeline::{Interaction, RidgelineConfig, RidgelineCrm, RidgelineProspect};
pub use server::{Counts, Server, Trade};

/// The tidy CRM, running.
pub type Keystone = Server<KeystoneCrm>;

/// The twenty-year-old CRM, running.
pub type Groundwork = Server<GroundworkCrm>;

/// The SOAP service, running.
pub type Parcel = Server<ParcelCrm>;

/// The ERP of the nineties, running.
pub type Mortar = Server<MortarCrm>;

/// The CRM with optimistic versions, running.
pub type Ridgeline = Server<RidgelineCrm>;

/// The CRM that is one GraphQL endpoint, running.
pub type Atrium = Server<AtriumCrm>;

/// The CRM of rows, running.
pub type Ledger = Server<LedgerCrm>;

/// The calling platform's receiver of leads, running.
pub type Agent = Server<Receiver>;

/// The token server, running.
pub type OAuth2 = Server<TokenServer>;
