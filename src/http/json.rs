//! JSON request bodies, with every mistake named by its field.

use poem::error::ReadBodyError;
use poem::http::HeaderValue;
use poem::http::header::{CONTENT_LENGTH, TRANSFER_ENCODING};
use poem::{FromRequest, Request, RequestBody};
use poem_openapi::error::ContentTypeError;
use poem_openapi::payload::{ParsePayload, Payload};
use poem_openapi::registry::{MetaMediaType, MetaRequest, MetaSchemaRef, Registry};
use poem_openapi::types::{ParseFromJSON, Type};
use poem_openapi::{ApiExtractor, ApiExtractorType, ExtractParamOptions};
use serde_json::Value;

use crate::error::{Error, FieldError};
use crate::http::framework::plain;
use crate::http::problem::status_of;
use crate::http::schema;

/// A JSON body. Use it instead of poem-openapi's: it says which fields are wrong, all of them at once.
#[derive(Debug)]
pub struct Json<T>(pub T);

impl<T: Type> Payload for Json<T> {
    const CONTENT_TYPE: &'static str = "application/json";

    fn check_content_type(content_type: &str) -> bool {
        poem_openapi::payload::Json::<T>::check_content_type(content_type)
    }

    fn schema_ref() -> MetaSchemaRef {
        T::schema_ref()
    }

    fn register(registry: &mut Registry) {
        T::register(registry);
    }
}

impl<T: ParseFromJSON> ParsePayload for Json<T> {
    const IS_REQUIRED: bool = T::IS_REQUIRED;

    async fn from_request(request: &Request, body: &mut RequestBody) -> poem::Result<Self> {
        let bytes = <Vec<u8> as FromRequest>::from_request(request, body)
            .await
            .map_err(unreadable)?;
        parse(&bytes).map(Self).map_err(|error| {
            let status = status_of(&error);
            poem::Error::new(error, status)
        })
    }
}

impl<'a, T: ParseFromJSON> ApiExtractor<'a> for Json<T> {
    const TYPES: &'static [ApiExtractorType] = &[ApiExtractorType::RequestObject];
    type ParamType = ();
    type ParamRawType = ();

    fn register(registry: &mut Registry) {
        <Self as Payload>::register(registry);
    }

    fn request_meta() -> Option<MetaRequest> {
        Some(MetaRequest {
            description: None,
            content: vec![MetaMediaType {
                content_type: Self::CONTENT_TYPE,
                schema: <Self as Payload>::schema_ref(),
            }],
            required: Self::IS_REQUIRED,
        })
    }

    async fn from_request(
        request: &'a Request,
        body: &mut RequestBody,
        _options: ExtractParamOptions<()>,
    ) -> poem::Result<Self> {
        match request.content_type() {
            Some(kind) if Self::check_content_type(kind) => {
                <Self as ParsePayload>::from_request(request, body).await
            }
            Some(kind) => {
                let content_type = kind.to_owned();
                Err(ContentTypeError::NotSupported { content_type }.into())
            }
            // What may be left out needs no type where it is.
            None if !Self::IS_REQUIRED && body_is_empty(request) => {
                <Self as ParsePayload>::from_request(request, body).await
            }
            None => Err(ContentTypeError::ExpectContentType.into()),
        }
    }
}

/// Whether a request's head says that nothing follows it.
fn body_is_empty(request: &Request) -> bool {
    let headers = request.headers();
    let length = headers.get(CONTENT_LENGTH).map(HeaderValue::as_bytes);
    !headers.contains_key(TRANSFER_ENCODING) && matches!(length, None | Some(b"0"))
}

/// Keeps the framework's error: the server knows how to read it.
fn unreadable(error: poem::Error) -> poem::Error {
    debug_assert!(error.is::<ReadBodyError>(), "{error}");
    error
}

fn parse<T: ParseFromJSON>(bytes: &[u8]) -> Result<T, Error> {
    if bytes.is_empty() && T::IS_REQUIRED {
        return Err(Error::invalid("body", "is empty: send a JSON object"));
    }
    let value = if bytes.is_empty() {
        Value::Null
    } else {
        serde_json::from_slice(bytes)
            .map_err(|error| Error::invalid("body", format!("is no valid JSON: {error}")))?
    };
    if let Some(field) = nul_in(&value, String::new()) {
        return Err(Error::invalid(field, "must not have a NUL character"));
    }
    T::parse_from_json(Some(value.clone())).map_err(|error| {
        let mut mistakes = schema::mistakes_of::<T>(&value);
        if mistakes.is_empty() {
            mistakes.push(named(error.message()));
        }
        Error::Invalid(mistakes)
    })
}

/// The mistake as the framework tells it; some of its messages name the field.
fn named(message: &str) -> FieldError {
    let field = message
        .split_once("field `")
        .and_then(|(_, rest)| rest.split_once('`'))
        .map_or("body", |(field, _)| field);
    FieldError {
        field: field.to_owned(),
        message: plain(message),
    }
}

/// The path of the first text with a NUL in it.
fn nul_in(value: &Value, path: String) -> Option<String> {
    match value {
        Value::String(text) => text.contains('\0').then(|| schema::or_body(path)),
        Value::Array(items) => items
            .iter()
            .enumerate()
            .find_map(|(i, item)| nul_in(item, format!("{path}[{i}]"))),
        Value::Object(fields) => fields.iter().find_map(|(name, value)| {
            if name.contains('\0') {
                return Some(schema::or_body(path.clone()));
            }
            nul_in(value, schema::child(&path, name))
        }),
        Value::Null | Value::Bool(_) | Value::Number(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use poem_openapi::Object;

    use super::*;
    use crate::http::text::Text;
    use crate::ids::DriftId;

    #[derive(Debug, Object)]
    #[oai(rename_all = "camelCase", deny_unknown_fields)]
    struct Body {
        reason: Text<10, 1000>,
        drift_id: Option<DriftId>,
        counts: Option<Vec<u32>>,
    }

    fn mistakes(body: &str) -> Vec<(String, String)> {
        match parse::<Body>(body.as_bytes()) {
            Err(Error::Invalid(fields)) => fields
                .into_iter()
                .map(|each| (each.field, each.message))
                .collect(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn each_wrong_field_is_named() {
        assert_eq!(mistakes("{}"), [("reason".into(), "is required".into())]);
        assert_eq!(
            mistakes(r#"{"reason": 3, "driftId": "x", "other": 1}"#),
            [
                ("driftId".into(), "must be a UUID".into()),
                ("other".into(), "is not known here".into()),
                ("reason".into(), "must be a string".into()),
            ] as [(String, String); 3]
        );
        assert_eq!(
            mistakes(r#"{"reason": "short"}"#),
            [("reason".into(), "must have 10 to 1000 characters".into())]
        );
        assert_eq!(
            mistakes(r#"{"reason": "long enough", "counts": [1, "2"]}"#),
            [("counts[1]".into(), "must be an integer".into())]
        );
        assert_eq!(
            mistakes("{\"reason\": \"a \\u0000 in here\"}"),
            [("reason".into(), "must not have a NUL character".into())]
        );
        for broken in ["", "{", "[1]", "nul", "3"] {
            assert_eq!(mistakes(broken)[0].0, "body", "{broken}");
        }
        let deep = format!("{}{}", "[".repeat(200), "]".repeat(200));
        assert_eq!(mistakes(&deep)[0].0, "body");
    }

    #[test]
    fn a_right_body_is_read() {
        let body: Body = parse(br#"{"reason": "opened by mistake", "driftId": null}"#).unwrap();
        assert_eq!(&*body.reason, "opened by mistake");
        assert!(body.drift_id.is_none() && body.counts.is_none());
    }
}
