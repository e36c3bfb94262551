//! The problems that handlers answer with: those that every operation shares, and those of an adapter or a release that
//! cannot be used.

use std::collections::BTreeMap;

use utoipa::IntoResponses;
use utoipa::openapi::{Ref, RefOr, Response};

use crate::problem::{Problem, ProblemKind};
use crate::tenants::{ApplyError, PushError, with_causes};
use jackfield_api::problem_response;
use jackfield_domain::field::FieldError;

/// The error answers of every operation, as the `OpenAPI` description has them.
pub struct ErrorResponses;

impl IntoResponses for ErrorResponses {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        let problem = |description| {
            let response = problem_response(description, Ref::from_schema_name("ProblemBody"));
            response.build().into()
        };
        BTreeMap::from([
            ("401".to_owned(), problem("The request has no valid operator token.")),
            (
                "default".to_owned(),
                problem("What was wrong and what to do; `errors` names the fields."),
            ),
        ])
    }
}

/// The problem that a resource does not exist.
pub(super) fn not_found(detail: impl Into<String>) -> Problem {
    Problem::new(ProblemKind::NotFound, detail)
}

/// The problem that one field is missing or wrong.
pub(super) fn invalid_field(pointer: &str, detail: impl Into<String>) -> Problem {
    Problem::invalid(vec![FieldError::new(pointer, detail)])
}

impl From<PushError> for Problem {
    fn from(error: PushError) -> Self {
        match error {
            PushError::Package(error) => Self::new(
                ProblemKind::Invalid,
                format!("the adapter was refused: {}", with_causes(&error)),
            ),
            PushError::Taken { owner, .. } => {
                Self::new(ProblemKind::Conflict, error.to_string()).with("digest", owner.to_string())
            }
            PushError::Store(error) => error.into(),
        }
    }
}

impl From<ApplyError> for Problem {
    fn from(error: ApplyError) -> Self {
        match error {
            ApplyError::Syntax(detail) => Self::new(ProblemKind::Invalid, detail),
            ApplyError::OtherTenant(tenant) => invalid_field(
                "/tenant",
                format!("the file is for tenant `{tenant}`, which is not the one in the path"),
            ),
            ApplyError::Invalid(errors) => Self::invalid(errors),
            ApplyError::NoAdapter(_) => invalid_field("/adapter", error.to_string()),
            ApplyError::NoTenant | ApplyError::NoRelease(..) | ApplyError::NoSecret(..) => not_found(error.to_string()),
            ApplyError::Secret { pointer, detail } => invalid_field(&pointer, detail),
            ApplyError::Load(error) => Self::new(
                ProblemKind::Invalid,
                format!(
                    "the release does not load, and the previous one keeps serving: {}",
                    with_causes(&error)
                ),
            ),
            ApplyError::Store(error) => error.into(),
            ApplyError::Vault(_) | ApplyError::SecretInUse { .. } | ApplyError::HostSecret => {
                Self::new(ProblemKind::Conflict, error.to_string())
            }
        }
    }
}
