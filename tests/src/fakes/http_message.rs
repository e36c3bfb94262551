//! HTTP messages as the fakes read and write them: whole bodies, strict headers.

use http::{
    HeaderValue, Request, Response, StatusCode,
    header::{CONTENT_TYPE, RETRY_AFTER},
};
use http_body_util::Full;
use hyper::body::Bytes;
use serde_json::{Value, json};

/// A response with its whole body.
pub type FakeResponse = Response<Full<Bytes>>;

pub(super) fn response(status: StatusCode, content_type: Option<&'static str>, body: impl Into<Bytes>) -> FakeResponse {
    let mut response = Response::new(Full::new(body.into()));
    *response.status_mut() = status;
    if let Some(content_type) = content_type {
        response
            .headers_mut()
            .insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    }
    response
}

pub(super) fn json_response(status: StatusCode, body: &Value) -> FakeResponse {
    response(status, Some("application/json"), body.to_string())
}

/// A response of `{"error"}`, for the fakes without an error format of their own.
pub(super) fn error_response(status: StatusCode, message: &str) -> FakeResponse {
    json_response(status, &json!({ "error": message }))
}

/// Adds `Retry-After`, if there is a number of seconds.
pub(super) fn with_retry_after(mut response: FakeResponse, seconds: Option<u32>) -> FakeResponse {
    if let Some(seconds) = seconds {
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}

/// The value of a header that occurs exactly once and is text.
pub(super) fn header<'a>(request: &'a Request<Bytes>, name: &str) -> Option<&'a str> {
    let mut values = request.headers().get_all(name).iter();
    let only = values.next().filter(|_| values.next().is_none())?;
    only.to_str().ok()
}

/// Whether `Content-Type` names this media type, with any parameters.
pub(super) fn has_media_type(request: &Request<Bytes>, expected: &str) -> bool {
    let media_type = header(request, CONTENT_TYPE.as_str()).and_then(|value| value.split(';').next());
    media_type.is_some_and(|media_type| media_type.trim().eq_ignore_ascii_case(expected))
}
