//! The contract: the OpenAPI document of every feature, made from their types alone.

use std::collections::{BTreeSet, HashMap};
use std::marker::PhantomData;

use poem::endpoint::BoxEndpoint;
use poem::http::Method;
use poem_openapi::registry::{MetaApi, MetaPath, Registry};
use poem_openapi::{LicenseObject, OpenApi, OpenApiService};
use serde_json::{Map, Value, json};

use crate::server::routes::Apis;

/// The contract's title.
pub(crate) const TITLE: &str = "DriftSentry";
/// The contract's version: the program's.
pub(crate) const VERSION: &str = env!("CARGO_PKG_VERSION");

const DESCRIPTION: &str = "What changed outside the infrastructure code, who decided on it, and proof of it.

Answers are `{\"success\": true, \"data\": …}`, failures `{\"success\": false, \"error\": …}` with the request's \
`x-correlation-id` as `traceId`. Times are RFC 3339 in UTC, ids are UUIDs in the order of creation, money is a \
number with two decimals. Optional fields are `null` when absent, never left out.";

/// The features' types without their values: a document needs no store.
struct Shape<T>(PhantomData<T>);

impl<T: OpenApi> OpenApi for Shape<T> {
    /// Two features may have operations under one path: JSON can name it only once.
    fn meta() -> Vec<MetaApi> {
        let mut paths: Vec<MetaPath> = Vec::new();
        for path in T::meta().into_iter().flat_map(|api| api.paths) {
            match paths.iter_mut().find(|known| known.path == path.path) {
                Some(known) => known.operations.extend(path.operations),
                None => paths.push(path),
            }
        }
        vec![MetaApi { paths }]
    }

    fn register(registry: &mut Registry) {
        T::register(registry);
    }

    fn add_routes(self, _: &mut HashMap<String, HashMap<Method, BoxEndpoint<'static>>>) {}
}

/// The OpenAPI document, pretty and stable, with a new line at its end.
pub fn contract() -> String {
    let license = LicenseObject::new("Apache-2.0").identifier("Apache-2.0");
    let spec = OpenApiService::new(Shape::<Apis>(PhantomData), TITLE, VERSION)
        .description(DESCRIPTION)
        .license(license)
        .server("/")
        .spec();
    let mut document: Value = serde_json::from_str(&spec).unwrap_or_default();
    finish(&mut document);
    let mut text = serde_json::to_string_pretty(&document).unwrap_or_default();
    text.push('\n');
    text
}

/// Says what the framework's document leaves unsaid: which fields can be null, which are always there.
fn finish(document: &mut Value) {
    // `identifier` is of OpenAPI 3.1, and the document is 3.0.
    if let Some(license) = document
        .pointer_mut("/info/license")
        .and_then(Value::as_object_mut)
    {
        license.remove("identifier");
    }
    document["openapi"] = json!("3.0.3");
    only_used_tags(document);
    let (asked, answered) = (
        reached(document, "requestBody"),
        reached(document, "responses"),
    );
    let Some(schemas) = document
        .pointer_mut("/components/schemas")
        .and_then(Value::as_object_mut)
    else {
        return;
    };
    for (name, schema) in schemas {
        optional_fields_are_nullable(schema);
        if answered.contains(name) && !asked.contains(name) {
            all_fields_are_there(schema);
        }
    }
}

/// A property that is not required can be null.
fn optional_fields_are_nullable(schema: &mut Value) {
    let required: Vec<String> = strings(schema.get("required"));
    let Some(properties) = schema.get_mut("properties").and_then(Value::as_object_mut) else {
        return;
    };
    for (name, property) in properties {
        if !required.contains(name) {
            let described = std::mem::take(property);
            *property = nullable(described);
        }
    }
}

fn nullable(property: Value) -> Value {
    match property {
        Value::Object(mut fields) if !fields.contains_key("$ref") => {
            if let Some(Value::Array(allowed)) = fields.get_mut("enum")
                && !allowed.contains(&Value::Null)
            {
                allowed.push(Value::Null);
            }
            fields.insert("nullable".to_owned(), json!(true));
            Value::Object(fields)
        }
        reference => json!({"allOf": [reference], "nullable": true}),
    }
}

/// Answers print each of their fields, absent ones as null.
fn all_fields_are_there(schema: &mut Value) {
    let Some(properties) = schema.get("properties").and_then(Value::as_object) else {
        return;
    };
    // What a list leaves out says so in its description.
    let is_there = |described: &Value| {
        !described["description"]
            .as_str()
            .is_some_and(|text| text.contains("Left out"))
    };
    let there = properties
        .iter()
        .filter(|(_, described)| is_there(described));
    let names: Vec<Value> = there.map(|(name, _)| Value::String(name.clone())).collect();
    if !names.is_empty() {
        schema["required"] = Value::Array(names);
    }
}

/// Leaves out sections that no operation stands in.
fn only_used_tags(document: &mut Value) {
    let operations = document["paths"]
        .as_object()
        .into_iter()
        .flat_map(Map::values);
    let used: BTreeSet<String> = operations
        .filter_map(Value::as_object)
        .flat_map(Map::values)
        .filter_map(|operation| operation["tags"].as_array())
        .flatten()
        .filter_map(|tag| tag.as_str().map(str::to_owned))
        .collect();
    if let Some(tags) = document["tags"].as_array_mut() {
        tags.retain(|tag| tag["name"].as_str().is_some_and(|name| used.contains(name)));
    }
}

/// The schemas that the `part` of any operation leads to.
fn reached(document: &Value, part: &str) -> BTreeSet<String> {
    let empty = Map::new();
    let paths = document["paths"].as_object().unwrap_or(&empty);
    let mut waiting = Vec::new();
    for operation in paths
        .values()
        .filter_map(Value::as_object)
        .flat_map(Map::values)
    {
        references(&operation[part], &mut waiting);
    }
    let mut found = BTreeSet::new();
    while let Some(name) = waiting.pop() {
        let pointer = format!("/components/schemas/{name}");
        if found.insert(name)
            && let Some(schema) = document.pointer(&pointer)
        {
            references(schema, &mut waiting);
        }
    }
    found
}

/// The names of the schemas that a value refers to.
fn references(value: &Value, names: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            for (key, value) in fields {
                match value {
                    Value::String(target) if key == "$ref" => {
                        names.extend(target.rsplit('/').next().map(str::to_owned));
                    }
                    other => references(other, names),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| references(item, names)),
        _ => {}
    }
}

fn strings(list: Option<&Value>) -> Vec<String> {
    let items = list.and_then(Value::as_array).into_iter().flatten();
    items.filter_map(Value::as_str).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_contract_is_stable_and_says_what_can_be_null() {
        assert_eq!(contract(), contract());
        let document: Value = serde_json::from_str(&contract()).unwrap();
        let detail = &document["components"]["schemas"]["ProblemDetail"];
        assert_eq!(detail["properties"]["details"]["nullable"], true);
        assert!(strings(detail.get("required")).contains(&"details".to_owned()));
    }

    #[test]
    fn an_operation_id_names_one_operation() {
        let mut seen = BTreeSet::new();
        for operation in Apis::meta()
            .iter()
            .flat_map(|api| &api.paths)
            .flat_map(|path| &path.operations)
        {
            if let Some(id) = operation.operation_id {
                assert!(seen.insert(id), "{id}");
            }
        }
    }
}
