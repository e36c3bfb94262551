//! A grant: an origin that requests may go to, and which requests.

use std::fmt;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

use super::{Method, Methods, Origin, PathPrefix};

/// What may be sent to an origin. In a file it is the origin alone, which grants everything, or a table that grants
/// less. Several grants of one origin add up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(into = "OriginOrTable")]
pub struct EgressGrant {
    /// The origin that requests may go to.
    pub origin: Origin,
    /// Every method, if absent.
    pub methods: Option<Methods>,
    /// Every path, if absent.
    pub path: Option<PathPrefix>,
}

impl EgressGrant {
    /// Whether it grants requests with a method.
    #[must_use]
    pub fn allows(&self, method: Method) -> bool {
        self.methods.as_ref().is_none_or(|methods| methods.contains(method))
    }

    /// The prefix that paths must have, if it restricts them.
    #[must_use]
    pub fn prefix(&self) -> Option<&PathPrefix> {
        self.path.as_ref().filter(|prefix| !prefix.covers_everything())
    }
}

impl From<Origin> for EgressGrant {
    fn from(origin: Origin) -> Self {
        Self {
            origin,
            methods: None,
            path: None,
        }
    }
}

/// A grant as a file contains it.
#[derive(Serialize)]
#[serde(untagged)]
enum OriginOrTable {
    Origin(Origin),
    Table(GrantTable),
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct GrantTable {
    origin: Origin,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    methods: Option<Methods>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    path: Option<PathPrefix>,
}

impl From<EgressGrant> for OriginOrTable {
    fn from(EgressGrant { origin, methods, path }: EgressGrant) -> Self {
        if methods.is_none() && path.is_none() {
            Self::Origin(origin)
        } else {
            Self::Table(GrantTable { origin, methods, path })
        }
    }
}

impl<'de> Deserialize<'de> for EgressGrant {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TextOrTable)
    }
}

/// Distinguishes the two shapes by hand: an untagged enum would lose the error of either.
struct TextOrTable;

impl<'de> Visitor<'de> for TextOrTable {
    type Value = EgressGrant;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an origin like \"https://crm.example\", or a table with origin, methods and path")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<EgressGrant, E> {
        text.parse::<Origin>().map(EgressGrant::from).map_err(E::custom)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<EgressGrant, A::Error> {
        let GrantTable { origin, methods, path } = GrantTable::deserialize(MapAccessDeserializer::new(map))?;
        Ok(EgressGrant { origin, methods, path })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn grants_serialize_in_their_shortest_form() {
        for (given, shown) in [
            (json!("crm.example"), json!("https://crm.example")),
            (json!({"origin": "crm.example"}), json!("https://crm.example")),
            (
                json!({"origin": "crm.example", "methods": ["POST", "GET", "GET"], "path": "/api/"}),
                json!({"origin": "https://crm.example", "methods": ["GET", "POST"], "path": "/api"}),
            ),
            (
                json!({"origin": "crm.example", "path": "/"}),
                json!({"origin": "https://crm.example", "path": "/"}),
            ),
        ] {
            let grant: EgressGrant = serde_json::from_value(given).unwrap();
            assert_eq!(serde_json::to_value(&grant).unwrap(), shown);
            assert_eq!(serde_json::from_value::<EgressGrant>(shown).unwrap(), grant);
        }
    }
}
