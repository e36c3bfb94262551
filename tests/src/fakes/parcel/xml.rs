//! A parser for parcel's XML: namespaced elements, no document types, well-formed documents only.

use quick_xml::XmlVersion;
use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::{BytesStart, Event};
use quick_xml::name::{Namespace, ResolveResult};
use quick_xml::reader::NsReader;

/// An element with its content.
#[derive(Debug, Default)]
pub(super) struct Element {
    pub namespace: String,
    pub name: String,
    /// Namespace, name and value, without namespace declarations.
    pub attributes: Vec<(String, String, String)>,
    pub children: Vec<Self>,
    pub text: String,
}

impl Element {
    /// Parses a document and returns its root; the error says what is wrong.
    pub fn parse(document: &str) -> Result<Self, String> {
        let mut reader = NsReader::from_str(document);
        // A virtual element around the root gives every element a parent.
        let mut open = vec![Self::default()];
        loop {
            let event = reader.read_event().map_err(|error| error.to_string())?;
            match event {
                Event::Start(start) => open.push(Self::begin(&reader, &start)?),
                Event::Empty(start) => {
                    let element = Self::begin(&reader, &start)?;
                    open.last_mut().ok_or("no element is open")?.children.push(element);
                }
                Event::End(_) => {
                    let element = open.pop().ok_or("an end without a start")?;
                    open.last_mut().ok_or("an end without a start")?.children.push(element);
                }
                Event::Text(text) => Self::add(&mut open, &text),
                Event::GeneralRef(entity) => {
                    let character = entity.resolve_char_ref().map_err(|error| error.to_string())?;
                    let named = resolve_predefined_entity(&entity).map(str::to_owned);
                    let meant = character.map(String::from).or(named).ok_or("an unknown entity")?;
                    Self::add(&mut open, &meant);
                }
                Event::CData(text) => Self::add(&mut open, &text),
                Event::DocType(_) => return Err("a document type".into()),
                Event::Eof => break,
                Event::Decl(_) | Event::Comment(_) | Event::PI(_) => {}
            }
        }
        let around = open
            .pop()
            .filter(|_| open.is_empty())
            .ok_or("an element is not closed")?;
        if !around.text.trim().is_empty() {
            return Err("text beside the root".into());
        }
        let [root] = <[Self; 1]>::try_from(around.children).map_err(|_| "not one root")?;
        Ok(root)
    }

    /// Whether it has this namespace and name.
    pub fn is(&self, namespace: &str, name: &str) -> bool {
        self.namespace == namespace && self.name == name
    }

    /// The value of an attribute.
    pub fn attribute(&self, namespace: &str, name: &str) -> Option<&str> {
        let found = self.attributes.iter().find(|(ns, it, _)| ns == namespace && it == name);
        found.map(|(_, _, value)| value.as_str())
    }

    /// Its only child, if that has this namespace and name.
    pub fn only(&self, namespace: &str, name: &str) -> Option<&Self> {
        let [child] = &self.children[..] else { return None };
        child.is(namespace, name).then_some(child)
    }

    fn begin(reader: &NsReader<&[u8]>, start: &BytesStart<'_>) -> Result<Self, String> {
        let (namespace, name) = reader.resolver().resolve_element(start.name());
        let mut element = Self {
            namespace: bound(&namespace)?,
            name: name.as_ref().to_owned(),
            ..Self::default()
        };
        for attribute in start.attributes() {
            let attribute = attribute.map_err(|error| error.to_string())?;
            if attribute.key.as_namespace_binding().is_some() {
                continue;
            }
            let (namespace, name) = reader.resolver().resolve_attribute(attribute.key);
            let value = attribute
                .normalized_value(XmlVersion::Implicit1_0)
                .map_err(|error| error.to_string())?;
            let name = name.as_ref().to_owned();
            element.attributes.push((bound(&namespace)?, name, value.into_owned()));
        }
        Ok(element)
    }

    fn add(open: &mut [Self], text: &str) {
        if let Some(element) = open.last_mut() {
            element.text.push_str(text);
        }
    }
}

fn bound(namespace: &ResolveResult<'_>) -> Result<String, String> {
    match namespace {
        ResolveResult::Bound(Namespace(namespace)) => Ok((*namespace).to_owned()),
        ResolveResult::Unbound => Ok(String::new()),
        ResolveResult::Unknown(_) => Err("a prefix that is not declared".into()),
    }
}
