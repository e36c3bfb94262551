//! Groundwork's XML answers and what its error codes mean.

use jackfield_sdk::{Failure, LeadStatus, Receipt, Rejection, date};
use quick_xml::DeError;
use serde::Deserialize;

/// Any answer of groundwork. Which parts are present depends on the script and on `status`.
#[derive(Debug, Deserialize)]
pub struct Answer {
    status: String,
    #[serde(default)]
    code: String,
    #[serde(default)]
    message: String,
    #[serde(default)]
    retry: Option<u32>,
    #[serde(default, rename = "field")]
    fields: Vec<RefusedField>,
    lead: Option<Lead>,
    #[serde(rename = "ref")]
    reference: Option<String>,
}

#[derive(Debug, Deserialize)]
struct RefusedField {
    #[serde(rename = "@name")]
    name: String,
    #[serde(default, rename = "$text")]
    message: String,
}

#[derive(Debug, Deserialize)]
struct Lead {
    #[serde(rename = "@no")]
    no: String,
    stage: String,
    dnd: Flag,
    sales_spoke: Flag,
    #[serde(default)]
    last_call: String,
}

#[derive(Clone, Copy, Debug, Deserialize, PartialEq)]
enum Flag {
    Y,
    N,
}

impl Answer {
    /// Reads an answer.
    ///
    /// # Errors
    /// If it is not groundwork's XML, such as the HTML page of a PHP error.
    pub fn read(xml: &str) -> Result<Self, DeError> {
        quick_xml::de::from_str(xml)
    }

    /// The answer itself if its status is `OK`.
    ///
    /// # Errors
    /// The failure that groundwork's code means; `unknown` for a status that is neither `OK` nor `ERROR`.
    pub fn accept(self) -> Result<Self, Failure> {
        match (self.status.as_str(), self.code.as_str()) {
            ("OK", _) => Ok(self),
            ("ERROR", "E01") => Err(Failure::Unauthorized(None)),
            ("ERROR", "E04") => Err(Failure::NotFound),
            ("ERROR", "E09") => Err(Failure::Unavailable(None)),
            ("ERROR", "E12") => Err(Failure::RateLimited(self.retry)),
            ("ERROR", code) => {
                let rejection = Rejection::new(code, &self.message);
                let named = self.fields.iter();
                Err(named
                    .fold(rejection, |it, field| it.field(&field.name, &field.message))
                    .into())
            }
            _ => Err(Failure::Unknown(None)),
        }
    }

    /// The answer of `lead_status.php`. Groundwork does not say whether a lead may be called: it may while it is new or
    /// contacted, not do-not-disturb, and not assigned to a salesperson.
    ///
    /// # Errors
    /// `unknown` if there is no lead in the answer, or the time of its last call does not exist.
    pub fn lead_status(self) -> Result<LeadStatus, Failure> {
        let lead = self.lead.ok_or(Failure::Unknown(None))?;
        let (dnc, human_contacted) = (lead.dnd == Flag::Y, lead.sales_spoke == Flag::Y);
        let (open, status) = stage(&lead.stage);
        Ok(LeadStatus {
            lead_id: lead.no,
            callable: open && !dnc && !human_contacted,
            status,
            dnc,
            human_contacted,
            last_call_attempt: last_call(&lead.last_call)?,
            extensions: Vec::new(),
        })
    }

    /// The answer of `call_update.php`: groundwork's reference for the row that it appended.
    ///
    /// # Errors
    /// `unknown` if there is none.
    pub fn receipt(self) -> Result<Receipt, Failure> {
        self.reference.map(Receipt::new).ok_or(Failure::Unknown(None))
    }
}

/// Whether a lead in that stage may be called, and the stage's name. A stage that is not known here may not.
fn stage(number: &str) -> (bool, String) {
    let (open, words) = match number {
        "10" => (true, "new"),
        "20" => (true, "contacted"),
        "30" => (false, "visit_fixed"),
        "40" => (false, "booked"),
        "90" => (false, "closed"),
        unknown => return (false, format!("stage_{unknown}")),
    };
    (open, words.into())
}

/// `05/07/2026 16:30` in IST as RFC 3339; none for a lead that was never called.
fn last_call(text: &str) -> Result<Option<String>, Failure> {
    if text.trim().is_empty() {
        return Ok(None);
    }
    let instant = date::parse_ist("%d/%m/%Y %H:%M", text.trim()).ok_or(Failure::Unknown(None))?;
    Ok(Some(date::rfc3339(&instant)))
}
