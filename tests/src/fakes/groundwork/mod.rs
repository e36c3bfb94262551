//! groundwork: a twenty-year-old PHP application. Forms in, XML out, errors inside HTTP 200, parameters signed with a
//! shared key. It appends a row for every accepted post, and rows cannot be looked up.
//!
//! | page | response |
//! | --- | --- |
//! | `POST /crm/lead_status.php` | `<lead>` with stage, do-not-disturb, whether sales spoke to the lead, last call |
//! | `POST /crm/call_update.php` | `<ref>`, the reference of a new row |
//!
//! It checks the signature first (E01), then the parameters (E20), then the lead (E04). As in PHP, a request that is
//! not a form post has no parameters, and therefore no signature.

mod form;
mod row;
mod xml;

use std::collections::BTreeMap;

use http::{Request, StatusCode};
use hyper::body::Bytes;
use jiff::{Timestamp, civil::Date, tz::TimeZone};
use serde::{Deserialize, Serialize};

use self::{form::Form, xml::Fault};
use super::{
    clock::ServerClock,
    http_message::{FakeResponse, response},
    service::{FakeService, RequestOutcome},
};

/// groundwork's options.
#[derive(Debug, Clone)]
pub struct GroundworkConfig {
    /// The key that parameters are signed with.
    pub key: String,
    /// The maximum difference between `ts` and now, in seconds; none accepts any `ts`.
    pub ts_tolerance: Option<u64>,
    /// Its clock.
    pub now: ServerClock,
}

impl GroundworkConfig {
    /// A groundwork on real time, with the documented tolerance of 600 s.
    pub fn new(key: impl Into<String>) -> Self {
        Self {
            key: key.into(),
            ts_tolerance: Some(600),
            now: ServerClock::real(),
        }
    }
}

/// groundwork's boolean.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum GroundworkFlag {
    /// Yes.
    Y,
    /// No.
    #[default]
    N,
}

impl GroundworkFlag {
    fn as_str(self) -> &'static str {
        match self {
            Self::Y => "Y",
            Self::N => "N",
        }
    }
}

/// A lead as groundwork stores it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GroundworkLead {
    /// Its number, such as `GW-1001`.
    pub lead_no: String,
    /// 10 new, 20 contacted, 30 visit fixed, 40 booked, 90 closed.
    #[serde(default = "new_stage")]
    pub stage: u16,
    /// Whether it asked not to be called. A post with `dnd=Y` sets it.
    #[serde(default)]
    pub dnd: GroundworkFlag,
    /// Whether a person has spoken to it.
    #[serde(default)]
    pub sales_spoke: GroundworkFlag,
    /// When it was last called: `dd/mm/yyyy HH:MM` in Indian time.
    #[serde(default)]
    pub last_call: Option<String>,
}

impl GroundworkLead {
    /// A new lead that may be called.
    pub fn new(lead_no: impl Into<String>) -> Self {
        Self {
            lead_no: lead_no.into(),
            stage: new_stage(),
            dnd: GroundworkFlag::N,
            sales_spoke: GroundworkFlag::N,
            last_call: None,
        }
    }
}

fn new_stage() -> u16 {
    10
}

/// A call as groundwork stores it: its reference, and the parameters as received.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct GroundworkRow {
    /// groundwork's own reference, such as `GW/2026/000123`.
    #[serde(rename = "ref")]
    pub reference: String,
    /// Every parameter but `ts` and `sig`.
    #[serde(flatten)]
    pub parameters: BTreeMap<String, String>,
}

impl GroundworkRow {
    /// A parameter's value; empty if absent.
    pub fn get(&self, name: &str) -> &str {
        self.parameters.get(name).map_or("", String::as_str)
    }
}

/// The CRM behind [`Groundwork`](super::Groundwork).
#[derive(Debug)]
pub struct GroundworkCrm {
    config: GroundworkConfig,
    leads: BTreeMap<String, GroundworkLead>,
    rows: Vec<GroundworkRow>,
}

impl FakeService for GroundworkCrm {
    type Config = GroundworkConfig;
    type Lead = GroundworkLead;
    type Record = GroundworkRow;
    const RECORDS: (&'static str, &'static str) = ("calls", "stored");

    fn from_config(config: GroundworkConfig) -> Self {
        Self {
            config,
            leads: BTreeMap::new(),
            rows: Vec::new(),
        }
    }

    fn handle(&mut self, request: &Request<Bytes>) -> RequestOutcome {
        let done = match request.uri().path() {
            "/crm/lead_status.php" => self.lead_status(request),
            "/crm/call_update.php" => self.call_update(request),
            _ => return RequestOutcome::Refused(no_such_page()),
        };
        done.unwrap_or_else(|fault| RequestOutcome::Refused(fault.response()))
    }

    fn too_many(retry_after: Option<u32>) -> FakeResponse {
        Fault::TooMany { retry_after }.response()
    }

    fn maintenance() -> FakeResponse {
        Fault::Maintenance.response()
    }

    fn crash() -> FakeResponse {
        let page = "<br />\n<b>Fatal error</b>:  Uncaught PDOException: SQLSTATE[HY000]: General error: 2006 MySQL \
                    server has gone away in /var/www/crm/lib/db.php:112\nStack trace:\n#0 {main}\n  thrown in \
                    <b>/var/www/crm/lib/db.php</b> on line <b>112</b><br />\n";
        response(
            StatusCode::INTERNAL_SERVER_ERROR,
            Some("text/html; charset=UTF-8"),
            page,
        )
    }

    fn seed(&mut self, lead: GroundworkLead) {
        self.leads.insert(lead.lead_no.clone(), lead);
    }

    fn stored(&self) -> Vec<GroundworkRow> {
        self.rows.clone()
    }

    fn clear(&mut self) {
        self.leads.clear();
        self.rows.clear();
    }
}

impl GroundworkCrm {
    fn lead_status(&self, request: &Request<Bytes>) -> Result<RequestOutcome, Fault> {
        let form = self.verified(request)?;
        let parameters = form.exactly(&["lead_no"])?;
        let lead = self.leads.get(&parameters["lead_no"]).ok_or(Fault::NoSuchLead)?;
        Ok(RequestOutcome::Read(xml::lead(lead)))
    }

    fn call_update(&mut self, request: &Request<Bytes>) -> Result<RequestOutcome, Fault> {
        let form = self.verified(request)?;
        let parameters = form.exactly(&row::PARAMETERS)?;
        row::check(&parameters)?;
        let lead = self.leads.get_mut(&parameters["lead_no"]).ok_or(Fault::NoSuchLead)?;
        if parameters["dnd"] == "Y" {
            lead.dnd = GroundworkFlag::Y;
        }
        let year = india_date(self.config.now.get()).year();
        let reference = format!("GW/{year}/{:06}", self.rows.len() + 1);
        let answer = xml::reference(&reference);
        self.rows.push(GroundworkRow { reference, parameters });
        Ok(RequestOutcome::Stored(answer))
    }

    fn verified(&self, request: &Request<Bytes>) -> Result<Form, Fault> {
        let form = Form::parse(request);
        form.verify(self.config.key.as_bytes())?;
        match self.config.ts_tolerance {
            Some(tolerance) => form.verify_time(self.config.now.get(), tolerance)?,
            None => form.require_time()?,
        }
        Ok(form)
    }
}

/// Indian Standard Time has had one offset since 1945, so this needs no time zone database.
fn india_date(at: Timestamp) -> Date {
    let offset = jiff::tz::offset(5).saturating_add(jiff::SignedDuration::from_mins(30));
    at.to_zoned(TimeZone::fixed(offset)).date()
}

fn no_such_page() -> FakeResponse {
    let page = "<!DOCTYPE HTML PUBLIC \"-//IETF//DTD HTML 2.0//EN\">\n<html><head><title>404 Not Found</title></head>\
                <body><h1>Not Found</h1><p>The requested URL was not found on this server.</p></body></html>\n";
    response(StatusCode::NOT_FOUND, Some("text/html; charset=iso-8859-1"), page)
}
