//! What surrounds every request: its id, its bounds, its failures, its headers, its log line, its count.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Instant;

use bytes::Bytes;
use futures_util::FutureExt;
use http_body_util::combinators::BoxBody;
use poem::error::MethodNotAllowedError;
use poem::http::header::{ALLOW, CONTENT_LENGTH, HOST};
use poem::http::uri::Scheme;
use poem::http::{HeaderValue, Method, StatusCode, Uri, Version};
use poem::web::{LocalAddr, RemoteAddr};
use poem::{Addr, Body, Endpoint, IntoResponse, PathPattern, Request, RequestParts, Response};
use poem_openapi::OpenApi;
use tracing::Instrument;

use crate::config::serve_options::{ServeOptions, may_take_long};
use crate::error::Error;
use crate::http::client_address::{Peer, Sender};
use crate::http::context::RequestContext;
use crate::http::problem::{Code, Problem};
use crate::live::Live;
use crate::server::App;
use crate::server::body::Bounded;
use crate::server::connection::Working;
use crate::server::outcome::{OutBody as Out, Outcome};
use crate::server::route_table::{KnownRoute, RouteTable};
use crate::server::routes::Template;
use crate::server::security_headers;
use crate::telemetry::lifecycle::Phase;
use crate::time::Timestamp;

pub use crate::server::outcome::OutBody;

/// The header that carries the correlation id, both ways.
const CORRELATION_ID: &str = "x-correlation-id";
/// What routes beside the contract allow.
const READ_ONLY: &str = "GET, HEAD, OPTIONS";
/// The template of a request that matched no route.
const UNMATCHED: &str = "unmatched";

/// Answers every request: the endpoint's answer, or a failure in the one shape that clients know.
pub struct Front<E> {
    endpoint: E,
    app: App,
    options: Live<ServeOptions>,
    routes: RouteTable,
    in_flight: AtomicUsize,
}

/// Counts a request as under way until its answer begins.
struct InFlight<'a>(&'a AtomicUsize);

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl<E: Endpoint> Front<E> {
    /// A front before this endpoint; `T` says which routes it knows.
    pub fn new<T: OpenApi>(endpoint: E, app: App, options: impl Into<Live<ServeOptions>>) -> Self {
        Self {
            endpoint,
            app,
            options: options.into(),
            routes: RouteTable::of::<T>(),
            in_flight: AtomicUsize::new(0),
        }
    }

    /// How many requests wait for their answer to begin.
    pub(crate) fn in_flight(&self) -> usize {
        self.in_flight.load(Ordering::Relaxed)
    }

    /// Answers one request. Never fails, never panics.
    pub(crate) async fn answer<B>(
        &self,
        request: hyper::Request<B>,
        peer: Peer,
        working: Option<Working>,
    ) -> hyper::Response<Out>
    where
        B: http_body::Body<Data = Bytes> + Send + Sync + Unpin + 'static,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let started = Instant::now();
        self.in_flight.fetch_add(1, Ordering::Relaxed);
        let _in_flight = InFlight(&self.in_flight);

        let (mut parts, body) = request.into_parts();
        let sent_id = parts.headers.get(CORRELATION_ID);
        let options = self.options.get();
        let proxies = &options.trusted_proxies;
        let sender = Sender::of(peer, &parts.uri, &parts.headers, proxies);
        let secure = sender.secure;
        let context = RequestContext {
            correlation_id: RequestContext::correlation_id(sent_id.map(HeaderValue::as_bytes)),
            client: Some(sender.client),
            secure,
            host: sender.host,
            local: sender.local,
            received_at: Timestamp::now(),
            user: Arc::default(),
        };
        let method = parts.method.clone();
        let path_is_api = parts.uri.path().starts_with("/api");
        // A HEAD is a GET whose body stays here, so that its length can still be told.
        if method == Method::HEAD {
            parts.method = Method::GET;
        }
        parts.extensions.insert(context.clone());

        let read_bytes = Arc::new(AtomicU64::new(0));
        let span = tracing::error_span!("request", correlation_id = &*context.correlation_id);
        let (mut response, route) = async {
            match self.admitted(&parts, &options) {
                Ok(limit) => {
                    let patience = options.stall_timeout;
                    let body = Bounded::new(body, limit, patience, read_bytes.clone());
                    let request = request_of(parts, body, peer);
                    self.called(request, &context, &options).await
                }
                Err(problem) => (self.failed(*problem, &context), None),
            }
        }
        .instrument(span.clone())
        .await;

        security_headers::add(response.headers_mut(), path_is_api, secure);
        if let Ok(id) = HeaderValue::from_str(&context.correlation_id) {
            response.headers_mut().insert(CORRELATION_ID, id);
        }
        let outcome = Outcome {
            method: method.clone(),
            route: route.unwrap_or(UNMATCHED),
            status: response.status(),
            started,
            listens: is_event_stream(&response),
            context,
            span,
            read_bytes,
            metrics: self.app.metrics.clone(),
            _working: working,
        };
        finish(response, &method, outcome)
    }

    /// What can be refused before any handler runs; else the limit of the body.
    fn admitted(
        &self,
        head: &hyper::http::request::Parts,
        options: &ServeOptions,
    ) -> Result<u64, Box<Problem>> {
        let (method, uri, headers) = (&head.method, &head.uri, &head.headers);
        if headers.len() > options.max_headers {
            return Err(Box::new(Problem::new(
                StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
                Code::HeadersTooLarge,
                format!(
                    "The request has {} header fields: send at most {}.",
                    headers.len(),
                    options.max_headers
                ),
            )));
        }
        if !names_one_host(head) {
            let error = Error::invalid("Host", "must be there, once");
            return Err(refused(error));
        }
        if let Some(field) = control_character_in(uri) {
            let error = Error::invalid(field, "must not have control characters");
            return Err(refused(error));
        }
        let path = uri.path();
        if self.app.lifecycle.phase() == Phase::Starting && path.starts_with("/api") {
            let error = Error::Unavailable("The server is starting: try again shortly.".to_owned());
            return Err(refused(error));
        }
        let limit_bytes = options.body_limit(method, path);
        let announced = headers.get(CONTENT_LENGTH).and_then(|value| {
            let length: u64 = value.to_str().ok()?.parse().ok()?;
            Some(length)
        });
        if announced.is_some_and(|length| length > limit_bytes) {
            return Err(refused(Error::TooLarge { limit_bytes }));
        }
        Ok(limit_bytes)
    }

    /// Calls the endpoint: a panic, a missed deadline and an error all become failures.
    async fn called(
        &self,
        request: Request,
        context: &RequestContext,
        options: &ServeOptions,
    ) -> (Response, Option<&'static str>) {
        let asks_for_options = request.method() == Method::OPTIONS;
        // Shares its bytes: a panic or a missed deadline does not tell the route.
        let uri = request.uri().clone();
        let unlimited = may_take_long(request.method(), request.uri().path());
        let handled = AssertUnwindSafe(self.endpoint.call(request)).catch_unwind();
        let handled = if unlimited {
            Ok(handled.await)
        } else {
            tokio::time::timeout(options.request_deadline, handled).await
        };
        let pattern = |data: Option<&PathPattern>| data.and_then(|each| self.routes.get(&each.0));
        let beside = |data: Option<&Template>| data.map(|template| template.0);
        match handled {
            Ok(Ok(Ok(response))) => {
                let mut response = response.into_response();
                let route = pattern(response.data()).map(|route| route.template);
                let route = route.or(beside(response.data()));
                if let Some(problem) = response.data::<Problem>().cloned() {
                    response = self.failed(problem, context);
                }
                (response, route)
            }
            Ok(Ok(Err(error))) => {
                let route = pattern(error.data());
                let template = route.map(|route| route.template);
                let template = template.or(beside(error.data()));
                if error.is::<MethodNotAllowedError>() {
                    let allow = route.map_or(READ_ONLY, |route| &route.allow);
                    if asks_for_options {
                        return (options_answer(allow), template);
                    }
                    let problem = Problem::method_not_allowed(allow);
                    return (self.failed(problem, context), template);
                }
                let parameter = |n| route.and_then(|route: &KnownRoute| route.parameter(n));
                let problem = Problem::from_poem(&error, parameter);
                (self.failed(problem, context), template)
            }
            Ok(Err(panic)) => {
                let problem = Problem::internal(format!("a panic: {}", panic_message(&*panic)));
                (self.failed(problem, context), self.routes.find(uri.path()))
            }
            Err(_late) => {
                let error = Error::Unavailable(format!(
                    "This took longer than {} s and was given up: try again, or ask for less.",
                    options.request_deadline.as_secs()
                ));
                let response = self.failed(Problem::from(&error), context);
                (response, self.routes.find(uri.path()))
            }
        }
    }

    fn failed(&self, problem: Problem, context: &RequestContext) -> Response {
        problem.into_response(&context.correlation_id, Timestamp::now())
    }
}

fn refused(error: Error) -> Box<Problem> {
    Box::new(Problem::from(&error))
}

/// The framework's request around a bounded body.
fn request_of<B>(parts: hyper::http::request::Parts, body: Bounded<B>, peer: Peer) -> Request
where
    B: http_body::Body<Data = Bytes> + Send + Sync + Unpin + 'static,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let remote = RemoteAddr(Addr::SocketAddr(peer.address));
    let scheme = if peer.tls {
        Scheme::HTTPS
    } else {
        Scheme::HTTP
    };
    let parts = RequestParts::from((parts, LocalAddr::default(), remote, scheme));
    Request::from_parts(parts, Body::from(BoxBody::new(body)))
}

/// RFC 9112, section 3.2: without one, or with two, this and a proxy before it may think of different hosts.
fn names_one_host(head: &hyper::http::request::Parts) -> bool {
    match head.headers.get_all(HOST).iter().count() {
        0 => head.version != Version::HTTP_11 || head.uri.authority().is_some(),
        count => count == 1,
    }
}

/// Whether a path or query holds an encoded control character, and in which parameter.
fn control_character_in(uri: &Uri) -> Option<String> {
    if has_encoded_control(uri.path()) {
        return Some("path".to_owned());
    }
    let query = uri.query().filter(|query| has_encoded_control(query))?;
    let wrong = query.split('&').find(|pair| has_encoded_control(pair));
    let name = wrong.and_then(|pair| pair.split('=').next());
    Some(
        name.filter(|name| !name.contains('%'))
            .unwrap_or("query")
            .to_owned(),
    )
}

fn has_encoded_control(text: &str) -> bool {
    let bytes = text.as_bytes();
    memchr::memchr_iter(b'%', bytes).any(|at| {
        matches!(
            bytes.get(at + 1..at + 3),
            Some([b'0' | b'1', _] | [b'7', b'f' | b'F'])
        )
    })
}

fn options_answer(allow: &str) -> Response {
    let mut response = Response::from(StatusCode::NO_CONTENT);
    if let Ok(allow) = HeaderValue::from_str(allow) {
        response.headers_mut().insert(ALLOW, allow);
    }
    response
}

fn is_event_stream(response: &Response) -> bool {
    let content_type = response.content_type().unwrap_or_default();
    content_type.starts_with("text/event-stream")
}

fn panic_message(panic: &(dyn std::any::Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("without a message")
}

/// Takes a HEAD's body away, and has the outcome told when the answer is sent.
fn finish(mut response: Response, method: &Method, outcome: Outcome) -> hyper::Response<Out> {
    let body = BoxBody::from(response.take_body());
    let size = http_body::Body::size_hint(&body).exact();
    let body = if method == Method::HEAD {
        if let (Some(size), false) = (size, response.status() == StatusCode::NO_CONTENT) {
            let size = HeaderValue::from(size);
            response.headers_mut().insert(CONTENT_LENGTH, size);
        }
        BoxBody::from(Body::empty())
    } else {
        body
    };
    let head: hyper::Response<BoxBody<Bytes, std::io::Error>> = response.into();
    head.map(|_| Out::new(body, outcome))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_encoded_control_character_is_found_in_its_parameter() {
        let field = |uri: &'static str| control_character_in(&Uri::from_static(uri));
        assert_eq!(field("/a?search=x%00y&page=1").as_deref(), Some("search"));
        assert_eq!(field("/a?page=1&q=%7f").as_deref(), Some("q"));
        assert_eq!(field("/a%0ab").as_deref(), Some("path"));
        assert_eq!(field("/a?q=100%25&r=%20%7E%2"), None);
    }
}
