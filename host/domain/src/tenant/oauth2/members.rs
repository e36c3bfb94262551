//! Reads the members of a token endpoint's answer, as leniently as servers write them.
//!
//! What was read before a mistake is kept: a new refresh token replaces the one that was used, which is worthless from
//! then on, so it must not be lost because something else in the answer is wrong.

use std::fmt;

use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
use zeroize::Zeroizing;

use crate::custody::Sensitive;
use crate::json::with_paired_surrogates;

/// The members of an answer that matter. A text that is blank is absent, and so is a value of another type.
#[derive(Default)]
pub(super) struct TokenMembers {
    pub(super) access_token: Option<Sensitive>,
    pub(super) refresh_token: Option<Sensitive>,
    pub(super) token_type: Option<Sensitive>,
    /// In seconds, as a number or as a text.
    pub(super) expires_in: Option<f64>,
    pub(super) error: Option<Sensitive>,
    /// Whether the body is a JSON object to its end.
    pub(super) complete: bool,
}

impl TokenMembers {
    pub(super) fn read(body: &[u8]) -> Self {
        let text = Zeroizing::new(String::from_utf8_lossy(body).into_owned());
        if !text.contains('{') && text.contains('=') {
            return Self::read_form(&text);
        }
        // A line break in a text is no JSON, and outside of texts it is as good as a blank.
        let text = Zeroizing::new(text.trim_start_matches('\u{feff}').replace(|c| c < ' ', " "));
        let text = Zeroizing::new(with_paired_surrogates(text.trim()));
        let mut json = serde_json::Deserializer::from_str(&text);
        let mut members = Self::default();
        let is_json = json.deserialize_map(MembersVisitor(&mut members)).is_ok();
        // What has its end was not cut off, whatever is wrong in between.
        let complete = is_json || text.ends_with('}');
        Self { complete, ..members }
    }

    /// Some servers answer with a form.
    fn read_form(text: &str) -> Self {
        let mut members = Self {
            complete: true,
            ..Self::default()
        };
        for (name, value) in url::form_urlencoded::parse(text.trim().as_bytes()) {
            members.set(&name, Some(Sensitive::new(value.into_owned())));
        }
        members
    }

    fn set(&mut self, name: &str, text: Option<Sensitive>) {
        let place = match name {
            "access_token" => &mut self.access_token,
            "refresh_token" => &mut self.refresh_token,
            "token_type" => &mut self.token_type,
            "error" => &mut self.error,
            "expires_in" => {
                self.expires_in = text.and_then(|text| seconds(text.expose()));
                return;
            }
            _ => return,
        };
        if let Some(text) = text
            && !text.expose().trim().is_empty()
        {
            *place = Some(Sensitive::new(text.expose().trim().to_owned()));
        }
    }
}

/// A number of seconds that can be one.
fn seconds(text: &str) -> Option<f64> {
    let number = text.trim().parse().ok();
    number.filter(|number: &f64| number.is_finite())
}

struct MembersVisitor<'a>(&'a mut TokenMembers);

impl<'de> Visitor<'de> for MembersVisitor<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(name) = map.next_key::<String>()? {
            let value = map.next_value::<&RawValue>()?.get();
            match serde_json::from_str(value).map(Sensitive::new) {
                Ok(text) => self.0.set(&name, Some(text)),
                // As a number too it may be longer than any type of numbers can hold.
                Err(_) if name == "expires_in" => self.0.expires_in = seconds(value),
                Err(_) => self.0.set(&name, None),
            }
        }
        Ok(())
    }
}
