//! `POST /v1/tenants/{tenant}/leads`: a CRM pushes a lead.

use axum::extract::{Path, State};
use axum::response::Response;
use http::HeaderMap;
use serde_json::Value;

use super::caller::Whole;
use super::gate::Client;
use super::{SharedState, caller, receipt};
use crate::problem::{Problem, ProblemKind};
use crate::tenants::{Slot, Tenant};
use jackfield_domain::id::{Digest, TenantName};
use jackfield_domain::intake::idempotency;
use jackfield_domain::intake::signature;
use jackfield_domain::intake::throttle::RequestParty;
use jackfield_domain::lead::Lead;
use jackfield_store::{Accept, AcceptLead, AcceptedWork, Inbound};

const ENDPOINT: &str = "leads";

/// Verifies first; only then is anything read, and only then is a key ever stored.
pub async fn post(
    State(state): State<SharedState>,
    client: Client,
    Path(tenant): Path<String>,
    headers: HeaderMap,
    body: Result<Whole, Problem>,
) -> Result<Response, Problem> {
    let Whole(body) = body.inspect_err(|problem| state.metrics.refuse(ENDPOINT, problem.kind().word()))?;
    // Every refusal before the signature is verified looks the same to the caller; the metric tells them apart.
    let refuse = |reason| state.gate.refuse(client, ENDPOINT, reason);
    let slot = tenant
        .parse::<TenantName>()
        .ok()
        .and_then(|name| state.tenants.slot(&name));
    let tenant = match slot {
        None => return Err(refuse("no-tenant")),
        Some(Slot::Broken { .. }) => return Err(caller::not_serving()),
        Some(Slot::Serving(tenant)) => tenant,
    };
    let Some(webhook) = &tenant.release().spec.webhook else {
        return Err(refuse("no-webhook"));
    };
    let now = state.clock.now();
    let verified = signature::verify(&webhook.profile, &tenant.webhook_keys, &headers, &body, now)
        .map_err(|refusal| refuse(refusal.word()))?;
    let name = tenant.release().tenant();
    state
        .gate
        .let_in(client, name, RequestParty::Crm, Some(&tenant.release().spec.ingress))?;
    tracing::Span::current().record("tenant", name.as_str());

    let document = caller::json(&body);
    let keys = idempotency::keys(verified.signed_id.as_ref(), document.as_ref().ok(), &body);
    let work = work(&tenant, document).inspect_err(|problem| state.metrics.refuse(ENDPOINT, problem.kind().word()))?;
    // A lead that the agent pulls waits for nobody else.
    let is_to_do = !matches!(work, AcceptedWork::Lead { push: false, .. });
    let accept = state
        .store
        .accept_lead(AcceptLead {
            keys,
            digest: Digest::of(&body),
            window: webhook.window(),
            first_wait: tenant.release().spec.delivery.retry.first_wait(),
            work,
            inbound: Inbound {
                tenant: name.clone(),
                received_at: now,
                headers: caller::kept_headers(&headers),
                body: body.into(),
            },
        })
        .await
        .map_err(Problem::from)
        .inspect_err(|problem| state.metrics.refuse(ENDPOINT, problem.kind().word()))?;
    let (accepted, repeat) = match accept {
        Accept::New(receipt) => (receipt, false),
        Accept::Repeat(receipt) => (receipt, true),
        Accept::Conflict => {
            state.metrics.refuse(ENDPOINT, "conflict");
            return Err(Problem::new(
                ProblemKind::KeyReused,
                "this idempotency key was used for another body; a retry must send the same bytes, and a new lead a \
                    new key",
            ));
        }
    };
    state.metrics.accept(name, ENDPOINT, repeat);
    if !repeat {
        tracing::info!(delivery = %accepted.delivery, release = %tenant.release().number, "lead accepted");
        if is_to_do {
            state.wake.notify_one();
        }
    }
    Ok(receipt::respond(&accepted, repeat))
}

/// The CRM's own shape is left to the worker; the contract's shape is checked while its sender still listens.
fn work(tenant: &Tenant, document: Result<Value, Problem>) -> Result<AcceptedWork, Problem> {
    if tenant.loaded.record().parses_leads {
        return Ok(AcceptedWork::Parse);
    }
    let lead = Lead::read(document?).map_err(Problem::invalid)?;
    Ok(AcceptedWork::Lead {
        lead,
        push: tenant.release().spec.agent.push_url.is_some(),
    })
}
