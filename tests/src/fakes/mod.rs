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
//! All of them are a [`FakeServer`], driven by its methods or over HTTP below `/_control/`.

mod agent;
mod atrium;
mod behaviour;
mod clock;
mod groundwork;
mod json_fields;
mod keystone;
mod ledger;
mod mortar;
mod oauth2;
mod parcel;
mod response;
mod rfc3339;
mod ridgeline;
mod server;

pub use agent::{AgentConfig, LeadReceiver, ReceivedWebhook};
pub use atrium::{AtriumActivity, AtriumConfig, AtriumCrm, AtriumLead};
pub use behaviour::{Behaviour, Mode};
pub use clock::ServerClock;
pub use groundwork::{GroundworkConfig, GroundworkCrm, GroundworkFlag, GroundworkLead, GroundworkRow};
pub use keystone::{KeystoneCall, KeystoneConfig, KeystoneCrm, KeystoneLead, KeystoneStage};
pub use ledger::{LedgerConfig, LedgerCrm, LedgerRow};
pub use mortar::{MortarConfig, MortarCrm, MortarDocument, MortarParty};
pub use oauth2::{BadTokenResponse, IssuedToken, IssuedTokens, OAuth2Config, TokenServer};
pub use parcel::{ParcelCall, ParcelConfig, ParcelCrm, ParcelLead};
pub use ridgeline::{RidgelineConfig, RidgelineCrm, RidgelineInteraction, RidgelineProspect};
pub use server::{FakeServer, FakeService, RequestCounts};

/// The tidy CRM, running.
pub type Keystone = FakeServer<KeystoneCrm>;

/// The twenty-year-old CRM, running.
pub type Groundwork = FakeServer<GroundworkCrm>;

/// The SOAP service, running.
pub type Parcel = FakeServer<ParcelCrm>;

/// The ERP of the nineties, running.
pub type Mortar = FakeServer<MortarCrm>;

/// The CRM with optimistic versions, running.
pub type Ridgeline = FakeServer<RidgelineCrm>;

/// The CRM that is one GraphQL endpoint, running.
pub type Atrium = FakeServer<AtriumCrm>;

/// The CRM of rows, running.
pub type Ledger = FakeServer<LedgerCrm>;

/// The calling platform's receiver of leads, running.
pub type Agent = FakeServer<LeadReceiver>;

/// The token server, running.
pub type OAuth2 = FakeServer<TokenServer>;
