//! `/v1/tenants/{tenant}/releases`: applies a tenant's file, and goes back to an earlier release.

use axum::body::Bytes;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use axum::{Extension, Json};
use http::StatusCode;

use super::extract::{Body, Json as JsonBody, Path, Query};
use super::guard::AuditTarget;
use super::listing::{listing, page_request};
use super::problems::{ErrorResponses, not_found};
use super::tenants::no_tenant;
use super::{AdminState, run_to_completion};
use crate::problem::{Problem, ProblemKind};
use jackfield_api::{AppliedView, ApplyQuery, Listing, PageQuery, ReleaseView, RollbackRequest};
use jackfield_domain::id::{ReleaseNumber, TenantName};

/// Apply a tenant's file.
///
/// Creates a release from it and activates the release without failing a request. If the release does not load, the
/// previous one keeps serving, and the answer says why.
#[utoipa::path(post, path = "/v1/tenants/{tenant}/releases", tag = "tenants",
    params(("tenant" = String, Path, description = "The tenant's name, as in the file."), ApplyQuery),
    request_body(content = String, content_type = "application/toml", description = "The tenant's file."),
    responses((status = 201, description = "The new release serves.", body = AppliedView),
        (status = 200, description = "Nothing was written.", body = AppliedView), ErrorResponses))]
pub(super) async fn apply_to(
    State(state): State<AdminState>,
    Path(tenant): Path<TenantName>,
    Query(query): Query<ApplyQuery>,
    Body(body): Body,
) -> Result<Response, Problem> {
    apply_file(state, Some(tenant), &query, body).await
}

/// Apply a tenant's file to the tenant that it names.
///
/// Otherwise like `POST /v1/tenants/{tenant}/releases`.
#[utoipa::path(post, path = "/v1/releases", tag = "tenants", params(ApplyQuery),
    request_body(content = String, content_type = "application/toml", description = "The tenant's file."),
    responses((status = 201, description = "The new release serves.", body = AppliedView),
        (status = 200, description = "Nothing was written.", body = AppliedView), ErrorResponses))]
pub(super) async fn apply(
    State(state): State<AdminState>,
    Query(query): Query<ApplyQuery>,
    Body(body): Body,
) -> Result<Response, Problem> {
    apply_file(state, None, &query, body).await
}

/// Applies a file to `tenant`, or to the tenant that the file names.
async fn apply_file(
    state: AdminState,
    tenant: Option<TenantName>,
    query: &ApplyQuery,
    body: Bytes,
) -> Result<Response, Problem> {
    let dry_run = query.dry_run;
    let tenant_in_path = tenant.is_some();
    let toml = String::from_utf8(body.into()).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        Problem::new(
            ProblemKind::BadRequest,
            format!("the file is not UTF-8 text: byte {at}"),
        )
    })?;
    let work = async move { state.rollout.apply(tenant.as_ref(), &toml, dry_run).await };
    let applied = run_to_completion(work).await??;
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
        notes: applied.notes,
        dry_run,
    };
    let mut target = vec![("release", view.release.clone())];
    if !tenant_in_path {
        target.insert(0, ("tenant", view.tenant.clone()));
    }
    let short = applied
        .release
        .spec
        .credentials
        .iter()
        .filter(|credential| credential.allow_short);
    let short: Vec<_> = short.map(|credential| credential.name.as_str()).collect();
    if !short.is_empty() {
        target.push(("allow_short", short.join(",")));
    }
    Ok((status, Extension(AuditTarget(target)), Json(view)).into_response())
}

/// List a tenant's releases, newest first.
#[utoipa::path(get, path = "/v1/tenants/{tenant}/releases", tag = "tenants",
    params(("tenant" = String, Path, description = "The tenant's name."), PageQuery),
    responses((status = 200, description = "A page of releases.", body = Listing<ReleaseView>), ErrorResponses))]
pub(super) async fn list(
    State(state): State<AdminState>,
    Path(tenant): Path<TenantName>,
    Query(page): Query<PageQuery>,
) -> Result<Json<Listing<ReleaseView>>, Problem> {
    let page = page_request(page)?;
    if state.store.tenant(&tenant).await?.is_none() {
        return Err(no_tenant());
    }
    let page = state.store.releases(&tenant, page).await?;
    Ok(Json(listing(page, |release| ReleaseView::from(&release))))
}

/// Show one release.
#[utoipa::path(get, path = "/v1/tenants/{tenant}/releases/{number}", tag = "tenants",
    params(("tenant" = String, Path, description = "The tenant's name."),
        ("number" = String, Path, description = "The release, such as `r3`.")),
    responses((status = 200, description = "The release.", body = ReleaseView), ErrorResponses))]
pub(super) async fn show(
    State(state): State<AdminState>,
    Path((tenant, number)): Path<(TenantName, ReleaseNumber)>,
) -> Result<Json<ReleaseView>, Problem> {
    let release = state.store.release(&tenant, number).await?;
    let release = release.ok_or_else(|| not_found(format!("tenant `{tenant}` has no release {number}")))?;
    Ok(Json(ReleaseView::from(&release)))
}

/// Activate an earlier release again.
///
/// This changes which release is active: it creates nothing, and no request fails. If the earlier release does not
/// load, the active one keeps serving.
#[utoipa::path(post, path = "/v1/tenants/{tenant}/rollback", tag = "tenants",
    params(("tenant" = String, Path, description = "The tenant's name.")),
    request_body(content = RollbackRequest, description = "May be omitted."),
    responses((status = 200, description = "The release that serves now.", body = ReleaseView), ErrorResponses))]
pub(super) async fn rollback(
    State(state): State<AdminState>,
    Path(tenant): Path<TenantName>,
    JsonBody(request): JsonBody<RollbackRequest>,
) -> Result<(Extension<AuditTarget>, Json<ReleaseView>), Problem> {
    let work = async move { state.rollout.rollback(&tenant, request.to).await };
    let release = run_to_completion(work).await??;
    let target = AuditTarget(vec![("release", release.number.to_string())]);
    Ok((Extension(target), Json(ReleaseView::from(&release))))
}
