//! `POST /v1/tenants/{tenant}/leads`: a CRM pushes a lead.

use axum::extract::{Path, State};
use axum::response::Response;
use http::HeaderMap;

use super::description::problems;
use super::extract::FullBody;
use super::rate_limiter::{ClientAddress, Refusal};
use super::{PublicState, SharedState, answer, extract};
use crate::intake::{Acceptance, IntakeError, ReceivedLead};
use crate::problem::Problem;
use crate::tenants::TenantSlot;
use jackfield_api::{LeadDocument, ReceiptView};
use jackfield_domain::id::TenantName;
use jackfield_domain::intake::media::WebhookFormat;
use jackfield_domain::intake::signature;
use jackfield_domain::intake::throttle::RequestParty;
use jackfield_store::RawRequest;

const ENDPOINT: &str = "leads";

// The problems that a sender may meet.
problems!(Problems, fail_closed: false, [
    BadRequest,
    Unauthorized,
    TooSlow,
    TooLarge,
    UnsupportedMedia,
    Invalid,
    KeyReused,
    RateLimited,
    TenantUnavailable,
    Overloaded,
]);

/// Push a lead.
///
/// The signature is checked over the raw bytes. An unknown tenant, a bad signature and an address that the tenant does
/// not allow get the same 401. The lead is a repeat if its signed message id or its `idempotency_key` was used before,
/// or, where it has neither, its body was sent before, within the tenant's `idempotency_hours`.
#[utoipa::path(post, path = "/v1/tenants/{tenant}/leads", operation_id = "pushLead", tag = "crm",
    params(("tenant" = String, Path, description = "The tenant's name."),
        ("webhook-id" = Option<String>, Header, description = "The message's id. A repeat has the same one."),
        ("webhook-timestamp" = Option<String>, Header,
            description = "When it was sent, in Unix seconds; at most five minutes off, unless the tenant's file says \
                           otherwise.")),
    security(("crm" = [])),
    request_body(content = LeadDocument, description = "The lead; in the CRM's own format where the tenant's adapter \
                                                        reads that."),
    responses((status = 202, description = "The lead is durable.", body = ReceiptView),
        (status = 200, description = "A repeat, with the first receipt.", body = ReceiptView), Problems))]
pub async fn post(
    State(state): State<SharedState>,
    client: ClientAddress,
    Path(tenant): Path<String>,
    headers: HeaderMap,
    body: Result<FullBody, Problem>,
) -> Result<Response, Problem> {
    let found = tenant.parse::<TenantName>().ok();
    let Some((name, slot)) = found.and_then(|name| Some((name.clone(), state.tenants.slot(&name)?))) else {
        let refusal = match body {
            Ok(_) => state.rate_limiter.refuse(client, ENDPOINT, "no-tenant"),
            Err(problem) => refused(&state, problem),
        };
        return Err(refusal.into());
    };
    tracing::Span::current().record("tenant", name.as_str());
    let accepted = accept(&state, client, &name, slot, &headers, body).await;
    let acceptance = accepted.inspect_err(|refusal| state.metrics.webhook_refused(&name, refusal.reason))?;
    state.metrics.request_accepted(&name, ENDPOINT, acceptance.repeat);
    Ok(answer::accepted(acceptance))
}

/// Accepts a lead, and answers once it is durable. A refusal is logged with its reason, and counted for its tenant.
///
/// Verifies the signature first; only then does it read the document, and only then is a key ever stored. Every refusal
/// before the signature is verified looks the same to the sender; the log and the metrics distinguish them.
async fn accept(
    state: &PublicState,
    client: ClientAddress,
    name: &TenantName,
    slot: TenantSlot,
    headers: &HeaderMap,
    body: Result<FullBody, Problem>,
) -> Result<Acceptance, Refusal> {
    let FullBody(body) = body.map_err(|problem| refused(state, problem))?;
    let refuse = |reason| state.rate_limiter.refuse(client, ENDPOINT, reason);
    let TenantSlot::Serving(tenant) = slot else {
        return Err(refused(state, IntakeError::NotServing.into()));
    };
    let Some(webhook) = &tenant.release().spec.webhook else {
        return Err(refuse("no-webhook"));
    };
    let now = state.clock.now();
    let verified = signature::verify(&webhook.profile, &tenant.webhook_keys, headers, &body, now)
        .map_err(|refusal| refuse(refusal.word()))?;
    state
        .rate_limiter
        .check_tenant(client, name, RequestParty::Crm, Some(&tenant.release().spec.ingress))?;
    let parses_leads = tenant.loaded.record().parses_leads;
    if !parses_leads {
        extract::check_charset(headers).map_err(|problem| refused(state, problem))?;
    }

    let lead = ReceivedLead {
        request: RawRequest {
            tenant: name.clone(),
            received_at: now,
            headers: extract::stored_headers(headers),
            body,
        },
        signed_id: verified.signed_id,
        window: webhook.window(),
    };
    let accepted = state.intake.accept_lead(&tenant, lead).await;
    accepted.map_err(|error| refused(state, problem(error, headers)))
}

/// A refusal for a reason that the sender learns too.
fn refused(state: &PublicState, problem: Problem) -> Refusal {
    Refusal::new(&state.metrics, ENDPOINT, problem.kind().word(), problem)
}

/// The problem for a lead that was not accepted. A body that is no JSON may be one that another adapter reads.
fn problem(error: IntakeError, headers: &HeaderMap) -> Problem {
    let format = WebhookFormat::named(headers).filter(|_| matches!(error, IntakeError::NotJson(_)));
    let problem = Problem::from(error);
    match format {
        Some(format) => {
            let detail = format!("{}; {}", problem.detail(), format.explanation());
            problem.with_detail(detail)
        }
        None => problem,
    }
}
