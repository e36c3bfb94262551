//! How requests are refused: the answers that every operation shares, and what was wrong with an adapter or a release.

use std::collections::BTreeMap;

use utoipa::IntoResponses;
use utoipa::openapi::{Content, Ref, RefOr, Response, ResponseBuilder};

use crate::problem::{Problem, ProblemKind};
use crate::tenants::{ApplyError, PushError};
use jackfield_domain::field::FieldError;

/// The error answers of every operation, for the `OpenAPI` description.
pub struct Refusals;

impl IntoResponses for Refusals {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        let problem = |description: &str| {
            let content = Content::new(Some(Ref::from_schema_name("ProblemBody")));
            ResponseBuilder::new()
                .description(description)
                .content("application/problem+json", content)
                .build()
                .into()
        };
        BTreeMap::from([
            ("401".to_owned(), problem("No live operator token was given.")),
            (
                "default".to_owned(),
                problem("What was wrong and what to do; `errors` names the fields."),
            ),
        ])
    }
}

/// There is no such thing.
pub(super) fn not_found(detail: impl Into<String>) -> Problem {
    Problem::new(ProblemKind::NotFound, detail)
}

/// One wrong field.
pub(super) fn wrong(pointer: &str, detail: impl Into<String>) -> Problem {
    Problem::invalid(vec![FieldError::new(pointer, detail)])
}

impl From<PushError> for Problem {
    fn from(error: PushError) -> Self {
        match error {
            PushError::Package(error) => Self::new(
                ProblemKind::Invalid,
                format!("the adapter was not taken: {}", with_causes(&error)),
            ),
            PushError::Store(error) => error.into(),
        }
    }
}

impl From<ApplyError> for Problem {
    fn from(error: ApplyError) -> Self {
        match error {
            ApplyError::Syntax(detail) => Self::new(ProblemKind::Invalid, detail),
            ApplyError::OtherTenant(tenant) => wrong(
                "/tenant",
                format!("the file is for tenant `{tenant}`, which is not the one in the path"),
            ),
            ApplyError::Invalid(errors) => Self::invalid(errors),
            ApplyError::NoAdapter(_) => wrong("/adapter", error.to_string()),
            ApplyError::NoTenant(_) | ApplyError::NoRelease(..) | ApplyError::NoSecret(..) => {
                not_found(error.to_string())
            }
            ApplyError::Secret { pointer, detail } => wrong(&pointer, detail),
            ApplyError::Load(error) => Self::new(
                ProblemKind::Invalid,
                format!(
                    "the release does not load, and what was active before still serves: {}",
                    with_causes(&error)
                ),
            ),
            ApplyError::Store(error) => error.into(),
            ApplyError::Vault(_) | ApplyError::SecretInUse { .. } | ApplyError::HostSecret(_) => {
                Self::new(ProblemKind::Conflict, error.to_string())
            }
        }
    }
}

/// An error and what caused it, on one line, without saying anything twice.
fn with_causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let more = error.to_string();
        if !text.contains(&more) {
            text = format!("{text}: {more}");
        }
        cause = error.source();
    }
    text
}
