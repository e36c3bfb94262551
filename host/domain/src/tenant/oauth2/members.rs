//! Reads the members of a token endpoint's answer, as leniently as servers write them.
//!
//! What was read before a mistake is kept: a new refresh token replaces the one that was used, which is worthless from
//! then on, so it must not be lost because something else in the answer is wrong.

use std::fmt;

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use zeroize::Zeroizing;

use crate::custody::Sensitive;

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
        let mut json = serde_json::Deserializer::from_str(text.trim_start_matches('\u{feff}'));
        let mut members = Self::default();
        let complete = json.deserialize_map(MembersVisitor(&mut members)).is_ok();
        Self { complete, ..members }
    }

    /// Some servers answer with a form.
    fn read_form(text: &str) -> Self {
        let mut members = Self {
            complete: true,
            ..Self::default()
        };
        for (name, value) in url::form_urlencoded::parse(text.trim().as_bytes()) {
            members.set(&name, MemberValue::Text(Sensitive::new(value.into_owned())));
        }
        members
    }

    fn set(&mut self, name: &str, value: MemberValue) {
        let place = match name {
            "access_token" => &mut self.access_token,
            "refresh_token" => &mut self.refresh_token,
            "token_type" => &mut self.token_type,
            "error" => &mut self.error,
            "expires_in" => {
                self.expires_in = value.number();
                return;
            }
            _ => return,
        };
        if let MemberValue::Text(text) = value
            && !text.expose().trim().is_empty()
        {
            *place = Some(Sensitive::new(text.expose().trim().to_owned()));
        }
    }
}

struct MembersVisitor<'a>(&'a mut TokenMembers);

impl<'de> Visitor<'de> for MembersVisitor<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(name) = map.next_key::<String>()? {
            let value = map.next_value()?;
            self.0.set(&name, value);
        }
        Ok(())
    }
}

/// A member's value.
enum MemberValue {
    Text(Sensitive),
    Number(f64),
    Other,
}

impl MemberValue {
    /// The number; some servers write it as a text.
    fn number(self) -> Option<f64> {
        let number = match self {
            Self::Text(text) => text.expose().trim().parse().ok()?,
            Self::Number(number) => number,
            Self::Other => return None,
        };
        Some(number).filter(|number: &f64| number.is_finite())
    }
}

impl<'de> Deserialize<'de> for MemberValue {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ValueVisitor)
    }
}

struct ValueVisitor;

impl<'de> Visitor<'de> for ValueVisitor {
    type Value = MemberValue;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_str<E>(self, text: &str) -> Result<MemberValue, E> {
        Ok(MemberValue::Text(Sensitive::new(text.to_owned())))
    }

    #[expect(clippy::cast_precision_loss, reason = "seconds, of which the largest are capped")]
    fn visit_u64<E>(self, number: u64) -> Result<MemberValue, E> {
        Ok(MemberValue::Number(number as f64))
    }

    #[expect(clippy::cast_precision_loss, reason = "seconds, and only negative ones come here")]
    fn visit_i64<E>(self, number: i64) -> Result<MemberValue, E> {
        Ok(MemberValue::Number(number as f64))
    }

    fn visit_f64<E>(self, number: f64) -> Result<MemberValue, E> {
        Ok(MemberValue::Number(number))
    }

    fn visit_bool<E>(self, _: bool) -> Result<MemberValue, E> {
        Ok(MemberValue::Other)
    }

    fn visit_unit<E>(self) -> Result<MemberValue, E> {
        Ok(MemberValue::Other)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<MemberValue, A::Error> {
        while items.next_element::<IgnoredAny>()?.is_some() {}
        Ok(MemberValue::Other)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<MemberValue, A::Error> {
        while members.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(MemberValue::Other)
    }
}
