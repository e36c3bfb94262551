//! Checking a JSON object member by member, collecting every error under its dotted name.

use serde::Serialize;
use serde_json::{Map, Value};

/// One thing wrong with one member.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(super) struct FieldError {
    pub field: String,
    pub message: String,
}

/// An object being checked. Members that were never asked for are unknown, and an error.
pub(super) struct Check<'a> {
    prefix: &'a str,
    members: &'a Map<String, Value>,
    asked: Vec<&'static str>,
    errors: &'a mut Vec<FieldError>,
}

impl<'a> Check<'a> {
    /// `prefix` is put before every name: empty, or ending in a dot.
    pub fn new(prefix: &'a str, members: &'a Map<String, Value>, errors: &'a mut Vec<FieldError>) -> Self {
        Self {
            prefix,
            members,
            asked: Vec::new(),
            errors,
        }
    }

    /// The member's value; none if it is absent or null.
    pub fn get(&mut self, name: &'static str) -> Option<&'a Value> {
        self.asked.push(name);
        self.members.get(name).filter(|value| !value.is_null())
    }

    /// What `read` makes of the member, or none and an error saying what it `must` be. None if absent or null.
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

    /// The same for a member that must be there and not null.
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

    /// Checks a nullable member that is an object of its own.
    pub fn object(&mut self, name: &'static str, check: impl FnOnce(&mut Check<'_>)) {
        if let Some(members) = self.nullable(name, "must be an object or null", Value::as_object) {
            let prefix = format!("{}{name}.", self.prefix);
            let mut inner = Check::new(&prefix, members, self.errors);
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

    /// Call when every known member was asked for.
    pub fn refuse_unknown(&mut self) {
        for name in self.members.keys() {
            if !self.asked.contains(&name.as_str()) {
                self.error(name, "unknown member");
            }
        }
    }
}
