//! Checks a reference to a secret.

use super::super::secret::{OAUTH2_SECRETS, SecretRef};
use crate::field::FieldError;

pub(super) fn secret(reference: &SecretRef, pointer: String, errors: &mut Vec<FieldError>) {
    match reference {
        SecretRef::Env(name) if name.is_empty() => errors.push(FieldError::new(pointer, "env must name a variable")),
        SecretRef::Value(value) if value.expose().is_empty() => {
            errors.push(FieldError::new(pointer, "value must not be empty"));
        }
        SecretRef::Stored(name) if name.starts_with(OAUTH2_SECRETS) => errors.push(FieldError::new(
            pointer,
            format!("names beginning with `{OAUTH2_SECRETS}` are the host's own"),
        )),
        _ => {}
    }
}
