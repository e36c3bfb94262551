//! Telephone numbers: E.164 in the contract, something else in most CRMs.

use std::fmt;

use crate::bindings::adapter::jackfield::crm::phones;
use crate::host::Host;
use crate::model::{Failure, Rejection};

/// Why a text was not read as a telephone number. Its text is a message for a field of a rejection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PhoneError {
    /// It is no telephone number.
    NotANumber,
    /// It has no country code, and the tenant's file has no `country`.
    NoCountry,
    /// Its country has no such number.
    NotInPlan,
}

impl fmt::Display for PhoneError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotANumber => "is not a telephone number",
            Self::NoCountry => "has no country code, and the tenant's file has no `country`",
            Self::NotInPlan => "is not in its country's numbering plan: too short, too long, or an unknown prefix",
        })
    }
}

impl std::error::Error for PhoneError {}

impl PhoneError {
    /// The rejection of a number, which is called `field` in the CRM.
    #[must_use]
    pub fn rejection(self, field: &str) -> Rejection {
        Rejection::new("bad-phone", "a telephone number cannot be used").field(field, self.to_string())
    }
}

/// The rejection of a number in the field `phone`, for `?`; [`PhoneError::rejection`] names another.
impl From<PhoneError> for Rejection {
    fn from(error: PhoneError) -> Self {
        error.rejection("phone")
    }
}

impl From<PhoneError> for Failure {
    fn from(error: PhoneError) -> Self {
        Rejection::from(error).into()
    }
}

impl From<phones::PhoneError> for PhoneError {
    fn from(error: phones::PhoneError) -> Self {
        match error {
            phones::PhoneError::NotANumber => Self::NotANumber,
            phones::PhoneError::NoCountry => Self::NoCountry,
            phones::PhoneError::NotInPlan => Self::NotInPlan,
        }
    }
}

/// Converts a number as people and CRMs write it to E.164, such as `+919800000000`, by the host's tables of the world's
/// numbering plans. A number without a country code is one of the tenant's `country`.
///
/// ```
/// use jackfield_sdk::{phone, testing::Script};
/// let number = Script::new().country("IN").run(|host| phone::e164(host, "(0)98000 00000"));
/// assert_eq!(number.as_deref(), Ok("+919800000000"));
/// ```
///
/// # Errors
/// Why it is not a number.
pub fn e164(host: &Host, text: &str) -> Result<String, PhoneError> {
    Ok(host.normalize_phone(text)?)
}

/// The ten digits of an Indian mobile number in E.164. None for any other number.
///
/// ```
/// use jackfield_sdk::phone::ten_digits;
/// assert_eq!(ten_digits("+919800000000"), Some("9800000000"));
/// assert_eq!(ten_digits("+14155550100"), None);
/// ```
#[must_use]
pub fn ten_digits(e164: &str) -> Option<&str> {
    let is_mobile = |national: &&str| {
        national.len() == 10
            && national.starts_with(|first| matches!(first, '6'..='9'))
            && national.bytes().all(|byte| byte.is_ascii_digit())
    };
    e164.strip_prefix("+91").filter(is_mobile)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Script;

    fn read(text: &str, country: &str) -> Result<String, PhoneError> {
        Script::new().country(country).run(|host| e164(host, text))
    }

    #[test]
    fn usual_spellings_are_one_number() {
        for text in [
            "9800000000",
            "09800000000",
            "+91 98000-00000",
            "0091 (98000) 00000",
            "+91 (0) 98000 00000",
        ] {
            assert_eq!(read(text, "IN").as_deref(), Ok("+919800000000"), "{text}");
        }
    }

    #[test]
    fn errors_say_what_is_wrong() {
        assert_eq!(read("call me", "IN"), Err(PhoneError::NotANumber));
        assert_eq!(read("98000", "IN"), Err(PhoneError::NotInPlan));
        let no_country = Script::new().run(|host| e164(host, "9800000000"));
        assert!(no_country.unwrap_err().to_string().contains("`country`"));
    }

    #[test]
    fn ten_digits_are_of_indian_mobiles() {
        assert_eq!(ten_digits("+919700000000"), Some("9700000000"));
        for other in ["9700000000", "+91 9700000000", "+912223456789"] {
            assert_eq!(ten_digits(other), None, "{other}");
        }
    }
}
