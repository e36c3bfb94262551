//! A JSON document as a tree that borrows from its text.

use std::borrow::Cow;
use std::fmt::Write as _;

/// A value, with its text.
#[derive(Debug, Clone, PartialEq)]
pub struct JsonNode<'a> {
    /// Its text, as it was sent.
    pub text: &'a str,
    /// What it is.
    pub value: JsonValue<'a>,
}

/// What a value is.
#[derive(Debug, Clone, PartialEq)]
pub enum JsonValue<'a> {
    /// `null`.
    Null,
    /// `true` or `false`.
    Boolean(bool),
    /// A number's text.
    Number(&'a str),
    /// A text, without its escapes.
    Text(Cow<'a, str>),
    /// The items of an array.
    Array(Vec<JsonNode<'a>>),
    /// The members of an object in their order, duplicates included.
    Object(Vec<JsonMember<'a>>),
}

/// A member of an object.
#[derive(Debug, Clone, PartialEq)]
pub struct JsonMember<'a> {
    /// Its name, without escapes.
    pub name: Cow<'a, str>,
    /// Its value.
    pub node: JsonNode<'a>,
}

impl<'a> JsonNode<'a> {
    /// The tree of a text that is known to be JSON.
    pub(super) fn of(text: &'a str) -> Self {
        Walker { text, at: 0 }.node()
    }

    /// Its members, if it is an object.
    #[must_use]
    pub fn members(&self) -> Option<&[JsonMember<'a>]> {
        match &self.value {
            JsonValue::Object(members) => Some(members),
            _ => None,
        }
    }

    /// Its text without escapes, if it is one.
    #[must_use]
    pub fn as_text(&self) -> Option<&str> {
        match &self.value {
            JsonValue::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The member with this name, if it is an object that has one. Of duplicates, the last counts.
    #[must_use]
    pub fn member(&self, name: &str) -> Option<&Self> {
        let mut members = self.members()?.iter().rev();
        members.find(|member| member.name == name).map(|member| &member.node)
    }

    /// The value in the form in which equal documents have equal texts: without blanks, members sorted by name, strings
    /// with no more escapes than needed. Numbers stay as they were written: `1.10` and `1.1` are not equal.
    #[must_use]
    pub fn canonical(&self) -> String {
        let mut text = String::with_capacity(self.text.len());
        self.write_canonical(&mut text);
        text
    }

    fn write_canonical(&self, out: &mut String) {
        match &self.value {
            JsonValue::Array(items) => {
                out.push('[');
                for (n, item) in items.iter().enumerate() {
                    out.push_str(if n == 0 { "" } else { "," });
                    item.write_canonical(out);
                }
                out.push(']');
            }
            JsonValue::Object(members) => {
                let mut sorted: Vec<_> = members.iter().collect();
                sorted.sort_by(|a, b| a.name.cmp(&b.name));
                out.push('{');
                for (n, member) in sorted.into_iter().enumerate() {
                    out.push_str(if n == 0 { "" } else { "," });
                    write_quoted(&member.name, out);
                    out.push(':');
                    member.node.write_canonical(out);
                }
                out.push('}');
            }
            _ => self.write_scalar(out),
        }
    }

    /// The value for people: a member or an item on each line, in their order, and no escape that is not needed.
    #[must_use]
    pub fn pretty(&self) -> String {
        let mut text = String::with_capacity(self.text.len() * 2);
        self.write_pretty(0, &mut text);
        text
    }

    fn write_pretty(&self, depth: usize, out: &mut String) {
        let line = |depth: usize, out: &mut String| {
            let _ = write!(out, "\n{:1$}", "", depth * 2);
        };
        match &self.value {
            JsonValue::Array(items) if !items.is_empty() => {
                out.push('[');
                for (n, item) in items.iter().enumerate() {
                    out.push_str(if n == 0 { "" } else { "," });
                    line(depth + 1, out);
                    item.write_pretty(depth + 1, out);
                }
                line(depth, out);
                out.push(']');
            }
            JsonValue::Object(members) if !members.is_empty() => {
                out.push('{');
                for (n, member) in members.iter().enumerate() {
                    out.push_str(if n == 0 { "" } else { "," });
                    line(depth + 1, out);
                    write_quoted(&member.name, out);
                    out.push_str(": ");
                    member.node.write_pretty(depth + 1, out);
                }
                line(depth, out);
                out.push('}');
            }
            JsonValue::Array(_) => out.push_str("[]"),
            JsonValue::Object(_) => out.push_str("{}"),
            _ => self.write_scalar(out),
        }
    }

    fn write_scalar(&self, out: &mut String) {
        match &self.value {
            JsonValue::Text(text) => write_quoted(text, out),
            _ => out.push_str(self.text),
        }
    }
}

pub(super) fn write_quoted(text: &str, out: &mut String) {
    // A text can always be quoted.
    out.push_str(&serde_json::to_string(text).unwrap_or_default());
}

/// Reads a text that is known to be JSON, nested no deeper than the stack allows.
struct Walker<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Walker<'a> {
    fn node(&mut self) -> JsonNode<'a> {
        let next = self.skip_blanks();
        let start = self.at;
        let value = match next {
            Some(b'{') => JsonValue::Object(self.members()),
            Some(b'[') => JsonValue::Array(self.items()),
            Some(b'"') => JsonValue::Text(self.string()),
            _ => self.scalar(),
        };
        let text = &self.text[start..self.at];
        JsonNode { text, value }
    }

    /// The byte after the blanks.
    fn skip_blanks(&mut self) -> Option<u8> {
        let rest = self.text.as_bytes().get(self.at..)?;
        self.at += rest.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
        self.text.as_bytes().get(self.at).copied()
    }

    fn items(&mut self) -> Vec<JsonNode<'a>> {
        let mut items = vec![];
        self.at += 1;
        loop {
            match self.skip_blanks() {
                Some(b',') => self.at += 1,
                Some(b']') | None => break,
                Some(_) => items.push(self.node()),
            }
        }
        self.at += 1;
        items
    }

    fn members(&mut self) -> Vec<JsonMember<'a>> {
        let mut members = vec![];
        self.at += 1;
        while let Some(b',' | b'"') = self.skip_blanks() {
            if self.text.as_bytes()[self.at] == b',' {
                self.at += 1;
                continue;
            }
            let name = self.string();
            self.skip_blanks();
            self.at += 1; // the colon
            let node = self.node();
            members.push(JsonMember { name, node });
        }
        self.at += 1;
        members
    }

    fn string(&mut self) -> Cow<'a, str> {
        let start = self.at;
        let mut escaped = false;
        let inner = self.text.as_bytes().iter().skip(start + 1).take_while(|byte| {
            let ends = **byte == b'"' && !escaped;
            escaped = **byte == b'\\' && !escaped;
            !ends
        });
        self.at += inner.count() + 2;
        let inner = &self.text[start + 1..self.at - 1];
        if !inner.contains('\\') {
            return Cow::Borrowed(inner);
        }
        let decoded = serde_json::from_str(&self.text[start..self.at]);
        decoded.map_or(Cow::Borrowed(inner), Cow::Owned)
    }

    fn scalar(&mut self) -> JsonValue<'a> {
        let start = self.at;
        let ends = |c: char| matches!(c, ',' | ']' | '}') || c.is_ascii_whitespace();
        let rest = &self.text[start..];
        self.at += rest.find(ends).unwrap_or(rest.len());
        match &self.text[start..self.at] {
            "null" => JsonValue::Null,
            "true" => JsonValue::Boolean(true),
            "false" => JsonValue::Boolean(false),
            number => JsonValue::Number(number),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::JsonDocument;
    use proptest::prelude::*;

    fn document(text: &str) -> JsonDocument {
        JsonDocument::parse(text.as_bytes()).unwrap()
    }

    #[test]
    fn only_order_blanks_and_escapes_are_equal() {
        let canonical = |text: &str| document(text).root().canonical();
        let first = canonical("{\"b\":[1.10, {} ],\"a\":\"\\u00e9\\/\"}");
        assert_eq!(first, "{\"a\":\"é/\",\"b\":[1.10,{}]}");
        assert_eq!(first, canonical(" { \"\\u0061\" : \"é/\",\n\t\"b\":[1.10,{}] }\r\n"));
        for other in [
            "{\"b\":[1.1,{}],\"a\":\"é/\"}",
            "{\"b\":[1.10,[]],\"a\":\"é/\"}",
            "{\"b\":[1.10,{}],\"a\":\"e/\"}",
            "{\"b\":[{},1.10],\"a\":\"é/\"}",
        ] {
            assert_ne!(first, canonical(other));
        }
        assert_ne!(
            canonical("100000000000000000000001"),
            canonical("100000000000000000000002")
        );
        assert_ne!(canonical("1e2"), canonical("100"));
    }

    #[test]
    fn pretty_text_keeps_order_and_digits() {
        let text = "{\"z\":1e2,\"a\":[],\"m\":{\"x\":[1.10,null],\"e\":{}},\"h\":\"\\u0906\\n\"}";
        insta::assert_snapshot!(document(text).root().pretty(), @r#"
        {
          "z": 1e2,
          "a": [],
          "m": {
            "x": [
              1.10,
              null
            ],
            "e": {}
          },
          "h": "आ\n"
        }
        "#);
    }

    #[test]
    fn the_last_of_duplicates_counts() {
        let document = document(r#"{"a":1,"b":{"c":"x"},"a":2}"#);
        let root = document.root();
        assert_eq!(root.members().unwrap().len(), 3);
        assert_eq!(root.member("a").unwrap().text, "2");
        assert_eq!(root.member("b").unwrap().text, r#"{"c":"x"}"#);
        assert_eq!(root.member("b").unwrap().member("c").unwrap().as_text(), Some("x"));
    }

    proptest! {
        /// The tree agrees with that of `serde_json`, in every form in which it is written.
        #[test]
        fn the_tree_is_that_of_serde_json(texts in prop::collection::vec(".*", 0..6), n: i64, f: f64) {
            let inner = serde_json::json!({"": {}, "a\"\\": texts.first()});
            let nested = serde_json::json!({"t": texts, "n": [n, f, null, true], "o": inner});
            for text in [nested.to_string(), format!("{nested:#}")] {
                let document = document(&text);
                prop_assert_eq!(document.root().canonical(), nested.to_string());
                prop_assert_eq!(document.root().text, text.as_str());
                let pretty = document.root().pretty();
                prop_assert_eq!(&pretty, &format!("{nested:#}"));
            }
        }
    }
}
