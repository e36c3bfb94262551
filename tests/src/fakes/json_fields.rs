//! Validates a JSON object member by member and collects every error under its dotted name.

use serde::Serialize;
use serde_json::{Map, Value};
use url::Url;

/// One error of one member.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(super) struct FieldError {
    pub field: String,
    pub message: String,
}

/// An object under validation. Members that were never read are unknown, and an error.
pub(super) struct FieldCheck<'a> {
    prefix: &'a str,
    members: &'a Map<String, Value>,
    seen: Vec<&'static str>,
    errors: &'a mut Vec<FieldError>,
}

impl<'a> FieldCheck<'a> {
    /// `prefix` precedes every name in errors: empty, or ending in a dot.
    pub fn new(prefix: &'a str, members: &'a Map<String, Value>, errors: &'a mut Vec<FieldError>) -> Self {
        Self {
            prefix,
            members,
            seen: Vec::new(),
            errors,
        }
    }

    /// The member's value; none if absent or null.
    pub fn get(&mut self, name: &'static str) -> Option<&'a Value> {
        self.seen.push(name);
        self.members.get(name).filter(|value| !value.is_null())
    }

    /// Reads a member that may be absent or null. If `read` fails, the error says what it `must` be.
    pub fn nullable<T>(
        &mut self,
        name: &'static str,
        must: &str,
        read: impl FnOnce(&'a Value) -> Option<T>,
    ) -> Option<T> {
        let read = read(self.get(name)?);
        if read.is_none() {
            self.error(name, must);
        }
        read
    }

    /// Reads a member that must be present and not null.
    pub fn required<T>(
        &mut self,
        name: &'static str,
        must: &str,
        read: impl FnOnce(&'a Value) -> Option<T>,
    ) -> Option<T> {
        if self.get(name).is_none() {
            self.error(name, "required");
        }
        self.nullable(name, must, read)
    }

    /// Validates a nested object that may be absent or null.
    pub fn object(&mut self, name: &'static str, check: impl FnOnce(&mut FieldCheck<'_>)) {
        if let Some(members) = self.nullable(name, "must be an object or null", Value::as_object) {
            let prefix = format!("{}{name}.", self.prefix);
            let mut inner = FieldCheck::new(&prefix, members, self.errors);
            check(&mut inner);
            inner.refuse_unknown();
        }
    }

    pub fn error(&mut self, name: &str, message: &str) {
        self.errors.push(FieldError {
            field: format!("{}{name}", self.prefix),
            message: message.to_owned(),
        });
    }

    /// Adds an error for each unknown member. Call this after reading every known member.
    pub fn refuse_unknown(&mut self) {
        for name in self.members.keys() {
            if !self.seen.contains(&name.as_str()) {
                self.error(name, "unknown member");
            }
        }
    }
}

/// An http or https URL.
pub(super) fn http_url(value: &Value) -> Option<Url> {
    let url = Url::parse(value.as_str()?).ok()?;
    matches!(url.scheme(), "http" | "https").then_some(url)
}
