//! parcel's responses in SOAP 1.1 envelopes, and its faults, which all use HTTP 500 as the standard requires.

use std::fmt::Write as _;

use http::StatusCode;
use quick_xml::escape::escape;

use super::super::http_message::{FakeResponse, response};

pub(super) const SOAP: &str = "http://schemas.xmlsoap.org/soap/envelope/";
pub(super) const XSI: &str = "http://www.w3.org/2001/XMLSchema-instance";
pub(super) const PARCEL: &str = "urn:parcel-crm:2009";

/// Why parcel refused a request.
#[derive(Debug)]
pub(super) enum Fault {
    /// P-10: why the request is not SOAP or not one of parcel's operations.
    Malformed(String),
    /// P-04.
    NoSuchLead,
    /// P-20, with each refused element and the reason.
    Invalid(Vec<(String, &'static str)>),
    /// P-09: nothing was stored.
    Maintenance,
    /// P-12, with the seconds to wait if set.
    TooMany { retry_after: Option<u32> },
    /// P-50: an internal error; it is unknown what was stored.
    Broken,
}

impl Fault {
    pub fn response(&self) -> FakeResponse {
        let (side, code, words) = match self {
            Self::Malformed(why) => ("Client.Request", "P-10", why.as_str()),
            Self::NoSuchLead => ("Client", "P-04", "no such lead"),
            Self::Invalid(_) => ("Client", "P-20", "invalid elements"),
            Self::Maintenance => ("Server", "P-09", "maintenance, nothing stored"),
            Self::TooMany { .. } => ("Server", "P-12", "too many requests"),
            Self::Broken => ("Server", "P-50", "Transaction was deadlocked on lock resources"),
        };
        let mut detail = format!("<p:ErrorCode>{code}</p:ErrorCode>");
        if let Self::TooMany {
            retry_after: Some(wait),
        } = self
        {
            let _ = write!(detail, "<p:RetryAfterSeconds>{wait}</p:RetryAfterSeconds>");
        }
        if let Self::Invalid(fields) = self {
            for (name, why) in fields {
                let _ = write!(detail, "<p:Field name=\"{}\">{why}</p:Field>", escape(name.as_str()));
            }
        }
        let fault = format!(
            "<soap:Fault><faultcode>soap:{side}</faultcode><faultstring>{}</faultstring><detail><p:Error>{detail}\
             </p:Error></detail></soap:Fault>",
            escape(words)
        );
        envelope(StatusCode::INTERNAL_SERVER_ERROR, &fault)
    }
}

/// The response to a successful operation.
pub(super) fn success(operation: &str, body: &str) -> FakeResponse {
    envelope(
        StatusCode::OK,
        &format!("<p:{operation}Response>{body}</p:{operation}Response>"),
    )
}

fn envelope(status: StatusCode, content: &str) -> FakeResponse {
    let document = format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?>\r\n<soap:Envelope xmlns:soap=\"{SOAP}\" xmlns:xsi=\"{XSI}\" \
         xmlns:p=\"{PARCEL}\"><soap:Body>{content}</soap:Body></soap:Envelope>"
    );
    response(status, Some("text/xml; charset=utf-8"), document)
}
