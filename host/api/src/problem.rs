//! Errors on the wire: `application/problem+json` (RFC 9457), with a stable `type`, a `detail` that a person can act
//! on, and pointers to the fields that are wrong.
//!
//! Only this module maps problems to statuses. `type` is a name, not a page: `urn:jackfield:problem:…`.

use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use jackfield_domain::field::FieldError;

/// What went wrong, for the caller to act on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ProblemKind {
    /// The request cannot be read: bad JSON, a bad cursor, a bad id.
    BadRequest,
    /// No, or no valid, signature or token. An unknown tenant looks the same.
    Unauthorized,
    /// There is no such thing.
    NotFound,
    /// This path does not support this method.
    MethodNotAllowed,
    /// The request contradicts the stored state: a call was reported with another body, a delivery is in another state.
    Conflict,
    /// A lead's idempotency key was used for another body. Unlike [`Conflict`](Self::Conflict) a 422, as is usual for
    /// idempotency keys.
    KeyReused,
    /// The body is larger than the host accepts.
    TooLarge,
    /// The body is compressed, or in a charset that the host does not read.
    UnsupportedMedia,
    /// The request came too slowly.
    TooSlow,
    /// There were too many requests from the same client or of the same tenant.
    RateLimited,
    /// Fields are missing or wrong.
    Invalid,
    /// The adapter failed.
    AdapterFault,
    /// The CRM refused the request.
    CrmRefused,
    /// The CRM cannot be reached right now.
    CrmUnavailable,
    /// The CRM did not answer in time.
    CrmTimeout,
    /// This host serves no release of the tenant, and an operator has to act.
    TenantUnavailable,
    /// The host is overloaded.
    Overloaded,
    /// The host failed.
    Internal,
}

impl ProblemKind {
    /// Every kind.
    pub const ALL: [Self; 18] = [
        Self::BadRequest,
        Self::Unauthorized,
        Self::NotFound,
        Self::MethodNotAllowed,
        Self::Conflict,
        Self::KeyReused,
        Self::TooLarge,
        Self::UnsupportedMedia,
        Self::TooSlow,
        Self::RateLimited,
        Self::Invalid,
        Self::AdapterFault,
        Self::CrmRefused,
        Self::CrmUnavailable,
        Self::CrmTimeout,
        Self::TenantUnavailable,
        Self::Overloaded,
        Self::Internal,
    ];

    const fn parts(self) -> (StatusCode, &'static str, &'static str) {
        match self {
            Self::BadRequest => (StatusCode::BAD_REQUEST, "bad-request", "The request cannot be read"),
            Self::Unauthorized => (StatusCode::UNAUTHORIZED, "unauthorized", "Not authorised"),
            Self::NotFound => (StatusCode::NOT_FOUND, "not-found", "There is no such thing"),
            Self::MethodNotAllowed => (
                StatusCode::METHOD_NOT_ALLOWED,
                "method-not-allowed",
                "Method not allowed",
            ),
            Self::Conflict => (StatusCode::CONFLICT, "conflict", CONFLICT),
            Self::KeyReused => (StatusCode::UNPROCESSABLE_ENTITY, "conflict", CONFLICT),
            Self::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "too-large", "The body is too large"),
            Self::UnsupportedMedia => (
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "unsupported-media",
                "The body's encoding is not supported",
            ),
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
            Self::TenantUnavailable => (
                StatusCode::SERVICE_UNAVAILABLE,
                "tenant-unavailable",
                "The tenant is not served",
            ),
            Self::Overloaded => (StatusCode::SERVICE_UNAVAILABLE, "overloaded", "The host is overloaded"),
            Self::Internal => (StatusCode::INTERNAL_SERVER_ERROR, "internal", "The host failed"),
        }
    }

    /// The problem's HTTP status.
    #[must_use]
    pub const fn status(self) -> StatusCode {
        self.parts().0
    }

    /// The last part of its `type`, also its label in metrics.
    #[must_use]
    pub const fn word(self) -> &'static str {
        self.parts().1
    }

    /// Its `type`.
    #[must_use]
    pub fn urn(self) -> String {
        format!("urn:jackfield:problem:{}", self.word())
    }

    /// Its `title`.
    #[must_use]
    pub const fn title(self) -> &'static str {
        self.parts().2
    }
}

const CONFLICT: &str = "It conflicts with what is stored";

/// The body of an error response. Those to a status query have the member `callable: false`, and those to a disposition
/// whose wish not to be called was recorded all the same have `do_not_call_recorded: true`.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ProblemBody {
    /// `urn:jackfield:problem:` and a stable word.
    #[serde(rename = "type")]
    pub kind: String,
    /// The same for every problem of the type.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// What was wrong here and what to do.
    pub detail: String,
    /// The fields that are wrong.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<FieldError>,
    /// The request, as in the log.
    pub request_id: String,
    /// Further members, such as `callable: false`.
    #[serde(flatten)]
    pub members: Map<String, Value>,
}
