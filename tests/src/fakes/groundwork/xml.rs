//! groundwork's responses: always HTTP 200 with one `<response>`.

use std::fmt::Write as _;

use http::StatusCode;
use quick_xml::escape::escape;

use super::{
    super::http_message::{FakeResponse, response},
    GroundworkLead,
};

/// Why groundwork refused a request.
#[derive(Debug)]
pub(super) enum Fault {
    /// E01: why the signature or the time is invalid.
    BadSignature(&'static str),
    /// E04.
    NoSuchLead,
    /// E09: nothing was stored.
    Maintenance,
    /// E12, with the seconds to wait if set.
    TooMany { retry_after: Option<u32> },
    /// E20.
    Invalid(Vec<FieldError>),
}

/// A refused parameter.
#[derive(Debug)]
pub(super) struct FieldError {
    name: String,
    message: &'static str,
}

impl FieldError {
    pub fn new(name: &str, message: &'static str) -> Self {
        Self {
            name: name.to_owned(),
            message,
        }
    }
}

impl Fault {
    pub fn response(&self) -> FakeResponse {
        let (code, message) = match self {
            Self::BadSignature(why) => ("E01", *why),
            Self::NoSuchLead => ("E04", "no such lead"),
            Self::Maintenance => ("E09", "maintenance, nothing stored"),
            Self::TooMany { .. } => ("E12", "too many requests"),
            Self::Invalid(_) => ("E20", "invalid fields"),
        };
        let mut body = format!(
            "<status>ERROR</status><code>{code}</code><message>{}</message>",
            escape(message)
        );
        match self {
            Self::TooMany {
                retry_after: Some(seconds),
            } => {
                let _ = write!(body, "<retry>{seconds}</retry>");
            }
            Self::Invalid(errors) => {
                for FieldError { name, message } in errors {
                    let _ = write!(
                        body,
                        "<field name=\"{}\">{}</field>",
                        escape(name.as_str()),
                        escape(*message)
                    );
                }
            }
            _ => {}
        }
        document(&body)
    }
}

pub(super) fn reference(reference: &str) -> FakeResponse {
    document(&format!("<status>OK</status><ref>{}</ref>", escape(reference)))
}

pub(super) fn lead(lead: &GroundworkLead) -> FakeResponse {
    let last_call = match &lead.last_call {
        Some(at) => format!("<last_call>{}</last_call>", escape(at.as_str())),
        None => "<last_call/>".to_owned(),
    };
    document(&format!(
        "<status>OK</status><lead no=\"{}\"><stage>{}</stage><dnd>{}</dnd><sales_spoke>{}</sales_spoke>\
         {last_call}</lead>",
        escape(lead.lead_no.as_str()),
        lead.stage,
        lead.dnd.as_str(),
        lead.sales_spoke.as_str(),
    ))
}

fn document(inside: &str) -> FakeResponse {
    let document = format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?><response>{inside}</response>");
    response(StatusCode::OK, Some("text/xml; charset=UTF-8"), document)
}
