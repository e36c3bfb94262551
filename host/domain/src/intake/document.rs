//! Reads a JSON document of the contract: collects every error, and every member that the contract does not name.
//!
//! A member that is missing, null or a blank text is absent: senders write all three for "nothing is known". What a
//! document consists of, with every limit, is a table: [`DocumentSpec`].

mod form;
mod spec;
mod value;

use std::borrow::Cow;
use std::collections::HashSet;

use crate::extension::Extension;
use crate::field::{FieldError, escape};
use crate::json::{JsonMember, JsonNode, JsonValue};
use crate::word::fold;

pub use form::FieldForm;
pub use spec::{DocumentSpec, FieldSpec, ObjectSpec};
pub(crate) use value::FieldValue;

/// Most duplicate members that are named: enough to find the fault, which is usually in the sender's code.
const MAX_DUPLICATES: usize = 20;
/// Most characters of each name in the pointer to a duplicate.
const MAX_NAME: usize = 100;

/// Collects the errors of one document, so that its author sees all of them at once.
pub(crate) struct Reader<'a> {
    spec: &'static DocumentSpec,
    /// The document itself, then its objects in the order of the table.
    sections: Vec<Section<'a>>,
    errors: Vec<FieldError>,
}

/// The document itself, or an object inside it.
struct Section<'a> {
    /// The object's name; empty for the document itself.
    object: &'static str,
    members: Option<&'a [JsonMember<'a>]>,
}

impl<'a> Section<'a> {
    /// The value of a member that is not absent; of duplicates, the last counts.
    fn find(&self, name: &str) -> Option<&'a JsonNode<'a>> {
        let last = self.members?.iter().rev().find(|member| member.name == name)?;
        (!is_absent(&last.node)).then_some(&last.node)
    }

    /// The members that the contract does not name.
    fn unknown(&self, spec: &DocumentSpec) -> impl Iterator<Item = &'a JsonMember<'a>> {
        let known: Vec<_> = spec.members_of(self.object).collect();
        let members = self.members.into_iter().flatten();
        members.filter(move |member| !known.iter().any(|name| *name == member.name))
    }

    fn pointer(&self, name: &str) -> String {
        spec::pointer(self.object, name)
    }
}

/// Whether a value says nothing: the one place that knows what absence is.
fn is_absent(node: &JsonNode<'_>) -> bool {
    match &node.value {
        JsonValue::Null => true,
        JsonValue::Text(text) => text.trim().is_empty(),
        _ => false,
    }
}

/// Adds the pointers of members whose names an object has before them. A pointer is made only for those: its length
/// times the number of members may be large.
fn find_duplicates<'a>(node: &'a JsonNode<'_>, path: &mut Vec<Cow<'a, str>>, found: &mut Vec<String>) {
    let mut seen = HashSet::new();
    for member in node.members().unwrap_or_default() {
        path.push(Cow::Borrowed(&member.name));
        if !seen.insert(&member.name) && found.len() < MAX_DUPLICATES {
            let mut pointer = String::new();
            for name in path.iter() {
                pointer.push('/');
                pointer.push_str(&escape(&name.chars().take(MAX_NAME).collect::<String>()));
            }
            found.push(pointer);
        }
        find_duplicates(&member.node, path, found);
        path.pop();
    }
    if let JsonValue::Array(items) = &node.value {
        for (index, item) in items.iter().enumerate() {
            path.push(Cow::Owned(index.to_string()));
            find_duplicates(item, path, found);
            path.pop();
        }
    }
}

/// What a member should be.
type Expected = String;

impl<'a> Reader<'a> {
    /// A reader of a document that should be as in `spec`.
    pub fn new(spec: &'static DocumentSpec, document: &'a JsonNode<'a>) -> Self {
        let mut reader = Self {
            spec,
            sections: vec![],
            errors: vec![],
        };
        reader.open("", Some(document), true);
        for object in spec.objects {
            let value = reader.sections[0].find(object.name);
            reader.open(object.name, value, object.required);
        }
        reader
    }

    fn open(&mut self, object: &'static str, value: Option<&'a JsonNode<'a>>, required: bool) {
        let pointer = || spec::pointer("", object);
        let members = match value.filter(|value| !is_absent(value)) {
            Some(node) => match node.members() {
                None => self.push(pointer(), "must be an object"),
                members => members,
            },
            None if !required => None,
            None => self.push(pointer(), "is required and must be an object"),
        };
        self.sections.push(Section { object, members });
    }

    fn section(&self, object: &str) -> Option<&Section<'a>> {
        self.sections.iter().find(|section| section.object == object)
    }

    /// Whether the document has this object.
    pub fn has(&self, object: &str) -> bool {
        self.section(object).is_some_and(|section| section.members.is_some())
    }

    /// The value of a field, if it is there and valid. A required field of an object that is missing as a whole is not
    /// reported: the object was.
    pub fn read<T>(
        &mut self,
        field: &FieldSpec,
        read: impl FnOnce(FieldValue<'_>) -> Result<T, Expected>,
    ) -> Option<T> {
        let node = self.section(field.object).and_then(|section| section.find(field.name));
        match node.map(|node| read(FieldValue::new(node, field.form))) {
            Some(Ok(value)) => Some(value),
            Some(Err(expected)) => self.push(field.pointer(), expected),
            None if field.required && self.has(field.object) => self.push(field.pointer(), "is required"),
            None => None,
        }
    }

    /// Adds an error that depends on more than one field.
    pub fn refuse(&mut self, field: &FieldSpec, detail: &str) {
        self.errors.push(FieldError::new(field.pointer(), detail));
    }

    fn push<T>(&mut self, pointer: String, detail: impl Into<String>) -> Option<T> {
        self.errors.push(FieldError::new(pointer, detail));
        None
    }

    /// The members that the contract does not name.
    pub fn extensions(&self) -> Vec<Extension> {
        let unknown = |section: &Section<'a>| {
            let extension = |member: &JsonMember<'_>| Extension {
                pointer: section.pointer(&member.name),
                json: member.node.text.to_owned(),
            };
            section.unknown(self.spec).map(extension).collect::<Vec<_>>()
        };
        self.sections.iter().flat_map(unknown).collect()
    }

    /// Refuses members that appear more than once in one object, at any depth: readers differ in which one they
    /// believe.
    pub fn refuse_duplicates(&mut self, document: &JsonNode<'_>) {
        let mut found = vec![];
        find_duplicates(document, &mut vec![], &mut found);
        let error = |pointer| FieldError::new(pointer, "appears more than once; send it once");
        self.errors.extend(found.into_iter().map(error));
    }

    /// Refuses members whose name is, but for its case, `_`, `-` and blanks, that of a member of the contract that is
    /// not there: it is misspelled or in the wrong object, and as an extension its meaning would be lost.
    pub fn refuse_misplaced(&mut self) {
        let missing = |section: &Section<'a>| {
            let names = self.spec.members_of(section.object);
            let missing = names.filter(|name| section.find(name).is_none());
            missing
                .map(|name| (fold(name), section.pointer(name)))
                .collect::<Vec<_>>()
        };
        let missing: Vec<_> = self.sections.iter().flat_map(missing).collect();
        for section in &self.sections {
            for member in section.unknown(self.spec).filter(|member| !is_absent(&member.node)) {
                let name = fold(&member.name);
                if let Some((_, right)) = missing.iter().find(|(folded, _)| *folded == name) {
                    let detail = format!("is not known here; write it as {right}");
                    self.errors.push(FieldError::new(section.pointer(&member.name), detail));
                }
            }
        }
    }

    /// All errors; none if the document is valid.
    pub fn finish(self) -> Vec<FieldError> {
        self.errors
    }
}

#[cfg(test)]
mod tests;
