//! ledger: a list of rows behind HTTP, for guests that show one trait of a CRM each.
//!
//! | request | answer |
//! | --- | --- |
//! | `POST /rows` with `idempotency-key` and `{"lead", "call"}` | 201 with `{"row"}`, of a new row |
//! | `GET /rows?key=` | 200 with `{"row"}` of the first row of that key, or 404 |
//!
//! A ledger that knows keys answers a post whose key it has with 200 and the first row.
//! Everything else is refused with a 400 that says why.

use std::net::{Ipv4Addr, SocketAddr};

use http::{Method, Request, StatusCode};
use hyper::body::Bytes;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{
    clock::ServerClock,
    response::{FakeResponse, has_media_type, header, json_response},
    server::{FakeService, RequestOutcome},
};

/// What the ledger is started with.
#[derive(Debug, Clone)]
pub struct LedgerConfig {
    /// Where to listen; port 0 picks a free one.
    pub addr: SocketAddr,
    /// Whether it knows a key again; else every post is a row.
    pub deduplicates: bool,
    /// Its clock.
    pub now: ServerClock,
}

impl LedgerConfig {
    /// On a free loopback port, with real time.
    #[must_use]
    pub fn new(deduplicates: bool) -> Self {
        Self {
            addr: (Ipv4Addr::LOCALHOST, 0).into(),
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
    /// The key that it was posted with.
    pub key: String,
    /// The lead.
    pub lead: String,
    /// The call.
    pub call: String,
    /// When it was made.
    pub at: Timestamp,
    /// Posts with this key, the first included. More than one is a repeat that a knowing ledger saw through.
    pub posts: u32,
}

/// What is posted.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Post {
    lead: String,
    call: String,
}

/// It keeps no leads that could be put into it.
#[derive(Debug, Deserialize)]
pub enum NoLead {}

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

    fn from_config(config: LedgerConfig) -> (SocketAddr, Self) {
        (config.addr, Self { config, rows: vec![] })
    }

    fn handle(&mut self, request: &Request<Bytes>) -> RequestOutcome {
        let done = match (request.method(), request.uri().path()) {
            (&Method::POST, "/rows") => self.post(request),
            (&Method::GET, "/rows") => self.find(request),
            _ => Err("POST /rows, GET /rows?key="),
        };
        done.unwrap_or_else(|why| RequestOutcome::Refused(error(StatusCode::BAD_REQUEST, why)))
    }

    fn too_many(_: Option<u32>) -> FakeResponse {
        error(StatusCode::TOO_MANY_REQUESTS, "slow down")
    }

    fn maintenance() -> FakeResponse {
        error(StatusCode::SERVICE_UNAVAILABLE, "under maintenance")
    }

    fn crash() -> FakeResponse {
        error(StatusCode::INTERNAL_SERVER_ERROR, "something went wrong")
    }

    fn seed(&mut self, lead: NoLead) {
        match lead {}
    }

    fn stored(&self) -> Vec<LedgerRow> {
        self.rows.clone()
    }

    fn forget(&mut self) {
        self.rows.clear();
    }
}

impl LedgerCrm {
    fn post(&mut self, request: &Request<Bytes>) -> Result<RequestOutcome, &'static str> {
        let key = header(request, "idempotency-key").ok_or("idempotency-key must be there exactly once")?;
        if !has_media_type(request, "application/json") {
            return Err("send Content-Type: application/json");
        }
        let post: Post = serde_json::from_slice(request.body()).map_err(|_| "the body is {lead, call}, both texts")?;
        let known = self.rows.iter_mut().find(|entry| entry.key == key);
        match known.filter(|_| self.config.deduplicates) {
            Some(entry) if (entry.lead.as_str(), entry.call.as_str()) == (post.lead.as_str(), post.call.as_str()) => {
                entry.posts += 1;
                Ok(RequestOutcome::Read(json_response(
                    StatusCode::OK,
                    &json!({ "row": entry.row }),
                )))
            }
            Some(_) => Err("this idempotency-key came before with another body"),
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
            return Err("key must be there exactly once");
        };
        Ok(RequestOutcome::Read(
            match self.rows.iter().find(|entry| entry.key == key) {
                Some(entry) => json_response(StatusCode::OK, &json!({ "row": entry.row })),
                None => error(StatusCode::NOT_FOUND, "no row of that key"),
            },
        ))
    }
}

fn error(status: StatusCode, why: &str) -> FakeResponse {
    json_response(status, &json!({ "error": why }))
}
