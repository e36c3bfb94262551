//! Extractors like axum's, which answer with a [`Problem`] if they cannot read the request.

use axum::body::Bytes;
use axum::extract::rejection::{BytesRejection, PathRejection, QueryRejection};
use axum::extract::{FromRequest, FromRequestParts, Request};
use http::StatusCode;
use http::request::Parts;
use serde::de::DeserializeOwned;

use crate::observe::request::BodyError;
use crate::problem::{Problem, ProblemKind};
use jackfield_domain::intake::media::{self, UnsupportedMedia};
use jackfield_domain::wrong_input::{in_plain_words, json_error, without_input};

/// Parameters in the path.
pub struct Path<T>(pub T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Path<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        axum::extract::Path::from_request_parts(parts, state)
            .await
            .map(|axum::extract::Path(value)| Self(value))
            .map_err(|rejection| Problem::new(ProblemKind::BadRequest, wrong_path(&rejection)))
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
            .map_err(|rejection| Problem::new(ProblemKind::BadRequest, wrong_query(&rejection, parts)))
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
                format!(
                    "the body is not the JSON that this path expects: {}",
                    json_error(&error, text)
                ),
            )
        })
    }
}

/// What is wrong with a path, in the host's words. What the client wrote is not repeated.
fn wrong_path(rejection: &PathRejection) -> String {
    use axum::extract::path::ErrorKind;
    let PathRejection::FailedToDeserializePathParams(failed) = rejection else {
        return "the path cannot be read".to_owned();
    };
    match failed.kind() {
        ErrorKind::Message(rule) => format!("the path cannot be read: {rule}"),
        ErrorKind::DeserializeError { key, value, message } => {
            let rule = without_input(message, &[value]);
            format!("the path cannot be read: `{key}`: {rule}")
        }
        ErrorKind::InvalidUtf8InPathParam { key } => {
            format!("the path cannot be read: `{key}` is not percent-encoded UTF-8")
        }
        _ => "the path cannot be read: a part of it is not what this endpoint expects there".to_owned(),
    }
}

/// What is wrong with a query, in the host's words: which parameter, and what is allowed.
fn wrong_query(rejection: &QueryRejection, parts: &Parts) -> String {
    let all = "the query cannot be read";
    // The error below the framework's names the parameter first, and then what is wrong with it.
    let Some(error) = std::error::Error::source(rejection) else {
        return all.to_owned();
    };
    let query = parts.uri.query().unwrap_or_default();
    let given: Vec<_> = url::form_urlencoded::parse(query.as_bytes()).collect();
    let values: Vec<_> = given.iter().map(|(_, value)| &**value).chain([query]).collect();
    let message = in_plain_words(&without_input(&error.to_string(), &values));
    format!("{all}: {message}")
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
