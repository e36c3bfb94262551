//! The host from end to end: real routers, store, sandbox and components; real servers as CRMs on loopback; a manual
//! clock.

mod atrium;
mod audit;
mod breaker;
mod bulkhead;
mod dispositions;
mod do_not_call;
mod documents;
mod failures;
mod go_raises;
mod host_refused;
mod ladder;
mod leads;
mod mortar;
mod oauth2;
mod order;
mod outage;
mod parcel;
mod recording;
mod review;
mod ridgeline;
mod secrets;
mod status;
mod swap;
mod unknown;
mod writes;
