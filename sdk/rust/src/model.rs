//! The records of the contract, under the names that adapters use, with constructors.

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

    /// The parsed value. Text that is not JSON is returned as it is, so that nothing is lost.
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
