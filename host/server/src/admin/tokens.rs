//! `/v1/tokens`: the tokens of agents and operators.

use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use axum::{Extension, Json};
use http::{StatusCode, header};

use super::extract::{Json as JsonBody, Path, Query};
use super::guard::AuditTarget;
use super::listing::{listing, page_request};
use super::problems::{ErrorResponses, invalid_field, not_found};
use super::{AdminState, run_to_completion};
use crate::auth::RevokeError;
use crate::problem::{Problem, ProblemKind};
use jackfield_api::{Listing, NewTokenView, PageQuery, RevokedView, TokenHolder, TokenRequest, TokenView};
use jackfield_domain::id::TokenId;
use jackfield_domain::visible_text::is_visible_text;
use jackfield_store::{TokenPurpose, TokenRecord};

/// Characters of a label: a short note.
const MAX_LABEL: usize = 200;

fn token_view(record: TokenRecord) -> TokenView {
    let (holder, tenant) = match record.purpose {
        TokenPurpose::Agent(tenant) => (TokenHolder::Agent, Some(tenant.to_string())),
        TokenPurpose::Operator => (TokenHolder::Operator, None),
    };
    TokenView {
        id: record.id.to_string(),
        holder,
        tenant,
        label: record.label,
        created_at: record.created_at,
        revoked_at: record.revoked_at,
    }
}

/// Validates a request: what the new token is for, and its label.
fn purpose_and_label(request: TokenRequest) -> Result<(TokenPurpose, String), Problem> {
    let TokenRequest { holder, tenant, label } = request;
    if label.chars().count() > MAX_LABEL || !is_visible_text(&label) {
        let rule = format!("must be at most {MAX_LABEL} printable characters");
        return Err(invalid_field("/label", rule));
    }
    match (holder, tenant) {
        (TokenHolder::Agent, Some(tenant)) => Ok((TokenPurpose::Agent(tenant), label)),
        (TokenHolder::Operator, None) => Ok((TokenPurpose::Operator, label)),
        (TokenHolder::Agent, None) => Err(invalid_field("/tenant", "is required for an agent's token")),
        (TokenHolder::Operator, Some(_)) => Err(invalid_field(
            "/tenant",
            "must be omitted: an operator's token is not limited to a tenant",
        )),
    }
}

/// Create a token.
///
/// Only this answer shows it.
#[utoipa::path(post, path = "/v1/tokens", tag = "tokens", request_body = TokenRequest,
    responses((status = 201, description = "The token.", body = NewTokenView), ErrorResponses))]
pub(super) async fn create(
    State(state): State<AdminState>,
    JsonBody(request): JsonBody<TokenRequest>,
) -> Result<Response, Problem> {
    let (purpose, label) = purpose_and_label(request)?;
    if let TokenPurpose::Agent(tenant) = &purpose
        && state.store.tenant(tenant).await?.is_none()
    {
        let detail = format!("there is no tenant `{tenant}`: apply its file first");
        return Err(invalid_field("/tenant", detail));
    }
    let (token, record) = state.tokens.create(purpose, label).await?;
    let view = NewTokenView {
        token: token.expose().to_owned(),
        record: token_view(record),
    };
    let tenant = view.record.tenant.clone().map(|tenant| ("tenant", tenant));
    let target: Vec<_> = std::iter::once(("token", view.record.id.clone()))
        .chain(tenant)
        .collect();
    let headers = [(header::CACHE_CONTROL, "no-store")];
    Ok((StatusCode::CREATED, headers, Extension(AuditTarget(target)), Json(view)).into_response())
}

/// List tokens, newest first, including revoked ones.
#[utoipa::path(get, path = "/v1/tokens", tag = "tokens", params(PageQuery),
    responses((status = 200, description = "A page of tokens.", body = Listing<TokenView>), ErrorResponses))]
pub(super) async fn list(
    State(state): State<AdminState>,
    Query(page): Query<PageQuery>,
) -> Result<Json<Listing<TokenView>>, Problem> {
    let page = state.store.tokens(page_request(page)?).await?;
    Ok(Json(listing(page, token_view)))
}

/// Revoke a token.
///
/// The answering host refuses it from then on, other hosts within seconds. The last operator token cannot be revoked.
#[utoipa::path(delete, path = "/v1/tokens/{id}", tag = "tokens",
    params(("id" = String, Path, description = "Such as `tok_4`.")),
    responses((status = 200, description = "It is no longer valid.", body = RevokedView), ErrorResponses))]
pub(super) async fn revoke(
    State(state): State<AdminState>,
    Path(id): Path<TokenId>,
) -> Result<Json<RevokedView>, Problem> {
    let tokens = Arc::clone(&state.tokens);
    run_to_completion(async move { tokens.revoke(id).await })
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

    fn purpose_of(json: &str) -> Result<TokenPurpose, Problem> {
        purpose_and_label(serde_json::from_str(json).unwrap()).map(|(purpose, _)| purpose)
    }

    #[test]
    fn only_agent_tokens_have_a_tenant() {
        let agent = TokenPurpose::Agent("dwarka-homes".parse().unwrap());
        assert_eq!(purpose_of(r#"{"for":"agent","tenant":"dwarka-homes"}"#).unwrap(), agent);
        assert_eq!(purpose_of(r#"{"for":"operator"}"#).unwrap(), TokenPurpose::Operator);
        for wrong in [
            r#"{"for":"agent"}"#,
            r#"{"for":"operator","tenant":"dwarka-homes"}"#,
            r#"{"for":"operator","label":"a\u001b[31m"}"#,
        ] {
            assert_eq!(purpose_of(wrong).unwrap_err().kind(), ProblemKind::Invalid, "{wrong}");
        }
    }
}
