//! `/v1/adapters`: components, pushed once and known by their digests.

use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use axum::{Extension, Json};
use http::StatusCode;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::extract::{Body, Path, Query};
use super::guard::Touched;
use super::listing::{Listing, PageQuery};
use super::refusal::{Refusals, not_found};
use super::{AdminState, to_the_end};
use crate::problem::Problem;
use jackfield_domain::adapter::AdapterRecord;
use jackfield_domain::release::{AdapterNeeds, AdapterRef};

/// 64 MiB is what a component may have, ten times what the largest guest runtime brings along; a little more is read,
/// so that the answer to a larger one can say so.
pub(super) const BODY_LIMIT: usize = 64 * 1024 * 1024 + 64 * 1024;

/// An adapter.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct AdapterView {
    /// `sha256:` and 64 hexadecimal digits, of its bytes.
    pub digest: String,
    /// Its name, as its `describe` gives it.
    pub name: String,
    /// Its version, as its `describe` gives it.
    pub version: String,
    /// What it asks of a tenant's file.
    pub needs: AdapterNeeds,
    /// Whether writing twice leaves one record.
    pub idempotent_writes: bool,
    /// Whether it can look up a write.
    pub lookup: bool,
    /// Whether it parses the CRM's own webhooks.
    pub parses_leads: bool,
    /// Bytes.
    pub size: u64,
    /// When it was first pushed.
    pub pushed_at: Timestamp,
}

impl From<AdapterRecord> for AdapterView {
    fn from(record: AdapterRecord) -> Self {
        Self {
            digest: record.digest.to_string(),
            name: record.name.to_string(),
            version: record.version.to_string(),
            needs: record.needs,
            idempotent_writes: record.idempotent_writes,
            lookup: record.lookup,
            parses_leads: record.parses_leads,
            size: record.size,
            pushed_at: record.pushed_at,
        }
    }
}

/// An adapter was taken.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct PushedView {
    /// The adapter.
    pub adapter: AdapterView,
    /// Whether the same bytes were there before.
    pub known: bool,
}

/// Push an adapter.
///
/// Checks the component's exports and imports, runs its `describe` without network, compiles and keeps it. Nothing
/// serves it until a tenant's release names it. The same bytes again change nothing.
#[utoipa::path(post, path = "/v1/adapters", tag = "adapters",
    request_body(content = Vec<u8>, content_type = "application/wasm", description = "The component, at most 64 MiB."),
    responses((status = 201, description = "It was taken.", body = PushedView),
        (status = 200, description = "The same bytes were there before.", body = PushedView), Refusals))]
pub(super) async fn push(State(state): State<AdminState>, Body(bytes): Body) -> Result<Response, Problem> {
    let pushed = to_the_end(async move { state.rollout.push_adapter(bytes.into()).await }).await??;
    let status = if pushed.known {
        StatusCode::OK
    } else {
        StatusCode::CREATED
    };
    let view = PushedView {
        adapter: pushed.record.into(),
        known: pushed.known,
    };
    let named = format!("{}@{}", view.adapter.name, view.adapter.version);
    let touched = Touched(vec![("adapter", named), ("digest", view.adapter.digest.clone())]);
    Ok((status, Extension(touched), Json(view)).into_response())
}

/// List adapters, newest first.
#[utoipa::path(get, path = "/v1/adapters", tag = "adapters", params(PageQuery),
    responses((status = 200, description = "A page of adapters.", body = Listing<AdapterView>), Refusals))]
pub(super) async fn list(
    State(state): State<AdminState>,
    Query(page): Query<PageQuery>,
) -> Result<Json<Listing<AdapterView>>, Problem> {
    let page = state.store.adapters(page.request()?).await?;
    Ok(Json(Listing::of(page, AdapterView::from)))
}

/// Show an adapter.
#[utoipa::path(get, path = "/v1/adapters/{reference}", tag = "adapters",
    params(("reference" = String, Path, description = "`name`, `name@version` or `sha256:…`; of several pushes the \
        newest.")),
    responses((status = 200, description = "The adapter.", body = AdapterView), Refusals))]
pub(super) async fn show(
    State(state): State<AdminState>,
    Path(reference): Path<AdapterRef>,
) -> Result<Json<AdapterView>, Problem> {
    let adapter = state.store.adapter(&reference).await?;
    let adapter = adapter.ok_or_else(|| not_found(format!("no adapter `{reference}` was pushed")))?;
    Ok(Json(adapter.into()))
}
