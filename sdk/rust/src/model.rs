//! The records of the contract, under the names that adapters use, with constructors.

use serde_json::value::RawValue;

pub use crate::bindings::adapter::jackfield::crm::model::{
    Disposition, Extension, Failure, FieldError, Inbound, Lead, LeadStatus, Outcome, Priority, Qualification, Receipt,
    Rejection, SiteVisit,
};

impl Extension {
    /// An extension that holds text, at an RFC 6901 pointer such as `/floor`.
    #[must_use]
    pub fn text(pointer: impl Into<String>, text: &str) -> Self {
        Self {
            pointer: pointer.into(),
            json: serde_json::Value::from(text).to_string(),
        }
    }

    /// The value as it was sent, to be passed on in a JSON body with all its digits. Text that is not JSON becomes a
    /// JSON string, so that nothing is lost.
    #[must_use]
    pub fn raw(&self) -> Box<RawValue> {
        RawValue::from_string(self.json.clone()).unwrap_or_else(|_| {
            let quoted = serde_json::Value::from(self.json.as_str()).to_string();
            RawValue::from_string(quoted).unwrap_or_else(|_| RawValue::NULL.to_owned())
        })
    }

    /// The parsed value, to be read. It rounds numbers of more than 17 digits and writes `1.10` as `1.1`: pass on
    /// [`raw`](Self::raw) instead. Text that is not JSON is returned as it is, so that nothing is lost.
    #[must_use]
    pub fn value(&self) -> serde_json::Value {
        serde_json::from_str(&self.json).unwrap_or_else(|_| self.json.as_str().into())
    }
}

impl Receipt {
    /// A receipt with the CRM's reference: at most 256 bytes, no personal data.
    #[must_use]
    pub fn new(reference: impl Into<String>) -> Self {
        Self {
            reference: reference.into(),
        }
    }
}

impl Rejection {
    /// A refusal with a code and a message, neither of which may contain personal data. Converts to a [`Failure`].
    #[must_use]
    pub fn new(code: &str, message: &str) -> Self {
        Self {
            code: code.into(),
            message: message.into(),
            fields: Vec::new(),
        }
    }

    /// Adds a field and what is wrong with it.
    #[must_use]
    pub fn field(mut self, field: &str, message: impl Into<String>) -> Self {
        self.fields.push(FieldError {
            field: field.into(),
            message: message.into(),
        });
        self
    }
}

impl From<Rejection> for Failure {
    fn from(rejection: Rejection) -> Self {
        Self::Rejected(rejection)
    }
}
