//! An object that is put together from members and extensions, each with its own text.

use std::collections::BTreeMap;

use serde::Serialize;
use serde::ser::{SerializeMap as _, Serializer};

use super::JsonDocument;

/// Most parts of a pointer: a deeper one makes a document that few can read.
const MAX_PARTS: usize = 32;

/// The members of an object under construction. What was inserted first stays.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct JsonMembers(BTreeMap<String, Part>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    /// A value with its text.
    Text(JsonDocument),
    /// An object that others insert into.
    Object(JsonMembers),
}

impl JsonMembers {
    /// Inserts a value at the place that an RFC 6901 pointer names, with the objects that lead there: `/a/b` is a
    /// member `b` of the object `a`. A place that is taken, or leads through a value that is no object, stays as it is.
    /// Returns false for a text that is no pointer of at most 32 parts.
    pub fn insert(&mut self, pointer: &str, value: &JsonDocument) -> bool {
        let Some(path) = pointer_parts(pointer) else {
            return false;
        };
        self.insert_at(&path, value);
        true
    }

    fn insert_at(&mut self, path: &[String], value: &JsonDocument) {
        let Some((name, rest)) = path.split_first() else {
            return;
        };
        let Some(part) = self.0.get_mut(name) else {
            let part = if rest.is_empty() {
                Part::Text(value.clone())
            } else {
                let mut inner = Self::default();
                inner.insert_at(rest, value);
                Part::Object(inner)
            };
            self.0.insert(name.clone(), part);
            return;
        };
        let Some(inner) = part.open() else { return };
        if rest.is_empty() {
            for (name, value) in members_of(value) {
                inner.insert_at(&[name], &value);
            }
        } else {
            inner.insert_at(rest, value);
        }
    }

    /// Removes the members with these names.
    pub fn remove(&mut self, names: &[&str]) {
        self.0.retain(|name, _| !names.contains(&name.as_str()));
    }
}

impl Part {
    /// The object to insert into, if this is one.
    fn open(&mut self) -> Option<&mut JsonMembers> {
        if let Self::Text(document) = self {
            document.root().members()?;
            let mut inner = JsonMembers::default();
            for (name, value) in members_of(document) {
                inner.insert_at(&[name], &value);
            }
            *self = Self::Object(inner);
        }
        match self {
            Self::Object(inner) => Some(inner),
            Self::Text(_) => None,
        }
    }
}

/// The members of an object, each with its text; none of another value.
fn members_of(document: &JsonDocument) -> Vec<(String, JsonDocument)> {
    let root = document.root();
    let members = root.members().unwrap_or_default().iter();
    members
        .map(|member| (member.name.to_string(), JsonDocument(member.node.text.into())))
        .collect()
}

/// The parts of a pointer below the document itself.
fn pointer_parts(pointer: &str) -> Option<Vec<String>> {
    let parts: Vec<_> = pointer.strip_prefix('/')?.split('/').take(MAX_PARTS + 1).collect();
    let unescaped = |part: &str| part.replace("~1", "/").replace("~0", "~");
    (parts.len() <= MAX_PARTS).then(|| parts.into_iter().map(unescaped).collect())
}

impl Serialize for JsonMembers {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut members = serializer.serialize_map(Some(self.0.len()))?;
        for (name, part) in &self.0 {
            match part {
                Part::Text(document) => members.serialize_entry(name, document)?,
                Part::Object(inner) => members.serialize_entry(name, inner)?,
            }
        }
        members.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn built(extensions: &[(&str, &str)]) -> String {
        let mut members = JsonMembers::default();
        for (pointer, json) in extensions {
            assert!(members.insert(pointer, &JsonDocument::parse(json.as_bytes()).unwrap()));
        }
        serde_json::to_string(&members).unwrap()
    }

    #[test]
    fn pointers_lead_into_objects() {
        assert_eq!(
            built(&[("/a/b", "1.10"), ("/a/c/d", "1e2"), ("/x~1y/~0", "[ 1 ]"), ("/", "2")]),
            r#"{"":2,"a":{"b":1.10,"c":{"d":1e2}},"x/y":{"~":[ 1 ]}}"#
        );
    }

    #[test]
    fn what_was_first_stays() {
        assert_eq!(built(&[("/a", "1"), ("/a", "2"), ("/a/b", "3")]), r#"{"a":1}"#);
        assert_eq!(
            built(&[("/a", r#"{"b":1.0,"c":2}"#), ("/a/d", "3"), ("/a/b", "4")]),
            r#"{"a":{"b":1.0,"c":2,"d":3}}"#
        );
        assert_eq!(
            built(&[("/a/b", "1"), ("/a", r#"{"b":2,"c":{"d":3.00}}"#), ("/a", "4")]),
            r#"{"a":{"b":1,"c":{"d":3.00}}}"#
        );
    }

    #[test]
    fn a_pointer_has_a_slash_and_few_parts() {
        let one = JsonDocument::from(serde_json::json!(1));
        let mut members = JsonMembers::default();
        assert!(members.insert(&"/a".repeat(32), &one));
        for wrong in ["", "a", &"/a".repeat(33)] {
            assert!(!members.insert(wrong, &one), "{wrong}");
        }
    }
}
