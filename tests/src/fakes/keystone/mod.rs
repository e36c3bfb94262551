//! keystone: a tidy JSON API. Bearer token on everything, upsert by call id, field errors by name.
//!
//! | request | response |
//! | --- | --- |
//! | `GET /api/v1/leads/{lead_id}` | the lead, or 404 `lead_not_found` |
//! | `PUT /api/v1/leads/{lead_id}/calls/{call_id}` | 201 for the first, 200 for later ones: `{"id", "revision"}` |
//! | `GET /api/v1/calls/{call_id}` | the stored record, or 404 `call_not_found` |
//!
//! A nullable member of a call may be omitted, which means null. `result`, `called_at`, `do_not_disturb` and
//! `duplicate` are required.

mod call;

use std::collections::BTreeMap;

use http::{Method, Request, StatusCode, header::AUTHORIZATION};
use hyper::body::Bytes;
use percent_encoding::percent_decode_str;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use subtle::ConstantTimeEq;

use super::{
    IssuedTokens,
    http_message::{FakeResponse, has_media_type, header, json_response, with_retry_after},
    json_fields::FieldError,
    service::{FakeService, RequestOutcome},
};

/// keystone's options.
#[derive(Debug, Clone)]
pub struct KeystoneConfig {
    /// The only valid bearer token.
    pub token: String,
    /// If set, valid access tokens of this token server replace `token`.
    pub access_tokens: Option<IssuedTokens>,
}

impl KeystoneConfig {
    /// A keystone with one valid bearer token.
    pub fn new(token: impl Into<String>) -> Self {
        Self {
            token: token.into(),
            access_tokens: None,
        }
    }
}

/// The stage of a lead.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the names are keystone's, and say what they mean")]
pub enum KeystoneStage {
    #[default]
    New,
    Contacted,
    Visit,
    Won,
    Lost,
    Dnd,
}

/// A lead as keystone stores and returns it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeystoneLead {
    /// Its id.
    pub id: String,
    /// Its stage.
    #[serde(default)]
    pub stage: KeystoneStage,
    /// Whether it may be called; true by default.
    #[serde(default = "yes")]
    pub may_call: bool,
    /// Whether it asked not to be called.
    #[serde(default)]
    pub do_not_disturb: bool,
    /// Whether a person has spoken to it.
    #[serde(default)]
    pub human_contacted: bool,
    /// When it was last called, RFC 3339.
    #[serde(default)]
    pub last_call_at: Option<String>,
}

impl KeystoneLead {
    /// A new lead that may be called.
    pub fn new(id: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            stage: KeystoneStage::New,
            may_call: true,
            do_not_disturb: false,
            human_contacted: false,
            last_call_at: None,
        }
    }
}

fn yes() -> bool {
    true
}

/// A call as keystone stores it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct KeystoneCall {
    /// keystone's own reference, `KS-<n>`.
    pub id: String,
    /// The lead that was called.
    pub lead_id: String,
    /// The key of the upsert.
    pub call_id: String,
    /// How many upserts it received.
    pub revision: u64,
    /// The body of the last upsert, as it was sent.
    #[serde(flatten)]
    pub body: Map<String, Value>,
}

impl KeystoneCall {
    /// A record before its first upsert.
    fn empty(number: usize, call_id: &str) -> Self {
        Self {
            id: format!("KS-{number}"),
            lead_id: String::new(),
            call_id: call_id.to_owned(),
            revision: 0,
            body: Map::new(),
        }
    }
}

/// The CRM behind [`Keystone`](super::Keystone).
#[derive(Debug)]
pub struct KeystoneCrm {
    token: String,
    access_tokens: Option<IssuedTokens>,
    leads: BTreeMap<String, KeystoneLead>,
    calls: Vec<KeystoneCall>,
}

impl FakeService for KeystoneCrm {
    type Config = KeystoneConfig;
    type Lead = KeystoneLead;
    type Record = KeystoneCall;
    const RECORDS: (&'static str, &'static str) = ("calls", "stored");

    fn from_config(config: KeystoneConfig) -> Self {
        Self {
            token: config.token,
            access_tokens: config.access_tokens,
            leads: BTreeMap::new(),
            calls: Vec::new(),
        }
    }

    fn handle(&mut self, request: &Request<Bytes>) -> RequestOutcome {
        self.route(request)
            .unwrap_or_else(|refusal| RequestOutcome::Refused(refusal.response()))
    }

    fn too_many(retry_after: Option<u32>) -> FakeResponse {
        let refusal = Refusal::new(StatusCode::TOO_MANY_REQUESTS, "too_many_requests", "slow down");
        with_retry_after(refusal.response(), retry_after)
    }

    fn maintenance() -> FakeResponse {
        Refusal::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "maintenance",
            "back in a moment; nothing was stored",
        )
        .response()
    }

    fn crash() -> FakeResponse {
        Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", "something went wrong").response()
    }

    fn seed(&mut self, lead: KeystoneLead) {
        self.leads.insert(lead.id.clone(), lead);
    }

    fn stored(&self) -> Vec<KeystoneCall> {
        self.calls.clone()
    }

    fn clear(&mut self) {
        self.leads.clear();
        self.calls.clear();
    }
}

impl KeystoneCrm {
    fn route(&mut self, request: &Request<Bytes>) -> Result<RequestOutcome, Refusal> {
        let not_found = || Refusal::new(StatusCode::NOT_FOUND, "not_found", "no such page");
        let path = request.uri().path().strip_prefix("/api/v1/").ok_or_else(not_found)?;
        self.authorize(request)?;
        let segments = path.split('/').map(|segment| percent_decode_str(segment).decode_utf8());
        let segments: Vec<_> = segments.collect::<Result<_, _>>().map_err(|_| not_found())?;
        let segments: Vec<&str> = segments.iter().map(AsRef::as_ref).collect();
        match (request.method(), segments.as_slice()) {
            (&Method::GET, ["leads", lead_id]) => {
                let lead = self.leads.get(*lead_id).ok_or_else(lead_not_found)?;
                Ok(RequestOutcome::Read(json_response(StatusCode::OK, &json!(lead))))
            }
            (&Method::GET, ["calls", call_id]) => {
                let call = self.calls.iter().find(|call| call.call_id == *call_id);
                let absent = || Refusal::new(StatusCode::NOT_FOUND, "call_not_found", "no such call");
                Ok(RequestOutcome::Read(json_response(
                    StatusCode::OK,
                    &json!(call.ok_or_else(absent)?),
                )))
            }
            (&Method::PUT, ["leads", lead_id, "calls", call_id]) => self.upsert(lead_id, call_id, request),
            (_, ["leads" | "calls", _] | ["leads", _, "calls", _]) => Err(Refusal::new(
                StatusCode::METHOD_NOT_ALLOWED,
                "method_not_allowed",
                "see the API's documentation",
            )),
            _ => Err(not_found()),
        }
    }

    fn authorize(&self, request: &Request<Bytes>) -> Result<(), Refusal> {
        let token = header(request, AUTHORIZATION.as_str()).and_then(|value| value.strip_prefix("Bearer "));
        let known = token.is_some_and(|token| match &self.access_tokens {
            Some(issued) => issued.is_valid(token),
            None => bool::from(token.as_bytes().ct_eq(self.token.as_bytes())),
        });
        known.then_some(()).ok_or_else(|| {
            Refusal::new(
                StatusCode::UNAUTHORIZED,
                "unauthorized",
                "send Authorization: Bearer with a valid token",
            )
        })
    }

    fn upsert(&mut self, lead_id: &str, call_id: &str, request: &Request<Bytes>) -> Result<RequestOutcome, Refusal> {
        if !has_media_type(request, "application/json") {
            let message = "send Content-Type: application/json";
            return Err(Refusal::new(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "unsupported_media_type",
                message,
            ));
        }
        if header(request, "idempotency-key") != Some(call_id) {
            let message = "Idempotency-Key must equal the call id in the path";
            return Err(Refusal::new(
                StatusCode::BAD_REQUEST,
                "idempotency_key_mismatch",
                message,
            ));
        }
        let lead = self.leads.get_mut(lead_id).ok_or_else(lead_not_found)?;
        let body = serde_json::from_slice(request.body())
            .map_err(|wrong| Refusal::new(StatusCode::BAD_REQUEST, "malformed_json", wrong.to_string()))?;
        let body = call::check(body).map_err(Refusal::invalid)?;

        if body.get("do_not_disturb") == Some(&Value::Bool(true)) {
            lead.stage = KeystoneStage::Dnd;
            lead.do_not_disturb = true;
            lead.may_call = false;
        }
        let known = self.calls.iter().position(|call| call.call_id == call_id);
        let status = if known.is_some() {
            StatusCode::OK
        } else {
            StatusCode::CREATED
        };
        let at = known.unwrap_or_else(|| {
            self.calls.push(KeystoneCall::empty(self.calls.len() + 1, call_id));
            self.calls.len() - 1
        });
        let call = &mut self.calls[at];
        lead_id.clone_into(&mut call.lead_id);
        call.revision += 1;
        call.body = body;
        Ok(RequestOutcome::Stored(json_response(
            status,
            &json!({ "id": call.id, "revision": call.revision }),
        )))
    }
}

fn lead_not_found() -> Refusal {
    Refusal::new(StatusCode::NOT_FOUND, "lead_not_found", "no such lead")
}

/// keystone's error format.
#[derive(Debug)]
struct Refusal {
    status: StatusCode,
    code: &'static str,
    message: String,
    fields: Vec<FieldError>,
}

impl Refusal {
    fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self {
            status,
            code,
            message: message.into(),
            fields: Vec::new(),
        }
    }

    fn invalid(fields: Vec<FieldError>) -> Self {
        let message = format!("{} invalid field(s)", fields.len());
        Self {
            fields,
            ..Self::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid_fields", message)
        }
    }

    fn response(&self) -> FakeResponse {
        let error = json!({ "code": self.code, "message": self.message, "fields": self.fields });
        json_response(self.status, &json!({ "error": error }))
    }
}
