//! Where something stands in a fixture's file.

use std::path::PathBuf;

use serde_json::Value;

use jackfield_domain::json::{JsonDocument, JsonNode, JsonValue};

/// The file of a fixture.
#[derive(Debug, Clone)]
pub struct FixtureSource {
    /// Its path.
    pub path: PathBuf,
    document: JsonDocument,
}

impl FixtureSource {
    /// The file with this content.
    pub const fn new(path: PathBuf, document: JsonDocument) -> Self {
        Self { path, document }
    }

    /// The file's content with other texts at some JSON pointers, each of which leads to a text.
    pub fn with_texts(&self, texts: &[(String, String)]) -> String {
        let (old, root) = (self.document.text(), self.document.root());
        let found = texts.iter().filter_map(|(pointer, text)| {
            let node = names(pointer).try_fold(&root, |node, name| child(node, &name))?;
            Some((offset(old, node), node.text.len(), text))
        });
        let mut changes: Vec<_> = found.collect();
        changes.sort_unstable();
        let (mut new, mut copied) = (String::with_capacity(old.len()), 0);
        for (start, length, text) in changes {
            new.push_str(&old[copied..start]);
            new.push_str(&Value::from(text.as_str()).to_string());
            copied = start + length;
        }
        new + &old[copied..]
    }

    /// The file, and the line of what a JSON pointer leads to, such as `fixtures/write-500.json:12`. Where the file has
    /// nothing there, the line of what would hold it.
    pub fn place(&self, pointer: &str) -> String {
        let (text, root) = (self.document.text(), self.document.root());
        let mut at = offset(text, &root);
        let mut node = Some(&root);
        for name in names(pointer) {
            node = node.and_then(|node| child(node, &name));
            at = node.map_or(at, |node| offset(text, node));
        }
        let line = text[..at].matches('\n').count() + 1;
        format!("{}:{line}", self.path.display())
    }
}

/// The names that a JSON pointer consists of.
fn names(pointer: &str) -> impl Iterator<Item = String> {
    pointer
        .split('/')
        .skip(1)
        .map(|name| name.replace("~1", "/").replace("~0", "~"))
}

/// The bytes before a node.
fn offset(text: &str, node: &JsonNode<'_>) -> usize {
    node.text.as_ptr().addr() - text.as_ptr().addr()
}

fn child<'n>(node: &'n JsonNode<'n>, name: &str) -> Option<&'n JsonNode<'n>> {
    match &node.value {
        JsonValue::Array(items) => items.get(name.parse::<usize>().ok()?),
        _ => node.member(name),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pointers_lead_to_lines() {
        let text =
            "{\n  \"exchanges\": [\n    {\n      \"request\": {\n        \"method\": \"GET\"\n      }\n    }\n  ]\n}";
        let source = FixtureSource::new("f.json".into(), JsonDocument::parse(text.as_bytes()).unwrap());
        for (pointer, place) in [
            ("", "f.json:1"),
            ("/exchanges/0/request/method", "f.json:5"),
            ("/exchanges/0/request/json/x", "f.json:4"),
            ("/exchanges/7", "f.json:2"),
        ] {
            assert_eq!(source.place(pointer), place);
        }
        let changed = source.with_texts(&[("/exchanges/0/request/method".into(), "a\"b".into())]);
        assert_eq!(changed, text.replace("\"GET\"", "\"a\\\"b\""));
    }
}
