//! Extractors like axum's, which answer with a [`Problem`] if they cannot read the request.

use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{FromRequest, FromRequestParts, Request};
use http::StatusCode;
use http::request::Parts;
use serde::de::DeserializeOwned;

use crate::observe::request::BodyError;
use crate::problem::{Problem, ProblemKind};
use jackfield_domain::intake::media::{self, UnsupportedMedia};

/// Parameters in the path.
pub struct Path<T>(pub T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Path<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        axum::extract::Path::from_request_parts(parts, state)
            .await
            .map(|axum::extract::Path(value)| Self(value))
            .map_err(|rejection| Problem::new(ProblemKind::BadRequest, rejection.body_text()))
    }
}

/// Parameters in the query.
pub struct Query<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        axum::extract::Query::from_request_parts(parts, state)
            .await
            .map(|axum::extract::Query(value)| Self(value))
            .map_err(|rejection| Problem::new(ProblemKind::BadRequest, rejection.body_text()))
    }
}

/// The body, byte for byte.
pub struct Body(pub Bytes);

impl<S: Send + Sync> FromRequest<S> for Body {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        media::check_coding(request.headers()).map_err(unsupported)?;
        Bytes::from_request(request, state)
            .await
            .map(Self)
            .map_err(|rejection| body_problem(&rejection))
    }
}

/// The body as JSON, whatever its `content-type` says. An empty body means `{}`, so that a client may omit a body whose
/// members are all optional.
pub struct Json<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Json<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        media::check_charset(request.headers()).map_err(unsupported)?;
        let Body(bytes) = Body::from_request(request, state).await?;
        let text: &[u8] = if bytes.is_empty() { b"{}" } else { &bytes };
        serde_json::from_slice(text).map(Self).map_err(|error| {
            Problem::new(
                ProblemKind::BadRequest,
                format!("the body is not the JSON that this path expects: {error}"),
            )
        })
    }
}

fn unsupported(error: UnsupportedMedia) -> Problem {
    Problem::new(ProblemKind::UnsupportedMedia, error.explanation())
}

fn body_problem(rejection: &BytesRejection) -> Problem {
    if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE {
        Problem::new(ProblemKind::TooLarge, "the body is larger than this path accepts")
    } else {
        BodyError::within(rejection).unwrap_or(BodyError::BrokeOff).problem()
    }
}
