//! atrium: one GraphQL endpoint, `POST /graphql`, behind a gateway.
//!
//! The gateway uses HTTP status codes: 404, 405, 401 without a bearer token, 415, and 400 for requests that are not
//! GraphQL. Behind it, atrium always responds 200, with `data` and `errors`. Each error has a `code` in its
//! `extensions`: `UNAUTHENTICATED`, `NOT_FOUND`, `VALIDATION` with `fields`, `THROTTLED` with `retryAfter`, `INTERNAL`
//! or `MAINTENANCE`.
//!
//! | operation | response |
//! | --- | --- |
//! | `lead(id)` | the lead, or null with `NOT_FOUND` |
//! | `logCall(input)` | always a new activity, even for a known reference |
//! | `activities(callReference, first)` | the activities with that reference, oldest first |

mod input;
mod operation;
mod schema;

use std::collections::BTreeMap;

use http::{Method, Request, StatusCode, header::AUTHORIZATION};
use hyper::body::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use subtle::ConstantTimeEq;

use super::{
    http_message::{FakeResponse, has_media_type, header, json_response, response},
    service::{FakeService, RequestOutcome},
};

/// atrium's options.
#[derive(Debug, Clone)]
pub struct AtriumConfig {
    /// The only valid bearer token.
    pub token: String,
}

impl AtriumConfig {
    /// An atrium with one valid bearer token.
    pub fn new(token: impl Into<String>) -> Self {
        Self { token: token.into() }
    }
}

/// A lead as atrium stores it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "the CRM's record has each as a separate member"
)]
pub struct AtriumLead {
    /// Its id.
    pub id: String,
    /// Its stage, in capitals.
    #[serde(default = "first_stage")]
    pub stage: String,
    /// Whether it may be called; true by default.
    #[serde(default = "yes")]
    pub contactable: bool,
    /// The person responsible for it.
    #[serde(default)]
    pub assigned_to: Option<String>,
    /// When it was last called, RFC 3339.
    #[serde(default)]
    pub last_call_at: Option<String>,
    /// Whether it asked not to be contacted.
    #[serde(default)]
    pub do_not_contact: bool,
    /// Whether its consent cannot be resolved: the lead is returned without it, with an error.
    #[serde(default)]
    pub consent_unknown: bool,
    /// Whether the follow-up of a logged call fails: the call is stored, and the response has an error.
    #[serde(default)]
    pub follow_up_fails: bool,
}

impl AtriumLead {
    /// A new lead that may be called.
    pub fn new(id: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            stage: first_stage(),
            contactable: true,
            assigned_to: None,
            last_call_at: None,
            do_not_contact: false,
            consent_unknown: false,
            follow_up_fails: false,
        }
    }
}

fn first_stage() -> String {
    "NEW".to_owned()
}

fn yes() -> bool {
    true
}

/// A logged call.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct AtriumActivity {
    /// atrium's own reference, `ACT-<n>`.
    pub id: String,
    /// The `CallInput` it was created from.
    pub input: Map<String, Value>,
}

impl AtriumActivity {
    /// A text member of the input; empty if absent.
    #[must_use]
    pub fn text(&self, name: &str) -> &str {
        self.input.get(name).and_then(Value::as_str).unwrap_or_default()
    }

    fn json(&self) -> Value {
        json!({ "id": self.id, "callReference": self.text("callReference"), "leadId": self.text("leadId") })
    }
}

/// The CRM behind [`Atrium`](super::Atrium).
#[derive(Debug)]
pub struct AtriumCrm {
    token: String,
    leads: BTreeMap<String, AtriumLead>,
    activities: Vec<AtriumActivity>,
}

impl FakeService for AtriumCrm {
    type Config = AtriumConfig;
    type Lead = AtriumLead;
    type Record = AtriumActivity;
    const RECORDS: (&'static str, &'static str) = ("calls", "stored");

    fn from_config(config: AtriumConfig) -> Self {
        Self {
            token: config.token,
            leads: BTreeMap::new(),
            activities: Vec::new(),
        }
    }

    fn handle(&mut self, request: &Request<Bytes>) -> RequestOutcome {
        let parsed = match gateway(request) {
            Ok(parsed) => parsed,
            Err(refusal) => return RequestOutcome::Refused(refusal),
        };
        let known = header(request, AUTHORIZATION.as_str())
            .and_then(|value| value.strip_prefix("Bearer "))
            .is_some_and(|token| bool::from(token.as_bytes().ct_eq(self.token.as_bytes())));
        if !known {
            return RequestOutcome::Refused(failed("UNAUTHENTICATED", "the token is not valid"));
        }
        match parsed {
            Ok((operation, arguments)) => self.execute(&operation.root, &arguments),
            Err(why) => {
                let error = json!({ "message": why, "extensions": { "code": "GRAPHQL_VALIDATION_FAILED" } });
                RequestOutcome::Refused(json_response(StatusCode::BAD_REQUEST, &json!({ "errors": [error] })))
            }
        }
    }

    fn too_many(retry_after: Option<u32>) -> FakeResponse {
        let mut error = error("THROTTLED", "slow down", &[]);
        if let Some(seconds) = retry_after {
            error["extensions"]["retryAfter"] = json!(seconds);
        }
        whole(&Value::Null, &[error])
    }

    fn maintenance() -> FakeResponse {
        failed("MAINTENANCE", "back in a moment; nothing was stored")
    }

    fn crash() -> FakeResponse {
        failed("INTERNAL", "something went wrong")
    }

    fn seed(&mut self, lead: AtriumLead) {
        self.leads.insert(lead.id.clone(), lead);
    }

    fn stored(&self) -> Vec<AtriumActivity> {
        self.activities.clone()
    }

    fn clear(&mut self) {
        self.leads.clear();
        self.activities.clear();
    }
}

/// A valid operation with its arguments, or why it is invalid.
type ParsedOperation = Result<(operation::Operation, Map<String, Value>), String>;

/// The body of a GraphQL request over HTTP.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Body {
    query: String,
    #[serde(default)]
    variables: Map<String, Value>,
}

/// Checks a request as the gateway does, in the order of the status codes.
#[expect(clippy::result_large_err, reason = "the error is the response to send")]
fn gateway(request: &Request<Bytes>) -> Result<ParsedOperation, FakeResponse> {
    let refused = |status, why: &'static str| response(status, Some("text/plain"), why);
    if request.uri().path() != "/graphql" {
        return Err(refused(StatusCode::NOT_FOUND, "no route"));
    }
    if request.method() != Method::POST {
        return Err(refused(StatusCode::METHOD_NOT_ALLOWED, "only POST"));
    }
    if header(request, AUTHORIZATION.as_str()).is_none() {
        return Err(refused(StatusCode::UNAUTHORIZED, "no bearer token"));
    }
    if !has_media_type(request, "application/json") {
        return Err(refused(StatusCode::UNSUPPORTED_MEDIA_TYPE, "only application/json"));
    }
    let body: Body = serde_json::from_slice(request.body())
        .map_err(|_| refused(StatusCode::BAD_REQUEST, "the body is {\"query\", \"variables\"}"))?;
    let operation = operation::parse(&body.query);
    Ok(operation.and_then(|operation| {
        let arguments = schema::check(&operation, &body.variables)?;
        Ok((operation, arguments))
    }))
}

impl AtriumCrm {
    fn execute(&mut self, root: &operation::Field, arguments: &Map<String, Value>) -> RequestOutcome {
        let text = |name: &str| arguments.get(name).and_then(Value::as_str).unwrap_or_default();
        let (result, errors, handled): (_, _, fn(FakeResponse) -> RequestOutcome) = match root.name.as_str() {
            "lead" => match self.leads.get(text("id")) {
                Some(lead) => {
                    let (lead, errors) = resolved(lead);
                    (lead, errors, RequestOutcome::Read)
                }
                None => (Value::Null, vec![not_found("lead")], RequestOutcome::Refused),
            },
            "activities" => {
                let first = arguments.get("first").and_then(Value::as_u64).unwrap_or(u64::MAX);
                let of_reference = |activity: &&AtriumActivity| activity.text("callReference") == text("callReference");
                let nodes = self.activities.iter().filter(of_reference).map(AtriumActivity::json);
                let nodes: Vec<_> = nodes.take(usize::try_from(first).unwrap_or(usize::MAX)).collect();
                (json!({ "nodes": nodes }), vec![], RequestOutcome::Read)
            }
            _ => match self.log_call(&arguments["input"]) {
                Ok((made, errors)) => (made, errors, RequestOutcome::Stored),
                Err(error) => (Value::Null, vec![error], RequestOutcome::Refused),
            },
        };
        let mut data = Map::new();
        data.insert(root.name.clone(), schema::select(&result, &root.fields));
        handled(whole(&Value::Object(data), &errors))
    }

    fn log_call(&mut self, input: &Value) -> Result<(Value, Vec<Value>), Value> {
        let input = input.as_object().cloned().unwrap_or_default();
        let wrong = input::check(&input);
        if !wrong.is_empty() {
            let mut error = error(
                "VALIDATION",
                &format!("{} field(s) cannot be stored", wrong.len()),
                &["logCall"],
            );
            let fields = wrong
                .iter()
                .map(|it| json!({ "path": it.field, "message": it.message }));
            error["extensions"]["fields"] = fields.collect();
            return Err(error);
        }
        let lead = input["leadId"].as_str().and_then(|id| self.leads.get_mut(id));
        let lead = lead.ok_or_else(|| not_found("logCall"))?;
        lead.last_call_at = input["occurredAt"].as_str().map(str::to_owned);
        if input["doNotContact"] == true {
            lead.do_not_contact = true;
            lead.contactable = false;
        }
        let errors = lead
            .follow_up_fails
            .then(|| error("INTERNAL", "could not notify", &["logCall", "followUp"]));
        let activity = AtriumActivity {
            id: format!("ACT-{}", self.activities.len() + 1),
            input,
        };
        let made = json!({ "activity": activity.json(), "followUp": Value::Null });
        self.activities.push(activity);
        Ok((made, errors.into_iter().collect()))
    }
}

/// A lead with all its fields, and an error for each field that could not be resolved.
fn resolved(lead: &AtriumLead) -> (Value, Vec<Value>) {
    let unknown = lead
        .consent_unknown
        .then(|| error("INTERNAL", "the consent service is down", &["lead", "consent"]));
    let whole = json!({
        "id": lead.id,
        "stage": lead.stage,
        "contactable": lead.contactable,
        "assignedTo": lead.assigned_to,
        "lastCall": lead.last_call_at.as_ref().map(|at| json!({ "at": at })),
        "consent": unknown.is_none().then(|| json!({ "doNotContact": lead.do_not_contact })),
    });
    (whole, unknown.into_iter().collect())
}

fn error(code: &str, message: &str, path: &[&str]) -> Value {
    let mut error = json!({ "message": message, "extensions": { "code": code } });
    if !path.is_empty() {
        error["path"] = json!(path);
    }
    error
}

fn not_found(field: &str) -> Value {
    error("NOT_FOUND", "no lead of this id", &[field])
}

fn failed(code: &str, message: &str) -> FakeResponse {
    whole(&Value::Null, &[error(code, message, &[])])
}

fn whole(data: &Value, errors: &[Value]) -> FakeResponse {
    let mut body = json!({ "data": data });
    if !errors.is_empty() {
        body["errors"] = json!(errors);
    }
    json_response(StatusCode::OK, &body)
}
