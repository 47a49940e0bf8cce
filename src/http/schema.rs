//! Finds what is wrong with a JSON value by its schema, once reading it has failed.
//!
//! The framework's parsers stop at the first mistake and seldom name its field. This walk names them all. It
//! decides nothing: it runs only after a value was refused.

use poem_openapi::registry::{MetaSchema, MetaSchemaRef, Registry};
use poem_openapi::types::Type;
use serde_json::{Map, Value};

use crate::error::FieldError;
use crate::http::params::Money;

/// The most mistakes that are told at once.
const MAX_MISTAKES: usize = 20;

/// The mistakes of a value that should have been a `T`; none where the schema can't tell.
pub(crate) fn mistakes_of<T: Type>(value: &Value) -> Vec<FieldError> {
    let mut registry = Registry::new();
    T::register(&mut registry);
    let mut walk = Walk {
        registry,
        found: Vec::new(),
    };
    walk.check(&T::schema_ref(), value, "");
    walk.found.truncate(MAX_MISTAKES);
    walk.found
}

/// `field`, or `path.field` below another.
pub(crate) fn child(path: &str, name: &str) -> String {
    if path.is_empty() {
        name.to_owned()
    } else {
        format!("{path}.{name}")
    }
}

/// The path, or `body` for the whole of it.
pub(crate) fn or_body(path: String) -> String {
    if path.is_empty() {
        "body".to_owned()
    } else {
        path
    }
}

struct Walk {
    registry: Registry,
    found: Vec<FieldError>,
}

impl Walk {
    fn wrong(&mut self, path: &str, message: impl Into<String>) {
        if self.found.len() < MAX_MISTAKES {
            self.found.push(FieldError {
                field: or_body(path.to_owned()),
                message: message.into(),
            });
        }
    }

    fn check(&mut self, schema: &MetaSchemaRef, value: &Value, path: &str) {
        match schema {
            MetaSchemaRef::Inline(schema) => self.check_inline(schema, value, path),
            MetaSchemaRef::Reference(name) => {
                if let Some(schema) = self.registry.schemas.get(name).cloned() {
                    self.check_inline(&schema, value, path);
                }
            }
        }
    }

    fn check_inline(&mut self, schema: &MetaSchema, value: &Value, path: &str) {
        for each in &schema.all_of {
            self.check(each, value, path);
        }
        if !schema.enum_items.is_empty() {
            if !schema.enum_items.contains(value) {
                let allowed: Vec<_> = schema.enum_items.iter().map(bare).collect();
                self.wrong(path, format!("must be one of {}", allowed.join(", ")));
            }
            return;
        }
        match (schema.ty, value) {
            ("object", Value::Object(fields)) => self.check_object(schema, fields, path),
            ("array", Value::Array(items)) => self.check_array(schema, items, path),
            ("string", Value::String(text)) => self.check_string(schema, text, path),
            ("integer" | "number", Value::Number(number)) => {
                self.check_number(schema, number, path);
            }
            ("boolean", Value::Bool(_)) | ("", _) => {}
            ("object", _) => self.wrong(path, "must be an object"),
            ("array", _) => self.wrong(path, "must be an array"),
            ("string", _) => self.wrong(path, "must be a string"),
            ("integer", _) => self.wrong(path, "must be an integer"),
            ("number", _) => self.wrong(path, "must be a number"),
            ("boolean", _) => self.wrong(path, "must be true or false"),
            _ => {}
        }
    }

    fn check_object(&mut self, schema: &MetaSchema, fields: &Map<String, Value>, path: &str) {
        for (name, property) in &schema.properties {
            match fields.get(*name) {
                None | Some(Value::Null) if schema.required.contains(name) => {
                    self.wrong(&child(path, name), "is required");
                }
                None | Some(Value::Null) => {}
                Some(value) => self.check(property, value, &child(path, name)),
            }
        }
        for (name, value) in fields {
            if schema.properties.iter().any(|(known, _)| known == name) {
                continue;
            }
            match &schema.additional_properties {
                Some(any) => {
                    let any = (**any).clone();
                    self.check(&any, value, &child(path, name));
                }
                // Free-form objects list no properties at all.
                None if schema.properties.is_empty() => {}
                None => self.wrong(&child(path, name), "is not known here"),
            }
        }
        self.found.sort_by(|a, b| a.field.cmp(&b.field));
    }

    fn check_array(&mut self, schema: &MetaSchema, items: &[Value], path: &str) {
        let (min, max) = (schema.min_items, schema.max_items);
        if min.is_some_and(|min| items.len() < min) || max.is_some_and(|max| items.len() > max) {
            self.wrong(path, between("items", min, max));
        }
        if let Some(schema) = &schema.items {
            for (i, item) in items.iter().enumerate() {
                self.check(schema, item, &format!("{path}[{i}]"));
            }
        }
    }

    fn check_string(&mut self, schema: &MetaSchema, text: &str, path: &str) {
        let length = text.trim().chars().count();
        let (min, max) = (schema.min_length, schema.max_length);
        if min.is_some_and(|min| length < min) || max.is_some_and(|max| length > max) {
            self.wrong(path, between("characters", min, max));
        } else if schema.format == Some("uuid") && text.parse::<crate::ids::DriftId>().is_err() {
            self.wrong(path, "must be a UUID");
        } else if schema.format == Some("date-time")
            && text.parse::<crate::time::Timestamp>().is_err()
        {
            self.wrong(
                path,
                "must be an RFC 3339 time such as 2026-11-22T08:00:00Z",
            );
        } else if max.is_some() && text.contains(|c: char| c.is_control() && c != '\n') {
            self.wrong(path, "must not have control characters");
        }
    }

    fn check_number(&mut self, schema: &MetaSchema, number: &serde_json::Number, path: &str) {
        if schema.ty == "integer" && number.as_i64().is_none() && number.as_u64().is_none() {
            return self.wrong(path, "must be an integer");
        }
        if schema.format == Some("money")
            && let Err(message) = number.to_string().parse::<Money>()
        {
            return self.wrong(path, message);
        }
        let value = number.as_f64().unwrap_or(f64::NAN);
        let low = schema.minimum.is_some_and(|min| value < min);
        let high = schema.maximum.is_some_and(|max| value > max);
        match (schema.minimum, schema.maximum) {
            (Some(min), Some(max)) if low || high => {
                self.wrong(path, format!("must be from {min} to {max}"));
            }
            (Some(min), None) if low => self.wrong(path, format!("must be at least {min}")),
            (None, Some(max)) if high => self.wrong(path, format!("must be at most {max}")),
            _ => {}
        }
    }
}

fn between(what: &str, min: Option<usize>, max: Option<usize>) -> String {
    match (min, max) {
        (Some(min), Some(max)) => format!("must have {min} to {max} {what}"),
        (Some(min), None) => format!("must have at least {min} {what}"),
        (None, Some(max)) => format!("must have at most {max} {what}"),
        (None, None) => format!("has a wrong number of {what}"),
    }
}

/// A value of an enumeration as a reader expects it: text without its quotes.
fn bare(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
