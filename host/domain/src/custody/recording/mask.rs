//! Masks texts in a recorded invocation: always the tokens that the CRM issued, and personal data unless the operator
//! wants it.
//!
//! Personal data is recognized in three ways: by the contract (a lead's name and numbers, the URL of a recording), by
//! common member names, and by its form (phone numbers and e-mail addresses). Free text in notes, postal addresses and
//! dates of birth are not found; whoever shares a cassette has to read through it. A text that was found anywhere is
//! replaced everywhere, always by the same replacement, in all invocations of a recording.

use std::collections::BTreeSet;

use hmac::{Hmac, KeyInit as _, Mac as _};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Number, Value};
use sha2::Sha256;
use url::form_urlencoded;

use super::address;
use super::members::{self, Members};
use super::phone;

/// The fewest bytes of a token that is replaced; a shorter one would also match by chance.
const MIN_TOKEN_BYTES: usize = 8;
/// The fewest characters of a name's part that is replaced.
const MIN_NAME_CHARS: usize = 3;

/// The replacements for one invocation.
pub struct Mask<'a> {
    salt: &'a [u8],
    personal: bool,
    /// Texts and their replacements, the longest first.
    texts: Vec<(String, String)>,
    /// Parts of names, as written.
    names: BTreeSet<String>,
    /// National digits of known phone numbers, some of which do not look like one everywhere.
    numbers: BTreeSet<String>,
    /// Digits of amounts, which are never phone numbers.
    amounts: BTreeSet<String>,
}

impl<'a> Mask<'a> {
    /// A mask that has learned nothing yet. Replacements are derived from `salt`. If `personal`, personal data is
    /// replaced too.
    #[must_use]
    pub const fn new(salt: &'a [u8], personal: bool) -> Self {
        Self {
            salt,
            personal,
            texts: vec![],
            names: BTreeSet::new(),
            numbers: BTreeSet::new(),
            amounts: BTreeSet::new(),
        }
    }

    /// Learns what to replace from a document's members.
    pub fn learn(&mut self, objects: &[Members]) {
        for object in objects {
            let is_person = object
                .iter()
                .any(|(name, value)| members::is_phone(name) || has_address(value));
            for (name, value) in object {
                if members::is_secret(name) {
                    self.learn_token(value);
                }
                if members::is_phone(name) {
                    self.learn_number(value);
                }
                if members::is_recording(name) {
                    self.learn_recording(value);
                }
                if members::is_name(name) || (is_person && members::may_be_name(name)) {
                    self.learn_name(value);
                }
            }
        }
    }

    /// Learns a token: the part after a scheme such as `Bearer`, if there is one.
    pub fn learn_token(&mut self, value: &str) {
        let token = value.rsplit(' ').next().unwrap_or_default();
        if token.len() >= MIN_TOKEN_BYTES {
            let made_up = format!("recorded-{}", self.letters("token", token, 16));
            self.learn_text(token, &made_up);
        }
    }

    /// Learns a person's name.
    pub fn learn_name(&mut self, value: &str) {
        let parts = value.split(|c: char| c.is_whitespace() || c.is_ascii_punctuation());
        let parts = parts.filter(|part| part.chars().count() >= MIN_NAME_CHARS && !part.chars().all(char::is_numeric));
        self.names.extend(parts.map(str::to_owned));
    }

    /// Learns a phone number.
    pub fn learn_number(&mut self, value: &str) {
        let digits: String = value.chars().filter(char::is_ascii_digit).collect();
        if digits.len() >= 8 {
            self.numbers.insert(phone::national(&digits).to_owned());
        }
    }

    /// Learns the URL of a call's recording or transcript.
    pub fn learn_recording(&mut self, url: &str) {
        if self.personal && url.contains("://") {
            let made_up = format!("https://recordings.example/{}", self.letters("url", url, 12));
            self.learn_text(url, &made_up);
        }
    }

    /// Learns numbers that are not phone numbers, whatever they look like.
    pub fn learn_amounts(&mut self, value: &Value) {
        match value {
            Value::Number(number) => {
                self.amounts.insert(number.to_string());
            }
            Value::Array(items) => items.iter().for_each(|item| self.learn_amounts(item)),
            Value::Object(members) => members.values().for_each(|member| self.learn_amounts(member)),
            _ => {}
        }
    }

    fn learn_text(&mut self, text: &str, made_up: &str) {
        let form: String = form_urlencoded::byte_serialize(text.as_bytes()).collect();
        let upper = utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
        let made_up_form: String = form_urlencoded::byte_serialize(made_up.as_bytes()).collect();
        let slashes = |text: &str| text.replace('/', "\\/");
        let entities = |text: &str| text.replace('&', "&amp;");
        for (form, made_up) in [
            (text.to_owned(), made_up.to_owned()),
            (slashes(text), slashes(made_up)),
            (entities(text), entities(made_up)),
            (form.replace('+', "%20"), made_up_form.clone()),
            (form, made_up_form.clone()),
            (upper, made_up_form),
        ] {
            if !self.texts.iter().any(|(known, _)| *known == form) {
                self.texts.push((form, made_up));
            }
        }
        self.texts.sort_by_key(|(text, _)| std::cmp::Reverse(text.len()));
    }

    /// Letters that replace a text and do not reveal it.
    fn letters(&self, of: &str, text: &str, count: usize) -> String {
        let bytes = self.made_up(of, text);
        bytes
            .iter()
            .take(count)
            .map(|byte| char::from(b'a' + byte % 26))
            .collect()
    }

    /// Ten digits that replace a phone number.
    fn digits(&self, own: &str) -> String {
        let bytes = self.made_up("number", own);
        let digits = bytes.iter().take(5).map(|byte| char::from(b'0' + byte % 10));
        "90000".chars().chain(digits).collect()
    }

    fn made_up(&self, of: &str, text: &str) -> [u8; 32] {
        #[expect(clippy::expect_used, reason = "HMAC takes keys of any length")]
        let mut mac = Hmac::<Sha256>::new_from_slice(self.salt).expect("any key");
        mac.update(of.as_bytes());
        mac.update(text.as_bytes());
        mac.finalize().into_bytes().into()
    }

    /// The text with every learned and recognized part replaced.
    #[must_use]
    pub fn text(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for (known, made_up) in &self.texts {
            if text.contains(known.as_str()) {
                text = text.replace(known.as_str(), made_up);
            }
        }
        if !self.personal {
            return text;
        }
        text = self.addresses(&text);
        for name in &self.names {
            text = self.name(text, name);
        }
        phone::replace(&text, &self.numbers, &self.amounts, |own| self.digits(own))
    }

    /// Masks the texts of a value and the numbers that are phone numbers. Member names are unchanged.
    pub fn value(&self, value: &mut Value) {
        match value {
            Value::String(text) => *text = self.text(text),
            Value::Number(number) if self.personal => {
                let digits = number.to_string();
                let is_known = digits.len() >= 8 && self.numbers.contains(phone::national(&digits));
                let is_number = number.is_u64() && (is_known || phone::is_number(&digits, false));
                if is_number && !self.amounts.contains(&digits) {
                    let made_up = phone::replace_digits(&digits, &self.digits(phone::national(&digits)));
                    *number = made_up
                        .parse()
                        .map_or_else(|_| number.clone(), |made_up: u64| Number::from(made_up));
                }
            }
            Value::Array(items) => items.iter_mut().for_each(|item| self.value(item)),
            Value::Object(members) => members.values_mut().for_each(|member| self.value(member)),
            _ => {}
        }
    }

    /// Replaces e-mail addresses.
    fn addresses(&self, text: &str) -> String {
        address::replace(text, |address, sign| {
            format!("{}{sign}mail.example", self.letters("address", address, 8))
        })
    }

    /// Replaces a part of a name where it is a whole word, also in its escaped forms in URLs and JSON.
    fn name(&self, mut text: String, name: &str) -> String {
        let made_up = format!("Name{}", self.letters("name", &name.to_lowercase(), 5));
        let escaped: Vec<_> = name.encode_utf16().map(|unit| format!("\\u{unit:04x}")).collect();
        let escaped = escaped.concat();
        let encoded: String = form_urlencoded::byte_serialize(name.as_bytes()).collect();
        let lower = encoded.to_lowercase();
        for form in [name, &encoded, &lower, &escaped] {
            text = replace_word(text, form, &made_up);
        }
        text
    }
}

fn has_address(value: &str) -> bool {
    value
        .split_once('@')
        .is_some_and(|(local, domain)| !local.is_empty() && domain.contains('.'))
}

/// Replaces a word and ignores the case of its ASCII letters; the replacement gets the case of the word that was found.
fn replace_word(text: String, word: &str, made_up: &str) -> String {
    let (lower_text, lower_word) = (text.to_ascii_lowercase(), word.to_ascii_lowercase());
    if !lower_text.contains(&lower_word) {
        return text;
    }
    let mut made = String::with_capacity(text.len());
    let mut copied = 0;
    for (at, _) in lower_text.match_indices(&lower_word) {
        let end = at + word.len();
        if at < copied || !is_word(&text, at, end) {
            continue;
        }
        let found = &text[at..end];
        made.push_str(&text[copied..at]);
        let has_letters = found.is_ascii() && !found.contains('%');
        match found {
            _ if has_letters && found == found.to_uppercase() => made.push_str(&made_up.to_uppercase()),
            _ if has_letters && found == found.to_lowercase() => made.push_str(&made_up.to_lowercase()),
            _ => made.push_str(made_up),
        }
        copied = end;
    }
    made.push_str(&text[copied..]);
    made
}

/// Whether no letter or digit touches `start..end`; the digits of a percent-encoded character do not count.
fn is_word(text: &str, start: usize, end: usize) -> bool {
    let is_escape = start >= 3 && phone::is_percent_encoded(text.as_bytes(), start - 3);
    let before = text[..start].chars().next_back().filter(|_| !is_escape);
    let after = text[end..].chars().next();
    !before.is_some_and(char::is_alphanumeric) && !after.is_some_and(char::is_alphanumeric)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mask() -> Mask<'static> {
        let mut mask = Mask::new(b"salt", true);
        mask.learn_name("Ms. Asha Verma");
        mask.learn_name("आशा वर्मा");
        mask.learn_number("+1 202 555 0123");
        mask.learn_token("Bearer abcdefgh/1");
        mask.learn_recording("https://calls.example/r?id=1&sig=x");
        mask
    }

    /// Asserts that a text is replaced completely and in the same way in each of its forms.
    fn assert_masked_alike(forms: &[&str], gone: &[&str]) {
        let masked: Vec<_> = forms.iter().map(|form| mask().text(form)).collect();
        for text in &masked {
            for gone in gone {
                assert!(!text.to_lowercase().contains(&gone.to_lowercase()), "{text}");
            }
        }
        let plain = |text: &str| {
            let text = text.to_lowercase().replace("%20", " ").replace('+', " ");
            text.replace("%40", "@").replace("%2f", "/").replace("\\/", "/")
        };
        assert!(masked.iter().all(|text| plain(text) == plain(&masked[0])), "{masked:?}");
    }

    #[test]
    fn a_name_is_replaced_in_every_form() {
        assert_masked_alike(
            &["Asha Verma", "ASHA VERMA", "Asha%20Verma", "asha+verma"],
            &["asha", "verma"],
        );
        let (hindi, escape) = ("आशा", "\\u0906\\u0936\\u093e");
        assert_masked_alike(
            &[
                hindi,
                "%E0%A4%86%E0%A4%B6%E0%A4%BE",
                "%e0%a4%86%e0%a4%b6%e0%a4%be",
                escape,
            ],
            &[hindi, "%e0", "\\u"],
        );
        for other in ["Ashaben", "Vermaji", "name", "Ms", "9asha"] {
            assert_eq!(mask().text(other), other);
        }
    }

    #[test]
    fn an_address_is_replaced_in_every_form() {
        assert_masked_alike(
            &["a.b-c@crm.example.in", "A.B-C@crm.example.in", "a.b-c%40crm.example.in"],
            &["a.b-c", "crm"],
        );
        assert_eq!(
            mask().text("https://crm.example/@me and a@b"),
            "https://crm.example/@me and a@b"
        );
    }

    #[test]
    fn tokens_and_recordings_are_replaced() {
        assert_masked_alike(&["abcdefgh/1", "abcdefgh%2F1", "abcdefgh\\/1"], &["abcdefgh"]);
        let url = "https://calls.example/r?id=1&sig=x";
        let made_up = mask().text(url);
        assert!(made_up.starts_with("https://recordings.example/"), "{made_up}");
        assert_eq!(
            mask().text(&format!("<u>{}</u>", url.replace('&', "&amp;"))),
            format!("<u>{made_up}</u>")
        );
    }

    #[test]
    fn numbers_are_replaced_in_both_types() {
        let mut value =
            serde_json::json!({"a": "+12025550123", "b": 9_876_543_210_u64, "c": 9_500_000_000_u64, "d": 7});
        let mut mask = mask();
        mask.learn_amounts(&serde_json::json!({"budget_max": 9_500_000_000_u64}));
        mask.value(&mut value);
        let text = value["a"].as_str().unwrap();
        assert!(text.starts_with("+120000") && text.len() == 12, "{text}");
        assert_ne!(value["b"], 9_876_543_210_u64);
        assert_eq!(mask.text("9876543210"), value["b"].to_string());
        assert_eq!((&value["c"], &value["d"]), (&9_500_000_000_u64.into(), &7.into()));
    }

    #[test]
    fn tokens_are_always_replaced() {
        // Only tokens are replaced if the operator wants personal data.
        let mut mask = Mask::new(b"salt", false);
        mask.learn_name("Asha");
        mask.learn_token("abcdefgh1");
        mask.learn_recording("https://calls.example/1");
        let text = "Asha 9876543210 a@b.example https://calls.example/1";
        assert_eq!(mask.text(text), text);
        assert!(!mask.text("abcdefgh1").contains("abcdefgh"));
    }
}
