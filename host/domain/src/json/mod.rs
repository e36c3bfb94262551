//! JSON documents as they were sent.
//!
//! A document that the host passes on, compares or shows keeps its text: no number goes through a floating-point type,
//! and no member is dropped. What the host has to know of it is read from a tree that borrows from that text.
//!
//! `serde_json` checks the syntax. Its own tree is not used, because it keeps the last of duplicate members and reads
//! numbers as `f64`; with its feature `arbitrary_precision` it would keep the digits, but that feature would hold for
//! the whole workspace, where it breaks `flatten` and `untagged`, and it keeps no duplicates either.

mod members;
mod node;

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;
use serde_json::error::Category;
use serde_json::value::RawValue;

pub use members::JsonMembers;
pub use node::{JsonMember, JsonNode, JsonValue};

/// The deepest nesting of objects and arrays: that of `serde_json`, so that whoever reads the document next can.
pub const MAX_DEPTH: usize = 127;

/// A document in valid JSON, with the text that was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JsonDocument(Box<str>);

/// The bytes are not a JSON document. The message quotes nothing of them: they may be personal data.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, column {column}: {fault}")]
pub struct NotJson {
    line: usize,
    column: usize,
    fault: &'static str,
}

impl JsonDocument {
    /// Checks that `body` is JSON. Two harmless faults are mended: a byte-order mark before the document is removed,
    /// and a lone surrogate, which no text can hold, is replaced by the replacement character.
    ///
    /// # Errors
    /// Where the first fault is, and of which kind.
    pub fn parse(body: &[u8]) -> Result<Self, NotJson> {
        let fault = |line, column, fault| NotJson { line, column, fault };
        if body.starts_with(&[0xff, 0xfe]) || body.starts_with(&[0xfe, 0xff]) {
            return Err(fault(1, 1, "it is UTF-16; send it as UTF-8"));
        }
        let body = body.strip_prefix("\u{feff}".as_bytes()).unwrap_or(body);
        let text = std::str::from_utf8(body).map_err(|error| {
            let (line, column) = position(&body[..error.valid_up_to()]);
            fault(line, column, "it is not UTF-8")
        })?;
        if let Some(at) = too_deep(text) {
            let (line, column) = position(&body[..at]);
            return Err(fault(line, column, "it is nested too deeply"));
        }
        serde_json::from_str::<&RawValue>(text).map_err(|error| {
            let what = match error.classify() {
                Category::Eof => "it ends too early",
                Category::Syntax => "it is malformed",
                Category::Data | Category::Io => "it cannot be read",
            };
            fault(error.line(), error.column(), what)
        })?;
        Ok(Self(with_paired_surrogates(text).into()))
    }

    /// The document's text.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.0
    }

    /// The document with other texts as the values of some members, each named by the way that leads to it; none, and
    /// a member that is not there, change nothing. All else stays as it was sent.
    #[must_use]
    pub fn with_texts(&self, texts: &[(&[&str], Option<String>)]) -> Self {
        let root = self.root();
        let mut changes: Vec<_> = texts
            .iter()
            .filter_map(|(path, text)| {
                let node = path.iter().try_fold(&root, |node, name| node.member(name))?;
                let text = text.as_deref().filter(|text| node.as_text() != Some(text))?;
                Some((
                    node.text.as_ptr().addr() - self.0.as_ptr().addr(),
                    node.text.len(),
                    text,
                ))
            })
            .collect();
        changes.sort_unstable();
        let (mut changed, mut at) = (String::with_capacity(self.0.len() + 16), 0);
        for (start, length, text) in changes {
            changed.push_str(&self.0[at..start]);
            node::write_quoted(text, &mut changed);
            at = start + length;
        }
        changed.push_str(&self.0[at..]);
        Self(changed.into())
    }

    /// The document as a tree.
    #[must_use]
    pub fn root(&self) -> JsonNode<'_> {
        JsonNode::of(&self.0)
    }
}

/// A document that the host builds. What was sent has to be parsed by [`JsonDocument::parse`] instead: a `Value` has
/// lost its digits.
impl From<Value> for JsonDocument {
    fn from(value: Value) -> Self {
        Self(value.to_string().into())
    }
}

impl From<&Value> for JsonDocument {
    fn from(value: &Value) -> Self {
        Self(value.to_string().into())
    }
}

impl From<&JsonDocument> for JsonDocument {
    fn from(document: &JsonDocument) -> Self {
        document.clone()
    }
}

impl fmt::Display for JsonDocument {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Serialize for JsonDocument {
    /// Only for `serde_json`, which writes the text as it is.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let raw: &RawValue = serde_json::from_str(&self.0).map_err(serde::ser::Error::custom)?;
        raw.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for JsonDocument {
    /// Only for `serde_json`, which hands over the text as it is.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = Box::<RawValue>::deserialize(deserializer)?;
        Self::parse(raw.get().as_bytes()).map_err(serde::de::Error::custom)
    }
}

/// Line and column after `before`, both from 1; columns count bytes, as in the errors of `serde_json`.
fn position(before: &[u8]) -> (usize, usize) {
    let line = before.split(|byte| *byte == b'\n').count();
    let column = before.iter().rev().take_while(|byte| **byte != b'\n').count();
    (line, column + 1)
}

/// Where the nesting becomes too deep, if it does. In a text that is not JSON, the answer does not matter.
fn too_deep(text: &str) -> Option<usize> {
    let (mut depth, mut in_string, mut escaped) = (0_usize, false, false);
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            b'{' | b'[' if !in_string => depth += 1,
            b'}' | b']' if !in_string => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > MAX_DEPTH {
            return Some(at);
        }
    }
    None
}

/// The JSON text with every lone surrogate replaced, by an escape of the same length. Backslashes are only in strings.
pub(crate) fn with_paired_surrogates(text: &str) -> String {
    let mut mended = text.as_bytes().to_vec();
    let unit = |at: usize| {
        let digits = text.get(at..at + 6)?.strip_prefix("\\u")?;
        u16::from_str_radix(digits, 16).ok()
    };
    let mut at = 0;
    while let Some(next) = text
        .as_bytes()
        .get(at..)
        .and_then(|rest| rest.iter().position(|b| *b == b'\\'))
    {
        at += next;
        at += match (unit(at), unit(at + 6)) {
            (Some(0xd800..=0xdbff), Some(0xdc00..=0xdfff)) => 12,
            (Some(0xd800..=0xdfff), _) => {
                mended[at..at + 6].copy_from_slice(b"\\ufffd");
                6
            }
            (Some(_), _) => 6,
            (None, _) => 2,
        };
    }
    // Only ASCII was replaced, by ASCII.
    String::from_utf8(mended).unwrap_or_else(|_| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(body: &[u8]) -> Result<String, String> {
        let parsed = JsonDocument::parse(body).map_err(|error| error.to_string())?;
        Ok(parsed.text().to_owned())
    }

    #[test]
    fn a_document_keeps_its_text() {
        let text = " {\"b\": 1.10, \"a\":100000000000000000000001, \"a\":\"\\u00e9\",\"c\":1e2} \n";
        assert_eq!(parse(text.as_bytes()).as_deref(), Ok(text));
        let document = JsonDocument::parse(text.as_bytes()).unwrap();
        let stored = serde_json::to_string(&document).unwrap();
        assert_eq!(stored, text.trim());
        assert_eq!(
            serde_json::from_str::<JsonDocument>(&stored).unwrap().text(),
            text.trim()
        );
    }

    #[test]
    fn harmless_faults_are_mended() {
        assert_eq!(parse(b"\xef\xbb\xbf{\"a\":1}").as_deref(), Ok("{\"a\":1}"));
        let text = r#"["\ud83d","\ude00\ud83d\ude00","\\ud83d","\ud83d\ud83d\ude00","\u0041é"]"#;
        let mended = r#"["\ufffd","\ufffd\ud83d\ude00","\\ud83d","\ufffd\ud83d\ude00","\u0041é"]"#;
        assert_eq!(parse(text.as_bytes()).as_deref(), Ok(mended));
        assert!(serde_json::from_str::<Vec<String>>(mended).is_ok());
    }

    #[test]
    fn what_is_no_json_is_named() {
        let deep = format!("{}1", "[".repeat(200_000));
        for (body, expected) in [
            (&b"{\n \"a\": \xff}"[..], "line 2, column 7: it is not UTF-8"),
            (b"\xff\xfe{\0}\0", "line 1, column 1: it is UTF-16; send it as UTF-8"),
            (b"{\"a\":1", "line 1, column 6: it ends too early"),
            (b"{'a':1}", "line 1, column 2: it is malformed"),
            (b"{} {}", "line 1, column 4: it is malformed"),
            (deep.as_bytes(), "line 1, column 128: it is nested too deeply"),
        ] {
            assert_eq!(parse(body).unwrap_err(), expected);
        }
        let allowed = format!("{}1{}", "[".repeat(127), "]".repeat(127));
        assert!(serde_json::from_str::<Value>(&allowed).is_ok());
        assert_eq!(parse(allowed.as_bytes()).as_deref(), Ok(allowed.as_str()));
    }
}
