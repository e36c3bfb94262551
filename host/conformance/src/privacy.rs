//! The personal data of a fixture, and whether an adapter writes it where people and machines read it.
//!
//! What counts: phone numbers, e-mail addresses, values whose names say that they are a person's, free texts in other
//! scripts than Latin, links to recordings and transcripts. Ids of leads and calls do not: they are what a log is for.

use std::collections::BTreeSet;

use serde_json::Value;

use super::cassette::Fixture;
use jackfield_domain::call::outcome::Outcome;
use jackfield_domain::custody::fixture::{
    ExportInput, ExportOutput, FixtureDisposition, FixtureFailure, FixtureParsedLead,
};
use jackfield_domain::extension::Extension;
use jackfield_sandbox::rehearsal::CrmReply;

/// A phone number that is in no fixture, for answers and dispositions that are made up.
pub(super) const PHONE: &str = "+919876501234";
/// A name that is in no fixture either.
pub(super) const NAME: &str = "Asha Canary";

/// A member whose name contains one of these holds personal data.
const PERSONAL: [&str; 5] = ["name", "phone", "mobile", "email", "address"];
/// Shorter texts would be found by chance.
const MIN_TEXT: usize = 4;
/// Digits of a phone number that are compared; what precedes them may be written in several ways.
const PHONE_DIGITS: usize = 10;

/// Personal data, ready to be searched for.
#[derive(Debug, Default)]
pub struct PersonalData {
    texts: BTreeSet<String>,
    /// The last ten digits of each number.
    phones: BTreeSet<String>,
}

impl PersonalData {
    /// The personal data of a fixture, and the made-up values.
    pub fn of(fixture: &Fixture) -> Self {
        let mut personal = Self::default();
        personal.texts.insert(NAME.to_lowercase());
        personal.text(PHONE);
        match &fixture.input {
            ExportInput::WriteDisposition { disposition, .. } => personal.disposition(disposition),
            ExportInput::ParseLeads { body, .. } => personal.text(body),
            ExportInput::QueryStatus { .. } | ExportInput::Find { .. } => {}
        }
        for exchange in &fixture.exchanges {
            if let CrmReply::Answer { body, .. } = &exchange.reply {
                let text = String::from_utf8_lossy(body);
                match serde_json::from_slice(body) {
                    // The text of a refusal is the CRM's own, in whatever language.
                    _ if fixture.returns.is_err() => personal.phones.extend(phones(&text)),
                    Ok(value) => personal.json("", &value),
                    Err(_) => personal.text(&text),
                }
            }
        }
        if let Ok(ExportOutput::Leads(leads)) = &fixture.returns {
            for lead in leads {
                if let FixtureParsedLead::Lead(lead) = lead {
                    personal.text(&lead.phone);
                    personal.keep(lead.name.as_deref().unwrap_or_default());
                }
            }
        }
        personal
    }

    fn disposition(&mut self, given: &FixtureDisposition) {
        let links = [&given.recording_url, &given.transcript_url];
        for link in links.into_iter().flatten() {
            self.keep(link);
        }
        if let Outcome::Other(words) = &given.outcome {
            self.text(words);
        }
        for extension in &given.extensions {
            if let Ok(value) = serde_json::from_str(&extension.json) {
                self.json(&extension.pointer, &value);
            }
        }
    }

    fn json(&mut self, name: &str, value: &Value) {
        match value {
            Value::String(text) => {
                let name = name.to_lowercase();
                if PERSONAL.iter().any(|part| name.contains(part)) {
                    self.keep(text);
                }
                self.text(text);
            }
            Value::Array(items) => items.iter().for_each(|item| self.json(name, item)),
            Value::Object(members) => members.iter().for_each(|(name, value)| self.json(name, value)),
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    /// Keeps what looks personal in a text: numbers, addresses, words in other scripts.
    fn text(&mut self, text: &str) {
        self.phones.extend(phones(text));
        let words = text
            .split(|c: char| c.is_ascii() && !matches!(c, 'a'..='z' | 'A'..='Z' | '0'..='9' | '.' | '-' | '_' | '@'));
        for word in words {
            let is_address = word
                .split_once('@')
                .is_some_and(|(user, host)| !user.is_empty() && host.contains('.'));
            if is_address || word.chars().filter(|c| !c.is_ascii()).count() >= MIN_TEXT {
                self.keep(word);
            }
        }
    }

    fn keep(&mut self, text: &str) {
        if text.chars().count() >= MIN_TEXT {
            self.texts.insert(text.to_lowercase());
        }
    }

    /// The personal data in a text, described without repeating it.
    pub fn found_in(&self, text: &str) -> Option<String> {
        let digits: String = text.chars().filter(|c| !matches!(c, ' ' | '-' | '(' | ')')).collect();
        if let Some(phone) = self.phones.iter().find(|phone| digits.contains(phone.as_str())) {
            return Some(format!("a phone number that ends in {}", &phone[phone.len() - 2..]));
        }
        let text = text.to_lowercase();
        let found = self.texts.iter().find(|known| text.contains(known.as_str()))?;
        let beginning: String = found.chars().take(2).collect();
        Some(format!("a text that begins with `{beginning}`"))
    }
}

/// The last ten digits of every phone number in a text: `+` with eight to fifteen digits, or an Indian mobile number.
fn phones(text: &str) -> Vec<String> {
    let mut found = vec![];
    let mut rest = text;
    while let Some(start) = rest.find(|c: char| c == '+' || c.is_ascii_digit()) {
        let before = rest[..start].chars().next_back();
        let begins = before.is_none_or(|c| !c.is_ascii_alphanumeric() && !matches!(c, '-' | '.' | '_'));
        let number = &rest[start..];
        let has_plus = number.starts_with('+');
        let digits: String = number[usize::from(has_plus)..]
            .chars()
            .take_while(char::is_ascii_digit)
            .collect();
        let local = digits
            .strip_prefix("91")
            .filter(|local| local.len() == PHONE_DIGITS)
            .unwrap_or(&digits);
        let is_mobile = local.len() == PHONE_DIGITS && local.starts_with(['6', '7', '8', '9']);
        if begins && (has_plus && (8..=15).contains(&digits.len()) || is_mobile) {
            found.push(digits[digits.len().saturating_sub(PHONE_DIGITS)..].to_owned());
        }
        let end = start + usize::from(has_plus) + digits.len();
        rest = &rest[end..];
    }
    found
}

/// The fields of a failure that operators are shown.
pub fn shown(failure: &FixtureFailure) -> Vec<&str> {
    match failure {
        FixtureFailure::Rejected(rejection) => {
            let fields = rejection.fields.iter();
            let fields = fields.flat_map(|error| [error.field.as_str(), error.message.as_str()]);
            [rejection.code.as_str(), rejection.message.as_str()]
                .into_iter()
                .chain(fields)
                .collect()
        }
        FixtureFailure::Unavailable(reason)
        | FixtureFailure::Unknown(reason)
        | FixtureFailure::Unauthorized(reason)
        | FixtureFailure::Conflict(reason) => reason.as_deref().into_iter().collect(),
        FixtureFailure::RateLimited(_) | FixtureFailure::NotFound => vec![],
    }
}

/// A disposition with made-up personal data in the places where a calling platform may put some.
pub fn with_canaries(mut disposition: FixtureDisposition) -> FixtureDisposition {
    let texts = [("/caller/phone", PHONE), ("/caller/name", NAME)];
    let made_up = texts.map(|(pointer, text)| Extension {
        pointer: pointer.into(),
        json: Value::from(text).to_string(),
    });
    disposition.extensions.extend(made_up);
    disposition
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn phone_numbers_are_not_ids_or_times() {
        assert_eq!(
            phones("mobile=9800000000&x=+91 1, +442079460000."),
            ["9800000000", "2079460000"]
        );
        for harmless in [
            "ZAP-CALL-20260701-0001",
            "1782896515",
            "GW/2026/000123",
            "C-9800000000",
            "KL9800000000",
        ] {
            assert_eq!(phones(harmless), Vec::<String>::new(), "{harmless}");
        }
    }

    #[test]
    fn findings_do_not_repeat_the_data() {
        let mut personal = PersonalData::default();
        personal.text("call +919800000042, asha@crm.example, आशा वर्मा");
        assert_eq!(
            personal.found_in("lead 98000-00042").unwrap(),
            "a phone number that ends in 42"
        );
        assert_eq!(
            personal.found_in("for ASHA@crm.example").unwrap(),
            "a text that begins with `as`"
        );
        assert!(personal.found_in("आशा वर्मा").is_some());
        assert_eq!(personal.found_in("lead L-1, call C-1"), None);
    }
}
