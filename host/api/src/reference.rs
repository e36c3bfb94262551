//! The reference page of an API, made of its `OpenAPI` description.

use std::fmt::Write as _;

use serde_json::Value;
use utoipa::openapi::path::{Operation, ParameterIn, PathItem};
use utoipa::openapi::schema::{Array, ArrayItems, Object, SchemaType, Type};
use utoipa::openapi::security::{ApiKey, SecurityScheme};
use utoipa::openapi::{Content, OpenApi, RefOr, Required, Response, Schema};

use crate::ProblemKind;

/// The page, as Markdown: every operation, every document with its fields, every type of problem.
#[must_use]
pub fn reference_page(api: &OpenApi) -> String {
    let mut page = format!("# {}: reference\n", api.info.title);
    paragraph(&mut page, api.info.description.as_deref());
    page.push_str("\n## Who may send\n\n| sender | how | |\n| --- | --- | --- |\n");
    for (name, scheme) in api
        .components
        .iter()
        .flat_map(|components| &components.security_schemes)
    {
        if let RefOr::T(scheme) = scheme {
            let (how, description) = authentication(scheme);
            let _ = writeln!(page, "| {name} | {how} | {} |", cell(description));
        }
    }
    page.push_str("\n## Requests\n\n| request | sender | what |\n| --- | --- | --- |\n");
    for (method, path, operation) in operations(&api.paths.paths) {
        let summary = operation.summary.as_deref().unwrap_or_default();
        let _ = writeln!(
            page,
            "| [`{method} {path}`](#{}) | {} | {summary} |",
            anchor(operation),
            sender(operation)
        );
    }
    for (method, path, operation) in operations(&api.paths.paths) {
        describe_operation(&mut page, &format!("`{method} {path}`"), operation);
    }
    for (_, item) in api.webhooks.iter().flat_map(|webhooks| &webhooks.paths) {
        for (method, operation) in methods(item) {
            page.push_str("\n## Requests of the host\n");
            describe_operation(&mut page, &format!("`{method}` to the agent"), operation);
        }
    }
    page.push_str("\n## Documents\n");
    for (name, schema) in api.components.iter().flat_map(|components| &components.schemas) {
        if let RefOr::T(schema) = schema {
            describe_schema(&mut page, name, schema);
        }
    }
    page.push_str("\n## Problems\n\n| `type` | status | title |\n| --- | --- | --- |\n");
    for kind in ProblemKind::ALL {
        let (urn, status, title) = (kind.urn(), kind.status().as_u16(), kind.title());
        let _ = writeln!(page, "| `{urn}` | {status} | {title} |");
    }
    page
}

fn operations<'a>(
    paths: impl IntoIterator<Item = (&'a String, &'a PathItem)>,
) -> impl Iterator<Item = (&'static str, &'a str, &'a Operation)> {
    let operations = |(path, item): (&'a String, &'a PathItem)| {
        methods(item).map(move |(method, operation)| (method, path.as_str(), operation))
    };
    paths.into_iter().flat_map(operations)
}

fn methods(item: &PathItem) -> impl Iterator<Item = (&'static str, &Operation)> {
    let methods = [("POST", &item.post), ("GET", &item.get)];
    methods
        .into_iter()
        .filter_map(|(method, operation)| Some((method, operation.as_ref()?)))
}

/// How a sender authenticates, and what it needs for that.
fn authentication(scheme: &SecurityScheme) -> (String, &str) {
    let (how, description) = match scheme {
        SecurityScheme::Http(http) => ("header `Authorization: Bearer …`".to_owned(), &http.description),
        SecurityScheme::ApiKey(ApiKey::Header(key)) => (format!("header `{}`", key.name), &key.description),
        _ => (String::new(), &None),
    };
    (how, description.as_deref().unwrap_or_default())
}

fn anchor(operation: &Operation) -> &str {
    operation.operation_id.as_deref().unwrap_or_default()
}

fn sender(operation: &Operation) -> String {
    operation.tags.iter().flatten().cloned().collect::<Vec<_>>().join(", ")
}

fn paragraph(page: &mut String, text: Option<&str>) {
    if let Some(text) = text.filter(|text| !text.is_empty()) {
        let _ = writeln!(page, "\n{text}");
    }
}

/// A text in a cell of a table.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('\n', " ")
}

fn describe_operation(page: &mut String, title: &str, operation: &Operation) {
    let _ = writeln!(page, "\n<a id=\"{}\"></a>\n### {title}", anchor(operation));
    paragraph(page, operation.summary.as_deref());
    paragraph(page, operation.description.as_deref());
    let parameters: Vec<_> = operation.parameters.iter().flatten().filter_map(value).collect();
    if !parameters.is_empty() {
        page.push_str("\n| parameter | in | |\n| --- | --- | --- |\n");
    }
    for parameter in parameters {
        let place = match parameter.parameter_in {
            ParameterIn::Path => "path",
            ParameterIn::Header => "header",
            _ => "query",
        };
        let optional = if matches!(parameter.required, Required::True) {
            ""
        } else {
            " (optional)"
        };
        let description = cell(parameter.description.as_deref().unwrap_or_default());
        let _ = writeln!(page, "| `{}`{optional} | {place} | {description} |", parameter.name);
    }
    if let Some(body) = operation.request_body.as_ref().and_then(value) {
        let contents: Vec<_> = body.content.values().filter_map(value).map(content_type).collect();
        let text = format!("Body: {}.", contents.join(" or "));
        paragraph(page, Some(&text));
        paragraph(page, body.description.as_deref());
    }
    page.push_str("\n| status | body | |\n| --- | --- | --- |\n");
    for (status, response) in &operation.responses.responses {
        if let Some(response) = value(response) {
            let mut description = response.description.clone();
            for (name, header) in &response.headers {
                let meaning = value(header).and_then(|header| header.description.as_deref());
                let _ = write!(description, " Header `{name}`: {}", meaning.unwrap_or_default());
            }
            let body = response_type(response);
            let _ = writeln!(page, "| {status} | {body} | {} |", cell(&description));
        }
    }
}

const fn value<T>(reference: &RefOr<T>) -> Option<&T> {
    match reference {
        RefOr::T(value) => Some(value),
        RefOr::Ref(_) => None,
    }
}

fn content_type(content: &Content) -> String {
    content.schema.as_ref().map(type_of).unwrap_or_default()
}

fn response_type(response: &Response) -> String {
    let contents: Vec<_> = response.content.values().filter_map(value).map(content_type).collect();
    contents.join(" or ")
}

/// A component: its description, its fields, its values or an example.
fn describe_schema(page: &mut String, name: &str, schema: &Schema) {
    let _ = writeln!(page, "\n<a id=\"{name}\"></a>\n### {name}");
    let mut rows = String::new();
    fields(&mut rows, "", schema);
    if let Schema::Object(object) = schema {
        paragraph(page, object.description.as_deref());
        paragraph(page, words(object).as_deref());
    } else if let Schema::AllOf(all) = schema {
        paragraph(page, all.description.as_deref());
    }
    if !rows.is_empty() {
        let _ = write!(page, "\n| field | type | |\n| --- | --- | --- |\n{rows}");
    }
    if let Schema::Object(object) = schema
        && let [example] = object.examples.as_slice()
    {
        let example = serde_json::to_string_pretty(example).unwrap_or_default();
        let _ = writeln!(page, "\n```json\n{example}\n```");
    }
}

/// A row for each field, and for the fields of the objects in it.
fn fields(rows: &mut String, above: &str, schema: &Schema) {
    match schema {
        Schema::AllOf(all) => {
            for part in all.items.iter().filter_map(value) {
                fields(rows, above, part);
            }
        }
        Schema::Object(object) => {
            for (name, field) in &object.properties {
                let path = format!("{above}{name}");
                let required = if object.required.contains(name) {
                    ", required"
                } else {
                    ""
                };
                let description = description(field);
                let _ = writeln!(
                    rows,
                    "| `{path}` | {}{required} | {} |",
                    type_of(field),
                    cell(description)
                );
                if let RefOr::T(inner) = field {
                    fields(rows, &format!("{path}."), inner);
                }
            }
        }
        _ => {}
    }
}

fn description(schema: &RefOr<Schema>) -> &str {
    let text = match schema {
        RefOr::Ref(reference) => return &reference.description,
        RefOr::T(Schema::Object(object)) => &object.description,
        RefOr::T(Schema::Array(array)) => &array.description,
        RefOr::T(Schema::OneOf(one)) if one.description.is_none() => {
            let mut items = one.items.iter().map(description);
            return items.find(|text| !text.is_empty()).unwrap_or_default();
        }
        RefOr::T(Schema::OneOf(one)) => &one.description,
        RefOr::T(Schema::AllOf(all)) => &all.description,
        RefOr::T(Schema::AnyOf(any)) => &any.description,
        RefOr::T(_) => &None,
    };
    text.as_deref().unwrap_or_default()
}

/// A type in words, with a link where it has a name.
fn type_of(schema: &RefOr<Schema>) -> String {
    let alternatives = |items: &[RefOr<Schema>], between: &str| {
        let mut items: Vec<_> = items.iter().map(type_of).filter(|item| !item.is_empty()).collect();
        items.dedup();
        items.join(between)
    };
    match schema {
        RefOr::Ref(reference) => {
            let name = reference.ref_location.rsplit('/').next().unwrap_or_default();
            format!("[{name}](#{name})")
        }
        RefOr::T(Schema::Object(object)) => kinds(&object.schema_type).join(" or "),
        RefOr::T(Schema::Array(array)) => list(array),
        RefOr::T(Schema::OneOf(one)) => alternatives(&one.items, " or "),
        RefOr::T(Schema::AnyOf(any)) => alternatives(&any.items, " or "),
        // Further items only narrow the first.
        RefOr::T(Schema::AllOf(all)) => all.items.first().map(type_of).unwrap_or_default(),
        RefOr::T(_) => String::new(),
    }
}

fn list(array: &Array) -> String {
    let items = match &array.items {
        ArrayItems::RefOrSchema(items) => type_of(items),
        ArrayItems::False => String::new(),
    };
    format!("list of {items}")
}

fn kinds(kinds: &SchemaType) -> Vec<&'static str> {
    let word = |kind: &Type| match kind {
        Type::Object => "object",
        Type::String => "text",
        Type::Integer => "whole number",
        Type::Number => "number",
        Type::Boolean => "boolean",
        Type::Array => "list",
        Type::Null => "null",
    };
    match kinds {
        SchemaType::Type(kind) => vec![word(kind)],
        SchemaType::Array(kinds) => kinds.iter().map(word).collect(),
        SchemaType::AnyValue => vec!["anything"],
    }
}

/// The words that a value may be.
fn words(object: &Object) -> Option<String> {
    let words = object.enum_values.iter().flatten().filter_map(Value::as_str);
    let words: Vec<_> = words.map(|word| format!("`{word}`")).collect();
    (!words.is_empty()).then(|| format!("One of {}.", words.join(", ")))
}
