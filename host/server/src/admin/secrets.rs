//! `/v1/tenants/{tenant}/secrets`: secrets that the host stores. They are write-only: no route returns a value.

use axum::extract::State;
use axum::{Extension, Json};
use jiff::Timestamp;

use super::extract::{Body, Path, Query};
use super::guard::AuditTarget;
use super::listing::{listing, page_request};
use super::problems::{ErrorResponses, invalid_field};
use super::{AdminState, run_to_completion};
use crate::problem::{Problem, ProblemKind};
use crate::tenants::SecretUse;
use crate::vault::KeyRotationError;
use jackfield_api::{Listing, PageQuery, RotatedView, SecretRemovedView, SecretSetView, SecretUseView, SecretView};
use jackfield_domain::custody::Sensitive;
use jackfield_domain::id::{SecretName, TenantName};

/// Bytes of a secret: 64 KiB, enough for a private key with a long chain of certificates.
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
    responses((status = 200, description = "A page of secrets.", body = Listing<SecretView>), ErrorResponses))]
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
/// The body is the value itself: UTF-8 text of at most 64 KiB. A tenant's file refers to it as `{ stored = "NAME" }`.
/// If the active release uses it, the release serves with the new value at once. If the release would not load with
/// that value, nothing is changed.
#[utoipa::path(put, path = "/v1/tenants/{tenant}/secrets/{name}", tag = "secrets",
    params(("tenant" = String, Path, description = "The tenant's name; it may be applied later."),
        ("name" = String, Path, description = "1 to 64 of a-z, 0-9 and `-`, a letter first.")),
    request_body(content = String, content_type = "text/plain", description = "The value."),
    responses((status = 200, description = "It is stored.", body = SecretSetView), ErrorResponses))]
pub(super) async fn set(
    State(state): State<AdminState>,
    Path((tenant, name)): Path<(TenantName, SecretName)>,
    Body(body): Body,
) -> Result<Json<SecretSetView>, Problem> {
    let value = secret_value(&body)?;
    let tenant_exists = state.store.tenant(&tenant).await?.is_some();
    let set = run_to_completion(async move {
        let set = state.rollout.set_secret(&tenant, &name, value).await?;
        Ok::<_, Problem>((tenant, name, set))
    });
    let (tenant, name, set) = set.await??;
    Ok(Json(SecretSetView {
        tenant: tenant.to_string(),
        name: name.to_string(),
        tenant_exists,
        reloaded: set.reloaded.map(|number| number.to_string()),
        trouble: set.trouble,
    }))
}

/// Reads a secret's value from a body. No error quotes it.
fn secret_value(body: &[u8]) -> Result<Sensitive, Problem> {
    if body.is_empty() {
        return Err(invalid_field("", "the value must not be empty"));
    }
    if body.len() > MAX_SECRET {
        return Err(Problem::new(
            ProblemKind::TooLarge,
            format!("a secret has at most {MAX_SECRET} bytes"),
        ));
    }
    let not_text = |_| invalid_field("", "the value must be UTF-8 text; encode it, for example as base64");
    let text = str::from_utf8(body).map_err(not_text)?;
    Ok(Sensitive::new(text.to_owned()))
}

/// Remove a secret that the active release does not use.
#[utoipa::path(delete, path = "/v1/tenants/{tenant}/secrets/{name}", tag = "secrets",
    params(("tenant" = String, Path, description = "The tenant's name."),
        ("name" = String, Path, description = "The secret's name, as the listing shows it.")),
    responses((status = 200, description = "It is removed.", body = SecretRemovedView), ErrorResponses))]
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

/// Replace the master key.
///
/// The host generates a new key, seals every secret with it in one transaction, and removes the old key from the file.
/// It serves requests meanwhile. It cannot replace a key that comes from the environment (409).
#[utoipa::path(post, path = "/v1/secrets/rotate-key", tag = "secrets",
    responses((status = 200, description = "The key was replaced.", body = RotatedView), ErrorResponses))]
pub(super) async fn rotate_key(
    State(state): State<AdminState>,
) -> Result<(Extension<AuditTarget>, Json<RotatedView>), Problem> {
    let rotated = run_to_completion(async move { state.vault.rotate().await }).await?;
    let rotated = rotated.map_err(|error| match error {
        KeyRotationError::Environment | KeyRotationError::NoKey => {
            Problem::new(ProblemKind::Conflict, error.to_string())
        }
        KeyRotationError::File(_) => Problem::new(ProblemKind::Internal, error.to_string()),
        KeyRotationError::Store(_) => Problem::new(ProblemKind::Overloaded, error.to_string()).retry_after(5),
    })?;
    let target = AuditTarget(vec![("key", rotated.key.to_string())]);
    let view = RotatedView {
        key: rotated.key.to_string(),
        resealed: rotated.resealed,
        left: rotated.left,
        old_key_kept: rotated.old_key_kept,
    };
    Ok((Extension(target), Json(view)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_bounded_text_and_never_quoted() {
        assert_eq!(secret_value("hunter2\n".as_bytes()).unwrap().expose(), "hunter2\n");
        assert!(secret_value(&vec![b'x'; MAX_SECRET]).is_ok());
        for (wrong, kind) in [
            (&b""[..], ProblemKind::Invalid),
            (b"hunter2\xff", ProblemKind::Invalid),
            (&vec![b'x'; MAX_SECRET + 1], ProblemKind::TooLarge),
        ] {
            let problem = secret_value(wrong).unwrap_err();
            assert_eq!(problem.kind(), kind);
            assert!(!problem.detail().contains("hunter2"));
        }
    }
}
