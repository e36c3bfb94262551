//! Errors over HTTP: `application/problem+json` (RFC 9457), with a stable `type`, a `detail` that a person can act on,
//! pointers to the fields that are wrong, and the request id that is also in the log.
//!
//! This is the one place where a problem gets its status. `type` is a name, not a page: `urn:jackfield:problem:…`.

use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use serde::Serialize;
use serde_json::{Map, Value};

use jackfield_domain::field::FieldError;
use jackfield_store::StoreError;

/// What went wrong, for the caller to act on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ProblemKind {
    /// The request cannot be read: bad JSON, a bad cursor, a bad id.
    BadRequest,
    /// No, or no valid, signature or token. An unknown tenant looks the same.
    Unauthorized,
    /// There is no such thing.
    NotFound,
    /// The method is not one of this path.
    MethodNotAllowed,
    /// It does not fit what is there: the key was used for another body, the delivery is in another state.
    Conflict,
    /// It is larger than the host takes.
    TooLarge,
    /// It came too slowly.
    TooSlow,
    /// There were too many from the same client or of the same tenant.
    RateLimited,
    /// Fields are missing or wrong.
    Invalid,
    /// The adapter failed while it was asked.
    AdapterFault,
    /// The CRM refused what it was asked.
    CrmRefused,
    /// The CRM cannot be asked right now.
    CrmUnavailable,
    /// The CRM did not answer in time.
    CrmTimeout,
    /// The host has more to do than it can take on.
    Overloaded,
    /// The host failed.
    Internal,
}

impl ProblemKind {
    const fn parts(self) -> (StatusCode, &'static str, &'static str) {
        match self {
            Self::BadRequest => (StatusCode::BAD_REQUEST, "bad-request", "The request cannot be read"),
            Self::Unauthorized => (StatusCode::UNAUTHORIZED, "unauthorized", "Not authorised"),
            Self::NotFound => (StatusCode::NOT_FOUND, "not-found", "There is no such thing"),
            Self::MethodNotAllowed => (
                StatusCode::METHOD_NOT_ALLOWED,
                "method-not-allowed",
                "Not a method of this path",
            ),
            Self::Conflict => (StatusCode::CONFLICT, "conflict", "It does not fit what is there"),
            Self::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "too-large", "The body is too large"),
            Self::TooSlow => (StatusCode::REQUEST_TIMEOUT, "too-slow", "The request came too slowly"),
            Self::RateLimited => (StatusCode::TOO_MANY_REQUESTS, "rate-limited", "Too many requests"),
            Self::Invalid => (
                StatusCode::UNPROCESSABLE_ENTITY,
                "invalid",
                "Fields are missing or wrong",
            ),
            Self::AdapterFault => (StatusCode::BAD_GATEWAY, "adapter-fault", "The adapter failed"),
            Self::CrmRefused => (StatusCode::BAD_GATEWAY, "crm-refused", "The CRM refused"),
            Self::CrmUnavailable => (
                StatusCode::SERVICE_UNAVAILABLE,
                "crm-unavailable",
                "The CRM cannot be asked",
            ),
            Self::CrmTimeout => (
                StatusCode::GATEWAY_TIMEOUT,
                "crm-timeout",
                "The CRM did not answer in time",
            ),
            Self::Overloaded => (StatusCode::SERVICE_UNAVAILABLE, "overloaded", "The host is overloaded"),
            Self::Internal => (StatusCode::INTERNAL_SERVER_ERROR, "internal", "The host failed"),
        }
    }

    /// The status it is sent with.
    #[must_use]
    pub const fn status(self) -> StatusCode {
        self.parts().0
    }

    /// The last part of its `type`, also its label in metrics.
    #[must_use]
    pub const fn word(self) -> &'static str {
        self.parts().1
    }
}

/// An error answer. The request id is added by the request layer, which also logs it.
#[derive(Debug, Clone)]
pub struct Problem {
    kind: ProblemKind,
    status: StatusCode,
    detail: String,
    errors: Vec<FieldError>,
    retry_after: Option<u64>,
    members: Map<String, Value>,
}

/// As it is sent.
#[derive(Serialize, utoipa::ToSchema)]
pub struct ProblemBody {
    /// `urn:jackfield:problem:` and a stable word.
    #[serde(rename = "type")]
    pub kind: String,
    /// The same for every problem of the type.
    pub title: &'static str,
    /// The HTTP status.
    pub status: u16,
    /// What was wrong here and what to do.
    pub detail: String,
    /// The fields that are wrong.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<FieldError>,
    /// The request, as in the log.
    pub request_id: String,
    /// Further members, such as `callable: false`.
    #[serde(flatten)]
    pub members: Map<String, Value>,
}

impl Problem {
    /// A problem with what a person needs to know.
    pub fn new(kind: ProblemKind, detail: impl Into<String>) -> Self {
        Self {
            kind,
            status: kind.status(),
            detail: detail.into(),
            errors: vec![],
            retry_after: None,
            members: Map::new(),
        }
    }

    /// Fields that are missing or wrong.
    #[must_use]
    pub fn invalid(errors: Vec<FieldError>) -> Self {
        let detail = match errors.as_slice() {
            [one] => format!(
                "{}: {}",
                if one.pointer.is_empty() {
                    "the document"
                } else {
                    &one.pointer
                },
                one.detail
            ),
            many => format!("{} fields are missing or wrong; `errors` names them", many.len()),
        };
        Self {
            errors,
            ..Self::new(ProblemKind::Invalid, detail)
        }
    }

    /// The one answer to everything that is not authorised, so that it tells nothing.
    #[must_use]
    pub fn unauthorized() -> Self {
        Self::new(
            ProblemKind::Unauthorized,
            "the tenant, the token or the signature is not valid",
        )
    }

    /// Sends it with another status of the same meaning.
    #[must_use]
    pub fn with_status(mut self, status: StatusCode) -> Self {
        self.status = status;
        self
    }

    /// Says when to come back.
    #[must_use]
    pub fn retry_after(mut self, seconds: u64) -> Self {
        self.retry_after = Some(seconds);
        self
    }

    /// Adds a member.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.members.insert(name.to_owned(), value.into());
        self
    }

    /// What kind it is.
    #[must_use]
    pub const fn kind(&self) -> ProblemKind {
        self.kind
    }

    /// What a person is told.
    #[must_use]
    pub fn detail(&self) -> &str {
        &self.detail
    }

    /// The answer, for the request with this id.
    #[must_use]
    pub fn respond(self, request_id: &str) -> Response {
        let (_, word, title) = self.kind.parts();
        let body = ProblemBody {
            kind: format!("urn:jackfield:problem:{word}"),
            title,
            status: self.status.as_u16(),
            detail: self.detail,
            errors: self.errors,
            request_id: request_id.to_owned(),
            members: self.members,
        };
        let text = serde_json::to_string_pretty(&body).unwrap_or_default();
        let mut response = (
            self.status,
            [(
                header::CONTENT_TYPE,
                HeaderValue::from_static("application/problem+json"),
            )],
            text,
        )
            .into_response();
        if let Some(seconds) = self.retry_after {
            response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
        }
        if self.status == StatusCode::UNAUTHORIZED {
            response
                .headers_mut()
                .insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}

impl IntoResponse for Problem {
    /// Leaves the problem in the response's extensions, for the request layer to finish with the request id.
    fn into_response(self) -> Response {
        let mut response = self.status.into_response();
        response.extensions_mut().insert(self);
        response
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Overloaded => {
                Self::new(ProblemKind::Overloaded, "nothing was stored; send it again").retry_after(1)
            }
            StoreError::BadCursor => Self::new(ProblemKind::BadRequest, error.to_string()),
            StoreError::Unavailable(_) | StoreError::Corrupt(_) => {
                tracing::error!(error = %error, "the store failed");
                Self::new(
                    ProblemKind::Overloaded,
                    "the database is unavailable and nothing was acknowledged; send it again",
                )
                .retry_after(5)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_store_that_cannot_take_more_is_a_503_that_says_when_to_come_back() {
        for error in [StoreError::Overloaded, StoreError::Unavailable("disk full".into())] {
            let response = Problem::from(error).respond("req_1");
            assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
            assert!(response.headers().contains_key(header::RETRY_AFTER));
        }
        assert_eq!(Problem::from(StoreError::BadCursor).kind(), ProblemKind::BadRequest);
    }

    #[tokio::test]
    async fn a_problem_says_what_where_and_which_request() {
        let errors = vec![FieldError::new("/lead/id", "is required")];
        let response = Problem::invalid(errors).with("callable", false).respond("req_1");
        assert_eq!(response.headers()[header::CONTENT_TYPE], "application/problem+json");
        let bytes = axum::body::to_bytes(response.into_body(), 10_000).await.unwrap();
        insta::assert_snapshot!(String::from_utf8(bytes.to_vec()).unwrap(), @r#"
        {
          "type": "urn:jackfield:problem:invalid",
          "title": "Fields are missing or wrong",
          "status": 422,
          "detail": "/lead/id: is required",
          "errors": [
            {
              "pointer": "/lead/id",
              "detail": "is required"
            }
          ],
          "request_id": "req_1",
          "callable": false
        }
        "#);
    }
}
