//! Holds requests and answers of the public API against the description that the host serves.
//!
//! Only the keywords of JSON Schema that the description uses are known here. Any other one fails the test, so that
//! nothing in the description goes unchecked.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use http::{Method, StatusCode, header};
use jackfield_domain::json::JsonDocument;
use serde_json::Value;

use crate::response::TestResponse;

/// Keywords that only people read.
const ANNOTATIONS: [&str; 5] = ["description", "examples", "format", "title", "default"];

/// The description of the public API.
pub struct ApiDescription(Value);

/// A request, as far as it is described.
pub struct DescribedRequest {
    /// Its method.
    pub method: Method,
    /// Its path, without the query.
    pub path: String,
    /// Its body, if it has to be as described.
    pub body: Option<Vec<u8>>,
}

impl ApiDescription {
    /// The description of this build.
    #[must_use]
    pub fn get() -> &'static Self {
        static DESCRIPTION: LazyLock<ApiDescription> =
            LazyLock::new(|| ApiDescription(serde_json::to_value(jackfield::ingress::public_api()).unwrap()));
        &DESCRIPTION
    }

    /// As JSON.
    #[must_use]
    pub const fn json(&self) -> &Value {
        &self.0
    }

    /// Asserts that a request that was accepted, and every answer, is as the description says.
    pub fn check(&self, request: &DescribedRequest, answer: &TestResponse) {
        let Some(operation) = self.operation(&request.method, &request.path) else {
            return;
        };
        let (method, path, status) = (&request.method, &request.path, answer.status);
        let described = &operation["responses"][status.as_str()];
        assert!(
            described.is_object(),
            "{method} {path}: {status} is not described: {}",
            answer.text
        );
        let kind = answer.headers[header::CONTENT_TYPE].to_str().unwrap();
        let schema = &described["content"][kind]["schema"];
        assert!(
            schema.is_object(),
            "{method} {path}: {status} has no {kind}: {described}"
        );
        if let Err(error) = self.conforms(schema, &answer.json(), true) {
            panic!("{method} {path}, answer {status}: {error}: {}", answer.text);
        }
        let accepted = [StatusCode::OK, StatusCode::ACCEPTED].contains(&status);
        if let Some(body) = request.body.as_deref().filter(|_| accepted && *method == Method::POST) {
            let body = without_blanks(JsonDocument::parse(body).unwrap().text());
            let schema = &operation["requestBody"]["content"]["application/json"]["schema"];
            if let Err(error) = self.conforms(schema, &body, false) {
                panic!("{method} {path}, which was accepted: {error}: {body}");
            }
        }
    }

    /// The operation of a method and a path, if there is one.
    fn operation(&self, method: &Method, path: &str) -> Option<&Value> {
        let is_of = |template: &str| {
            let (parts, wanted): (Vec<_>, Vec<_>) = (path.split('/').collect(), template.split('/').collect());
            let pairs = || parts.iter().zip(&wanted);
            parts.len() == wanted.len() && pairs().all(|(part, wanted)| wanted.starts_with('{') || part == wanted)
        };
        let paths = self.0["paths"].as_object()?;
        let (_, item) = paths.iter().find(|(template, _)| is_of(template))?;
        item.get(method.as_str().to_lowercase())
    }

    fn resolved<'a>(&'a self, schema: &'a Value) -> &'a Value {
        match schema["$ref"].as_str() {
            Some(reference) => self.0.pointer(reference.trim_start_matches('#')).unwrap(),
            None => schema,
        }
    }

    /// Whether a value is as a schema says. A `closed` object has no members that the schema does not name, unless the
    /// schema allows them.
    ///
    /// # Errors
    /// The first difference.
    pub fn conforms(&self, schema: &Value, value: &Value, closed: bool) -> Result<(), String> {
        if closed && value.is_object() {
            let mut known = BTreeSet::new();
            let is_open = self.collect_members(schema, &mut known);
            let mut members = value.as_object().into_iter().flatten().map(|(name, _)| name);
            if let Some(unknown) = members.find(|name| !is_open && !known.contains(name.as_str())) {
                return Err(format!("`{unknown}` is not described"));
            }
        }
        for (keyword, rule) in schema.as_object().unwrap() {
            self.obeys(keyword, rule, schema, value, closed)
                .map_err(|error| format!("{keyword}: {error}"))?;
        }
        Ok(())
    }

    /// Collects the members that a schema names, and returns whether it allows others.
    fn collect_members<'a>(&'a self, schema: &'a Value, known: &mut BTreeSet<&'a str>) -> bool {
        let schema = self.resolved(schema);
        known.extend(
            schema["properties"]
                .as_object()
                .into_iter()
                .flatten()
                .map(|(name, _)| name.as_str()),
        );
        let mut is_open = schema.get("additionalProperties").is_some();
        for parts in ["allOf", "anyOf", "oneOf"] {
            for part in schema[parts].as_array().into_iter().flatten() {
                is_open |= self.collect_members(part, known);
            }
        }
        is_open
    }

    fn obeys(&self, keyword: &str, rule: &Value, schema: &Value, value: &Value, closed: bool) -> Result<(), String> {
        let all = || rule.as_array().into_iter().flatten();
        let length = || value.as_str().map(|text| text.chars().count() as u64);
        let ok = match keyword {
            _ if ANNOTATIONS.contains(&keyword) => true,
            "$ref" => return self.conforms(self.resolved(schema), value, closed),
            "type" => match rule {
                Value::Array(kinds) => kinds.iter().any(|kind| is_of_type(kind, value)),
                kind => is_of_type(kind, value),
            },
            "enum" => all().any(|allowed| allowed == value),
            "minLength" => length().is_none_or(|length| length >= rule.as_u64().unwrap()),
            "maxLength" => length().is_none_or(|length| length <= rule.as_u64().unwrap()),
            "minimum" => value.as_f64().is_none_or(|number| number >= rule.as_f64().unwrap()),
            "maximum" => value.as_f64().is_none_or(|number| number <= rule.as_f64().unwrap()),
            "required" => match value.as_object() {
                Some(members) => all().all(|name| members.contains_key(name.as_str().unwrap())),
                None => true,
            },
            "properties" => {
                for (name, schema) in rule.as_object().unwrap() {
                    if let Some(member) = value.get(name) {
                        let result = self.conforms(schema, member, closed);
                        result.map_err(|error| format!("`{name}`: {error}"))?;
                    }
                }
                true
            }
            // What it allows besides the named members may be anything here.
            "additionalProperties" | "propertyNames" => true,
            "items" => {
                for item in value.as_array().into_iter().flatten() {
                    self.conforms(rule, item, closed)?;
                }
                true
            }
            // Each part names only some of the members.
            "allOf" => {
                for part in all() {
                    self.conforms(part, value, false)?;
                }
                true
            }
            "oneOf" => all().filter(|part| self.conforms(part, value, closed).is_ok()).count() == 1,
            "anyOf" => all().any(|part| self.conforms(part, value, closed).is_ok()),
            other => panic!("no test knows the keyword `{other}`: {schema}"),
        };
        ok.then_some(()).ok_or_else(|| format!("{value} is not {rule}"))
    }
}

fn is_of_type(kind: &Value, value: &Value) -> bool {
    match kind.as_str().unwrap() {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "null" => value.is_null(),
        "number" => value.is_number(),
        "integer" => value.as_f64().is_some_and(|number| number.fract() == 0.0),
        other => panic!("no test knows the type `{other}`"),
    }
}

/// A document without its blank texts, which are absent members.
fn without_blanks(document: &str) -> Value {
    fn remove_blanks(value: &mut Value) {
        if let Value::Object(members) = value {
            members.retain(|_, member| member.as_str().is_none_or(|text| !text.trim().is_empty()));
            members.values_mut().for_each(remove_blanks);
        }
    }
    let mut value = serde_json::from_str(document).unwrap();
    remove_blanks(&mut value);
    value
}
