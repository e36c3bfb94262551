//! keystone's status query, hard-coded, as a component for `wasmtime serve`: the benchmarks' native proxy
//! (`bench/src/servers/proxy.rs`) in a sandbox. It checks the agent's token, queries the CRM with the tenant's token,
//! parses its JSON, responds in the contract's format and logs one line for each request.
//!
//! Settings come from the environment: `CRM` is keystone's origin, `CRM_TOKEN` its token, and `AGENT_TOKEN_SHA256` the
//! digest of the agent's token, because every request has a new instance that would otherwise compute the digest again.

use std::env;
use std::time::Instant;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;
use wstd::http::{Body, Client, Error, HeaderMap, Request, Response, StatusCode};

#[derive(Deserialize)]
struct Lead {
    id: String,
    stage: String,
    may_call: bool,
    do_not_disturb: bool,
    human_contacted: bool,
    last_call_at: Option<String>,
}

#[derive(Serialize)]
struct Answer {
    lead_id: String,
    callable: bool,
    status: String,
    dnc: bool,
    human_contacted: bool,
    last_call_attempt: Option<String>,
}

#[wstd::http_server]
async fn main(request: Request<Body>) -> Result<Response<Body>, Error> {
    let began = Instant::now();
    let (tenant, answer) = match path(request.uri().path()) {
        Some((tenant, lead)) => (tenant, ask(lead, request.headers()).await),
        None => ("", Err(StatusCode::NOT_FOUND)),
    };
    let status = answer.as_ref().map_or_else(|status| *status, |_| StatusCode::OK);
    let (code, took_ms) = (status.as_u16(), began.elapsed().as_millis());
    eprintln!(r#"{{"level":"INFO","message":"answered","tenant":"{tenant}","status":{code},"took_ms":{took_ms}}}"#);
    let response = Response::builder().status(status);
    let body = answer.map_or(Ok(vec![]), |answer| serde_json::to_vec(&answer))?;
    // Without a length, the response would be chunked.
    let response = response
        .header("content-type", "application/json")
        .header("content-length", body.len());
    Ok(response.body(body.into())?)
}

/// The tenant and the lead of `/v1/tenants/{tenant}/leads/{lead}/status`.
fn path(path: &str) -> Option<(&str, &str)> {
    let rest = path.strip_prefix("/v1/tenants/")?.strip_suffix("/status")?;
    rest.split_once("/leads/")
}

async fn ask(lead: &str, headers: &HeaderMap) -> Result<Answer, StatusCode> {
    let setting = |name| env::var(name).map_err(|_| StatusCode::INTERNAL_SERVER_ERROR);
    let token = headers.get("authorization").and_then(|value| value.to_str().ok());
    let token = token
        .and_then(|value| value.strip_prefix("Bearer "))
        .unwrap_or_default();
    let digest = hex::decode(setting("AGENT_TOKEN_SHA256")?).map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)?;
    if !bool::from(Sha256::digest(token).as_slice().ct_eq(&digest)) {
        return Err(StatusCode::UNAUTHORIZED);
    }
    let (url, bearer) = (
        format!("{}/api/v1/leads/{lead}", setting("CRM")?),
        format!("Bearer {}", setting("CRM_TOKEN")?),
    );
    // wasmtime's client resets one connection in a thousand; a query may be sent again.
    let asked = match question(&url, &bearer).await {
        Err(_) => question(&url, &bearer).await,
        asked => asked,
    };
    let asked = asked.map_err(|_| StatusCode::BAD_GATEWAY)?;
    if !asked.status().is_success() {
        return Err(StatusCode::BAD_GATEWAY);
    }
    let mut body = asked.into_body();
    let body = body.contents().await.map_err(|_| StatusCode::BAD_GATEWAY)?;
    let lead: Lead = serde_json::from_slice(body).map_err(|_| StatusCode::BAD_GATEWAY)?;
    Ok(Answer {
        lead_id: lead.id,
        callable: lead.may_call,
        status: lead.stage,
        dnc: lead.do_not_disturb,
        human_contacted: lead.human_contacted,
        last_call_attempt: lead.last_call_at,
    })
}

async fn question(url: &str, bearer: &str) -> Result<Response<Body>, Error> {
    let question = Request::get(url).header("authorization", bearer).body(Body::empty())?;
    Client::new().send(question).await
}
