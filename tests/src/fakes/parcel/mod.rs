//! parcel: a SOAP 1.1 service of 2009. Namespaces, Basic auth, HTTP 500 for every fault. It stores one record for each
//! call reference and returns the record's number again for a repetition.
//!
//! | operation | response |
//! | --- | --- |
//! | `GetLeadStatus` | `<Lead>` with stage code, do-not-call, whether its owner spoke to the lead, last call |
//! | `RecordCallOutcome` | `<RecordNumber>`, and whether it is a `<Duplicate>` |
//!
//! Both are posted to `/ParcelService.asmx`. It checks, in this order: the user (401, as IIS does), the envelope and
//! the `SOAPAction` (P-10), the elements (P-20), the lead (P-04).

mod call;
mod soap;
mod xml;

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::header::{AUTHORIZATION, CONTENT_TYPE, WWW_AUTHENTICATE};
use http::{HeaderValue, Method, Request, StatusCode};
use hyper::body::Bytes;
use quick_xml::escape::escape;
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq as _;

use self::soap::{Fault, PARCEL, SOAP};
use self::xml::Element;
use super::http_message::{FakeResponse, header, response};
use super::service::{FakeService, RequestOutcome};

/// parcel's options.
#[derive(Debug, Clone)]
pub struct ParcelConfig {
    /// The service user's name.
    pub user: String,
    /// Its password.
    pub password: String,
}

impl ParcelConfig {
    /// A parcel with one service user.
    pub fn new(user: impl Into<String>, password: impl Into<String>) -> Self {
        Self {
            user: user.into(),
            password: password.into(),
        }
    }
}

/// A lead as parcel stores it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ParcelLead {
    /// Its number, such as `PL-1001`.
    pub number: String,
    /// 10 new, 20 contacted, 30 visit fixed, 40 booked, 90 closed; tenants may define others.
    #[serde(default = "new_stage")]
    pub stage: u16,
    /// Whether it asked not to be called. A call with `DoNotCall` sets it.
    #[serde(default)]
    pub do_not_call: bool,
    /// Whether its owner, a salesperson, has spoken to it.
    #[serde(default)]
    pub owner_spoke: bool,
    /// When it was last called: `xs:dateTime`.
    #[serde(default)]
    pub last_called_on: Option<String>,
}

impl ParcelLead {
    /// A new lead that may be called.
    pub fn new(number: impl Into<String>) -> Self {
        Self {
            number: number.into(),
            stage: new_stage(),
            do_not_call: false,
            owner_spoke: false,
            last_called_on: None,
        }
    }
}

fn new_stage() -> u16 {
    10
}

/// A call as parcel stores it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ParcelCall {
    /// parcel's own number, such as `PR-2026-000001`.
    pub number: String,
    /// How many times the same reference was recorded again, without effect.
    pub repetitions: u32,
    /// Every element that was not nil, by path, such as `Visit/VisitDate`.
    pub elements: BTreeMap<String, String>,
}

impl ParcelCall {
    /// An element's text; empty if it was nil.
    pub fn get(&self, name: &str) -> &str {
        self.elements.get(name).map_or("", String::as_str)
    }
}

/// The CRM behind [`Parcel`](super::Parcel).
#[derive(Debug)]
pub struct ParcelCrm {
    config: ParcelConfig,
    leads: BTreeMap<String, ParcelLead>,
    calls: Vec<ParcelCall>,
}

impl FakeService for ParcelCrm {
    type Config = ParcelConfig;
    type Lead = ParcelLead;
    type Record = ParcelCall;
    const RECORDS: (&'static str, &'static str) = ("calls", "stored");

    fn from_config(config: ParcelConfig) -> Self {
        Self {
            config,
            leads: BTreeMap::new(),
            calls: Vec::new(),
        }
    }

    fn handle(&mut self, request: &Request<Bytes>) -> RequestOutcome {
        if request.uri().path() != "/ParcelService.asmx" || request.method() != Method::POST {
            return RequestOutcome::Refused(response(StatusCode::NOT_FOUND, Some("text/html"), "<h1>Not Found</h1>"));
        }
        if !self.is_authenticated(request) {
            let mut refusal = response(
                StatusCode::UNAUTHORIZED,
                Some("text/html"),
                "<h1>401 - Unauthorized</h1>",
            );
            let realm = HeaderValue::from_static("Basic realm=\"parcel\"");
            refusal.headers_mut().insert(WWW_AUTHENTICATE, realm);
            return RequestOutcome::Refused(refusal);
        }
        self.operate(request)
            .unwrap_or_else(|fault| RequestOutcome::Refused(fault.response()))
    }

    fn too_many(retry_after: Option<u32>) -> FakeResponse {
        Fault::TooMany { retry_after }.response()
    }

    fn maintenance() -> FakeResponse {
        Fault::Maintenance.response()
    }

    fn crash() -> FakeResponse {
        Fault::Broken.response()
    }

    fn seed(&mut self, lead: ParcelLead) {
        self.leads.insert(lead.number.clone(), lead);
    }

    fn stored(&self) -> Vec<ParcelCall> {
        self.calls.clone()
    }

    fn clear(&mut self) {
        self.leads.clear();
        self.calls.clear();
    }
}

impl ParcelCrm {
    /// Whether the request has the service user's credentials.
    fn is_authenticated(&self, request: &Request<Bytes>) -> bool {
        let expected = format!("{}:{}", self.config.user, self.config.password);
        let given = header(request, AUTHORIZATION.as_str()).and_then(|value| value.strip_prefix("Basic "));
        let given = given.and_then(|text| STANDARD.decode(text).ok()).unwrap_or_default();
        given.ct_eq(expected.as_bytes()).into()
    }

    fn operate(&mut self, request: &Request<Bytes>) -> Result<RequestOutcome, Fault> {
        let operation = operation(request)?;
        let action = header(request, "soapaction").unwrap_or_default();
        if operation.namespace != PARCEL || action != format!("\"{PARCEL}/{}\"", operation.name) {
            let what = "SOAPAction and the operation must be the same one of parcel's";
            return Err(Fault::Malformed(what.into()));
        }
        match operation.name.as_str() {
            "GetLeadStatus" => self.lead_status(&operation),
            "RecordCallOutcome" => self.record(&operation),
            other => Err(Fault::Malformed(format!("there is no operation {other}"))),
        }
    }

    fn lead_status(&self, operation: &Element) -> Result<RequestOutcome, Fault> {
        let number = operation.only(PARCEL, "LeadNumber").filter(|it| it.children.is_empty());
        let wrong = || Fault::Invalid(vec![("LeadNumber".into(), "must be there, and nothing else")]);
        let lead = self
            .leads
            .get(&number.ok_or_else(wrong)?.text)
            .ok_or(Fault::NoSuchLead)?;
        let last = match &lead.last_called_on {
            Some(at) => format!("<p:LastCalledOn>{}</p:LastCalledOn>", escape(at.as_str())),
            None => "<p:LastCalledOn xsi:nil=\"true\"/>".into(),
        };
        let body = format!(
            "<p:Lead><p:LeadNumber>{}</p:LeadNumber><p:StageCode>{}</p:StageCode><p:DoNotCall>{}</p:DoNotCall>\
             <p:OwnerSpoke>{}</p:OwnerSpoke>{last}</p:Lead>",
            escape(lead.number.as_str()),
            lead.stage,
            lead.do_not_call,
            lead.owner_spoke,
        );
        Ok(RequestOutcome::Read(soap::success("GetLeadStatus", &body)))
    }

    fn record(&mut self, operation: &Element) -> Result<RequestOutcome, Fault> {
        let wrong = || Fault::Invalid(vec![("Call".into(), "must be there, and nothing else")]);
        let call = operation.only(PARCEL, "Call").ok_or_else(wrong)?;
        let elements = call::validate(call).map_err(Fault::Invalid)?;
        let lead = self.leads.get_mut(&elements["LeadNumber"]).ok_or(Fault::NoSuchLead)?;
        let recorded = |number: &str, duplicate: bool| {
            let body = format!("<p:RecordNumber>{number}</p:RecordNumber><p:Duplicate>{duplicate}</p:Duplicate>");
            soap::success("RecordCallOutcome", &body)
        };
        let reference = &elements["CallReference"];
        if let Some(known) = self.calls.iter_mut().find(|it| it.get("CallReference") == reference) {
            known.repetitions += 1;
            return Ok(RequestOutcome::Read(recorded(&known.number, true)));
        }
        lead.do_not_call |= elements["DoNotCall"] == "true";
        let number = format!("PR-{}-{:06}", &elements["CalledOn"][..4], self.calls.len() + 1);
        let response = recorded(&number, false);
        let repetitions = 0;
        self.calls.push(ParcelCall {
            number,
            repetitions,
            elements,
        });
        Ok(RequestOutcome::Stored(response))
    }
}

/// The only element in the envelope's body.
fn operation(request: &Request<Bytes>) -> Result<Element, Fault> {
    let malformed = |what: &str| Fault::Malformed(what.into());
    let content_type = header(request, CONTENT_TYPE.as_str()).unwrap_or_default();
    if !content_type.eq_ignore_ascii_case("text/xml; charset=utf-8") {
        return Err(malformed("the content type must be text/xml; charset=utf-8"));
    }
    let text = str::from_utf8(request.body()).map_err(|_| malformed("not UTF-8"))?;
    let root = Element::parse(text).map_err(Fault::Malformed)?;
    let is_envelope = root.is(SOAP, "Envelope");
    let [body] = <[Element; 1]>::try_from(root.children).map_err(|_| malformed("not one Body"))?;
    if !is_envelope || !body.is(SOAP, "Body") {
        return Err(malformed("not a SOAP 1.1 envelope"));
    }
    let [operation] = <[Element; 1]>::try_from(body.children).map_err(|_| malformed("not one operation"))?;
    Ok(operation)
}
