//! JSON values with their position, so that a message can say where in a fixture a mistake is.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use jackfield_domain::field::escape;

/// A value and its RFC 6901 pointer.
#[derive(Debug)]
pub struct JsonCursor<'a> {
    pointer: String,
    value: &'a Value,
}

impl<'a> JsonCursor<'a> {
    /// The whole document.
    pub const fn root(value: &'a Value) -> Self {
        Self {
            pointer: String::new(),
            value,
        }
    }

    /// The value.
    pub const fn value(&self) -> &'a Value {
        self.value
    }

    /// A message that says what is wrong with it, and where it is.
    pub fn wrong(&self, why: &str) -> String {
        let place = if self.pointer.is_empty() { "/" } else { &self.pointer };
        format!("at {place}: {why}")
    }

    fn object(&self) -> Result<&'a Map<String, Value>, String> {
        self.value.as_object().ok_or_else(|| self.wrong("must be an object"))
    }

    fn child(&self, name: &str, value: &'a Value) -> Self {
        Self {
            pointer: format!("{}/{}", self.pointer, escape(name)),
            value,
        }
    }

    /// Refuses members of other names.
    pub fn only(&self, names: &[&str]) -> Result<(), String> {
        match self.object()?.keys().find(|name| !names.contains(&name.as_str())) {
            Some(unknown) => Err(self.wrong(&format!("has no member `{unknown}`; it has: {}", names.join(", ")))),
            None => Ok(()),
        }
    }

    /// A member that may be missing or null.
    pub fn optional(&self, name: &str) -> Result<Option<Self>, String> {
        let found = self.object()?.get(name).filter(|value| !value.is_null());
        Ok(found.map(|value| self.child(name, value)))
    }

    /// A member that must be there; it may be null.
    pub fn required(&self, name: &str) -> Result<Self, String> {
        let found = self.object()?.get(name);
        let value = found.ok_or_else(|| self.wrong(&format!("`{name}` is missing")))?;
        Ok(self.child(name, value))
    }

    /// The only member, which has one of these names.
    pub fn one_of<'n>(&self, names: &[&'n str]) -> Result<(&'n str, Self), String> {
        let object = self.object()?;
        let mut found = object.iter();
        if let (Some((name, value)), None) = (found.next(), found.next())
            && let Some(known) = names.iter().find(|known| *known == name)
        {
            return Ok((known, self.child(name, value)));
        }
        Err(self.wrong(&format!("must have exactly one member, one of: {}", names.join(", "))))
    }

    /// A text.
    pub fn text(&self) -> Result<&'a str, String> {
        self.value.as_str().ok_or_else(|| self.wrong("must be a text"))
    }

    /// The elements of a list.
    pub fn items(&self) -> Result<Vec<Self>, String> {
        let list = self.value.as_array().ok_or_else(|| self.wrong("must be a list"))?;
        let items = list.iter().enumerate();
        Ok(items
            .map(|(index, value)| self.child(&index.to_string(), value))
            .collect())
    }

    /// A member of names with texts; empty if it is missing.
    pub fn texts(&self, name: &str) -> Result<BTreeMap<String, String>, String> {
        let Some(member) = self.optional(name)? else {
            return Ok(BTreeMap::new());
        };
        let members = member.object()?.iter();
        members
            .map(|(name, value)| Ok((name.clone(), member.child(name, value).text()?.to_owned())))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn mistakes_are_reported_with_position() {
        let document = json!({"a": [{"b/c": 1}], "t": {"x": 1}});
        let root = JsonCursor::root(&document);
        let first = &root.required("a").unwrap().items().unwrap()[0];
        assert_eq!(first.required("d").unwrap_err(), "at /a/0: `d` is missing");
        assert_eq!(
            first.required("b/c").unwrap().text().unwrap_err(),
            "at /a/0/b~1c: must be a text"
        );
        assert_eq!(root.texts("t").unwrap_err(), "at /t/x: must be a text");
        assert_eq!(root.only(&["a"]).unwrap_err(), "at /: has no member `t`; it has: a");
        assert!(root.one_of(&["a", "t"]).unwrap_err().contains("exactly one member"));
    }
}
