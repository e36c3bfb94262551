//! Who calls, and what can be read of the call before it is known to be genuine.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, RawPathParams, Request};
use http::request::Parts;
use http::{HeaderMap, StatusCode, header};
use http_body::Body as _;

use super::gate::Client;
use super::{MAX_BODY, SharedState};
use crate::problem::{Problem, ProblemKind};
use crate::observe::request::{BodyError, bearer_token};
use crate::tenants::{Slot, Tenant};
use jackfield_domain::id::TenantName;
use jackfield_domain::intake::throttle::RequestParty;

/// The agent of a tenant: a valid bearer token of it.
pub struct Agent {
    /// Whose.
    pub tenant: TenantName,
    slot: Option<Slot>,
}

impl Agent {
    /// The tenant, ready to serve; none if it has no release that this host can serve.
    pub fn serving(self) -> Option<Arc<Tenant>> {
        match self.slot {
            Some(Slot::Serving(tenant)) => Some(tenant),
            Some(Slot::Broken { .. }) | None => None,
        }
    }
}

impl FromRequestParts<SharedState> for Agent {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &SharedState) -> Result<Self, Problem> {
        let client = Client::from_request_parts(parts, state).await?;
        let tenant = tenant_in_path(parts, state).await?;
        let presented = bearer_token(&parts.headers);
        match (tenant, presented) {
            (Some(tenant), Some(token)) if state.tokens.allows_agent(&tenant, token) => {
                tracing::Span::current().record("tenant", tenant.as_str());
                let slot = state.tenants.slot(&tenant);
                let rules = slot.as_ref().map(Slot::ingress);
                state.gate.let_in(client, &tenant, RequestParty::Agent, rules)?;
                Ok(Self { tenant, slot })
            }
            (_, presented) => {
                let reason = if presented.is_some() { "token" } else { "no-token" };
                Err(state.gate.refuse(client, "agent", reason))
            }
        }
    }
}

async fn tenant_in_path(parts: &mut Parts, state: &SharedState) -> Result<Option<TenantName>, Problem> {
    let params = RawPathParams::from_request_parts(parts, state)
        .await
        .map_err(undecodable)?;
    let tenant = params.iter().find(|(name, _)| *name == "tenant");
    Ok(tenant.and_then(|(_, value)| value.parse().ok()))
}

/// The answer for a path that cannot be decoded, whoever asks.
pub fn undecodable<E>(_: E) -> Problem {
    Problem::new(ProblemKind::BadRequest, "the path is not percent-encoded UTF-8")
}

/// A part of the path, read as what it should be.
///
/// # Errors
/// A 400 that says what is allowed.
pub fn path_part<T: std::str::FromStr<Err = jackfield_domain::id::InvalidId>>(text: &str) -> Result<T, Problem> {
    text.parse().map_err(|error| {
        let jackfield_domain::id::InvalidId { what, rule, .. } = error;
        Problem::new(
            ProblemKind::BadRequest,
            format!("the {what} in the path is not valid: {rule}"),
        )
    })
}

/// A whole body, at most [`MAX_BODY`] bytes.
pub struct WholeBody(pub Bytes);

impl FromRequest<SharedState> for WholeBody {
    type Rejection = Problem;

    /// A 413 above the cap, before it is read if it says how long it is; a 408 if it came too slowly, a 503 if there is
    /// no room, a 400 if it broke off.
    async fn from_request(request: Request, state: &SharedState) -> Result<Self, Problem> {
        let too_large = || {
            Problem::new(
                ProblemKind::TooLarge,
                format!("a body has at most {MAX_BODY} bytes; nothing was stored"),
            )
        };
        if request.body().size_hint().lower() > MAX_BODY as u64 {
            return Err(too_large());
        }
        let read = Bytes::from_request(request, state).await;
        read.map(Self).map_err(|rejection| {
            if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE {
                too_large()
            } else {
                BodyError::within(&rejection).unwrap_or(BodyError::BrokeOff).problem()
            }
        })
    }
}

/// The headers to keep with the raw request, as JSON. Credentials are not kept.
pub fn kept_headers(headers: &HeaderMap) -> String {
    let secret = [header::AUTHORIZATION, header::COOKIE, header::PROXY_AUTHORIZATION];
    let kept: Vec<_> = headers
        .iter()
        .filter(|(name, _)| !secret.contains(name))
        .map(|(name, value)| (name.as_str(), String::from_utf8_lossy(value.as_bytes())))
        .collect();
    // Pairs of texts are always JSON.
    serde_json::to_string(&kept).unwrap_or_default()
}
