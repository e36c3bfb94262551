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

impl Failure {
    /// `unavailable` with a reason for the operator: the CRM did not accept the request and nothing was written. No
    /// reason may contain personal data.
    #[must_use]
    pub fn unavailable(reason: impl Into<String>) -> Self {
        Self::Unavailable(Some(reason.into()))
    }

    /// `unknown` with a reason for the operator: the CRM may have carried out the request.
    #[must_use]
    pub fn unknown(reason: impl Into<String>) -> Self {
        Self::Unknown(Some(reason.into()))
    }

    /// `unauthorized` with a reason for the operator: the credentials were refused.
    #[must_use]
    pub fn unauthorized(reason: impl Into<String>) -> Self {
        Self::Unauthorized(Some(reason.into()))
    }

    /// `conflict` with a reason for the operator: the CRM's record moved between reading and writing it, and nothing
    /// was written. Read again and try once more first.
    #[must_use]
    pub fn conflict(reason: impl Into<String>) -> Self {
        Self::Conflict(Some(reason.into()))
    }
}

#[cfg(not(target_family = "wasm"))]
impl Failure {
    /// Drops the reason if `expected` is the same case without one.
    pub(crate) fn drop_reason_unless(&mut self, expected: &Self) {
        match (self, expected) {
            (Self::Unavailable(reason), Self::Unavailable(None))
            | (Self::Unknown(reason), Self::Unknown(None))
            | (Self::Unauthorized(reason), Self::Unauthorized(None))
            | (Self::Conflict(reason), Self::Conflict(None)) => *reason = None,
            _ => {}
        }
    }
}

impl From<Rejection> for Failure {
    fn from(rejection: Rejection) -> Self {
        Self::Rejected(rejection)
    }
}

/// The format of fixtures: a case without its optional reason is a word.
#[cfg(not(target_family = "wasm"))]
mod fixture {
    use serde::de::Error as _;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};
    use serde_json::Value;

    use super::{Failure, Rejection};

    /// A case with its value.
    #[derive(Serialize, Deserialize)]
    #[serde(rename_all = "snake_case")]
    enum Case {
        Unavailable(String),
        Unknown(String),
        RateLimited(Option<u32>),
        Unauthorized(String),
        Rejected(Rejection),
        Conflict(String),
    }

    impl Serialize for Failure {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            let case = match self.clone() {
                Self::Unavailable(None) => return serializer.serialize_str("unavailable"),
                Self::Unknown(None) => return serializer.serialize_str("unknown"),
                Self::Unauthorized(None) => return serializer.serialize_str("unauthorized"),
                Self::NotFound => return serializer.serialize_str("not_found"),
                Self::Conflict(None) => return serializer.serialize_str("conflict"),
                Self::Unavailable(Some(reason)) => Case::Unavailable(reason),
                Self::Unknown(Some(reason)) => Case::Unknown(reason),
                Self::Unauthorized(Some(reason)) => Case::Unauthorized(reason),
                Self::Conflict(Some(reason)) => Case::Conflict(reason),
                Self::RateLimited(seconds) => Case::RateLimited(seconds),
                Self::Rejected(rejection) => Case::Rejected(rejection),
            };
            case.serialize(serializer)
        }
    }

    impl<'de> Deserialize<'de> for Failure {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            let value = Value::deserialize(deserializer)?;
            Ok(match value.as_str() {
                Some("unavailable") => Self::Unavailable(None),
                Some("unknown") => Self::Unknown(None),
                Some("unauthorized") => Self::Unauthorized(None),
                Some("not_found") => Self::NotFound,
                Some("conflict") => Self::Conflict(None),
                _ => match serde_json::from_value(value).map_err(D::Error::custom)? {
                    Case::Unavailable(reason) => Self::Unavailable(Some(reason)),
                    Case::Unknown(reason) => Self::Unknown(Some(reason)),
                    Case::RateLimited(seconds) => Self::RateLimited(seconds),
                    Case::Unauthorized(reason) => Self::Unauthorized(Some(reason)),
                    Case::Rejected(rejection) => Self::Rejected(rejection),
                    Case::Conflict(reason) => Self::Conflict(Some(reason)),
                },
            })
        }
    }
}
