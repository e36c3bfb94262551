//! A body in a fixture: JSON, a form or text, in the most readable format that replays the same bytes or values.

use std::collections::BTreeMap;

use serde_json::Value;
use url::form_urlencoded;

use crate::custody::fixture::{FixtureAnswerBody, FixtureRequestBody};

/// A request's body.
pub fn request_body(content_type: &str, text: &str) -> FixtureRequestBody {
    if !text.is_empty() && content_type.contains("x-www-form-urlencoded") {
        let pairs: Vec<(String, String)> = form_urlencoded::parse(text.as_bytes()).into_owned().collect();
        let form: BTreeMap<_, _> = pairs.iter().cloned().collect();
        // A fixture's form has one value for each name.
        if form.len() == pairs.len() {
            return FixtureRequestBody::Form(form);
        }
    }
    document(text).map_or_else(|| FixtureRequestBody::Text(text.to_owned()), FixtureRequestBody::Json)
}

/// A response's body. It is JSON only if every number is written back as it was read: `1.50` and twenty digits are not.
pub fn response_body(text: &str) -> FixtureAnswerBody {
    let faithful = document(text).filter(|value| numbers(text) == numbers(&value.to_string()));
    faithful.map_or_else(|| FixtureAnswerBody::Text(text.to_owned()), FixtureAnswerBody::Json)
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn request_bodies_follow_their_content_type() {
        let form = "application/x-www-form-urlencoded";
        let text = |text: &str| FixtureRequestBody::Text(text.into());
        assert_eq!(request_body("", ""), text(""));
        assert_eq!(request_body(form, ""), text(""));
        let pairs = [("a", "1"), ("b", "x y")].map(|(name, value)| (name.to_owned(), value.to_owned()));
        assert_eq!(request_body(form, "a=1&b=x+y"), FixtureRequestBody::Form(pairs.into()));
        assert_eq!(request_body(form, "a=1&a=2"), text("a=1&a=2"));
        assert_eq!(
            request_body("application/json", r#"{"a":1}"#),
            FixtureRequestBody::Json(json!({"a": 1}))
        );
        assert_eq!(request_body("", "<a/>"), text("<a/>"));
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
            assert_eq!(response_body(text), FixtureAnswerBody::Text(text.into()), "{text}");
        }
        let text = r#"{ "b": "1.50 \" 2.0", "a": [-1, 2.5] }"#;
        assert_eq!(
            response_body(text),
            FixtureAnswerBody::Json(serde_json::from_str(text).unwrap())
        );
    }
}
