//! The calling platform's receiver: accepts leads that the host pushes to `POST /leads`.
//!
//! It verifies Standard Webhooks with its own code: `webhook-signature` holds one or more `v1,<base64>`, each the
//! HMAC-SHA256 of `{webhook-id}.{webhook-timestamp}.{body}`, and the timestamp is within five minutes of its clock. It
//! counts and acknowledges a repeated webhook id, and refuses one with a different body with 409.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use http::{Method, Request, StatusCode};
use hyper::body::Bytes;
use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;
use sha2::Sha256;

use super::{
    clock::ServerClock,
    http_message::{error_response, has_media_type, header, response},
    service::{FakeService, NoLead, RequestOutcome},
};

/// The maximum difference between a webhook's timestamp and now, in seconds.
const TOLERANCE_SECONDS: u64 = 300;

/// The receiver's options.
#[derive(Debug, Clone)]
pub struct AgentConfig {
    /// The signing secret of pushes: `whsec_` and base64. With any other text, every push is refused.
    pub secret: String,
    /// Its clock. Pass the host's clock if the test advances it.
    pub now: ServerClock,
}

impl AgentConfig {
    /// A receiver on real time.
    pub fn new(secret: impl Into<String>) -> Self {
        Self {
            secret: secret.into(),
            now: ServerClock::real(),
        }
    }
}

/// A received webhook.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ReceivedWebhook {
    /// Its id.
    pub webhook_id: String,
    /// Its body.
    pub body: Value,
    /// How many times it arrived with a valid signature.
    pub times: u32,
}

/// The receiver behind [`Agent`](super::Agent).
#[derive(Debug)]
pub struct LeadReceiver {
    config: AgentConfig,
    received: Vec<ReceivedWebhook>,
}

impl FakeService for LeadReceiver {
    type Config = AgentConfig;
    type Lead = NoLead;
    type Record = ReceivedWebhook;
    const RECORDS: (&'static str, &'static str) = ("received", "received");

    fn from_config(config: AgentConfig) -> Self {
        let received = Vec::new();
        Self { config, received }
    }

    fn handle(&mut self, request: &Request<Bytes>) -> RequestOutcome {
        self.receive(request)
            .unwrap_or_else(|(status, why)| RequestOutcome::Refused(error_response(status, why)))
    }

    fn seed(&mut self, lead: NoLead) {
        match lead {}
    }

    fn stored(&self) -> Vec<ReceivedWebhook> {
        self.received.clone()
    }

    fn clear(&mut self) {
        self.received.clear();
    }
}

type Refusal = (StatusCode, &'static str);

impl LeadReceiver {
    fn receive(&mut self, request: &Request<Bytes>) -> Result<RequestOutcome, Refusal> {
        if request.uri().path() != "/leads" {
            return Err((StatusCode::NOT_FOUND, "send leads to /leads"));
        }
        if request.method() != Method::POST {
            return Err((StatusCode::METHOD_NOT_ALLOWED, "send leads with POST"));
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

        let accepted = response(StatusCode::NO_CONTENT, None, Bytes::new());
        let Some(known) = self.received.iter_mut().find(|known| known.webhook_id == webhook_id) else {
            self.received.push(ReceivedWebhook {
                webhook_id,
                body,
                times: 1,
            });
            return Ok(RequestOutcome::Stored(accepted));
        };
        if known.body != body {
            return Err((
                StatusCode::CONFLICT,
                "this webhook-id was used before with a different body",
            ));
        }
        known.times += 1;
        Ok(RequestOutcome::Read(accepted))
    }

    /// The webhook's id if its signature is valid, otherwise what is wrong.
    fn verify<'a>(&self, request: &'a Request<Bytes>) -> Result<&'a str, &'static str> {
        let needed = |name| header(request, name).ok_or("each webhook-… header must occur exactly once");
        let (id, timestamp) = (needed("webhook-id")?, needed("webhook-timestamp")?);
        let signatures = needed("webhook-signature")?;
        if id.is_empty() || id.contains('.') {
            return Err("webhook-id must be a non-empty text without a dot");
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
            .ok_or("no signature is valid")
    }
}

fn is_fresh(sent: i64, now: Timestamp) -> bool {
    now.as_second().abs_diff(sent) <= TOLERANCE_SECONDS
}
