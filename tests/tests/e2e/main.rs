//! The host from end to end: real routers, store, sandbox and components; real CRMs on loopback; time that stands still
//! unless a test moves it.

mod dispositions;
mod failures;
mod ladder;
mod leads;
mod order;
mod review;
mod status;
mod swap;
mod writes;
