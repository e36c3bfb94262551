//! HTTP messages as the fakes read and write them: whole, and strict about headers.

use http::{HeaderValue, Request, Response, StatusCode, header::CONTENT_TYPE};
use http_body_util::Full;
use hyper::body::Bytes;
use serde_json::Value;

/// A whole answer.
pub type FakeResponse = Response<Full<Bytes>>;

pub(super) fn response(status: StatusCode, content_type: Option<&'static str>, body: impl Into<Bytes>) -> FakeResponse {
    let mut answer = Response::new(Full::new(body.into()));
    *answer.status_mut() = status;
    if let Some(content_type) = content_type {
        answer
            .headers_mut()
            .insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    }
    answer
}

pub(super) fn json_response(status: StatusCode, body: &Value) -> FakeResponse {
    response(status, Some("application/json"), body.to_string())
}

/// The value of a header that is there exactly once, and is text.
pub(super) fn header<'a>(request: &'a Request<Bytes>, name: &str) -> Option<&'a str> {
    let mut values = request.headers().get_all(name).iter();
    let only = values.next().filter(|_| values.next().is_none())?;
    only.to_str().ok()
}

/// Whether the body is said to be of this media type, whatever its parameters.
pub(super) fn has_media_type(request: &Request<Bytes>, expected: &str) -> bool {
    let media_type = header(request, CONTENT_TYPE.as_str()).and_then(|value| value.split(';').next());
    media_type.is_some_and(|media_type| media_type.trim().eq_ignore_ascii_case(expected))
}
