//! The CRM of all candidates: only keystone's write.
//!
//! It runs in this process, so that one clock times a report and its write. It checks the path, the token, the
//! idempotency key and every member of the body strictly, so that no candidate does less work than another. keystone's
//! own fake searches a call in a list; this one uses a map, because the CRM is not measured.

use std::collections::HashMap;
use std::convert::Infallible;
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use http_body_util::{BodyExt as _, Full};
use hyper::body::{Bytes, Incoming};
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HeaderName};
use hyper::http::request::Parts;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use serde_json::{Map, Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use crate::bench_host::TOKEN;

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// A CRM that serves until it is dropped.
pub struct Crm {
    /// Its origin.
    pub origin: String,
    ledger: Arc<Ledger>,
    _serving: JoinSet<()>,
}

/// A call that the CRM has stored.
#[derive(Debug, Clone, Copy)]
pub struct Written {
    /// When it was first stored.
    pub at: Instant,
    /// How often it was written.
    pub times: u32,
}

#[derive(Default)]
struct Ledger {
    /// By the number of the call.
    calls: Mutex<HashMap<u64, Written>>,
    /// Why the latest refused write was refused.
    refused: Mutex<Option<String>>,
    expected: Map<String, Value>,
}

/// The id of the call with this number.
pub fn call(number: u64) -> String {
    format!("C-{number}")
}

impl Crm {
    /// Starts an empty CRM.
    pub async fn start() -> anyhow::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let origin = format!("http://{}", listener.local_addr()?);
        let ledger = Arc::new(Ledger {
            expected: expected(),
            ..Ledger::default()
        });
        let mut serving = JoinSet::new();
        serving.spawn(serve(listener, Arc::clone(&ledger)));
        Ok(Self {
            origin,
            ledger,
            _serving: serving,
        })
    }

    /// The number of stored calls.
    pub fn count(&self) -> usize {
        self.ledger.calls().len()
    }

    /// The stored ones of these calls, in their order.
    pub fn written(&self, calls: Range<u64>) -> Vec<Option<Written>> {
        let held = self.ledger.calls();
        calls.map(|number| held.get(&number).copied()).collect()
    }

    /// Takes the reason of the latest refusal.
    pub fn take_refusal(&self) -> Option<String> {
        self.ledger
            .refused
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take()
    }
}

/// What keystone expects for the report in [`super::load`], without the time.
fn expected() -> Map<String, Value> {
    let body = json!({
        "result": "VISIT_BOOKED",
        "result_detail": null,
        "duration_seconds": 306,
        "recording_url": "https://storage.agent.example/recordings/ZAP-CALL-20260701-0001.mp3",
        "transcript_url": "https://storage.agent.example/transcripts/ZAP-CALL-20260701-0001.json",
        "do_not_disturb": false,
        "duplicate": false,
        "language": "hindi",
        "qualification": {
            "score": 82,
            "budget": { "min": 8_500_000, "max": 12_000_000, "currency": "INR" },
            "unit_type": "3BHK",
            "possession": "18_months",
            "loan_required": true,
            "purpose": "end_use",
            "nri": false
        },
        "visit": { "starts_at": "2026-07-05T11:00:00+05:30", "timezone": "Asia/Kolkata" },
        "custom": {}
    });
    body.as_object().cloned().unwrap_or_default()
}

async fn serve(listener: TcpListener, ledger: Arc<Ledger>) {
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        connections.spawn(converse(stream, Arc::clone(&ledger)));
        while connections.try_join_next().is_some() {}
    }
}

async fn converse(stream: TcpStream, ledger: Arc<Ledger>) {
    // A connection that cannot be set up fails a moment later.
    let _ = stream.set_nodelay(true);
    let answer = service_fn(|request: Request<Incoming>| {
        let ledger = Arc::clone(&ledger);
        async move {
            let (head, body) = request.into_parts();
            let body = body.collect().await.map(http_body_util::Collected::to_bytes);
            let (status, body) = match ledger.write(&head, &body.unwrap_or_default()) {
                Ok((number, 1)) => (StatusCode::CREATED, stored(number, 1)),
                Ok((number, times)) => (StatusCode::OK, stored(number, times)),
                Err((status, why)) => (status, ledger.refuse(why)),
            };
            let mut response = Response::new(Full::new(Bytes::from(body)));
            *response.status_mut() = status;
            let json = hyper::header::HeaderValue::from_static("application/json");
            response.headers_mut().insert(CONTENT_TYPE, json);
            Ok::<_, Infallible>(response)
        }
    });
    // A client may disconnect at any time.
    let _ = http1::Builder::new()
        .serve_connection(TokioIo::new(stream), answer)
        .await;
}

fn stored(number: u64, times: u32) -> String {
    format!("{{\"id\":\"KS-{number}\",\"revision\":{times}}}")
}

impl Ledger {
    fn calls(&self) -> MutexGuard<'_, HashMap<u64, Written>> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Stores a call and returns its number and how often it was written so far.
    fn write(&self, head: &Parts, body: &[u8]) -> Result<(u64, u32), (StatusCode, String)> {
        let refused = |status, why: &str| Err((status, why.to_owned()));
        let header = |name: HeaderName| head.headers.get(name).and_then(|value| value.to_str().ok());
        if header(AUTHORIZATION).and_then(|value| value.strip_prefix("Bearer ")) != Some(TOKEN) {
            return refused(StatusCode::UNAUTHORIZED, "the token is wrong");
        }
        let parts: Vec<_> = head.uri.path().split('/').collect();
        let ["", "api", "v1", "leads", lead, "calls", id] = parts[..] else {
            return refused(StatusCode::NOT_FOUND, "there is nothing there");
        };
        let number = id.strip_prefix("C-").and_then(|number| number.parse().ok());
        let Some(number) = number.filter(|_| head.method == Method::PUT && lead.strip_prefix("L-") == Some(id)) else {
            return refused(StatusCode::NOT_FOUND, "there is no such lead");
        };
        if header(IDEMPOTENCY_KEY) != Some(id) {
            return refused(
                StatusCode::BAD_REQUEST,
                "Idempotency-Key must equal the call id in the path",
            );
        }
        if header(CONTENT_TYPE).is_none_or(|value| !value.starts_with("application/json")) {
            return refused(StatusCode::UNSUPPORTED_MEDIA_TYPE, "send JSON");
        }
        let Ok(mut said) = serde_json::from_slice::<Map<String, Value>>(body) else {
            return refused(StatusCode::BAD_REQUEST, "the body is no JSON object");
        };
        if !said.remove("called_at").is_some_and(|at| at.is_string()) || said != self.expected {
            let said = format!("not what the report said: {}", String::from_utf8_lossy(body));
            return refused(StatusCode::UNPROCESSABLE_ENTITY, &said);
        }
        let mut calls = self.calls();
        let written = calls.entry(number).or_insert_with(|| Written {
            at: Instant::now(),
            times: 0,
        });
        written.times += 1;
        Ok((number, written.times))
    }

    /// Records the reason and responds as keystone does.
    fn refuse(&self, why: String) -> String {
        let answer = json!({ "error": { "code": "refused", "message": why } }).to_string();
        *self.refused.lock().unwrap_or_else(PoisonError::into_inner) = Some(why);
        answer
    }
}
