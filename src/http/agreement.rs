//! For the tests of views: what serde writes is what the contract says.

use std::collections::BTreeSet;

use poem_openapi::registry::{MetaSchema, MetaSchemaRef, Registry};
use poem_openapi::types::Type;
use serde::Serialize;
use serde_json::Value;

/// A view as it is written, once its fields are found to be those of its schema: none missing, none more, and null
/// only where the schema doesn't require a value.
///
/// # Panics
/// Where they differ.
#[track_caller]
pub(crate) fn agreed<T: Type + Serialize>(view: &T) -> Value {
    let mut registry = Registry::new();
    T::register(&mut registry);
    let value = serde_json::to_value(view).expect("a view can be written");
    check(&registry, &T::schema_ref(), &value, T::name().as_ref());
    value
}

#[track_caller]
fn check(registry: &Registry, schema: &MetaSchemaRef, value: &Value, path: &str) {
    let schema = match schema {
        MetaSchemaRef::Inline(schema) => schema,
        MetaSchemaRef::Reference(name) => &registry.schemas[name],
    };
    for part in &schema.all_of {
        check(registry, part, value, path);
    }
    match value {
        Value::Object(fields) if !schema.properties.is_empty() => {
            let written: BTreeSet<&str> = fields.keys().map(String::as_str).collect();
            let said: BTreeSet<&str> = schema.properties.iter().map(|(name, _)| *name).collect();
            assert_eq!(written, said, "the fields of {path}");
            for (name, property) in &schema.properties {
                let path = format!("{path}.{name}");
                let value = &fields[*name];
                if value.is_null() {
                    assert!(
                        !schema.required.contains(name),
                        "{path} is null, and required"
                    );
                } else {
                    check(registry, property, value, &path);
                }
            }
        }
        Value::Array(items) => {
            let of_item = schema.items.as_deref();
            for item in items {
                of_item.inspect(|schema| check(registry, schema, item, &format!("{path}[]")));
            }
        }
        plain => assert!(
            is_of_type(schema, plain),
            "{path} is {plain}, not {}",
            schema.ty
        ),
    }
}

fn is_of_type(schema: &MetaSchema, value: &Value) -> bool {
    if !schema.enum_items.is_empty() {
        return schema.enum_items.contains(value);
    }
    match schema.ty {
        "string" => value.is_string(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "boolean" => value.is_boolean(),
        "object" => value.is_object(),
        "array" => value.is_array(),
        _ => true,
    }
}
