//! `/v1/adapters`: components, which are pushed once and identified by their digests.

use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use axum::{Extension, Json};
use http::StatusCode;

use super::extract::{Body, Path, Query};
use super::guard::AuditTarget;
use super::listing::{listing, page_request};
use super::problems::{ErrorResponses, not_found};
use super::{AdminState, run_to_completion};
use crate::problem::Problem;
use jackfield_api::{AdapterView, Listing, PageQuery, PushQuery, PushedView};
use jackfield_domain::tenant::release::AdapterRef;

/// Bytes of a request's body. A component may have 64 MiB, ten times the size of the largest guest runtime. A little
/// more is read, so that the answer to a larger component can say that it is too large.
pub(super) const BODY_LIMIT: usize = 64 * 1024 * 1024 + 64 * 1024;

/// Push an adapter.
///
/// Checks the component's exports and imports, runs its `describe` without network, compiles it and stores it. It
/// serves nobody until a tenant's release names it. Pushing the same bytes again changes nothing. A name and version
/// mean one component for ever: other bytes under them are refused (409), unless `replace` orders them.
#[utoipa::path(post, path = "/v1/adapters", tag = "adapters", params(PushQuery),
    request_body(content = Vec<u8>, content_type = "application/wasm", description = "The component, at most 64 MiB."),
    responses((status = 201, description = "The adapter was stored.", body = PushedView),
        (status = 200, description = "The same bytes had been pushed before.", body = PushedView), ErrorResponses))]
pub(super) async fn push(
    State(state): State<AdminState>,
    Query(query): Query<PushQuery>,
    Body(bytes): Body,
) -> Result<Response, Problem> {
    let pushed = run_to_completion(async move {
        if query.replace {
            state.rollout.replace_adapter(bytes.into()).await
        } else {
            state.rollout.push_adapter(bytes.into()).await
        }
    });
    let pushed = pushed.await??;
    let status = if pushed.known {
        StatusCode::OK
    } else {
        StatusCode::CREATED
    };
    let view = PushedView {
        adapter: pushed.record.into(),
        known: pushed.known,
        replaced: pushed.replaced.map(|digest| digest.to_string()),
    };
    let named = format!("{}@{}", view.adapter.name, view.adapter.version);
    let mut target = vec![("adapter", named), ("digest", view.adapter.digest.clone())];
    target.extend(view.replaced.clone().map(|before| ("replaced", before)));
    Ok((status, Extension(AuditTarget(target)), Json(view)).into_response())
}

/// List adapters, newest first.
#[utoipa::path(get, path = "/v1/adapters", tag = "adapters", params(PageQuery),
    responses((status = 200, description = "A page of adapters.", body = Listing<AdapterView>), ErrorResponses))]
pub(super) async fn list(
    State(state): State<AdminState>,
    Query(page): Query<PageQuery>,
) -> Result<Json<Listing<AdapterView>>, Problem> {
    let page = state.store.adapters(page_request(page)?).await?;
    Ok(Json(listing(page, AdapterView::from)))
}

/// Show an adapter.
#[utoipa::path(get, path = "/v1/adapters/{reference}", tag = "adapters",
    params(("reference" = String, Path, description = "`name`, which means the version that came last, \
        `name@version` or `sha256:…`.")),
    responses((status = 200, description = "The adapter.", body = AdapterView), ErrorResponses))]
pub(super) async fn show(
    State(state): State<AdminState>,
    Path(reference): Path<AdapterRef>,
) -> Result<Json<AdapterView>, Problem> {
    let adapter = state.store.adapter(&reference).await?;
    let adapter = adapter.ok_or_else(|| not_found("no such adapter was pushed; GET /v1/adapters lists all"))?;
    Ok(Json(adapter.into()))
}
