//! `/v1/tenants/{tenant}/releases`: applying a tenant's file, and going back.

use axum::body::Bytes;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use axum::{Extension, Json};
use http::StatusCode;

use super::extract::{Body, Json as JsonBody, Path, Query};
use super::guard::Touched;
use super::listing::{listing, page_request};
use super::refusal::{Refusals, not_found};
use super::tenants::no_tenant;
use super::{AdminState, to_the_end};
use crate::problem::{Problem, ProblemKind};
use jackfield_api::{AppliedView, ApplyQuery, Listing, PageQuery, ReleaseView, RollbackRequest};
use jackfield_domain::id::{ReleaseNumber, TenantName};

/// Apply a tenant's file.
///
/// Makes a release of it and puts that in service without failing a request. If it does not load, the release before
/// serves on and the answer says why.
#[utoipa::path(post, path = "/v1/tenants/{tenant}/releases", tag = "tenants",
    params(("tenant" = String, Path, description = "The tenant's name, as in the file."), ApplyQuery),
    request_body(content = String, content_type = "application/toml", description = "The tenant's file."),
    responses((status = 201, description = "The new release serves.", body = AppliedView),
        (status = 200, description = "Nothing was written.", body = AppliedView), Refusals))]
pub(super) async fn apply_to(
    State(state): State<AdminState>,
    Path(tenant): Path<TenantName>,
    Query(query): Query<ApplyQuery>,
    Body(body): Body,
) -> Result<Response, Problem> {
    put(state, Some(tenant), &query, body).await
}

/// Apply a tenant's file to the tenant that it names.
///
/// As `POST /v1/tenants/{tenant}/releases`.
#[utoipa::path(post, path = "/v1/releases", tag = "tenants", params(ApplyQuery),
    request_body(content = String, content_type = "application/toml", description = "The tenant's file."),
    responses((status = 201, description = "The new release serves.", body = AppliedView),
        (status = 200, description = "Nothing was written.", body = AppliedView), Refusals))]
pub(super) async fn apply(
    State(state): State<AdminState>,
    Query(query): Query<ApplyQuery>,
    Body(body): Body,
) -> Result<Response, Problem> {
    put(state, None, &query, body).await
}

async fn put(
    state: AdminState,
    tenant: Option<TenantName>,
    query: &ApplyQuery,
    body: Bytes,
) -> Result<Response, Problem> {
    let dry_run = query.dry_run;
    let in_body = tenant.is_none();
    let toml = String::from_utf8(body.into()).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        Problem::new(
            ProblemKind::BadRequest,
            format!("the file is not UTF-8 text: byte {at}"),
        )
    })?;
    let work = async move { state.rollout.apply(tenant.as_ref(), &toml, dry_run).await };
    let applied = to_the_end(work).await??;
    let status = if applied.unchanged {
        StatusCode::OK
    } else {
        StatusCode::CREATED
    };
    let view = AppliedView {
        tenant: applied.release.tenant().to_string(),
        release: applied.release.number.to_string(),
        adapter: applied.release.adapter.to_string(),
        changes: applied.changes,
        unchanged: applied.unchanged,
        dry_run,
    };
    let mut touched = vec![("release", view.release.clone())];
    if in_body {
        touched.insert(0, ("tenant", view.tenant.clone()));
    }
    Ok((status, Extension(Touched(touched)), Json(view)).into_response())
}

/// List a tenant's releases, newest first.
#[utoipa::path(get, path = "/v1/tenants/{tenant}/releases", tag = "tenants",
    params(("tenant" = String, Path, description = "The tenant's name."), PageQuery),
    responses((status = 200, description = "A page of releases.", body = Listing<ReleaseView>), Refusals))]
pub(super) async fn list(
    State(state): State<AdminState>,
    Path(tenant): Path<TenantName>,
    Query(page): Query<PageQuery>,
) -> Result<Json<Listing<ReleaseView>>, Problem> {
    let page = page_request(page)?;
    if state.store.tenant(&tenant).await?.is_none() {
        return Err(no_tenant(&tenant));
    }
    let page = state.store.releases(&tenant, page).await?;
    Ok(Json(listing(page, |release| ReleaseView::from(&release))))
}

/// Show one release.
#[utoipa::path(get, path = "/v1/tenants/{tenant}/releases/{number}", tag = "tenants",
    params(("tenant" = String, Path, description = "The tenant's name."),
        ("number" = String, Path, description = "The release, such as `r3`.")),
    responses((status = 200, description = "The release.", body = ReleaseView), Refusals))]
pub(super) async fn show(
    State(state): State<AdminState>,
    Path((tenant, number)): Path<(TenantName, ReleaseNumber)>,
) -> Result<Json<ReleaseView>, Problem> {
    let release = state.store.release(&tenant, number).await?;
    let release = release.ok_or_else(|| not_found(format!("tenant `{tenant}` has no release {number}")))?;
    Ok(Json(ReleaseView::from(&release)))
}

/// Put an earlier release back in service.
///
/// One pointer write: nothing is made, no request fails. If it does not load, the active one serves on.
#[utoipa::path(post, path = "/v1/tenants/{tenant}/rollback", tag = "tenants",
    params(("tenant" = String, Path, description = "The tenant's name.")),
    request_body(content = RollbackRequest, description = "May be left out."),
    responses((status = 200, description = "The release that serves now.", body = ReleaseView), Refusals))]
pub(super) async fn rollback(
    State(state): State<AdminState>,
    Path(tenant): Path<TenantName>,
    JsonBody(request): JsonBody<RollbackRequest>,
) -> Result<(Extension<Touched>, Json<ReleaseView>), Problem> {
    let work = async move { state.rollout.rollback(&tenant, request.to).await };
    let release = to_the_end(work).await??;
    let touched = Touched(vec![("release", release.number.to_string())]);
    Ok((Extension(touched), Json(ReleaseView::from(&release))))
}
