//! ridgeline: a JSON API with optimistic locking. `X-Api-Key` on everything, amounts in lakhs, dates as `01-JUL-2026`
//! in Indian time, words in `UPPER_SNAKE`.
//!
//! | request | response |
//! | --- | --- |
//! | `GET /v2/prospects/{id}` | `{"prospect"}`, or 404 `PROSPECT_NOT_FOUND` |
//! | `PATCH /v2/prospects/{id}` with `If-Match: "v7"` | 200 with the new version and the interaction's number |
//!
//! A patch holds the changes: null clears a member, and an absent member stays as it is. It also holds the
//! `interaction`, the call behind the changes, which is stored once for each `call_ref`: a repeated one changes nothing
//! and gets `already`. A patch without `If-Match` gets 428, one with a stale version 409 `VERSION_MOVED`, and an
//! invalid one 422 with the messages of each field.

mod rules;

use std::collections::BTreeMap;

use http::{Method, Request, StatusCode};
use hyper::body::Bytes;
use percent_encoding::percent_decode_str;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use subtle::ConstantTimeEq;

use super::{
    http_message::{FakeResponse, has_media_type, header, json_response, with_retry_after},
    service::{FakeService, RequestOutcome},
};

/// ridgeline's options.
#[derive(Debug, Clone)]
pub struct RidgelineConfig {
    /// The only valid API key.
    pub key: String,
}

impl RidgelineConfig {
    /// A ridgeline with one valid API key.
    pub fn new(key: impl Into<String>) -> Self {
        Self { key: key.into() }
    }
}

/// A prospect as ridgeline stores it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RidgelineProspect {
    /// Its id.
    pub id: String,
    /// How many times it was changed.
    #[serde(default)]
    pub version: u64,
    /// Its stage: `FRESH`, `IN_TALKS`, `SITE_VISIT`, `BOOKED` or `LOST`.
    #[serde(default = "fresh")]
    pub stage: String,
    /// `ALLOWED`, `PAUSED` or `DO_NOT_CALL`.
    #[serde(default = "allowed")]
    pub contact_policy: String,
    /// Whether its owner, a salesperson, has spoken to it.
    #[serde(default)]
    pub owner_contacted: Option<bool>,
    /// When it was last called: `{"on", "at"}`.
    #[serde(default)]
    pub last_contact: Option<Value>,
    /// Its other fields: `budget_min_lakh` and so on.
    #[serde(default)]
    pub details: Map<String, Value>,
    /// For how many patches a colleague saves it just before, so that the version is stale.
    #[serde(default)]
    pub moves: u32,
    /// For how many patches the CRM stores the change and then crashes. Reads always succeed.
    #[serde(default)]
    pub crashes: u32,
}

impl RidgelineProspect {
    /// A new prospect that may be called.
    pub fn new(id: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            version: 7,
            stage: fresh(),
            contact_policy: allowed(),
            owner_contacted: None,
            last_contact: None,
            details: Map::new(),
            moves: 0,
            crashes: 0,
        }
    }
}

fn fresh() -> String {
    "FRESH".to_owned()
}

fn allowed() -> String {
    "ALLOWED".to_owned()
}

/// An interaction as ridgeline stores it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RidgelineInteraction {
    /// ridgeline's own reference, `RL-<n>`.
    pub number: String,
    /// The prospect of the call.
    pub prospect_id: String,
    /// The interaction as received.
    pub body: Map<String, Value>,
    /// The prospect's version after the change.
    pub version: u64,
    /// The prospect's details after the change.
    pub details: Map<String, Value>,
    /// How many times it was repeated.
    pub repeats: u32,
}

/// The CRM behind [`Ridgeline`](super::Ridgeline).
#[derive(Debug)]
pub struct RidgelineCrm {
    key: String,
    prospects: BTreeMap<String, RidgelineProspect>,
    interactions: Vec<RidgelineInteraction>,
}

impl FakeService for RidgelineCrm {
    type Config = RidgelineConfig;
    type Lead = RidgelineProspect;
    type Record = RidgelineInteraction;
    const RECORDS: (&'static str, &'static str) = ("calls", "stored");

    fn from_config(config: RidgelineConfig) -> Self {
        Self {
            key: config.key,
            prospects: BTreeMap::new(),
            interactions: Vec::new(),
        }
    }

    fn handle(&mut self, request: &Request<Bytes>) -> RequestOutcome {
        self.route(request).unwrap_or_else(RequestOutcome::Refused)
    }

    fn too_many(retry_after: Option<u32>) -> FakeResponse {
        let response = refusal(StatusCode::TOO_MANY_REQUESTS, "SLOW_DOWN", "too many requests");
        with_retry_after(response, retry_after)
    }

    fn maintenance() -> FakeResponse {
        refusal(StatusCode::SERVICE_UNAVAILABLE, "MAINTENANCE", "nothing was stored")
    }

    fn crash() -> FakeResponse {
        refusal(StatusCode::INTERNAL_SERVER_ERROR, "INTERNAL", "something broke")
    }

    fn seed(&mut self, lead: RidgelineProspect) {
        self.prospects.insert(lead.id.clone(), lead);
    }

    fn stored(&self) -> Vec<RidgelineInteraction> {
        self.interactions.clone()
    }

    fn clear(&mut self) {
        self.prospects.clear();
        self.interactions.clear();
    }
}

impl RidgelineCrm {
    #[expect(clippy::result_large_err, reason = "the error is the response to send")]
    fn route(&mut self, request: &Request<Bytes>) -> Result<RequestOutcome, FakeResponse> {
        let not_found = || refusal(StatusCode::NOT_FOUND, "NO_SUCH_PAGE", "no such page");
        let id = request.uri().path().strip_prefix("/v2/prospects/");
        let id = id.filter(|id| !id.is_empty() && !id.contains('/'));
        let id = id.ok_or_else(not_found)?;
        let key = header(request, "x-api-key").unwrap_or_default();
        if !bool::from(key.as_bytes().ct_eq(self.key.as_bytes())) {
            return Err(refusal(
                StatusCode::UNAUTHORIZED,
                "BAD_API_KEY",
                "send a valid X-Api-Key",
            ));
        }
        let id = percent_decode_str(id).decode_utf8().map_err(|_| not_found())?;
        match *request.method() {
            Method::GET => {
                let prospect = self.prospects.get(&*id).ok_or_else(no_prospect)?;
                Ok(RequestOutcome::Read(json_response(
                    StatusCode::OK,
                    &prospect_json(prospect),
                )))
            }
            Method::PATCH => self.patch(&id, request),
            _ => {
                let message = "GET and PATCH, see the API's documentation";
                Err(refusal(StatusCode::METHOD_NOT_ALLOWED, "BAD_METHOD", message))
            }
        }
    }

    #[expect(clippy::result_large_err, reason = "the error is the response to send")]
    fn patch(&mut self, id: &str, request: &Request<Bytes>) -> Result<RequestOutcome, FakeResponse> {
        if !has_media_type(request, "application/json") {
            let message = "send Content-Type: application/json";
            return Err(refusal(StatusCode::UNSUPPORTED_MEDIA_TYPE, "BAD_MEDIA_TYPE", message));
        }
        let prospect = self.prospects.get_mut(id).ok_or_else(no_prospect)?;
        let body = serde_json::from_slice(request.body())
            .map_err(|wrong| refusal(StatusCode::BAD_REQUEST, "BAD_JSON", &wrong.to_string()))?;
        let (mut changes, interaction) = rules::check(body).map_err(|fields| invalid(&fields))?;

        let known = self
            .interactions
            .iter_mut()
            .find(|known| known.body["call_ref"] == interaction["call_ref"]);
        if let Some(known) = known {
            if known.prospect_id != id {
                let fields = BTreeMap::from([("interaction.call_ref".to_owned(), vec!["is another prospect's"])]);
                return Err(invalid(&fields));
            }
            known.repeats += 1;
            return Ok(RequestOutcome::Read(saved(prospect, &known.number, true)));
        }

        if prospect.moves > 0 {
            prospect.moves -= 1;
            prospect.version += 1;
        }
        let seen = header(request, "if-match").ok_or_else(|| {
            let message = "send If-Match with the version that you have seen";
            refusal(StatusCode::PRECONDITION_REQUIRED, "VERSION_MISSING", message)
        })?;
        if seen != format!("\"v{}\"", prospect.version) {
            let error = json!({ "code": "VERSION_MOVED", "message": "somebody else changed the prospect",
                "current_version": prospect.version });
            return Err(json_response(StatusCode::CONFLICT, &json!({ "error": error })));
        }

        prospect.version += 1;
        prospect.last_contact = Some(json!({ "on": interaction["called_on"], "at": interaction["called_at"] }));
        if let Some(Value::String(policy)) = changes.remove("contact_policy") {
            prospect.contact_policy = policy;
        }
        for (name, value) in changes {
            if value.is_null() {
                prospect.details.remove(&name);
            } else {
                prospect.details.insert(name, value);
            }
        }
        let number = format!("RL-{}", self.interactions.len() + 1);
        let mut response = saved(prospect, &number, false);
        if prospect.crashes > 0 {
            prospect.crashes -= 1;
            response = Self::crash();
        }
        self.interactions.push(RidgelineInteraction {
            number,
            prospect_id: id.to_owned(),
            body: interaction,
            version: prospect.version,
            details: prospect.details.clone(),
            repeats: 0,
        });
        Ok(RequestOutcome::Stored(response))
    }
}

/// The prospect as the API returns it.
fn prospect_json(prospect: &RidgelineProspect) -> Value {
    let mut members = prospect.details.clone();
    members.insert("id".into(), json!(prospect.id));
    members.insert("version".into(), json!(prospect.version));
    members.insert("stage".into(), json!(prospect.stage));
    members.insert("contact_policy".into(), json!(prospect.contact_policy));
    members.insert("last_contact".into(), json!(prospect.last_contact));
    // Absent if unknown, unlike the other members.
    if let Some(contacted) = prospect.owner_contacted {
        members.insert("owner_contacted".into(), json!(contacted));
    }
    json!({ "prospect": members })
}

fn saved(prospect: &RidgelineProspect, number: &str, already: bool) -> FakeResponse {
    let body = json!({
        "prospect": { "id": prospect.id, "version": prospect.version },
        "interaction": { "number": number, "already": already },
    });
    json_response(StatusCode::OK, &body)
}

fn no_prospect() -> FakeResponse {
    refusal(StatusCode::NOT_FOUND, "PROSPECT_NOT_FOUND", "no such prospect")
}

fn refusal(status: StatusCode, code: &str, message: &str) -> FakeResponse {
    json_response(status, &json!({ "error": { "code": code, "message": message } }))
}

fn invalid(fields: &rules::FieldErrors) -> FakeResponse {
    let error = json!({ "code": "INVALID", "message": "the change cannot be saved", "fields": fields });
    json_response(StatusCode::UNPROCESSABLE_ENTITY, &json!({ "error": error }))
}
