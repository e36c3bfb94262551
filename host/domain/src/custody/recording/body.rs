//! A body as a fixture holds it: JSON, a form or text, whichever says it best and replays as the same.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};
use url::form_urlencoded;

/// A request's body: the member's name and what it holds; none for an empty body.
pub fn of_request(content_type: &str, text: &str) -> Option<(&'static str, Value)> {
    if text.is_empty() {
        return None;
    }
    if content_type.contains("x-www-form-urlencoded") {
        let pairs: Vec<(String, String)> = form_urlencoded::parse(text.as_bytes()).into_owned().collect();
        let form: BTreeMap<_, _> = pairs.iter().cloned().collect();
        // A fixture's form has one value for a name.
        if form.len() == pairs.len() {
            return Some(("form", json!(form)));
        }
    }
    Some(document(text).map_or_else(|| ("text", json!(text)), |value| ("json", value)))
}

/// An answer's body. It is JSON only if every number comes out as it went in: `1.50` and twenty digits do not.
pub fn of_answer(text: &str) -> Option<(&'static str, Value)> {
    if text.is_empty() {
        return None;
    }
    let faithful = document(text).filter(|value| numbers(text) == numbers(&value.to_string()));
    Some(faithful.map_or_else(|| ("text", json!(text)), |value| ("json", value)))
}

/// An object or an array; anything else is as good as text.
fn document(text: &str) -> Option<Value> {
    let value: Value = serde_json::from_str(text).ok()?;
    (value.is_object() || value.is_array()).then_some(value)
}

/// The numbers of a JSON text as they are spelled.
fn numbers(text: &str) -> Vec<&str> {
    let (mut inside, mut escaped) = (false, false);
    let outside = text.split(move |c: char| {
        let quote = c == '"' && !escaped;
        escaped = c == '\\' && !escaped;
        if quote {
            inside = !inside;
        }
        inside || quote || !(c.is_ascii_digit() || matches!(c, '.' | '-' | '+' | 'e' | 'E'))
    });
    let mut numbers: Vec<_> = outside
        .filter(|part| part.starts_with(|c: char| c.is_ascii_digit() || c == '-'))
        .collect();
    numbers.sort_unstable();
    numbers
}

/// A form with its values replaced, its pairs in their order.
pub fn mask_form(text: &str, masked: impl Fn(&str) -> String) -> String {
    let mut made = form_urlencoded::Serializer::new(String::new());
    for (name, value) in form_urlencoded::parse(text.as_bytes()) {
        made.append_pair(&name, &masked(&value));
    }
    made.finish()
}

/// Adds a body's member, if there is one.
pub fn put(members: &mut Map<String, Value>, body: Option<(&'static str, Value)>) {
    if let Some((name, value)) = body {
        members.insert(name.into(), value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_told_by_its_content() {
        let form = "application/x-www-form-urlencoded";
        assert_eq!(of_request("", ""), None);
        assert_eq!(
            of_request(form, "a=1&b=x+y"),
            Some(("form", json!({"a": "1", "b": "x y"})))
        );
        assert_eq!(of_request(form, "a=1&a=2"), Some(("text", json!("a=1&a=2"))));
        assert_eq!(
            of_request("application/json", r#"{"a":1}"#),
            Some(("json", json!({"a": 1})))
        );
        assert_eq!(of_request("", "<a/>"), Some(("text", json!("<a/>"))));
    }

    #[test]
    fn an_answer_stays_text_where_json_would_change_it() {
        for text in [
            "{\"a\":",
            "<html>",
            "\"text\"",
            "{\"a\":1.50}",
            "{\"a\":123456789012345678901234567890}",
            "[1e3]",
        ] {
            assert_eq!(of_answer(text), Some(("text", json!(text))), "{text}");
        }
        let text = r#"{ "b": "1.50 \" 2.0", "a": [-1, 2.5] }"#;
        assert_eq!(of_answer(text), Some(("json", serde_json::from_str(text).unwrap())));
    }
}
