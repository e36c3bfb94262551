//! What each kind of fake implements; [`FakeServer`](super::FakeServer) runs it.

use http::{Request, StatusCode};
use hyper::body::Bytes;
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::http_message::{FakeResponse, error_response, with_retry_after};

/// Implements one kind of fake: how it handles requests, and how its errors look. Tests use [`FakeServer`].
pub trait FakeService: Send + Sized + 'static {
    /// The options that the fake starts with.
    type Config;
    /// A lead as this CRM stores it; [`NoLead`] if the fake stores none.
    type Lead: DeserializeOwned;
    /// A record that this fake stores.
    type Record: Clone + Serialize;
    /// The last segment of the control path that returns the stored records, and their member in its JSON.
    const RECORDS: (&'static str, &'static str);

    /// A fake without leads and records.
    fn from_config(config: Self::Config) -> Self;
    /// Handles one request.
    fn handle(&mut self, request: &Request<Bytes>) -> RequestOutcome;
    /// This fake's response to too many requests; `retry_after` is in seconds.
    fn too_many(retry_after: Option<u32>) -> FakeResponse {
        with_retry_after(error_response(StatusCode::TOO_MANY_REQUESTS, "slow down"), retry_after)
    }
    /// This fake's response while it is under maintenance.
    fn maintenance() -> FakeResponse {
        error_response(StatusCode::SERVICE_UNAVAILABLE, "under maintenance")
    }
    /// This fake's response when it crashes.
    fn crash() -> FakeResponse {
        error_response(StatusCode::INTERNAL_SERVER_ERROR, "something went wrong")
    }
    /// Inserts a lead, replacing one with the same id.
    fn seed(&mut self, lead: Self::Lead);
    /// All stored records, oldest first.
    fn stored(&self) -> Vec<Self::Record>;
    /// Deletes all leads and records.
    fn clear(&mut self);
}

/// The lead type of a fake that stores no leads. It has no values, so that seeding one is refused.
#[derive(Debug, Deserialize)]
pub enum NoLead {}

/// The result of handling a request.
#[derive(Debug)]
pub enum RequestOutcome {
    /// Stored something.
    Stored(FakeResponse),
    /// Read something, or had nothing to change.
    Read(FakeResponse),
    /// Refused the request as it stands.
    Refused(FakeResponse),
}
