//! `/v1/tokens`: who may ask.

use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use axum::{Extension, Json};
use http::{StatusCode, header};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::extract::{Json as JsonBody, Path, Query};
use super::guard::Touched;
use super::listing::{Listing, PageQuery};
use super::refusal::{Refusals, not_found, wrong};
use super::{AdminState, to_the_end};
use crate::auth::RevokeError;
use crate::problem::{Problem, ProblemKind};
use jackfield_domain::id::{TenantName, TokenId};
use jackfield_store::{TokenPurpose, TokenRecord};

/// A person's note of at most this many characters.
const MAX_LABEL: usize = 200;

/// Who a token is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Holder {
    /// The calling platform, for the public API of one tenant.
    Agent,
    /// A member of the platform team, for this API.
    Operator,
}

/// A token, but not the token itself.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct TokenView {
    /// Such as `tok_4`.
    pub id: String,
    /// Who it is for.
    #[serde(rename = "for")]
    pub holder: Holder,
    /// The tenant that an agent's token opens.
    pub tenant: Option<String>,
    /// A person's note.
    pub label: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was revoked; null while it is live.
    pub revoked_at: Option<Timestamp>,
}

impl From<TokenRecord> for TokenView {
    fn from(record: TokenRecord) -> Self {
        let (holder, tenant) = match record.purpose {
            TokenPurpose::Agent(tenant) => (Holder::Agent, Some(tenant.to_string())),
            TokenPurpose::Operator => (Holder::Operator, None),
        };
        Self {
            id: record.id.to_string(),
            holder,
            tenant,
            label: record.label,
            created_at: record.created_at,
            revoked_at: record.revoked_at,
        }
    }
}

/// A token to make.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TokenRequest {
    /// Who it is for.
    #[serde(rename = "for")]
    holder: Holder,
    /// The tenant, for an agent's.
    #[schema(value_type = Option<String>)]
    tenant: Option<TenantName>,
    /// A note for people, at most 200 characters.
    #[serde(default)]
    label: String,
}

impl TokenRequest {
    fn purpose(self) -> Result<(TokenPurpose, String), Problem> {
        if self.label.chars().count() > MAX_LABEL || self.label.chars().any(char::is_control) {
            let rule = format!("must be at most {MAX_LABEL} printable characters");
            return Err(wrong("/label", rule));
        }
        match (self.holder, self.tenant) {
            (Holder::Agent, Some(tenant)) => Ok((TokenPurpose::Agent(tenant), self.label)),
            (Holder::Operator, None) => Ok((TokenPurpose::Operator, self.label)),
            (Holder::Agent, None) => Err(wrong("/tenant", "is required for an agent's token")),
            (Holder::Operator, Some(_)) => Err(wrong("/tenant", "must be left out: an operator's token opens all")),
        }
    }
}

/// A token was made.
#[derive(Serialize, Deserialize, ToSchema)]
pub struct NewTokenView {
    /// The token itself. It is shown this once; the host keeps only its digest.
    pub token: String,
    /// What listings show of it.
    #[serde(flatten)]
    pub record: TokenView,
}

/// Make a token.
///
/// The answer is the only place where it is ever shown.
#[utoipa::path(post, path = "/v1/tokens", tag = "tokens", request_body = TokenRequest,
    responses((status = 201, description = "The token.", body = NewTokenView), Refusals))]
pub(super) async fn create(
    State(state): State<AdminState>,
    JsonBody(request): JsonBody<TokenRequest>,
) -> Result<Response, Problem> {
    let (purpose, label) = request.purpose()?;
    if let TokenPurpose::Agent(tenant) = &purpose
        && state.store.tenant(tenant).await?.is_none()
    {
        let detail = format!("there is no tenant `{tenant}`: apply its file first");
        return Err(wrong("/tenant", detail));
    }
    let (token, record) = state.tokens.create(purpose, label).await?;
    let view = NewTokenView {
        token: token.expose().to_owned(),
        record: record.into(),
    };
    let tenant = view.record.tenant.clone().map(|tenant| ("tenant", tenant));
    let touched: Vec<_> = std::iter::once(("token", view.record.id.clone()))
        .chain(tenant)
        .collect();
    let headers = [(header::CACHE_CONTROL, "no-store")];
    Ok((StatusCode::CREATED, headers, Extension(Touched(touched)), Json(view)).into_response())
}

/// List tokens, newest first, revoked ones included.
#[utoipa::path(get, path = "/v1/tokens", tag = "tokens", params(PageQuery),
    responses((status = 200, description = "A page of tokens.", body = Listing<TokenView>), Refusals))]
pub(super) async fn list(
    State(state): State<AdminState>,
    Query(page): Query<PageQuery>,
) -> Result<Json<Listing<TokenView>>, Problem> {
    let page = state.store.tokens(page.request()?).await?;
    Ok(Json(Listing::of(page, TokenView::from)))
}

/// A token was revoked.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct RevokedView {
    /// The token's id.
    pub id: String,
    /// Always true.
    pub revoked: bool,
}

/// Revoke a token.
///
/// The answering host refuses it from then on, others within moments. The last operator token stays.
#[utoipa::path(delete, path = "/v1/tokens/{id}", tag = "tokens",
    params(("id" = String, Path, description = "Such as `tok_4`.")),
    responses((status = 200, description = "It opens nothing any more.", body = RevokedView), Refusals))]
pub(super) async fn revoke(
    State(state): State<AdminState>,
    Path(id): Path<TokenId>,
) -> Result<Json<RevokedView>, Problem> {
    let tokens = Arc::clone(&state.tokens);
    to_the_end(async move { tokens.revoke(id).await })
        .await?
        .map_err(|error| match error {
            RevokeError::NotLive(_) => not_found(error.to_string()),
            RevokeError::LastOperator(_) => Problem::new(ProblemKind::Conflict, error.to_string()),
            RevokeError::Store(error) => error.into(),
        })?;
    Ok(Json(RevokedView {
        id: id.to_string(),
        revoked: true,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn purpose(json: &str) -> Result<TokenPurpose, Problem> {
        let request: TokenRequest = serde_json::from_str(json).unwrap();
        request.purpose().map(|(purpose, _)| purpose)
    }

    #[test]
    fn an_agents_token_has_a_tenant_and_an_operators_has_none() {
        let agent = TokenPurpose::Agent("dwarka-homes".parse().unwrap());
        assert_eq!(purpose(r#"{"for":"agent","tenant":"dwarka-homes"}"#).unwrap(), agent);
        assert_eq!(purpose(r#"{"for":"operator"}"#).unwrap(), TokenPurpose::Operator);
        for wrong in [
            r#"{"for":"agent"}"#,
            r#"{"for":"operator","tenant":"dwarka-homes"}"#,
            r#"{"for":"operator","label":"a\u001b[31m"}"#,
        ] {
            assert_eq!(purpose(wrong).unwrap_err().kind(), ProblemKind::Invalid, "{wrong}");
        }
    }
}
