//! The documents that are posted to the public API and passed on by it, as the `OpenAPI` description has them. They are
//! made of the tables by which the host checks.

use serde_json::Value;
use utoipa::openapi::schema::{AdditionalProperties, Object, ObjectBuilder, SchemaFormat, SchemaType, Type};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

use jackfield_domain::call::disposition::DISPOSITION;
use jackfield_domain::intake::document::{DocumentSpec, FieldForm, FieldSpec};
use jackfield_domain::lead::LEAD_CREATED;

/// The document of a disposition.
#[derive(Debug)]
pub struct DispositionDocument;

/// The `lead.created` document.
#[derive(Debug)]
pub struct LeadDocument;

impl ToSchema for DispositionDocument {}

impl PartialSchema for DispositionDocument {
    fn schema() -> RefOr<Schema> {
        document(&DISPOSITION)
    }
}

impl ToSchema for LeadDocument {}

impl PartialSchema for LeadDocument {
    fn schema() -> RefOr<Schema> {
        document(&LEAD_CREATED)
    }
}

/// The schema of a document. Members that it does not name are allowed everywhere.
fn document(spec: &DocumentSpec) -> RefOr<Schema> {
    let mut document = object(spec, "", spec.meaning);
    for inner in spec.objects {
        let mut schema = object(spec, inner.name, inner.meaning);
        if inner.required {
            document = document.required(inner.name);
        } else {
            schema = schema.schema_type(or_null(Type::Object));
        }
        document = document.property(inner.name, schema);
    }
    let example: Option<Value> = serde_json::from_str(&spec.example()).ok();
    document.examples(example).build().into()
}

fn object(spec: &DocumentSpec, name: &str, meaning: &str) -> ObjectBuilder {
    let mut object = ObjectBuilder::new()
        .description(Some(meaning))
        .additional_properties(Some(AdditionalProperties::FreeForm(true)));
    for field in spec.fields_of(name) {
        object = object.property(field.name, value(field));
        if field.required {
            object = object.required(field.name);
        }
    }
    object
}

fn or_null(kind: Type) -> SchemaType {
    SchemaType::from_iter([kind, Type::Null])
}

fn value(field: &FieldSpec) -> Object {
    let kind = match field.form {
        FieldForm::Whole { .. } => Type::Integer,
        FieldForm::Boolean => Type::Boolean,
        _ => Type::String,
    };
    let kind = if field.required { kind.into() } else { or_null(kind) };
    let description = format!("{} Must be {}.", field.meaning, field.form.rule());
    let mut value = ObjectBuilder::new().schema_type(kind).description(Some(description));
    if let Some(lengths) = field.form.lengths() {
        value = value
            .min_length(Some(*lengths.start()))
            .max_length(Some(*lengths.end()));
    }
    let examples = match field.form {
        FieldForm::OpenWord { words, .. } => words.iter().copied().map(Value::from).collect(),
        _ => Vec::from_iter(serde_json::from_str::<Value>(field.example)),
    };
    value = match field.form {
        FieldForm::Whole { min, max } => value.minimum(Some(min)).maximum(Some(max)),
        FieldForm::Word(words) => {
            let absent = (!field.required).then_some(Value::Null);
            value.enum_values(Some(words.iter().copied().map(Value::from).chain(absent)))
        }
        _ => value.format(format(field.form)),
    };
    value.examples(examples).build()
}

/// The format's name in JSON Schema. A time of day has none there: that one has an offset.
fn format(form: FieldForm) -> Option<SchemaFormat> {
    let name = match form {
        FieldForm::Url => "uri",
        FieldForm::Date => "date",
        FieldForm::Timestamp => "date-time",
        _ => return None,
    };
    Some(SchemaFormat::Custom(name.to_owned()))
}
