//! Fakes of the systems around a Jackfield host: CRMs, a calling platform and a token server, as real HTTP servers.
//!
//! A fake refuses malformed requests with its own kind of error, stores what it accepts so that a test can read it
//! back, and misbehaves on command ([`Behaviour`]). The fakes share no code with the host: they state the rules a
//! second time, so that a bug in the host cannot hide in shared code.
//!
//! | fake | description |
//! | --- | --- |
//! | [`Keystone`] | a tidy JSON API: bearer token, upsert by call id |
//! | [`Groundwork`] | a twenty-year-old PHP application: forms in, XML out, errors inside HTTP 200, no idempotency |
//! | [`Atrium`] | one GraphQL endpoint: picklists, errors inside HTTP 200, calls can be searched |
//! | [`Parcel`] | a SOAP 1.1 service: namespaces, Basic auth, HTTP 500 for every fault, one record per call reference |
//! | [`Ridgeline`] | a JSON API with optimistic locking: API key, amounts in lakhs, null clears a field |
//! | [`Mortar`] | an ERP system of the nineties: `KEY=value` lines, fixed-width codes; not idempotent, not searchable |
//! | [`Ledger`] | a list of rows, for test guests: can be searched, and deduplicates keys if configured to |
//! | [`Agent`] | the calling platform's receiver of pushed leads, signed as Standard Webhooks |
//! | [`OAuth2`] | a token server with single-use refresh tokens |
//!
//! Each is a [`FakeServer`], controlled by its methods or over HTTP below `/_control/`.

mod agent;
mod atrium;
mod behaviour;
mod clock;
mod groundwork;
mod http_message;
mod json_fields;
mod keystone;
mod ledger;
mod mortar;
mod oauth2;
mod parcel;
mod rfc3339;
mod ridgeline;
mod server;
mod service;

pub use agent::{AgentConfig, LeadReceiver, ReceivedWebhook};
pub use atrium::{AtriumActivity, AtriumConfig, AtriumCrm, AtriumLead};
pub use behaviour::{Behaviour, Mode};
pub use clock::ServerClock;
pub use groundwork::{GroundworkConfig, GroundworkCrm, GroundworkFlag, GroundworkLead, GroundworkRow};
pub use keystone::{KeystoneCall, KeystoneConfig, KeystoneCrm, KeystoneLead, KeystoneStage};
pub use ledger::{LedgerConfig, LedgerCrm, LedgerRow};
pub use mortar::{MortarConfig, MortarCrm, MortarDocument, MortarParty};
pub use oauth2::{
    AcceptedClientAuth, BadTokenResponse, IssuedToken, IssuedTokens, OAuth2Config, RewriteTokens, TokenServer,
};
pub use parcel::{ParcelCall, ParcelConfig, ParcelCrm, ParcelLead};
pub use ridgeline::{RidgelineConfig, RidgelineCrm, RidgelineInteraction, RidgelineProspect};
pub use server::{FakeServer, RequestCounts};
pub use service::FakeService;

/// A running keystone, the tidy CRM.
pub type Keystone = FakeServer<KeystoneCrm>;

/// A running groundwork, the twenty-year-old CRM.
pub type Groundwork = FakeServer<GroundworkCrm>;

/// A running parcel, the SOAP service.
pub type Parcel = FakeServer<ParcelCrm>;

/// A running mortar, the ERP system of the nineties.
pub type Mortar = FakeServer<MortarCrm>;

/// A running ridgeline, the CRM with optimistic locking.
pub type Ridgeline = FakeServer<RidgelineCrm>;

/// A running atrium, the CRM that is one GraphQL endpoint.
pub type Atrium = FakeServer<AtriumCrm>;

/// A running ledger.
pub type Ledger = FakeServer<LedgerCrm>;

/// A running receiver of leads, as the calling platform has.
pub type Agent = FakeServer<LeadReceiver>;

/// A running token server.
pub type OAuth2 = FakeServer<TokenServer>;
