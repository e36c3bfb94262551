//! Extractors of the endpoints: the authenticated agent, the body, and parts of the path and the headers.

use std::convert::Infallible;
use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;

use axum::extract::{FromRequest, FromRequestParts, RawPathParams, Request};
use http::request::Parts;
use http::{HeaderMap, header};
use http_body::Body as _;

use super::SharedState;
use super::rate_limiter::ClientAddress;
use crate::observe::request::{BodyError, bearer_token};
use crate::problem::{Problem, ProblemKind};
use crate::tenants::{Tenant, TenantSlot};
use jackfield_domain::id::TenantName;
use jackfield_domain::intake::limits::MAX_BODY;
use jackfield_domain::intake::media::{self, UnsupportedMedia};
use jackfield_domain::intake::throttle::RequestParty;

/// The agent of a tenant, authenticated by a valid bearer token.
pub struct Agent {
    /// The tenant.
    pub tenant: TenantName,
    slot: Option<TenantSlot>,
}

impl Agent {
    /// The tenant with its active release; none if this host can serve no release of it.
    pub fn serving_tenant(self) -> Option<Arc<Tenant>> {
        match self.slot {
            Some(TenantSlot::Serving(tenant)) => Some(tenant),
            Some(TenantSlot::Broken { .. }) | None => None,
        }
    }
}

impl FromRequestParts<SharedState> for Agent {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &SharedState) -> Result<Self, Problem> {
        let client = ClientAddress::from_request_parts(parts, state).await?;
        let tenant = tenant_in_path(parts, state).await?;
        let presented = bearer_token(&parts.headers);
        match (tenant, presented) {
            (Some(tenant), Some(token)) if state.tokens.allows_agent(&tenant, token) => {
                tracing::Span::current().record("tenant", tenant.as_str());
                let slot = state.tenants.slot(&tenant);
                let rules = slot.as_ref().map(TenantSlot::ingress);
                state
                    .rate_limiter
                    .check_tenant(client, &tenant, RequestParty::Agent, rules)?;
                Ok(Self { tenant, slot })
            }
            (tenant, presented) => {
                if let Some(tenant) = tenant.filter(|tenant| state.tenants.slot(tenant).is_some()) {
                    tracing::Span::current().record("tenant", tenant.as_str());
                }
                let reason = if presented.is_some() { "token" } else { "no-token" };
                Err(state.rate_limiter.refuse(client, "agent", reason).into())
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

/// The problem for a path that cannot be decoded, with or without a valid token.
pub fn undecodable<E>(_: E) -> Problem {
    Problem::new(ProblemKind::BadRequest, "the path is not percent-encoded UTF-8")
}

/// Parses a part of the path.
///
/// # Errors
/// A 400 that says what is allowed.
pub fn path_part<T: std::str::FromStr<Err = jackfield_domain::id::InvalidId>>(text: &str) -> Result<T, Problem> {
    text.parse().map_err(|error| {
        let jackfield_domain::id::InvalidId { what, rule } = error;
        Problem::new(
            ProblemKind::BadRequest,
            format!("the {what} in the path is not valid: {rule}"),
        )
    })
}

/// A body, read to its end; at most [`MAX_BODY`] bytes.
pub struct FullBody(pub Vec<u8>);

impl FromRequest<SharedState> for FullBody {
    type Rejection = Problem;

    /// Fails with a 415 if the body is compressed; with a 413 if it is too large, before it is read if its length is
    /// announced; with a 408 if it arrives too slowly, a 503 if there is no memory for it, and a 400 if it breaks off.
    async fn from_request(request: Request, state: &SharedState) -> Result<Self, Problem> {
        media::check_coding(request.headers()).map_err(unsupported)?;
        if request.body().size_hint().lower() > MAX_BODY as u64 {
            return Err(too_large());
        }
        let Ok(ReceivedBody { bytes, refusal }) = ReceivedBody::from_request(request, state).await;
        refusal.map_or(Ok(Self(bytes)), Err)
    }
}

/// What arrived of a body, at most [`MAX_BODY`] bytes, whether or not it is accepted.
pub struct ReceivedBody {
    /// The bytes.
    pub bytes: Vec<u8>,
    /// Why they are not accepted: as for [`FullBody`].
    pub refusal: Option<Problem>,
}

impl FromRequest<SharedState> for ReceivedBody {
    type Rejection = Infallible;

    async fn from_request(request: Request, _: &SharedState) -> Result<Self, Infallible> {
        let coding = media::check_coding(request.headers()).err();
        let mut body = pin!(request.into_body());
        let mut bytes = vec![];
        let refusal = loop {
            match poll_fn(|context| body.as_mut().poll_frame(context)).await {
                None => break None,
                Some(Err(error)) => {
                    break Some(BodyError::within(&error).unwrap_or(BodyError::BrokeOff).problem());
                }
                Some(Ok(frame)) => {
                    let Ok(data) = frame.into_data() else { continue };
                    let room = MAX_BODY - bytes.len();
                    bytes.extend_from_slice(&data[..data.len().min(room)]);
                    if data.len() > room {
                        break Some(too_large());
                    }
                }
            }
        };
        let refusal = coding.map(unsupported).or(refusal);
        Ok(Self { bytes, refusal })
    }
}

fn too_large() -> Problem {
    Problem::new(
        ProblemKind::TooLarge,
        format!("a body has at most {MAX_BODY} bytes; nothing was stored"),
    )
}

/// Checks that a document that the host reads itself is in UTF-8.
///
/// # Errors
/// A 415 that says so.
pub fn check_charset(headers: &HeaderMap) -> Result<(), Problem> {
    media::check_charset(headers).map_err(unsupported)
}

fn unsupported(error: UnsupportedMedia) -> Problem {
    Problem::new(ProblemKind::UnsupportedMedia, error.explanation())
}

/// The headers to store with the raw request, as JSON. Credentials are not stored.
pub fn stored_headers(headers: &HeaderMap) -> String {
    let credentials = [header::AUTHORIZATION, header::COOKIE, header::PROXY_AUTHORIZATION];
    let stored: Vec<_> = headers
        .iter()
        .filter(|(name, _)| !credentials.contains(name))
        .map(|(name, value)| (name.as_str(), String::from_utf8_lossy(value.as_bytes())))
        .collect();
    // Pairs of texts are always JSON.
    serde_json::to_string(&stored).unwrap_or_default()
}
