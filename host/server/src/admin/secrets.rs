//! `/v1/tenants/{tenant}/secrets`: secrets that the host keeps. They go in and never come out: no route returns a
//! value.

use axum::extract::State;
use axum::{Extension, Json};
use jiff::Timestamp;

use super::extract::{Body, Path, Query};
use super::guard::Touched;
use super::listing::{listing, page_request};
use super::refusal::{Refusals, wrong};
use super::{AdminState, to_the_end};
use crate::problem::{Problem, ProblemKind};
use crate::tenants::SecretUse;
use crate::vault::RotateError;
use jackfield_api::{Listing, PageQuery, RotatedView, SecretRemovedView, SecretSetView, SecretUseView, SecretView};
use jackfield_domain::custody::Sensitive;
use jackfield_domain::id::{SecretName, TenantName};

/// A secret has at most 64 KiB: a private key with a long chain of certificates.
const MAX_SECRET: usize = 64 * 1024;

fn use_view(used: SecretUse) -> SecretUseView {
    SecretUseView {
        release: used.release.to_string(),
        active: used.active,
        at: used.pointer,
    }
}

/// List a tenant's secrets by name, never their values.
#[utoipa::path(get, path = "/v1/tenants/{tenant}/secrets", tag = "secrets",
    params(("tenant" = String, Path, description = "The tenant's name."), PageQuery),
    responses((status = 200, description = "A page of secrets.", body = Listing<SecretView>), Refusals))]
pub(super) async fn list(
    State(state): State<AdminState>,
    Path(tenant): Path<TenantName>,
    Query(page): Query<PageQuery>,
) -> Result<Json<Listing<SecretView>>, Problem> {
    let page = state.store.secrets(&tenant, page_request(page)?).await?;
    let mut uses = state.rollout.secret_uses(&tenant).await?;
    Ok(Json(listing(page, |record| SecretView {
        set_at: Some(record.set_at).filter(|at| *at != Timestamp::UNIX_EPOCH),
        key: record.sealed.key.to_string(),
        opens: state.vault.has(record.sealed.key),
        used_by: uses
            .remove(&record.name)
            .unwrap_or_default()
            .into_iter()
            .map(use_view)
            .collect(),
        name: record.name,
    })))
}

/// Set a secret.
///
/// The body is the value as it is, UTF-8 text of at most 64 KiB. A tenant's file then says `{ stored = "NAME" }`. If
/// the active release uses it, it serves with the new value at once, without a new release; if it would not load with
/// it, nothing is changed.
#[utoipa::path(put, path = "/v1/tenants/{tenant}/secrets/{name}", tag = "secrets",
    params(("tenant" = String, Path, description = "The tenant's name; it may be applied later."),
        ("name" = String, Path, description = "1 to 64 of a-z, 0-9 and `-`, a letter first.")),
    request_body(content = String, content_type = "text/plain", description = "The value."),
    responses((status = 200, description = "It is kept.", body = SecretSetView), Refusals))]
pub(super) async fn set(
    State(state): State<AdminState>,
    Path((tenant, name)): Path<(TenantName, SecretName)>,
    Body(body): Body,
) -> Result<Json<SecretSetView>, Problem> {
    let value = value(&body)?;
    let tenant_exists = state.store.tenant(&tenant).await?.is_some();
    let set = to_the_end(async move {
        let set = state.rollout.set_secret(&tenant, &name, value).await?;
        Ok::<_, Problem>((tenant, name, set))
    });
    let (tenant, name, set) = set.await??;
    Ok(Json(SecretSetView {
        tenant: tenant.to_string(),
        name: name.to_string(),
        tenant_exists,
        reloaded: set.reloaded.map(|number| number.to_string()),
        trouble: set.load_error,
    }))
}

/// A value out of a body, which no error quotes.
fn value(body: &[u8]) -> Result<Sensitive, Problem> {
    if body.is_empty() {
        return Err(wrong("", "the value must not be empty"));
    }
    if body.len() > MAX_SECRET {
        return Err(Problem::new(
            ProblemKind::TooLarge,
            format!("a secret has at most {MAX_SECRET} bytes"),
        ));
    }
    let text = str::from_utf8(body).map_err(|_| wrong("", "the value must be UTF-8 text; encode it, as base64 say"))?;
    Ok(Sensitive::new(text.to_owned()))
}

/// Remove a secret that the active release does not use.
#[utoipa::path(delete, path = "/v1/tenants/{tenant}/secrets/{name}", tag = "secrets",
    params(("tenant" = String, Path, description = "The tenant's name."),
        ("name" = String, Path, description = "As the listing has it.")),
    responses((status = 200, description = "It is gone.", body = SecretRemovedView), Refusals))]
pub(super) async fn remove(
    State(state): State<AdminState>,
    Path((tenant, name)): Path<(TenantName, String)>,
) -> Result<Json<SecretRemovedView>, Problem> {
    let used_by = state.rollout.remove_secret(&tenant, &name).await?;
    Ok(Json(SecretRemovedView {
        tenant: tenant.to_string(),
        name,
        removed: true,
        used_by: used_by.into_iter().map(use_view).collect(),
    }))
}

/// Change the master key.
///
/// A new one is made, every secret is sealed with it in one transaction, and the old one leaves the file. Requests are
/// served meanwhile. A key that is given by the environment cannot be changed here (409).
#[utoipa::path(post, path = "/v1/secrets/rotate-key", tag = "secrets",
    responses((status = 200, description = "The new key seals.", body = RotatedView), Refusals))]
pub(super) async fn rotate_key(
    State(state): State<AdminState>,
) -> Result<(Extension<Touched>, Json<RotatedView>), Problem> {
    let rotated = to_the_end(async move { state.vault.rotate().await }).await?;
    let rotated = rotated.map_err(|error| match error {
        RotateError::Given | RotateError::NoKey => Problem::new(ProblemKind::Conflict, error.to_string()),
        RotateError::File(_) => Problem::new(ProblemKind::Internal, error.to_string()),
        RotateError::Store(_) => Problem::new(ProblemKind::Overloaded, error.to_string()).retry_after(5),
    })?;
    let touched = Touched(vec![("key", rotated.key.to_string())]);
    let view = RotatedView {
        key: rotated.key.to_string(),
        resealed: rotated.resealed,
        left: rotated.left,
        old_key_kept: rotated.old_key_kept,
    };
    Ok((Extension(touched), Json(view)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_text_of_a_bounded_size_and_no_error_quotes_it() {
        assert_eq!(value("hunter2\n".as_bytes()).unwrap().expose(), "hunter2\n");
        assert!(value(&vec![b'x'; MAX_SECRET]).is_ok());
        for (wrong, kind) in [
            (&b""[..], ProblemKind::Invalid),
            (b"hunter2\xff", ProblemKind::Invalid),
            (&vec![b'x'; MAX_SECRET + 1], ProblemKind::TooLarge),
        ] {
            let problem = value(wrong).unwrap_err();
            assert_eq!(problem.kind(), kind);
            assert!(!problem.detail().contains("hunter2"));
        }
    }
}
