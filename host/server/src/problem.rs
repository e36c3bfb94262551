//! Turns errors into answers: an error becomes a [`Problem`], and a problem becomes an HTTP answer with its headers and
//! the request id that is also in the log. [`ProblemKind`] says which status each kind of problem has.

use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use serde_json::{Map, Value};

use jackfield_api::ProblemBody;
pub use jackfield_api::ProblemKind;
use jackfield_domain::field::FieldError;
use jackfield_store::StoreError;

/// The media type of a problem.
pub const MEDIA_TYPE: &str = "application/problem+json";

/// An error answer (RFC 9457). `observe::request` adds the request id and logs the problem.
#[derive(Debug, Clone)]
pub struct Problem {
    kind: ProblemKind,
    status: StatusCode,
    detail: String,
    errors: Vec<FieldError>,
    retry_after: Option<u64>,
    members: Map<String, Value>,
    /// What failed, for the log. It is no part of the answer.
    cause: Option<String>,
}

impl Problem {
    /// A problem of this kind, with what a person needs to know.
    pub fn new(kind: ProblemKind, detail: impl Into<String>) -> Self {
        Self {
            kind,
            status: kind.status(),
            detail: detail.into(),
            errors: vec![],
            retry_after: None,
            members: Map::new(),
            cause: None,
        }
    }

    /// The problem for fields that are missing or wrong.
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

    /// The one problem for every request that is not authorized, so that it reveals nothing.
    #[must_use]
    pub fn unauthorized() -> Self {
        Self::new(
            ProblemKind::Unauthorized,
            "the tenant, the token or the signature is not valid",
        )
    }

    /// The problem for an error answer that no handler made, such as one about a path that is not UTF-8 or a head that
    /// is too large; it has the answer's status. None if the answer is not an error, or is a 503 of the health checks.
    #[must_use]
    pub fn of_status(status: StatusCode) -> Option<Self> {
        let kind = if status.is_client_error() {
            ProblemKind::BadRequest
        } else if status.is_server_error() && status != StatusCode::SERVICE_UNAVAILABLE {
            ProblemKind::Internal
        } else {
            return None;
        };
        let detail = match status {
            StatusCode::URI_TOO_LONG => "the path and the query are longer than the host reads; nothing was stored",
            StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE => {
                "the request has more headers, or longer ones, than the host reads; nothing was stored"
            }
            _ => {
                "the request cannot be read: this endpoint does not support its path, query or headers, or its head is \
                 not valid HTTP; nothing was stored"
            }
        };
        Some(Self::new(kind, detail).with_status(status))
    }

    /// Adds when the client may retry.
    #[must_use]
    pub fn retry_after(mut self, seconds: u64) -> Self {
        self.retry_after = Some(seconds);
        self
    }

    /// Adds to what a person needs to know.
    #[must_use]
    pub fn and(mut self, more: &str) -> Self {
        self.detail = format!("{}; {more}", self.detail);
        self
    }

    /// Adds a member to the document.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.members.insert(name.to_owned(), value.into());
        self
    }

    /// Adds that the lead must not be called, if whoever reads this may have asked for its status.
    #[must_use]
    pub fn fail_closed(self, asks_for_status: bool) -> Self {
        if asks_for_status {
            self.with("callable", false)
        } else {
            self
        }
    }

    /// The same problem with another detail.
    #[must_use]
    pub fn with_detail(self, detail: impl Into<String>) -> Self {
        let detail = detail.into();
        Self { detail, ..self }
    }

    /// The same problem with another status.
    #[must_use]
    pub fn with_status(self, status: StatusCode) -> Self {
        Self { status, ..self }
    }

    /// What failed, for the log; none if nothing did.
    #[must_use]
    pub fn cause(&self) -> Option<&str> {
        self.cause.as_deref()
    }

    /// Its HTTP status.
    #[must_use]
    pub const fn status(&self) -> StatusCode {
        self.status
    }

    /// Its kind.
    #[must_use]
    pub const fn kind(&self) -> ProblemKind {
        self.kind
    }

    /// The detail, for a person.
    #[must_use]
    pub fn detail(&self) -> &str {
        &self.detail
    }

    /// The body of the answer to the request with this id.
    #[must_use]
    pub fn body(self, request_id: &str) -> String {
        let body = ProblemBody {
            kind: self.kind.urn(),
            title: self.kind.title().to_owned(),
            status: self.status.as_u16(),
            detail: self.detail,
            errors: self.errors,
            request_id: request_id.to_owned(),
            members: self.members,
        };
        serde_json::to_string_pretty(&body).unwrap_or_default()
    }

    /// Renders the answer to the request with this id.
    #[must_use]
    pub fn respond(self, request_id: &str) -> Response {
        let (status, retry_after) = (self.status, self.retry_after);
        let kind = [(header::CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE))];
        let mut response = (status, kind, self.body(request_id)).into_response();
        let headers = response.headers_mut();
        if let Some(seconds) = retry_after {
            headers.insert(header::RETRY_AFTER, seconds.into());
        }
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if status == StatusCode::UNSUPPORTED_MEDIA_TYPE {
            // RFC 9110, 15.5.16: which codings the host reads.
            headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        }
        response
    }
}

impl IntoResponse for Problem {
    /// Puts the problem into the response's extensions, so that `observe::request` renders it with the request id.
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
            StoreError::Unavailable(_) | StoreError::Corrupt(_) => Self {
                cause: Some(error.to_string()),
                ..Self::new(
                    ProblemKind::Overloaded,
                    "the database is unavailable and nothing was acknowledged; send it again",
                )
                .retry_after(5)
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failing_store_is_503_with_retry_after() {
        for error in [StoreError::Overloaded, StoreError::Unavailable("disk full".into())] {
            let response = Problem::from(error).respond("req_1");
            assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
            assert!(response.headers().contains_key(header::RETRY_AFTER));
        }
        let failed = Problem::from(StoreError::Unavailable("disk full".into()));
        assert!(failed.cause().is_some_and(|cause| cause.contains("disk full")));
        assert!(!failed.body("req_1").contains("disk full"));
        assert_eq!(Problem::from(StoreError::BadCursor).kind(), ProblemKind::BadRequest);
    }

    #[tokio::test]
    async fn problem_says_what_where_and_which_request() {
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
