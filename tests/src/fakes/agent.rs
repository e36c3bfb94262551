//! The calling platform's receiver: takes leads that the host pushes to `POST /leads`.
//!
//! Verifies Standard Webhooks on its own: `webhook-signature` holds one or more `v1,<base64>`, each the HMAC-SHA256 of
//! `{webhook-id}.{webhook-timestamp}.{body}`, and the timestamp is within five minutes of its clock. A webhook id
//! that it knows is counted and acknowledged again; with another body it is a 409.

use std::net::{Ipv4Addr, SocketAddr};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use http::{HeaderValue, Method, Request, StatusCode, header::RETRY_AFTER};
use hyper::body::Bytes;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::Sha256;

use super::{
    clock::ServerClock,
    response::{FakeResponse, has_media_type, header, json_response, response},
    server::{FakeService, RequestOutcome},
};

/// How far a webhook's timestamp may be from now, in seconds.
const TOLERANCE_SECONDS: u64 = 300;

/// What the receiver is started with.
#[derive(Debug, Clone)]
pub struct AgentConfig {
    /// Where to listen; port 0 picks a free one.
    pub addr: SocketAddr,
    /// The secret that pushes are signed with: `whsec_` and base64. With any other text every push is refused.
    pub secret: String,
    /// Its clock. Give it the host's if the host's time is moved.
    pub now: ServerClock,
}

impl AgentConfig {
    /// On a free loopback port, with real time.
    pub fn new(secret: impl Into<String>) -> Self {
        Self {
            addr: (Ipv4Addr::LOCALHOST, 0).into(),
            secret: secret.into(),
            now: ServerClock::real(),
        }
    }
}

/// A webhook that was received.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ReceivedWebhook {
    /// Its id.
    pub webhook_id: String,
    /// Its body.
    pub body: Value,
    /// How many times it came, rightly signed.
    pub times: u32,
}

/// The receiver behind [`Agent`](super::Agent).
#[derive(Debug)]
pub struct LeadReceiver {
    config: AgentConfig,
    received: Vec<ReceivedWebhook>,
}

/// The receiver keeps no leads that could be put into it.
#[derive(Debug, Deserialize)]
pub enum NoLead {}

impl FakeService for LeadReceiver {
    type Config = AgentConfig;
    type Lead = NoLead;
    type Record = ReceivedWebhook;
    const RECORDS: (&'static str, &'static str) = ("received", "received");

    fn from_config(config: AgentConfig) -> (SocketAddr, Self) {
        (
            config.addr,
            Self {
                config,
                received: Vec::new(),
            },
        )
    }

    fn handle(&mut self, request: &Request<Bytes>) -> RequestOutcome {
        self.receive(request)
            .unwrap_or_else(|(status, why)| RequestOutcome::Refused(error(status, why)))
    }

    fn too_many(retry_after: Option<u32>) -> FakeResponse {
        let mut answer = error(StatusCode::TOO_MANY_REQUESTS, "slow down");
        if let Some(seconds) = retry_after {
            answer.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        answer
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

    fn stored(&self) -> Vec<ReceivedWebhook> {
        self.received.clone()
    }

    fn forget(&mut self) {
        self.received.clear();
    }
}

type Refusal = (StatusCode, &'static str);

impl LeadReceiver {
    fn receive(&mut self, request: &Request<Bytes>) -> Result<RequestOutcome, Refusal> {
        if request.uri().path() != "/leads" {
            return Err((StatusCode::NOT_FOUND, "leads go to /leads"));
        }
        if request.method() != Method::POST {
            return Err((StatusCode::METHOD_NOT_ALLOWED, "leads are posted"));
        }
        let webhook_id = self
            .verify(request)
            .map_err(|why| (StatusCode::UNAUTHORIZED, why))?
            .to_owned();
        if !has_media_type(request, "application/json") {
            return Err((
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "send Content-Type: application/json",
            ));
        }
        let body: Value = serde_json::from_slice(request.body())
            .ok()
            .filter(Value::is_object)
            .ok_or((StatusCode::BAD_REQUEST, "the body must be a JSON object"))?;

        let taken = response(StatusCode::NO_CONTENT, None, Bytes::new());
        let Some(known) = self.received.iter_mut().find(|known| known.webhook_id == webhook_id) else {
            self.received.push(ReceivedWebhook {
                webhook_id,
                body,
                times: 1,
            });
            return Ok(RequestOutcome::Stored(taken));
        };
        if known.body != body {
            return Err((StatusCode::CONFLICT, "this webhook-id came before with another body"));
        }
        known.times += 1;
        Ok(RequestOutcome::Read(taken))
    }

    /// The webhook's id, if its signature is right; else what is wrong.
    fn verify<'a>(&self, request: &'a Request<Bytes>) -> Result<&'a str, &'static str> {
        let needed = |name| header(request, name).ok_or("each webhook-… header must be there exactly once");
        let (id, timestamp) = (needed("webhook-id")?, needed("webhook-timestamp")?);
        let signatures = needed("webhook-signature")?;
        if id.is_empty() || id.contains('.') {
            return Err("webhook-id must be some text without a dot");
        }
        let sent = timestamp
            .parse::<i64>()
            .map_err(|_| "webhook-timestamp must be unix seconds")?;
        if !is_fresh(sent, self.config.now.get()) {
            return Err("webhook-timestamp is more than five minutes from now");
        }
        let key = self
            .config
            .secret
            .strip_prefix("whsec_")
            .and_then(|key| BASE64_STANDARD.decode(key).ok());
        let key = key.ok_or("this receiver was started with a secret that is not whsec_ and base64")?;
        let mac = Hmac::<Sha256>::new_from_slice(&key).map_err(|_| "this receiver has no key")?;
        let mac = mac
            .chain_update(format!("{id}.{timestamp}."))
            .chain_update(request.body());
        let mut tags = signatures
            .split(' ')
            .filter_map(|one| BASE64_STANDARD.decode(one.strip_prefix("v1,")?).ok());
        tags.any(|tag| mac.clone().verify_slice(&tag).is_ok())
            .then_some(id)
            .ok_or("no signature is right")
    }
}

fn is_fresh(sent: i64, now: Timestamp) -> bool {
    now.as_second().abs_diff(sent) <= TOLERANCE_SECONDS
}

fn error(status: StatusCode, why: &str) -> FakeResponse {
    json_response(status, &json!({ "error": why }))
}
