//! ledger: a list of rows behind HTTP, for guests that each show one property of a CRM.
//!
//! | request | response |
//! | --- | --- |
//! | `POST /rows` with `idempotency-key` and `{"lead", "call"}` | 201 with `{"row"}`, the number of a new row |
//! | `GET /rows?key=` | 200 with `{"row"}` of the first row of that key, or 404 |
//!
//! A ledger that deduplicates responds to a repeated key with 200 and the first row.
//! It refuses everything else with 400 and the reason.

use http::{Method, Request, StatusCode};
use hyper::body::Bytes;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{
    clock::ServerClock,
    http_message::{error_response, has_media_type, header, json_response},
    service::{FakeService, NoLead, RequestOutcome},
};

/// The ledger's options.
#[derive(Debug, Clone)]
pub struct LedgerConfig {
    /// Whether it recognizes a repeated key; otherwise every post adds a row.
    pub deduplicates: bool,
    /// Its clock.
    pub now: ServerClock,
}

impl LedgerConfig {
    /// A ledger on real time.
    #[must_use]
    pub fn new(deduplicates: bool) -> Self {
        Self {
            deduplicates,
            now: ServerClock::real(),
        }
    }
}

/// A row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LedgerRow {
    /// Its number, from 1.
    pub row: usize,
    /// The idempotency key of the post.
    pub key: String,
    /// The lead's id.
    pub lead: String,
    /// The call's id.
    pub call: String,
    /// When the row was added.
    pub at: Timestamp,
    /// Posts with this key, the first included. Only a ledger that deduplicates counts more than one.
    pub posts: u32,
}

/// The body of a post.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Post {
    lead: String,
    call: String,
}

/// The CRM behind [`Ledger`](super::Ledger).
#[derive(Debug)]
pub struct LedgerCrm {
    config: LedgerConfig,
    rows: Vec<LedgerRow>,
}

impl FakeService for LedgerCrm {
    type Config = LedgerConfig;
    type Lead = NoLead;
    type Record = LedgerRow;
    const RECORDS: (&'static str, &'static str) = ("rows", "rows");

    fn from_config(config: LedgerConfig) -> Self {
        let rows = Vec::new();
        Self { config, rows }
    }

    fn handle(&mut self, request: &Request<Bytes>) -> RequestOutcome {
        let done = match (request.method(), request.uri().path()) {
            (&Method::POST, "/rows") => self.post(request),
            (&Method::GET, "/rows") => self.find(request),
            _ => Err("use POST /rows or GET /rows?key="),
        };
        done.unwrap_or_else(|why| RequestOutcome::Refused(error_response(StatusCode::BAD_REQUEST, why)))
    }

    fn seed(&mut self, lead: NoLead) {
        match lead {}
    }

    fn stored(&self) -> Vec<LedgerRow> {
        self.rows.clone()
    }

    fn clear(&mut self) {
        self.rows.clear();
    }
}

impl LedgerCrm {
    fn post(&mut self, request: &Request<Bytes>) -> Result<RequestOutcome, &'static str> {
        let key = header(request, "idempotency-key").ok_or("idempotency-key must occur exactly once")?;
        if !has_media_type(request, "application/json") {
            return Err("send Content-Type: application/json");
        }
        let post: Post = serde_json::from_slice(request.body()).map_err(|_| "the body is {lead, call}, both texts")?;
        let known = self.rows.iter_mut().find(|row| row.key == key);
        match known.filter(|_| self.config.deduplicates) {
            Some(row) if (row.lead.as_str(), row.call.as_str()) == (post.lead.as_str(), post.call.as_str()) => {
                row.posts += 1;
                Ok(RequestOutcome::Read(json_response(
                    StatusCode::OK,
                    &json!({ "row": row.row }),
                )))
            }
            Some(_) => Err("this idempotency-key was used before with a different body"),
            None => {
                let row = self.rows.len() + 1;
                self.rows.push(LedgerRow {
                    row,
                    key: key.to_owned(),
                    lead: post.lead,
                    call: post.call,
                    at: self.config.now.get(),
                    posts: 1,
                });
                Ok(RequestOutcome::Stored(json_response(
                    StatusCode::CREATED,
                    &json!({ "row": row }),
                )))
            }
        }
    }

    fn find(&self, request: &Request<Bytes>) -> Result<RequestOutcome, &'static str> {
        let query = request.uri().query().unwrap_or_default();
        let mut keys = form_urlencoded::parse(query.as_bytes()).filter(|(name, _)| name == "key");
        let (Some((_, key)), None) = (keys.next(), keys.next()) else {
            return Err("key must occur exactly once");
        };
        Ok(RequestOutcome::Read(
            match self.rows.iter().find(|row| row.key == key) {
                Some(row) => json_response(StatusCode::OK, &json!({ "row": row.row })),
                None => error_response(StatusCode::NOT_FOUND, "no row with this key"),
            },
        ))
    }
}
