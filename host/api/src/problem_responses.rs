//! The error responses of an operation, as the `OpenAPI` description has them.

use std::collections::BTreeMap;

use serde_json::Value;
use utoipa::openapi::schema::{AllOfBuilder, ObjectBuilder, Type};
use utoipa::openapi::{Content, HeaderBuilder, Ref, RefOr, Response, ResponseBuilder, Schema};

use crate::ProblemKind;

/// A response with a problem of this schema.
#[must_use]
pub fn problem_response(description: &str, schema: impl Into<RefOr<Schema>>) -> ResponseBuilder {
    let content = Content::new(Some(schema));
    ResponseBuilder::new()
        .description(description)
        .content("application/problem+json", content)
}

/// The responses of an operation that answers with problems of these kinds, by status. With `fail_closed`, every one
/// has the member `callable: false`.
#[must_use]
pub fn problem_responses(kinds: &[ProblemKind], fail_closed: bool) -> BTreeMap<String, RefOr<Response>> {
    let mut by_status: BTreeMap<u16, Vec<ProblemKind>> = BTreeMap::new();
    for kind in kinds {
        by_status.entry(kind.status().as_u16()).or_default().push(*kind);
    }
    let response = |(status, kinds): (u16, Vec<ProblemKind>)| {
        let described: Vec<_> = kinds
            .iter()
            .map(|kind| format!("`{}`: {}.", kind.word(), kind.title()))
            .collect();
        let response = problem_response(&described.join(" "), schema(&kinds, fail_closed));
        (status.to_string(), with_header(status, response).build().into())
    };
    by_status.into_iter().map(response).collect()
}

/// A problem of one of these kinds.
fn schema(kinds: &[ProblemKind], fail_closed: bool) -> Schema {
    let kind = constant(Type::String, kinds.iter().map(|kind| kind.urn().into()));
    let mut members = ObjectBuilder::new().property("type", kind);
    if fail_closed {
        let never = constant(Type::Boolean, [false.into()]);
        members = members.property("callable", never).required("callable");
    }
    let problem = Ref::from_schema_name("ProblemBody");
    AllOfBuilder::new().item(problem).item(members).build().into()
}

fn constant(kind: Type, values: impl IntoIterator<Item = Value>) -> ObjectBuilder {
    ObjectBuilder::new().schema_type(kind).enum_values(Some(values))
}

/// Adds the header that an answer with this status has or may have.
fn with_header(status: u16, response: ResponseBuilder) -> ResponseBuilder {
    let (name, kind, description) = match status {
        401 => ("WWW-Authenticate", Type::String, "Always `Bearer`."),
        415 => ("Accept-Encoding", Type::String, "Always `identity`."),
        429 | 503 | 504 => (
            "Retry-After",
            Type::Integer,
            "The seconds after which the request may be sent again.",
        ),
        _ => return response,
    };
    let header = HeaderBuilder::new()
        .schema(Some(ObjectBuilder::new().schema_type(kind)))
        .description(Some(description));
    response.header(name, header.build())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn problems_are_grouped_by_status() {
        let kinds = [ProblemKind::Invalid, ProblemKind::KeyReused, ProblemKind::RateLimited];
        let responses = problem_responses(&kinds, true);
        let described: Vec<_> = responses
            .iter()
            .map(|(status, response)| match response {
                RefOr::T(response) => format!("{status} {}", response.description),
                RefOr::Ref(_) => String::new(),
            })
            .collect();
        assert_eq!(
            described,
            [
                "422 `invalid`: Fields are missing or wrong. `conflict`: It conflicts with what is stored.",
                "429 `rate-limited`: Too many requests."
            ]
        );
    }
}
