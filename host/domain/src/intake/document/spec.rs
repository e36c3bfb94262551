//! What a document of the contract consists of, as a table. The reader checks by it, and the API's description is made
//! of it, so the two cannot differ.

use super::form::FieldForm;
use crate::field::escape;

/// A document: its objects and their fields, in the contract's order.
#[derive(Debug)]
pub struct DocumentSpec {
    /// What it says.
    pub meaning: &'static str,
    /// The objects in it that have fields.
    pub objects: &'static [ObjectSpec],
    /// The fields of the document itself, and those of its objects.
    pub fields: &'static [FieldSpec],
}

/// An object in a document.
#[derive(Debug)]
pub struct ObjectSpec {
    /// Its name.
    pub name: &'static str,
    /// Whether a document without it is refused.
    pub required: bool,
    /// What it is about.
    pub meaning: &'static str,
}

/// A field that the host reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FieldSpec {
    /// The object that has it; empty for the document itself.
    pub object: &'static str,
    /// Its name.
    pub name: &'static str,
    /// Whether an object without it is refused.
    pub required: bool,
    /// What its value has to be.
    pub form: FieldForm,
    /// A valid value, as JSON.
    pub example: &'static str,
    /// What it says.
    pub meaning: &'static str,
}

/// The pointer to a member of an object; an empty name stands for the document itself.
pub(super) fn pointer(object: &str, name: &str) -> String {
    let mut pointer = String::new();
    for part in [object, name].into_iter().filter(|part| !part.is_empty()) {
        pointer.push('/');
        pointer.push_str(&escape(part));
    }
    pointer
}

impl FieldSpec {
    /// A field that an object must have.
    pub(crate) const fn required(
        object: &'static str,
        name: &'static str,
        form: FieldForm,
        example: &'static str,
        meaning: &'static str,
    ) -> Self {
        Self {
            object,
            name,
            required: true,
            form,
            example,
            meaning,
        }
    }

    /// A field that may be absent.
    pub(crate) const fn optional(
        object: &'static str,
        name: &'static str,
        form: FieldForm,
        example: &'static str,
        meaning: &'static str,
    ) -> Self {
        Self {
            required: false,
            ..Self::required(object, name, form, example, meaning)
        }
    }

    /// The JSON pointer to it.
    #[must_use]
    pub fn pointer(&self) -> String {
        pointer(self.object, self.name)
    }
}

impl DocumentSpec {
    /// The fields of an object; an empty name stands for the document itself.
    pub fn fields_of(&self, object: &str) -> impl Iterator<Item = &'static FieldSpec> {
        self.fields.iter().filter(move |field| field.object == object)
    }

    /// The names of an object's members: fields, and objects inside it.
    pub(super) fn members_of(&self, object: &str) -> impl Iterator<Item = &'static str> {
        let objects: &[_] = if object.is_empty() { self.objects } else { &[] };
        let fields = self.fields_of(object).map(|field| field.name);
        objects.iter().map(|object| object.name).chain(fields)
    }

    /// A document with every field.
    #[must_use]
    pub fn example(&self) -> String {
        let members = |object| {
            let members = self.fields_of(object);
            members.map(|field| format!("\"{}\":{}", field.name, field.example))
        };
        let objects = self.objects.iter().map(|object| {
            let inner: Vec<_> = members(object.name).collect();
            format!("\"{}\":{{{}}}", object.name, inner.join(","))
        });
        let all: Vec<_> = members("").chain(objects).collect();
        format!("{{{}}}", all.join(","))
    }
}
