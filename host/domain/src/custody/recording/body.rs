//! A body in a fixture: JSON, a form or text, in the most readable format that replays the same bytes or values.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};
use url::form_urlencoded;

/// A request's body: the name of the fixture's member and its value; none for an empty body.
pub fn request_body(content_type: &str, text: &str) -> Option<(&'static str, Value)> {
    if text.is_empty() {
        return None;
    }
    if content_type.contains("x-www-form-urlencoded") {
        let pairs: Vec<(String, String)> = form_urlencoded::parse(text.as_bytes()).into_owned().collect();
        let form: BTreeMap<_, _> = pairs.iter().cloned().collect();
        // A fixture's form has one value for each name.
        if form.len() == pairs.len() {
            return Some(("form", json!(form)));
        }
    }
    Some(document(text).map_or_else(|| ("text", json!(text)), |value| ("json", value)))
}

/// A response's body. It is JSON only if every number is written back as it was read: `1.50` and twenty digits are not.
pub fn response_body(text: &str) -> Option<(&'static str, Value)> {
    if text.is_empty() {
        return None;
    }
    let faithful = document(text).filter(|value| numbers(text) == numbers(&value.to_string()));
    Some(faithful.map_or_else(|| ("text", json!(text)), |value| ("json", value)))
}

/// Parses an object or an array; text represents anything else just as well.
fn document(text: &str) -> Option<Value> {
    let value: Value = serde_json::from_str(text).ok()?;
    (value.is_object() || value.is_array()).then_some(value)
}

/// The numbers of a JSON text, as written.
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

/// A form with its values masked and its pairs in the original order.
pub fn mask_form(text: &str, masked: impl Fn(&str) -> String) -> String {
    let mut form = form_urlencoded::Serializer::new(String::new());
    for (name, value) in form_urlencoded::parse(text.as_bytes()) {
        form.append_pair(&name, &masked(&value));
    }
    form.finish()
}

/// Inserts a body's member, if there is one.
pub fn insert(members: &mut Map<String, Value>, body: Option<(&'static str, Value)>) {
    if let Some((name, value)) = body {
        members.insert(name.into(), value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn request_bodies_follow_their_content_type() {
        let form = "application/x-www-form-urlencoded";
        assert_eq!(request_body("", ""), None);
        assert_eq!(
            request_body(form, "a=1&b=x+y"),
            Some(("form", json!({"a": "1", "b": "x y"})))
        );
        assert_eq!(request_body(form, "a=1&a=2"), Some(("text", json!("a=1&a=2"))));
        assert_eq!(
            request_body("application/json", r#"{"a":1}"#),
            Some(("json", json!({"a": 1})))
        );
        assert_eq!(request_body("", "<a/>"), Some(("text", json!("<a/>"))));
    }

    #[test]
    fn lossy_json_stays_text() {
        for text in [
            "{\"a\":",
            "<html>",
            "\"text\"",
            "{\"a\":1.50}",
            "{\"a\":123456789012345678901234567890}",
            "[1e3]",
        ] {
            assert_eq!(response_body(text), Some(("text", json!(text))), "{text}");
        }
        let text = r#"{ "b": "1.50 \" 2.0", "a": [-1, 2.5] }"#;
        assert_eq!(response_body(text), Some(("json", serde_json::from_str(text).unwrap())));
    }
}
