//! Markup as a tree: well-formed and escaped by construction, valid as HTML and as XML.

use std::fmt;

use quick_xml::escape::{escape, partial_escape};

/// An element with its children.
#[derive(Debug, Clone)]
pub struct Element {
    name: &'static str,
    attributes: Vec<(&'static str, String)>,
    children: Vec<Child>,
}

#[derive(Debug, Clone)]
enum Child {
    Element(Element),
    Text(String),
}

/// An empty element.
pub const fn element(name: &'static str) -> Element {
    Element {
        name,
        attributes: vec![],
        children: vec![],
    }
}

impl Element {
    /// Adds an attribute.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl fmt::Display) -> Self {
        self.attributes.push((name, value.to_string()));
        self
    }

    /// Adds text, which is escaped.
    #[must_use]
    pub fn text(mut self, text: impl Into<String>) -> Self {
        self.children.push(Child::Text(text.into()));
        self
    }

    /// Adds a child element.
    #[must_use]
    pub fn child(mut self, child: Self) -> Self {
        self.children.push(Child::Element(child));
        self
    }

    /// Adds child elements.
    #[must_use]
    pub fn children(mut self, children: impl IntoIterator<Item = Self>) -> Self {
        self.children.extend(children.into_iter().map(Child::Element));
        self
    }
}

impl fmt::Display for Element {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<{}", self.name)?;
        for (name, value) in &self.attributes {
            write!(f, " {name}=\"{}\"", escape(value))?;
        }
        // HTML closes every element except void elements; `meta` is the only one used here.
        if self.name == "meta" {
            return f.write_str("/>");
        }
        f.write_str(">")?;
        for child in &self.children {
            match child {
                Child::Element(element) => element.fmt(f)?,
                // Quotes need no escaping in text, and must not be escaped in a style sheet.
                Child::Text(text) => f.write_str(&partial_escape(text))?,
            }
        }
        write!(f, "</{}>", self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_escaped() {
        let made = element("p")
            .with("title", "\"a\" & <b>")
            .text("1 < 2 & \"so\"")
            .child(element("b"));
        assert_eq!(
            made.to_string(),
            "<p title=\"&quot;a&quot; &amp; &lt;b&gt;\">1 &lt; 2 &amp; \"so\"<b></b></p>"
        );
    }
}
