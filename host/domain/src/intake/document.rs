//! Reads a JSON document of the contract: collects every error, and every member that the contract does not name.

use jiff::civil::{Date, Time};
use serde_json::{Map, Value};

use crate::extension::Extension;
use crate::field::{FieldError, escape};
use crate::id::InvalidId;

/// Collects the errors of one document, so that its author sees all of them at once.
#[derive(Default)]
pub struct Reader {
    errors: Vec<FieldError>,
}

/// An object of the document, and the names of the members that were read.
pub struct Section<'a> {
    pointer: String,
    members: Option<&'a Map<String, Value>>,
    known: std::cell::RefCell<Vec<String>>,
}

impl<'a> Section<'a> {
    /// Whether the document has this object.
    pub fn present(&self) -> bool {
        self.members.is_some()
    }

    /// The value of a member that is neither missing nor null. From now on, the name counts as known.
    fn member(&self, name: &str) -> Option<&'a Value> {
        self.known.borrow_mut().push(name.to_owned());
        self.members?.get(name).filter(|value| !value.is_null())
    }

    fn at(&self, name: &str) -> String {
        format!("{}/{}", self.pointer, escape(name))
    }
}

/// A member's value.
pub struct Field<'a>(&'a Value);

/// What a member should be.
type Expected = String;

impl Reader {
    /// A reader with no errors yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// The document itself.
    pub fn root<'a>(&mut self, document: &'a Value) -> Section<'a> {
        self.open(String::new(), Some(document), true)
    }

    /// An object inside another.
    pub fn section<'a>(&mut self, parent: &Section<'a>, name: &str, required: bool) -> Section<'a> {
        self.open(parent.at(name), parent.member(name), required)
    }

    fn open<'a>(&mut self, pointer: String, value: Option<&'a Value>, required: bool) -> Section<'a> {
        let members = match value {
            Some(Value::Object(members)) => Some(members),
            None if !required => None,
            None => self.push(&pointer, "is required and must be an object"),
            Some(_) => self.push(&pointer, "must be an object"),
        };
        Section {
            pointer,
            members,
            known: std::cell::RefCell::default(),
        }
    }

    /// A required member. Reports nothing if the whole object is missing: that was reported already.
    pub fn required<T>(
        &mut self,
        section: &Section<'_>,
        name: &str,
        read: impl FnOnce(Field<'_>) -> Result<T, Expected>,
    ) -> Option<T> {
        match section.member(name) {
            Some(value) => self.read(section, name, value, read),
            None if section.present() => self.push(&section.at(name), "is required"),
            None => None,
        }
    }

    /// A member that may be missing or null.
    pub fn optional<T>(
        &mut self,
        section: &Section<'_>,
        name: &str,
        read: impl FnOnce(Field<'_>) -> Result<T, Expected>,
    ) -> Option<T> {
        section
            .member(name)
            .and_then(|value| self.read(section, name, value, read))
    }

    fn read<T>(
        &mut self,
        section: &Section<'_>,
        name: &str,
        value: &Value,
        read: impl FnOnce(Field<'_>) -> Result<T, Expected>,
    ) -> Option<T> {
        read(Field(value))
            .map_err(|expected| self.errors.push(FieldError::new(section.at(name), expected)))
            .ok()
    }

    /// Adds an error that depends on more than one field.
    pub fn refuse(&mut self, section: &Section<'_>, name: &str, detail: &str) {
        self.errors.push(FieldError::new(section.at(name), detail));
    }

    fn push<T>(&mut self, pointer: &str, detail: &str) -> Option<T> {
        self.errors.push(FieldError::new(pointer, detail));
        None
    }

    /// The members of `sections` that were not read.
    #[expect(
        clippy::unused_self,
        reason = "reads as a step of the reader, like the calls before it"
    )]
    pub fn extensions(&self, sections: &[Section<'_>]) -> Vec<Extension> {
        let unknown = |section: &Section<'_>| {
            let known = section.known.borrow();
            section
                .members
                .into_iter()
                .flatten()
                .filter(|(name, _)| !known.contains(name))
                .map(|(name, value)| Extension {
                    pointer: section.at(name),
                    json: value.to_string(),
                })
                .collect::<Vec<_>>()
        };
        sections.iter().flat_map(unknown).collect()
    }

    /// All errors; none if the document is valid.
    pub fn finish(self) -> Vec<FieldError> {
        self.errors
    }
}

impl Field<'_> {
    /// A string of `min` to `max` characters.
    pub fn text(&self, min: usize, max: usize) -> Result<String, Expected> {
        self.0
            .as_str()
            .filter(|s| (min..=max).contains(&s.chars().count()))
            .map(str::to_owned)
            .ok_or_else(|| format!("must be a text of {min} to {max} characters"))
    }

    /// A string that is valid for a type.
    pub fn parsed<T: std::str::FromStr<Err = InvalidId>>(&self) -> Result<T, Expected> {
        let text = self.0.as_str().ok_or("must be a text")?;
        text.parse().map_err(|e: InvalidId| format!("must be {}", e.rule))
    }

    /// A whole number. `12.0` is one; `12.5` and `"12"` are not.
    pub fn whole(&self, min: i64, max: i64) -> Result<i64, Expected> {
        #[expect(
            clippy::cast_possible_truncation,
            reason = "checked to be whole and far inside the range of i64"
        )]
        let from_float = |f: f64| (f.fract() == 0.0 && f.abs() < 9e15).then_some(f as i64);
        self.0
            .as_i64()
            .or_else(|| self.0.as_f64().and_then(from_float))
            .filter(|n| (min..=max).contains(n))
            .ok_or_else(|| format!("must be a whole number from {min} to {max}"))
    }

    /// True or false.
    pub fn boolean(&self) -> Result<bool, Expected> {
        self.0.as_bool().ok_or_else(|| "must be true or false".into())
    }

    /// An absolute http or https URL.
    pub fn url(&self) -> Result<String, Expected> {
        let text = self.text(1, 2048)?;
        match url::Url::parse(&text) {
            Ok(url) if matches!(url.scheme(), "http" | "https") => Ok(text),
            _ => Err("must be an absolute http or https URL".into()),
        }
    }

    /// A date, `YYYY-MM-DD`.
    pub fn date(&self) -> Result<Date, Expected> {
        let parse = |s: &str| (s.len() == 10).then(|| s.parse().ok()).flatten();
        self.0
            .as_str()
            .and_then(parse)
            .ok_or_else(|| "must be a date, YYYY-MM-DD".into())
    }

    /// A time of day, `HH:MM` or `HH:MM:SS`.
    pub fn time_of_day(&self) -> Result<Time, Expected> {
        let parse = |s: &str| matches!(s.len(), 5 | 8).then(|| s.parse().ok()).flatten();
        self.0
            .as_str()
            .and_then(parse)
            .ok_or_else(|| "must be a time of day, HH:MM".into())
    }

    /// An RFC 3339 timestamp with an offset, as written.
    pub fn timestamp(&self) -> Result<String, Expected> {
        let text = self.text(1, 64)?;
        match text.parse::<jiff::Timestamp>() {
            Ok(_) => Ok(text),
            Err(_) => Err("must be an RFC 3339 time with an offset, such as 2026-07-01T14:32:00+05:30".into()),
        }
    }
}
