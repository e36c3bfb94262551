//! `GET /v1/tenants/{tenant}/leads/{lead_id}/status`: may this lead be called now?
//!
//! Fail-closed (promise 9): the only answer that allows a call is a clear yes of the CRM, given in time, with no
//! do-not-call recorded at the moment of answering.

use std::time::Duration;

use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};

use super::answer::tenant_unavailable;
use super::description::problems;
use super::extract::Agent;
use super::{PublicState, STATUS, SharedState, extract};
use crate::problem::{Problem, ProblemKind};
use crate::tenants::Tenant;
use jackfield_api::LeadStatusView;
use jackfield_domain::custody::personal_values::PersonalValues;
use jackfield_domain::delivery::failure::{Failure, Fault, FaultCause};
use jackfield_domain::id::LeadId;
use jackfield_domain::lead::status::{self, LeadStatus, StatusAnswer};
use jackfield_domain::tenant::obstacle::HOST_REFUSED;
use jackfield_sandbox::LogSubject;
use jackfield_store::StatusRefusal;

// The problems that an agent may meet. Every one says not to call.
problems!(Problems, fail_closed: true, [
    BadRequest,
    Unauthorized,
    NotFound,
    RateLimited,
    AdapterFault,
    CrmRefused,
    CrmUnavailable,
    TenantUnavailable,
    Overloaded,
    CrmTimeout,
]);

/// May this lead be called now?
///
/// Ask before every call, and call only after a 200 with `"callable": true`. The CRM is asked each time, within the
/// tenant's `status_deadline_ms`; a recorded do-not-call overrides its answer. A no is recorded before it is sent.
#[utoipa::path(get, path = STATUS, operation_id = "queryStatus", tag = "agent",
    params(("tenant" = String, Path, description = "The tenant's name."),
        ("lead_id" = String, Path, description = "The lead's id in the CRM.")),
    security(("agent" = [])),
    responses((status = 200, description = "The CRM's answer, or a recorded do-not-call.", body = LeadStatusView),
        Problems))]
pub async fn get(
    State(state): State<SharedState>,
    agent: Agent,
    path: Result<Path<(String, String)>, PathRejection>,
) -> Result<Response, Problem> {
    let Path((_, lead_id)) = path.map_err(extract::undecodable)?;
    let name = agent.tenant.clone();
    let started_at = state.clock.now();
    let result = answer(&state, agent, &lead_id).await;
    let word = match result.as_ref().map(|result| &result.answer) {
        Ok(StatusAnswer::Call(_)) => "call",
        Ok(StatusAnswer::DoNotCall(_, reason)) => reason.word(),
        Ok(StatusAnswer::CannotTell(failure)) => failure.class().word(),
        Err(problem) => problem.kind().word(),
    };
    state
        .metrics
        .status_answered(&name, word, state.clock.now().duration_since(started_at).unsigned_abs());
    let QueryResult { answer, out_of_time } = result?;
    match answer {
        StatusAnswer::Call(status) | StatusAnswer::DoNotCall(status, _) => {
            Ok(Json(LeadStatusView::from(status)).into_response())
        }
        StatusAnswer::CannotTell(failure) => Err(cannot_tell(&failure, out_of_time)),
    }
}

/// The result of a status query, `T`, and whether time ran out.
struct QueryResult<T> {
    answer: T,
    /// The CRM received a request and did not answer it before the deadline.
    out_of_time: bool,
}

/// Asks the CRM, if the tenant has a free permit for a status query. It does not wait for a permit: a CRM that hangs
/// makes each query take its whole deadline, so a queue would only grow.
async fn ask(state: &PublicState, tenant: &Tenant, lead: &LeadId) -> QueryResult<Result<LeadStatus, Failure>> {
    let name = tenant.release().tenant();
    let (outcome, out_of_time) = if let Some(_permit) = tenant.loaded.acquire_status_permit() {
        let invocation = tenant.loaded.query_status(lead).await;
        state
            .metrics
            .invocation(name, "status.query", invocation.fault(), &invocation.refused);
        if invocation.reused {
            state.metrics.invocation_reused(name);
        }
        if !invocation.log.is_empty() {
            invocation.log.write(&LogSubject {
                tenant: name.as_str(),
                release: &tenant.release().number.to_string(),
                delivery: None,
                personal: &PersonalValues::default(),
            });
        }
        (invocation.outcome, invocation.out_of_time)
    } else {
        state.metrics.status_refused(name);
        let full = Failure::Fault(Fault {
            cause: FaultCause::Host,
            detail: "the limit of concurrent status queries is reached".into(),
        });
        (Err(full), false)
    };
    if let Err(failure) = &outcome {
        let fault = match failure {
            Failure::Fault(fault) => Some(fault.cause.word()),
            _ => None,
        };
        let (class, release) = (failure.class(), tenant.release().number);
        tracing::warn!(%class, fault, %release, "status query failed");
    }
    QueryResult {
        answer: outcome,
        out_of_time,
    }
}

async fn answer(state: &PublicState, agent: Agent, lead_id: &str) -> Result<QueryResult<StatusAnswer>, Problem> {
    let lead: LeadId = extract::path_part(lead_id)?;
    let name = agent.tenant.clone();
    let tenant = agent.serving_tenant();
    let QueryResult {
        answer: crm,
        out_of_time,
    } = match &tenant {
        Some(tenant) => ask(state, tenant, &lead).await,
        None => QueryResult {
            answer: Err(Failure::Unavailable(None)),
            out_of_time: false,
        },
    };
    let dnc_recorded = state.store.dnc_recorded(&name, &lead).await?;
    let answer = status::decide(&lead, crm, dnc_recorded);
    if let StatusAnswer::DoNotCall(status, reason) = &answer {
        let refusal = StatusRefusal {
            tenant: name,
            lead,
            reason: *reason,
            status: status.status.clone(),
            at: state.clock.now(),
        };
        state.store.record_refusal(refusal).await?;
    }
    if tenant.is_none() && matches!(answer, StatusAnswer::CannotTell(_)) {
        return Err(tenant_unavailable("do not call this lead now"));
    }
    Ok(QueryResult { answer, out_of_time })
}

/// The seconds for `Retry-After`, rounded up so that no client retries before the wait is over.
const fn whole_seconds(wait: Duration) -> u64 {
    wait.as_secs() + (wait.subsec_nanos() > 0) as u64
}

/// The problem for a CRM that could not be asked. Each one says not to call the lead.
fn cannot_tell(failure: &Failure, out_of_time: bool) -> Problem {
    let stopped = matches!(failure, Failure::Fault(fault) if fault.cause == FaultCause::WallClock);
    match failure {
        _ if stopped || (out_of_time && matches!(failure, Failure::Unavailable(_) | Failure::Unknown(_))) => {
            Problem::new(
                ProblemKind::CrmTimeout,
                "the CRM did not answer in time; do not call this lead now",
            )
            .retry_after(1)
        }
        Failure::Unavailable(_) | Failure::Unknown(_) | Failure::Conflict(_) => Problem::new(
            ProblemKind::CrmUnavailable,
            "the CRM cannot be asked; do not call this lead now",
        )
        .retry_after(5),
        Failure::RateLimited { retry_after } => Problem::new(
            ProblemKind::CrmUnavailable,
            "the CRM asks to slow down; do not call this lead now",
        )
        .retry_after(retry_after.map_or(1, |wait| whole_seconds(wait).max(1))),
        Failure::Unauthorized(_) => Problem::new(
            ProblemKind::CrmRefused,
            "the CRM refuses the host's credentials; do not call this lead, and tell the tenant's operator",
        ),
        Failure::Rejected(rejection) if rejection.code == HOST_REFUSED => Problem::new(
            ProblemKind::AdapterFault,
            "the host did not send what the tenant's adapter wanted to ask; do not call this lead, and tell the \
             tenant's operator: the host's log names the reason",
        ),
        Failure::Rejected(_) => Problem::new(
            ProblemKind::CrmRefused,
            "the CRM refuses the question as it stands; do not call this lead",
        ),
        Failure::NotFound => Problem::new(ProblemKind::NotFound, "the CRM does not know this lead; do not call it"),
        Failure::Fault(fault) if fault.cause == FaultCause::MemoryBudget => Problem::new(
            ProblemKind::Overloaded,
            "the host has no memory left for the tenant's adapter; do not call this lead now",
        )
        .retry_after(1),
        Failure::Fault(fault) if fault.cause == FaultCause::Host => Problem::new(
            ProblemKind::Overloaded,
            "too many status queries wait for the tenant's CRM already; do not call this lead now",
        )
        .retry_after(1),
        Failure::Fault(_) => Problem::new(
            ProblemKind::AdapterFault,
            "the tenant's adapter failed; do not call this lead, and tell the tenant's operator",
        ),
    }
}
