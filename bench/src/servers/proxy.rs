//! What a team with one CRM would write: keystone's status query in axum and reqwest, with a hard-coded mapping. It
//! checks the agent's token, queries the CRM with the tenant's token, parses its JSON, responds in the contract's
//! format and logs one line for each request, like the host. It has no tenants, no sandbox, no limits and no
//! suppression list.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use reqwest::{Client, StatusCode, header};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

struct Proxy {
    client: Client,
    crm: String,
    agent_token: [u8; 32],
    crm_token: String,
}

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

/// Serves until the process is killed.
pub async fn run(crm: String, agent_token: String, crm_token: String) -> anyhow::Result<()> {
    tracing_subscriber::fmt().json().with_writer(std::io::stderr).init();
    let proxy = Arc::new(Proxy {
        client: Client::builder().no_proxy().timeout(Duration::from_secs(10)).build()?,
        crm,
        agent_token: Sha256::digest(agent_token).into(),
        crm_token,
    });
    let router = Router::new()
        .route("/v1/tenants/{tenant}/leads/{lead}/status", get(status))
        .with_state(proxy);
    Ok(axum::serve(super::listen().await?, router).await?)
}

async fn status(
    State(proxy): State<Arc<Proxy>>,
    Path((tenant, lead)): Path<(String, String)>,
    headers: header::HeaderMap,
) -> Response {
    let began = Instant::now();
    let answer = proxy.ask(&lead, &headers).await;
    let status = answer.as_ref().map_or_else(|status| *status, |_| StatusCode::OK);
    let took_ms = began.elapsed().as_millis();
    tracing::info!(tenant, status = status.as_u16(), took_ms, "answered");
    answer.map_or_else(IntoResponse::into_response, |answer| Json(answer).into_response())
}

impl Proxy {
    async fn ask(&self, lead: &str, headers: &header::HeaderMap) -> Result<Answer, StatusCode> {
        let token = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        let token = token
            .and_then(|value| value.strip_prefix("Bearer "))
            .unwrap_or_default();
        if !bool::from(Sha256::digest(token).ct_eq(&self.agent_token)) {
            return Err(StatusCode::UNAUTHORIZED);
        }
        let url = format!("{}/api/v1/leads/{lead}", self.crm);
        let asked = self.client.get(url).bearer_auth(&self.crm_token).send().await;
        let lead: Lead = asked
            .and_then(reqwest::Response::error_for_status)
            .map_err(|_| StatusCode::BAD_GATEWAY)?
            .json()
            .await
            .map_err(|_| StatusCode::BAD_GATEWAY)?;
        Ok(Answer {
            lead_id: lead.id,
            callable: lead.may_call,
            status: lead.stage,
            dnc: lead.do_not_disturb,
            human_contacted: lead.human_contacted,
            last_call_attempt: lead.last_call_at,
        })
    }
}
