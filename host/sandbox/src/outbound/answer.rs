//! Reads an answer: within its limits, as text that the host can search, and without the tenant's secrets.

use std::borrow::Cow;

use http::HeaderMap;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE};

use super::error::{SendError, reason};
use crate::contract::bindings::http::{Header, Response};
use crate::meter::observations::Observations;
use crate::secrets::credentials::{Credentials, TokenInUse};
use jackfield_domain::tenant::egress::{
    BodyCharset, Origin, charset, convert, encoding_problem, shown, utf8_content_type,
};

/// Bytes of an answer's headers, names and values.
const MAX_ANSWER_HEADER_BYTES: usize = 32 << 10;
/// Bytes of an answer's body: ample for a lead with its history. Multiplied by the invocations in flight, it is the
/// host's memory.
pub const MAX_ANSWER_BODY: usize = 2 << 20;
/// Bytes of all answers of one invocation, heads and bodies: four of the largest. A guest that wants to read more
/// should ask its CRM to select.
pub const MAX_ANSWERS: usize = 8 << 20;

/// Reads the answer to a request.
pub struct AnswerReader<'a> {
    /// The secrets that may be in it.
    pub credentials: &'a Credentials,
    /// Where the request went.
    pub origin: &'a Origin,
    /// The token that the request carried.
    pub token: Option<&'a TokenInUse>,
    /// Of the invocation that sent it.
    pub observations: &'a Observations,
}

impl AnswerReader<'_> {
    /// The answer as the guest gets it. If the request carried a secret, it must be an answer that the host can search.
    ///
    /// # Errors
    /// It is incomplete or too large, the host cannot search it, or it holds a secret.
    pub async fn read(&self, mut answer: reqwest::Response) -> Result<Response, SendError> {
        let observations = self.observations;
        let carried = self.credentials.are_sent_to(self.origin);
        let status = answer.status().as_u16();
        let headers = std::mem::take(answer.headers_mut());
        let size: usize = headers
            .iter()
            .map(|(name, value)| name.as_str().len() + value.len())
            .sum();
        if size > MAX_ANSWER_HEADER_BYTES {
            return Err(SendError::TooLarge(format!(
                "its headers are larger than {MAX_ANSWER_HEADER_BYTES} bytes"
            )));
        }
        count(observations, size)?;
        let mut unreadable = encoding_problem(status, &headers);
        if let Some(problem) = unreadable.take_if(|_| carried) {
            return Err(SendError::Unreadable(problem));
        }
        let mut body = Vec::new();
        while let Some(chunk) = answer
            .chunk()
            .await
            .map_err(|error| SendError::NoAnswer(reason(error)))?
        {
            count(observations, chunk.len())?;
            if body.len() + chunk.len() > MAX_ANSWER_BODY {
                return Err(SendError::TooLarge(format!(
                    "its body is larger than {MAX_ANSWER_BODY} bytes"
                )));
            }
            body.extend_from_slice(&chunk);
        }
        let content_type = headers
            .get(CONTENT_TYPE)
            .map(|value| text(value.as_bytes()))
            .unwrap_or_default();
        let charset = charset(&content_type, &body);
        if let BodyCharset::Other(label) = charset {
            let label = shown(label.as_bytes());
            let problem = format!("is in charset `{label}`, though adapters read UTF-8 and what resembles it");
            if carried {
                return Err(SendError::Unreadable(problem));
            }
            unreadable = unreadable.or(Some(problem));
        }
        let converted = convert(charset, &body);
        let is_converted = converted.is_some();
        if self.hold_secret(&headers, &body, converted.as_deref()) {
            return Err(SendError::HoldsSecret);
        }
        let body = converted.unwrap_or(body);
        let mut headers = guest_headers(&headers);
        if is_converted {
            for header in &mut headers {
                if header.name == CONTENT_TYPE.as_str() {
                    header.value = utf8_content_type(&header.value);
                } else if header.name == CONTENT_LENGTH.as_str() {
                    header.value = body.len().to_string();
                }
            }
        }
        let origin = self.origin;
        observations.set_trouble(unreadable.map(|problem| format!("{origin}: the answer {problem}")));
        Ok(Response { status, headers, body })
    }

    fn hold_secret(&self, headers: &HeaderMap, body: &[u8], converted: Option<&[u8]>) -> bool {
        let mut head = Vec::new();
        for (name, value) in headers {
            head.extend([name.as_str().as_bytes(), b": ", value.as_bytes(), b" | "].concat());
        }
        let mut parts = [Some(head.as_slice()), Some(body), converted].into_iter().flatten();
        parts.any(|part| self.credentials.are_echoed_in(part, self.token))
    }
}

fn guest_headers(headers: &HeaderMap) -> Vec<Header> {
    let header = |(name, value): (&http::HeaderName, &http::HeaderValue)| Header {
        name: name.as_str().to_owned(),
        value: text(value.as_bytes()).into_owned(),
    };
    headers.iter().map(header).collect()
}

/// A header's value as text: UTF-8, or Latin-1, which old servers write and which any other bytes are.
fn text(value: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(value) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => Cow::Owned(value.iter().map(|byte| char::from(*byte)).collect()),
    }
}

/// Counts bytes of an answer towards what the invocation may receive.
fn count(observations: &Observations, bytes: usize) -> Result<(), SendError> {
    if observations.add_received(bytes) > MAX_ANSWERS {
        let why = format!("with it the answers to this invocation are larger than {MAX_ANSWERS} bytes in total");
        return Err(SendError::TooLarge(why));
    }
    Ok(())
}
