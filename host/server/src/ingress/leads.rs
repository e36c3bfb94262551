//! `POST /v1/tenants/{tenant}/leads`: a CRM pushes a lead.

use axum::extract::{Path, State};
use axum::response::Response;
use http::HeaderMap;

use super::extract::FullBody;
use super::rate_limiter::ClientAddress;
use super::{SharedState, answer, extract};
use crate::intake::{IntakeError, ReceivedLead};
use crate::problem::Problem;
use crate::tenants::TenantSlot;
use jackfield_domain::id::TenantName;
use jackfield_domain::intake::signature;
use jackfield_domain::intake::throttle::RequestParty;
use jackfield_store::RawRequest;

const ENDPOINT: &str = "leads";

/// Verifies the signature first; only then does it read the document, and only then is a key ever stored.
pub async fn post(
    State(state): State<SharedState>,
    client: ClientAddress,
    Path(tenant): Path<String>,
    headers: HeaderMap,
    body: Result<FullBody, Problem>,
) -> Result<Response, Problem> {
    let FullBody(body) = body.inspect_err(|problem| state.metrics.request_refused(ENDPOINT, problem.kind().word()))?;
    // Every refusal before the signature is verified looks the same to the sender; the metric distinguishes them.
    let refuse = |reason| state.rate_limiter.refuse(client, ENDPOINT, reason);
    let slot = tenant
        .parse::<TenantName>()
        .ok()
        .and_then(|name| state.tenants.slot(&name));
    let tenant = match slot {
        None => return Err(refuse("no-tenant")),
        Some(TenantSlot::Broken { .. }) => return Err(IntakeError::NotServing.into()),
        Some(TenantSlot::Serving(tenant)) => tenant,
    };
    let Some(webhook) = &tenant.release().spec.webhook else {
        return Err(refuse("no-webhook"));
    };
    let now = state.clock.now();
    let verified = signature::verify(&webhook.profile, &tenant.webhook_keys, &headers, &body, now)
        .map_err(|refusal| refuse(refusal.word()))?;
    let name = tenant.release().tenant();
    state
        .rate_limiter
        .check_tenant(client, name, RequestParty::Crm, Some(&tenant.release().spec.ingress))?;
    tracing::Span::current().record("tenant", name.as_str());

    let lead = ReceivedLead {
        request: RawRequest {
            tenant: name.clone(),
            received_at: now,
            headers: extract::stored_headers(&headers),
            body: body.into(),
        },
        signed_id: verified.signed_id,
        window: webhook.window(),
    };
    let accepted = state.intake.accept_lead(&tenant, lead).await;
    let acceptance = accepted
        .map_err(Problem::from)
        .inspect_err(|problem| state.metrics.request_refused(ENDPOINT, problem.kind().word()))?;
    state.metrics.request_accepted(name, ENDPOINT, acceptance.repeat);
    Ok(answer::accepted(acceptance))
}
