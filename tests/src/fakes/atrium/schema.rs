//! atrium's schema: the types with their fields and arguments, and how selections are applied.

use serde_json::{Map, Value};

use super::operation::{Argument, Field, Operation};

/// A type's fields: the name, and the field's type if that is an object.
type Fields = &'static [(&'static str, Option<&'static str>)];

const LEAD: Fields = &[
    ("id", None),
    ("stage", None),
    ("contactable", None),
    ("assignedTo", None),
    ("lastCall", Some("LastCall")),
    ("consent", Some("Consent")),
];

const ACTIVITY: Fields = &[("id", None), ("callReference", None), ("leadId", None)];

fn fields(of: &str) -> Fields {
    match of {
        "Lead" => LEAD,
        "LastCall" => &[("at", None)],
        "Consent" => &[("doNotContact", None)],
        "Activities" => &[("nodes", Some("Activity"))],
        "Activity" => ACTIVITY,
        "LogCall" => &[("activity", Some("Activity")), ("followUp", None)],
        _ => &[],
    }
}

/// An argument: its name, and its type; `!` marks a required one.
type Parameters = &'static [(&'static str, &'static str)];

/// The root fields: operation, name, arguments and type.
const ROOTS: [(&str, &str, Parameters, &str); 3] = [
    ("query", "lead", &[("id", "ID!")], "Lead"),
    (
        "query",
        "activities",
        &[("callReference", "String!"), ("first", "Int")],
        "Activities",
    ),
    ("mutation", "logCall", &[("input", "CallInput!")], "LogCall"),
];

/// The arguments of an operation's root field, with variables resolved; the error says what is wrong.
pub(super) fn check(operation: &Operation, variables: &Map<String, Value>) -> Result<Map<String, Value>, String> {
    let Operation {
        kind,
        root,
        variables: declared,
    } = operation;
    let known = ROOTS.iter().find(|(of, name, ..)| of == kind && *name == root.name);
    let (_, _, parameters, below) = known.ok_or_else(|| format!("{kind} has no field {}", root.name))?;
    check_fields(&root.fields, below)?;
    if let Some(unknown) = variables.keys().find(|name| declared.iter().all(|(it, _)| it != *name)) {
        return Err(format!("the variable ${unknown} is not declared"));
    }
    let mut arguments = Map::new();
    let mut used = 0;
    for (name, argument) in &root.arguments {
        let parameter = parameters.iter().find(|(parameter, _)| parameter == name);
        let (_, wanted) = parameter.ok_or_else(|| format!("{} takes no {name}", root.name))?;
        let value = match argument {
            Argument::Int(number) if *wanted == "Int" => Value::from(*number),
            Argument::Int(_) => return Err(format!("{name} is no Int")),
            Argument::Variable(variable) => {
                let declared = declared.iter().find(|(it, _)| it == variable);
                let (_, written) = declared.ok_or_else(|| format!("${variable} is not declared"))?;
                if written != wanted {
                    return Err(format!("${variable} is {written}, and {name} wants {wanted}"));
                }
                used += 1;
                variables.get(variable).cloned().unwrap_or_default()
            }
        };
        let fits = match *wanted {
            "ID!" | "String!" => value.is_string(),
            "CallInput!" => value.is_object(),
            _ => value.is_u64() || value.is_null(),
        };
        if !fits {
            return Err(format!("{name} is not of the type {wanted}"));
        }
        arguments.insert(name.clone(), value);
    }
    let missing = parameters
        .iter()
        .find(|(name, wanted)| wanted.ends_with('!') && !arguments.contains_key(*name));
    if let Some((name, _)) = missing {
        return Err(format!("{} wants {name}", root.name));
    }
    if used != declared.len() {
        return Err("a variable is declared and not used".to_owned());
    }
    Ok(arguments)
}

fn check_fields(selected: &[Field], of: &str) -> Result<(), String> {
    for field in selected {
        let known = fields(of).iter().find(|(name, _)| *name == field.name);
        let (_, below) = known.ok_or_else(|| format!("{of} has no field {}", field.name))?;
        match below {
            _ if !field.arguments.is_empty() => return Err(format!("{} takes no arguments", field.name)),
            Some(_) if field.fields.is_empty() => return Err(format!("{} wants a selection", field.name)),
            None if !field.fields.is_empty() => return Err(format!("{} is a value", field.name)),
            Some(below) => check_fields(&field.fields, below)?,
            None => {}
        }
    }
    Ok(())
}

/// The selected fields of a value.
pub(super) fn select(whole: &Value, selected: &[Field]) -> Value {
    match whole {
        Value::Object(members) => {
            let chosen = selected.iter().map(|field| {
                let member = members.get(&field.name).unwrap_or(&Value::Null);
                (field.name.clone(), select(member, &field.fields))
            });
            Value::Object(chosen.collect())
        }
        Value::Array(items) => items.iter().map(|item| select(item, selected)).collect(),
        value => value.clone(),
    }
}
