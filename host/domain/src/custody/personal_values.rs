//! What must not be in a text that operators read about a delivery: the values of its document, telephone numbers and
//! e-mail addresses.
//!
//! Adapters' reasons and log lines are texts of their authors, who may put a lead's data into them. What is found is
//! masked. The values of the CRM's answers are not known here, so authors keep names out of what they log; the
//! conformance kit checks that.

use std::collections::BTreeSet;

use percent_encoding::percent_decode_str;
use serde_json::Value;
use url::form_urlencoded;

use super::recording::{address, phone};
use crate::visible_text::blanked;

/// What is shown in place of a value.
const MASK: &str = "***";
/// Characters of a value that is masked. Shorter ones, such as `no` or `3`, are in many words.
const MIN_CHARS: usize = 4;
/// Values of a document that are searched for. Of a document with more, no text is shown: the search would take long.
const MAX_VALUES: usize = 2000;
/// The fewest digits of a telephone number.
const MIN_DIGITS: usize = 8;

/// The values of a delivery's document, and what else is masked. Without a document: numbers and addresses only.
#[derive(Debug, Default)]
pub struct PersonalValues {
    /// The longest first: a value may contain another one.
    texts: Vec<String>,
    /// National digits of telephone numbers.
    numbers: BTreeSet<String>,
    /// There are too many values to search for.
    too_many: bool,
}

impl PersonalValues {
    /// The values of a document: JSON, or the body of a form or of XML. `ids` are not masked, since operators know the
    /// delivery by them.
    #[must_use]
    pub fn of(document: &[u8], ids: &[&str]) -> Self {
        let mut values = BTreeSet::new();
        match serde_json::from_slice(document) {
            Ok(document) => collect_json(&document, &mut values),
            Err(_) => collect_raw(&String::from_utf8_lossy(document), &mut values),
        }
        let numbers = values.iter().filter(|value| value.starts_with('+'));
        let digits = numbers.map(|value| value.chars().filter(char::is_ascii_digit).collect::<String>());
        let numbers = digits.filter(|digits| digits.len() >= MIN_DIGITS);
        let numbers = numbers.map(|digits| phone::national(&digits).to_owned()).collect();

        values.retain(|value| !ids.contains(&value.as_str()));
        let encoded = values
            .iter()
            .map(|value| form_urlencoded::byte_serialize(value.as_bytes()).collect::<String>());
        let spaced = values.iter().map(|value| blanked(value));
        let texts: BTreeSet<_> = encoded.chain(spaced).map(|text| text.to_ascii_lowercase()).collect();
        let mut texts: Vec<_> = texts
            .into_iter()
            .filter(|text| text.chars().count() >= MIN_CHARS)
            .collect();
        texts.sort_by_key(|text| std::cmp::Reverse(text.len()));
        Self {
            too_many: texts.len() > MAX_VALUES,
            texts,
            numbers,
        }
    }

    /// At most `limit` bytes of the text, on one line, with `***` for each value, however its letters are written.
    #[must_use]
    pub fn mask(&self, text: &str, limit: usize) -> String {
        if self.too_many {
            return format!("{MASK} (the document has too many values to mask)");
        }
        let mut shown = blanked(&text[..text.floor_char_boundary(limit)]);
        for value in &self.texts {
            shown = hide(&shown, value);
        }
        // A text that was cut may end inside of a value.
        if text.len() + MIN_CHARS > limit {
            let lower = shown.to_ascii_lowercase();
            let cut = self.texts.iter().filter_map(|value| {
                let ends = value
                    .char_indices()
                    .map(|(end, _)| end)
                    .take_while(|end| *end <= lower.len());
                ends.skip(MIN_CHARS).filter(|end| lower.ends_with(&value[..*end])).max()
            });
            if let Some(cut) = cut.max() {
                shown.truncate(shown.len() - cut);
                shown.push_str(MASK);
            }
        }
        let shown = address::replace(&shown, |_, _| MASK.into());
        phone::hide(&shown, &self.numbers)
    }

    /// The path of a URL, masked. It is shown as it was sent, unless a value hides in its escapes.
    #[must_use]
    pub fn mask_path(&self, path: &str, limit: usize) -> String {
        let decoded = percent_decode_str(path).decode_utf8_lossy();
        let masked = self.mask(&decoded, limit);
        if masked == blanked(&decoded[..decoded.floor_char_boundary(limit)]) {
            self.mask(path, limit)
        } else {
            masked
        }
    }
}

/// The values of a JSON document.
fn collect_json(document: &Value, values: &mut BTreeSet<String>) {
    match document {
        Value::String(text) => {
            values.insert(text.trim().to_owned());
        }
        Value::Number(number) => {
            values.insert(number.to_string());
        }
        Value::Array(items) => items.iter().for_each(|item| collect_json(item, values)),
        Value::Object(members) => members.values().for_each(|member| collect_json(member, values)),
        Value::Null | Value::Bool(_) => {}
    }
}

/// The values of a form (`name=value&…`), of XML (texts and attributes) and of lines; names and tags are none.
fn collect_raw(text: &str, values: &mut BTreeSet<String>) {
    for part in text.split('<') {
        let (tag, content) = part.split_once('>').unwrap_or(("", part));
        let attributes = tag.split(['"', '\'']).skip(1).step_by(2);
        let pieces = content.split(['&', '\n', '\r', '\t', ';', ',']);
        let contents = pieces.map(|piece| piece.split_once('=').map_or(piece, |(_, value)| value));
        for value in attributes.chain(contents) {
            let spaced = value.replace('+', " ");
            let decoded = percent_decode_str(&spaced).decode_utf8_lossy();
            values.extend([value.trim().to_owned(), decoded.trim().to_owned()]);
        }
    }
}

/// The text with the mask for `value`, which is in lower case.
fn hide(text: &str, value: &str) -> String {
    let lower = text.to_ascii_lowercase();
    let mut shown = String::with_capacity(text.len());
    let mut copied = 0;
    for (at, _) in lower.match_indices(value) {
        shown.push_str(&text[copied..at]);
        shown.push_str(MASK);
        copied = at + value.len();
    }
    shown.push_str(&text[copied..]);
    shown
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn values() -> PersonalValues {
        let document = json!({
            "call_id": "C-2026-01", "caller": {"name": "Asha Verma", "phone": "+919876543210"},
            "remark": "wants the\nthird floor", "budget": 12_500_000, "turns": 3, "ok": true,
        });
        PersonalValues::of(document.to_string().as_bytes(), &["C-2026-01"])
    }

    #[test]
    fn values_of_a_document_are_masked() {
        for (text, shown) in [
            ("no lead ASHA VERMA in 3 tables", "no lead *** in 3 tables"),
            ("no lead with 98765 43210", "no lead with ***"),
            (
                "GET /leads?name=Asha+Verma&m=%2B919876543210",
                "GET /leads?name=***&m=***",
            ),
            ("wants the third floor, for 12500000", "***, for ***"),
            ("call C-2026-01 is known", "call C-2026-01 is known"),
            ("ask asha@crm.example or +1 202 555 0100", "ask *** or +***"),
            ("E409\u{1b}[31m\n", "E409 [31m "),
        ] {
            assert_eq!(values().mask(text, 100), shown);
        }
    }

    #[test]
    fn a_cut_text_shows_no_part_of_a_value() {
        assert_eq!(values().mask("no lead Asha Verma", 15), "no lead ***");
        assert_eq!(values().mask("no lead Asha Ve", 15), "no lead ***");
        assert_eq!(values().mask("no lead Asha Ve", 90), "no lead Asha Ve");
        assert_eq!(values().mask(&"\u{fc}".repeat(9), 5), "\u{fc}\u{fc}");
    }

    #[test]
    fn paths_are_masked_under_their_escapes() {
        for (path, shown) in [
            ("/leads/A%2F7/calls/C-2026-01", "/leads/A%2F7/calls/C-2026-01"),
            ("/leads/%41sha%20Verma", "/leads/***"),
            ("/by-phone/%2b919876543210", "/by-phone/***"),
        ] {
            assert_eq!(values().mask_path(path, 100), shown);
        }
    }

    #[test]
    fn forms_and_xml_have_values_too() {
        let form = PersonalValues::of(b"event=lead_new&customer_name=Asha+Verma&m=98", &[]);
        assert_eq!(
            form.mask("customer_name Asha Verma, event lead_new, m 98", 100),
            "customer_name ***, event ***, m 98"
        );
        let xml = PersonalValues::of(b"<lead kind=\"walk-in\"><name>Asha Verma</name></lead>", &[]);
        assert_eq!(
            xml.mask("lead of kind walk-in, name Asha Verma", 100),
            "lead of kind ***, name ***"
        );
    }

    #[test]
    fn too_many_values_show_no_text() {
        let many: Vec<_> = (0..=MAX_VALUES).map(|n| format!("value-{n}")).collect();
        let shown = PersonalValues::of(json!(many).to_string().as_bytes(), &[]).mask("value-1", 100);
        assert_eq!(shown, "*** (the document has too many values to mask)");
    }
}
