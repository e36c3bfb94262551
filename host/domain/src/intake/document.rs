//! Reads a JSON document of the contract: collects every error, and every member that the contract does not name.
//!
//! A member that is missing, null or a blank text is absent: senders write all three for "nothing is known".

use std::borrow::Cow;
use std::collections::HashSet;

use jiff::civil::{Date, Time};

use crate::extension::Extension;
use crate::field::{FieldError, escape};
use crate::id::InvalidId;
use crate::json::{JsonMember, JsonNode, JsonValue};
use crate::phone::{self, Country};
use crate::time::respelled;
use crate::word::fold;
use crate::zone::is_zone_name;

/// Most duplicate members that are named: enough to find the fault, which is usually in the sender's code.
const MAX_DUPLICATES: usize = 20;
/// Most characters of each name in the pointer to a duplicate.
const MAX_NAME: usize = 100;

/// Collects the errors of one document, so that its author sees all of them at once.
#[derive(Default)]
pub struct Reader {
    errors: Vec<FieldError>,
}

/// An object of the document, and the names of the members that were read.
pub struct Section<'a> {
    pointer: String,
    members: Option<&'a [JsonMember<'a>]>,
    known: std::cell::RefCell<Vec<String>>,
}

impl<'a> Section<'a> {
    /// Whether the document has this object.
    pub fn present(&self) -> bool {
        self.members.is_some()
    }

    /// The value of a member that is not absent. From now on, the name counts as known.
    fn member(&self, name: &str) -> Option<&'a JsonNode<'a>> {
        self.known.borrow_mut().push(name.to_owned());
        self.find(name)
    }

    /// The value of a member that is not absent; of duplicates, the last counts.
    fn find(&self, name: &str) -> Option<&'a JsonNode<'a>> {
        let last = self.members?.iter().rev().find(|member| member.name == name)?;
        (!is_absent(&last.node)).then_some(&last.node)
    }

    /// The members that were not read.
    fn unknown(&self) -> impl Iterator<Item = &'a JsonMember<'a>> {
        let known = self.known.borrow();
        let members = self.members.into_iter().flatten();
        members.filter(move |member| !known.iter().any(|name| *name == member.name))
    }

    fn at(&self, name: &str) -> String {
        format!("{}/{}", self.pointer, escape(name))
    }
}

/// Whether a value says nothing: the one place that knows what absence is.
fn is_absent(node: &JsonNode<'_>) -> bool {
    match &node.value {
        JsonValue::Null => true,
        JsonValue::Text(text) => text.trim().is_empty(),
        _ => false,
    }
}

/// Adds the pointers of members whose names an object has before them. A pointer is made only for those: its length
/// times the number of members may be large.
fn find_duplicates<'a>(node: &'a JsonNode<'_>, path: &mut Vec<Cow<'a, str>>, found: &mut Vec<String>) {
    let mut seen = HashSet::new();
    for member in node.members().unwrap_or_default() {
        path.push(Cow::Borrowed(&member.name));
        if !seen.insert(&member.name) && found.len() < MAX_DUPLICATES {
            let mut pointer = String::new();
            for name in path.iter() {
                pointer.push('/');
                pointer.push_str(&escape(&name.chars().take(MAX_NAME).collect::<String>()));
            }
            found.push(pointer);
        }
        find_duplicates(&member.node, path, found);
        path.pop();
    }
    if let JsonValue::Array(items) = &node.value {
        for (index, item) in items.iter().enumerate() {
            path.push(Cow::Owned(index.to_string()));
            find_duplicates(item, path, found);
            path.pop();
        }
    }
}

/// A member's value.
pub struct Field<'a>(&'a JsonNode<'a>);

/// What a member should be.
type Expected = String;

impl Reader {
    /// A reader with no errors yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// The document itself.
    pub fn root<'a>(&mut self, document: &'a JsonNode<'a>) -> Section<'a> {
        self.open(String::new(), Some(document), true)
    }

    /// An object inside another.
    pub fn section<'a>(&mut self, parent: &Section<'a>, name: &str, required: bool) -> Section<'a> {
        self.open(parent.at(name), parent.member(name), required)
    }

    fn open<'a>(&mut self, pointer: String, value: Option<&'a JsonNode<'a>>, required: bool) -> Section<'a> {
        let members = match value.filter(|value| !is_absent(value)) {
            Some(node) => match node.members() {
                None => self.push(&pointer, "must be an object"),
                members => members,
            },
            None if !required => None,
            None => self.push(&pointer, "is required and must be an object"),
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

    /// A member that may be absent.
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
        value: &JsonNode<'_>,
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
            let extension = |member: &JsonMember<'_>| Extension {
                pointer: section.at(&member.name),
                json: member.node.text.to_owned(),
            };
            section.unknown().map(extension).collect::<Vec<_>>()
        };
        sections.iter().flat_map(unknown).collect()
    }

    /// Refuses members that appear more than once in one object, at any depth: readers differ in which one they
    /// believe.
    pub fn refuse_duplicates(&mut self, document: &JsonNode<'_>) {
        let mut found = vec![];
        find_duplicates(document, &mut vec![], &mut found);
        let error = |pointer| FieldError::new(pointer, "appears more than once; send it once");
        self.errors.extend(found.into_iter().map(error));
    }

    /// Refuses members whose name is, but for its case, `_`, `-` and blanks, that of a member that was looked for and
    /// not found in `sections`: it is misspelled or in the wrong object, and as an extension its meaning would be lost.
    pub fn refuse_misplaced(&mut self, sections: &[Section<'_>]) {
        let missing = |section: &Section<'_>| {
            let known = section.known.borrow();
            let missing = known.iter().filter(|name| section.find(name).is_none());
            missing.map(|name| (fold(name), section.at(name))).collect::<Vec<_>>()
        };
        let missing: Vec<_> = sections.iter().flat_map(missing).collect();
        for section in sections {
            for member in section.unknown().filter(|member| !is_absent(&member.node)) {
                let name = fold(&member.name);
                if let Some((_, right)) = missing.iter().find(|(folded, _)| *folded == name) {
                    let detail = format!("is not known here; write it as {right}");
                    self.errors.push(FieldError::new(section.at(&member.name), detail));
                }
            }
        }
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
            .as_text()
            .filter(|s| (min..=max).contains(&s.chars().count()))
            .map(str::to_owned)
            .ok_or_else(|| format!("must be a text of {min} to {max} characters"))
    }

    /// A string that is valid for a type.
    pub fn parsed<T: std::str::FromStr<Err = InvalidId>>(&self) -> Result<T, Expected> {
        let text = self.0.as_text().ok_or("must be a text")?;
        text.parse().map_err(|e: InvalidId| format!("must be {}", e.rule))
    }

    /// A whole number. `12.0` is one; `12.5` and `"12"` are not.
    pub fn whole(&self, min: i64, max: i64) -> Result<i64, Expected> {
        #[expect(
            clippy::cast_possible_truncation,
            reason = "checked to be whole and far inside the range of i64"
        )]
        let from_float = |f: f64| (f.fract() == 0.0 && f.abs() < 9e15).then_some(f as i64);
        let whole = |text: &str| text.parse().ok().or_else(|| from_float(text.parse().ok()?));
        self.number()
            .and_then(whole)
            .filter(|n| (min..=max).contains(n))
            .ok_or_else(|| format!("must be a whole number from {min} to {max}"))
    }

    /// True or false.
    pub fn boolean(&self) -> Result<bool, Expected> {
        match self.0.value {
            JsonValue::Boolean(value) => Ok(value),
            _ => Err("must be true or false".into()),
        }
    }

    fn number(&self) -> Option<&str> {
        match self.0.value {
            JsonValue::Number(text) => Some(text),
            _ => None,
        }
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
            .as_text()
            .and_then(parse)
            .ok_or_else(|| "must be a date, YYYY-MM-DD".into())
    }

    /// A time of day, `HH:MM`. Seconds may stand behind it if they are none, since they are not passed on.
    pub fn time_of_day(&self) -> Result<Time, Expected> {
        let parse = |text: &str| {
            let text = text
                .strip_suffix(":00")
                .filter(|rest| rest.contains(':'))
                .unwrap_or(text);
            let is_short = text.len() == 5 && text.as_bytes().get(2) == Some(&b':');
            is_short.then(|| text.parse().ok()).flatten()
        };
        self.0
            .as_text()
            .and_then(parse)
            .ok_or_else(|| "must be a time of day, HH:MM, without seconds".into())
    }

    /// An RFC 3339 timestamp with an offset, in the one spelling that the host passes on.
    pub fn timestamp(&self) -> Result<String, Expected> {
        let text = self.text(1, 64)?;
        respelled(&text)
            .ok_or_else(|| "must be an RFC 3339 time with an offset, such as 2026-07-01T14:32:00+05:30".into())
    }

    /// A telephone number, in E.164. One without a country code is of `country`.
    pub fn phone(&self, country: Option<Country>) -> Result<String, Expected> {
        let text = self.text(1, phone::MAX_LENGTH)?;
        phone::normalize(&text, country).map_err(|error| error.to_string())
    }

    /// The name of a time zone. Abbreviations mean several zones and are refused. A name that the host does not know
    /// may be newer than the host: a person can correct it in review, if it is none.
    pub fn zone(&self) -> Result<String, Expected> {
        let name = self.text(1, 100)?;
        if is_zone_name(name.trim()) {
            Ok(name.trim().to_owned())
        } else {
            Err("must be the IANA name of a time zone, such as Asia/Kolkata, or UTC".into())
        }
    }
}
