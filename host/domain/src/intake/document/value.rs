//! Reads a field's value in its form.

use jiff::civil::{Date, Time};

use super::Expected;
use super::form::FieldForm;
use crate::id::InvalidId;
use crate::json::{JsonNode, JsonValue};
use crate::phone::{self, Country};
use crate::time::respelled;
use crate::zone::is_zone_name;

/// A field's value, and what it has to be.
pub(crate) struct FieldValue<'a> {
    node: &'a JsonNode<'a>,
    form: FieldForm,
}

impl<'a> FieldValue<'a> {
    pub(super) const fn new(node: &'a JsonNode<'a>, form: FieldForm) -> Self {
        Self { node, form }
    }

    /// What the value should be, for its error.
    fn expected(&self) -> Expected {
        format!("must be {}", self.form.rule())
    }

    /// A text of the form's length.
    fn as_text(&self) -> Result<&str, Expected> {
        let text = self.node.as_text().filter(|text| self.form.allows_length(text));
        text.ok_or_else(|| self.expected())
    }

    /// A text of the form's length.
    pub fn text(&self) -> Result<String, Expected> {
        self.as_text().map(str::to_owned)
    }

    /// One of the form's words.
    pub fn word(&self) -> Result<&'static str, Expected> {
        let words = match self.form {
            FieldForm::Word(words) => words,
            _ => &[],
        };
        let word = words.iter().find(|word| self.node.as_text() == Some(word));
        word.copied().ok_or_else(|| self.expected())
    }

    /// An id.
    pub fn parsed<T: std::str::FromStr<Err = InvalidId>>(&self) -> Result<T, Expected> {
        let id = self.as_text()?.parse();
        id.map_err(|_| self.expected())
    }

    /// A whole number.
    pub fn whole(&self) -> Result<i64, Expected> {
        #[expect(
            clippy::cast_possible_truncation,
            reason = "checked to be whole and far inside the range of i64"
        )]
        let from_float = |f: f64| (f.fract() == 0.0 && f.abs() < 9e15).then_some(f as i64);
        let whole = |text: &str| text.parse().ok().or_else(|| from_float(text.parse().ok()?));
        let number = match self.node.value {
            JsonValue::Number(text) => whole(text),
            _ => None,
        };
        let allowed = |n: &i64| matches!(self.form, FieldForm::Whole { min, max } if (min..=max).contains(n));
        number.filter(allowed).ok_or_else(|| self.expected())
    }

    /// True or false.
    pub fn boolean(&self) -> Result<bool, Expected> {
        match self.node.value {
            JsonValue::Boolean(value) => Ok(value),
            _ => Err(self.expected()),
        }
    }

    /// An absolute http or https URL.
    pub fn url(&self) -> Result<String, Expected> {
        let text = self.text()?;
        match url::Url::parse(&text) {
            Ok(url) if matches!(url.scheme(), "http" | "https") => Ok(text),
            _ => Err(self.expected()),
        }
    }

    /// A date.
    pub fn date(&self) -> Result<Date, Expected> {
        self.as_text()?.parse().map_err(|_| self.expected())
    }

    /// A time of day.
    pub fn time_of_day(&self) -> Result<Time, Expected> {
        let text = self.as_text()?;
        let short = text.strip_suffix(":00").filter(|rest| rest.contains(':'));
        let text = short.unwrap_or(text);
        let is_time = text.len() == 5 && text.as_bytes().get(2) == Some(&b':');
        let time = is_time.then(|| text.parse().ok()).flatten();
        time.ok_or_else(|| self.expected())
    }

    /// A time, in the one spelling that the host passes on.
    pub fn timestamp(&self) -> Result<String, Expected> {
        respelled(self.as_text()?).ok_or_else(|| self.expected())
    }

    /// A telephone number, in E.164. One without a country code is of `country`.
    pub fn phone(&self, country: Option<Country>) -> Result<String, Expected> {
        phone::normalize(self.as_text()?, country).map_err(|error| error.to_string())
    }

    /// The name of a time zone. Abbreviations mean several zones and are refused. A name that the host does not know
    /// may be newer than the host: a person can correct it in review, if it is none.
    pub fn zone(&self) -> Result<String, Expected> {
        let name = self.as_text()?.trim();
        if is_zone_name(name) {
            Ok(name.to_owned())
        } else {
            Err(self.expected())
        }
    }
}
