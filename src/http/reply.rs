//! Successful answers: `{"success": true, "data": …}`.
//!
//! A view is written straight to the answer's bytes by serde; poem-openapi only learns its schema.

use poem::http::header::{CONTENT_TYPE, ETAG, LOCATION, SET_COOKIE};
use poem::http::{HeaderValue, StatusCode};
use poem::{IntoResponse, Response};
use poem_openapi::ApiResponse;
use poem_openapi::registry::{
    MetaHeader, MetaMediaType, MetaResponse, MetaResponses, MetaSchema, MetaSchemaRef, Registry,
};
use poem_openapi::types::{ToJSON, Type};
use serde::Serialize;

use crate::http::etag::ETag;
use crate::http::problem::{JSON, Problem};

/// 200 with a view.
#[derive(Debug)]
pub struct Reply<T>(pub T);

/// 200 with a view and its `ETag`.
#[derive(Debug)]
pub struct Tagged<T> {
    view: T,
    tag: ETag,
}

/// 201 with a view, and where it can be read again.
#[derive(Debug)]
pub struct Created<T> {
    view: T,
    location: Option<String>,
}

/// 200 with a view, and perhaps a cookie to keep or to drop.
#[derive(Debug)]
pub struct WithCookie<T> {
    view: T,
    cookie: Option<HeaderValue>,
}

impl<T> WithCookie<T> {
    /// A view with the `Set-Cookie` that goes with it.
    pub fn new(view: T, cookie: Option<HeaderValue>) -> Self {
        Self { view, cookie }
    }
}

/// A handler's success.
pub fn ok<T, F>(view: T) -> Result<Reply<T>, F> {
    Ok(Reply(view))
}

/// A handler's success, with the view's version for a later `If-Match`.
pub fn tagged<T, F>(view: T, tag: ETag) -> Result<Tagged<T>, F> {
    Ok(Tagged { view, tag })
}

/// A handler's success in making something, with the path of what it made.
pub fn created<T, F>(view: T, location: impl Into<Option<String>>) -> Result<Created<T>, F> {
    Ok(Created {
        view,
        location: location.into(),
    })
}

/// The bytes of `{"success": true, "data": view}`.
fn enveloped<T: Serialize>(view: &T) -> Result<Vec<u8>, serde_json::Error> {
    // Two growths to a page of a list.
    let mut bytes = Vec::with_capacity(6 << 10);
    bytes.extend_from_slice(br#"{"success":true,"data":"#);
    serde_json::to_writer(&mut bytes, view)?;
    bytes.push(b'}');
    Ok(bytes)
}

fn respond<T: Serialize>(status: StatusCode, view: &T) -> Response {
    match enveloped(view) {
        Ok(bytes) => {
            let mut response = Response::from((status, bytes));
            let headers = response.headers_mut();
            headers.insert(CONTENT_TYPE, HeaderValue::from_static(JSON));
            response
        }
        // The middleware, which knows the correlation id, writes out a problem that it finds as data.
        Err(cause) => {
            let mut response = Response::from(StatusCode::INTERNAL_SERVER_ERROR);
            response.set_data(Problem::internal(format!(
                "a view could not be written: {cause}"
            )));
            response
        }
    }
}

impl<T: Serialize + Send> IntoResponse for Reply<T> {
    fn into_response(self) -> Response {
        respond(StatusCode::OK, &self.0)
    }
}

impl<T: Serialize + Send> IntoResponse for Tagged<T> {
    fn into_response(self) -> Response {
        let mut response = respond(StatusCode::OK, &self.view);
        response.headers_mut().insert(ETAG, self.tag.header());
        response
    }
}

impl<T: Serialize + Send> IntoResponse for WithCookie<T> {
    fn into_response(self) -> Response {
        let mut response = respond(StatusCode::OK, &self.view);
        if let Some(cookie) = self.cookie {
            response.headers_mut().insert(SET_COOKIE, cookie);
        }
        response
    }
}

impl<T: Serialize + Send> IntoResponse for Created<T> {
    fn into_response(self) -> Response {
        let mut response = respond(StatusCode::CREATED, &self.view);
        let location = self.location.map(HeaderValue::try_from);
        if let Some(Ok(location)) = location {
            response.headers_mut().insert(LOCATION, location);
        }
        response
    }
}

/// The contract's entry for a status that answers with a view.
fn documented<T: Type>(
    status: u16,
    description: &'static str,
    header: Option<(&str, &str)>,
) -> MetaResponses {
    let headers = header.map(|(name, description)| MetaHeader {
        name: name.to_owned(),
        description: Some(description.to_owned()),
        required: false,
        deprecated: false,
        schema: String::schema_ref(),
    });
    MetaResponses {
        responses: vec![MetaResponse {
            description,
            status: Some(status),
            status_range: None,
            content: vec![MetaMediaType {
                content_type: JSON,
                schema: envelope::<T>(),
            }],
            headers: headers.into_iter().collect(),
        }],
    }
}

/// The schema of `{"success": true, "data": T}`.
fn envelope<T: Type>() -> MetaSchemaRef {
    MetaSchemaRef::Inline(Box::new(MetaSchema {
        required: vec!["success", "data"],
        properties: vec![
            (
                "success",
                MetaSchemaRef::Inline(Box::new(MetaSchema {
                    enum_items: true.to_json().into_iter().collect(),
                    ..MetaSchema::new("boolean")
                })),
            ),
            ("data", T::schema_ref()),
        ],
        ..MetaSchema::new("object")
    }))
}

impl<T: Type> ApiResponse for Reply<T> {
    fn meta() -> MetaResponses {
        documented::<T>(200, "Done.", None)
    }

    fn register(registry: &mut Registry) {
        T::register(registry);
    }
}

impl<T: Type> ApiResponse for Tagged<T> {
    fn meta() -> MetaResponses {
        let header = ("ETag", "The version read, for a later `If-Match`.");
        documented::<T>(200, "Done.", Some(header))
    }

    fn register(registry: &mut Registry) {
        T::register(registry);
    }
}

impl<T: Type> ApiResponse for WithCookie<T> {
    fn meta() -> MetaResponses {
        let header = (
            "Set-Cookie",
            "The refresh token, where the client keeps it as a cookie.",
        );
        documented::<T>(200, "Done.", Some(header))
    }

    fn register(registry: &mut Registry) {
        T::register(registry);
    }
}

impl<T: Type> ApiResponse for Created<T> {
    fn meta() -> MetaResponses {
        let header = ("Location", "Where it can be read.");
        documented::<T>(201, "Made.", Some(header))
    }

    fn register(registry: &mut Registry) {
        T::register(registry);
    }
}

/// `data: null`, for operations that have nothing to say but that it is done.
#[derive(Debug, Clone, Copy)]
pub struct Nothing;

impl Serialize for Nothing {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_unit()
    }
}

impl Type for Nothing {
    const IS_REQUIRED: bool = true;
    type RawValueType = Self;
    type RawElementValueType = Self;

    fn name() -> std::borrow::Cow<'static, str> {
        "Nothing".into()
    }

    fn schema_ref() -> MetaSchemaRef {
        MetaSchemaRef::Inline(Box::new(MetaSchema {
            nullable: true,
            description: Some("Always null."),
            ..MetaSchema::new("object")
        }))
    }

    fn as_raw_value(&self) -> Option<&Self> {
        Some(self)
    }

    fn raw_element_iter<'a>(&'a self) -> Box<dyn Iterator<Item = &'a Self> + 'a> {
        Box::new(std::iter::once(self))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_view_stands_in_an_envelope() {
        let bytes = enveloped(&serde_json::json!({"id": 1})).unwrap();
        assert_eq!(bytes, br#"{"success":true,"data":{"id":1}}"#);
        assert_eq!(
            enveloped(&Nothing).unwrap(),
            br#"{"success":true,"data":null}"#
        );
    }
}
