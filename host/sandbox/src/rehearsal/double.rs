//! Doubles of a CRM.

use std::collections::BTreeMap;
use std::fmt;

/// A request as the host would have sent it. It has no credentials, because a rehearsal has none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CrmRequest {
    /// `GET`, `POST`, …
    pub method: String,
    /// Absolute and normalized.
    pub url: String,
    /// In the order in which the guest set them, names in lower case.
    pub headers: Vec<(String, String)>,
    /// Empty for none.
    pub body: Vec<u8>,
}

/// How the double of a CRM reacts to a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CrmReply {
    /// A complete answer. The host's own limits of headers and body apply to it.
    Answer {
        /// Its status code.
        status: u16,
        /// Its headers.
        headers: BTreeMap<String, String>,
        /// Its body.
        body: Vec<u8>,
    },
    /// The host would not send the request.
    Denied(String),
    /// No connection is made.
    Unreachable(String),
    /// The request is sent, and the connection breaks.
    NoAnswer(String),
    /// The answer is too large.
    TooLarge(String),
    /// The answer takes longer than the invocation has left.
    TooSlow,
}

/// A double of a CRM, for one invocation.
pub trait CrmDouble: fmt::Debug + Send + Sync {
    /// Answers a request.
    fn answer(&self, request: CrmRequest) -> CrmReply;
}
