//! `/health`, for load balancers, orchestrators and people.

use std::collections::BTreeMap;
use std::sync::Arc;

use poem::http::header::CONTENT_TYPE;
use poem::http::{HeaderValue, StatusCode};
use poem::{IntoResponse, Response};
use poem_openapi::registry::{MetaMediaType, MetaResponse, MetaResponses, Registry};
use poem_openapi::types::{Any, Type};
use poem_openapi::{ApiResponse, Enum, Object, OpenApi};
use serde::Serialize;

use crate::http::problem::JSON;
use crate::http::{AdminOrLocal, ReadFailure, Tag};
use crate::telemetry::health::Health;
use crate::telemetry::process;
use crate::time::Timestamp;

/// Whether the server runs and how it fares.
pub struct HealthApi {
    health: Arc<Health>,
}

impl HealthApi {
    /// Over these checks and facts.
    pub fn new(health: Arc<Health>) -> Self {
        Self { health }
    }
}

#[derive(Debug, Clone, Copy, Enum, Serialize)]
#[oai(rename_all = "snake_case")]
#[serde(rename_all = "snake_case")]
enum Status {
    Ok,
    Alive,
    Ready,
    NotReady,
}

#[derive(Debug, Object, Serialize)]
#[oai(rename = "Health")]
struct HealthView {
    /// `ok` or `alive`.
    status: Status,
    /// Now.
    timestamp: Timestamp,
}

#[derive(Debug, Object, Serialize)]
#[oai(rename = "Readiness")]
struct ReadinessView {
    /// `ready`, or `not_ready` with status 503.
    status: Status,
    /// `ok`, or why not, for each part that has to work.
    checks: BTreeMap<String, String>,
    /// Now.
    timestamp: Timestamp,
}

#[derive(Debug, Object, Serialize)]
#[oai(rename = "DetailedHealth", rename_all = "camelCase")]
#[serde(rename_all = "camelCase")]
struct DetailedView {
    /// `ready` or `not_ready`.
    status: Status,
    /// The program's version.
    version: String,
    /// Whole seconds since the program started.
    uptime_seconds: u64,
    /// Memory in RAM, in bytes.
    memory_bytes: u64,
    /// Open file descriptors.
    open_files: u64,
    /// `ok`, or why not, for each part that has to work.
    checks: BTreeMap<String, String>,
    /// What the parts say of themselves, such as `databaseBytes`.
    facts: BTreeMap<String, Any<serde_json::Value>>,
    /// Now.
    timestamp: Timestamp,
}

/// A view without the envelope: probes read these, and their shape is older than ours. Ready or not tells the
/// status.
struct Bare<T> {
    status: StatusCode,
    view: T,
}

impl<T: Serialize + Send> IntoResponse for Bare<T> {
    fn into_response(self) -> Response {
        let bytes = serde_json::to_vec(&self.view).unwrap_or_default();
        let mut response = Response::from((self.status, bytes));
        let json = HeaderValue::from_static(JSON);
        response.headers_mut().insert(CONTENT_TYPE, json);
        response
    }
}

impl<T: Type> ApiResponse for Bare<T> {
    fn meta() -> MetaResponses {
        MetaResponses {
            responses: vec![MetaResponse {
                description: "Done.",
                status: Some(200),
                status_range: None,
                content: vec![MetaMediaType {
                    content_type: JSON,
                    schema: T::schema_ref(),
                }],
                headers: vec![],
            }],
        }
    }

    fn register(registry: &mut Registry) {
        T::register(registry);
    }
}

/// Whether the server is ready: 200, or 503 with the same view.
struct ReadyOrNot(Bare<ReadinessView>);

impl IntoResponse for ReadyOrNot {
    fn into_response(self) -> Response {
        self.0.into_response()
    }
}

impl ApiResponse for ReadyOrNot {
    fn meta() -> MetaResponses {
        let mut meta = Bare::<ReadinessView>::meta();
        let not_ready = Bare::<ReadinessView>::meta().responses.into_iter();
        meta.responses.extend(not_ready.map(|ready| MetaResponse {
            description: "Starting, draining, or a part fails.",
            status: Some(503),
            ..ready
        }));
        meta
    }

    fn register(registry: &mut Registry) {
        ReadinessView::register(registry);
    }
}

fn bare<T>(view: T) -> Bare<T> {
    Bare {
        status: StatusCode::OK,
        view,
    }
}

#[OpenApi(tag = "Tag::Operations")]
impl HealthApi {
    /// Is it up?
    #[oai(path = "/health", method = "get", operation_id = "getHealth")]
    async fn health(&self) -> Bare<HealthView> {
        bare(HealthView {
            status: Status::Ok,
            timestamp: Timestamp::now(),
        })
    }

    /// Does the process run?
    ///
    /// Restart it where this does not answer.
    #[oai(path = "/health/live", method = "get", operation_id = "getLiveness")]
    async fn live(&self) -> Bare<HealthView> {
        bare(HealthView {
            status: Status::Alive,
            timestamp: Timestamp::now(),
        })
    }

    /// Can it do its work?
    ///
    /// Send it requests only where this answers 200.
    #[oai(path = "/health/ready", method = "get", operation_id = "getReadiness")]
    async fn ready(&self) -> ReadyOrNot {
        let readiness = self.health.readiness();
        let (status, word) = if readiness.ready {
            (StatusCode::OK, Status::Ready)
        } else {
            (StatusCode::SERVICE_UNAVAILABLE, Status::NotReady)
        };
        ReadyOrNot(Bare {
            status,
            view: ReadinessView {
                status: word,
                checks: readiness.checks,
                timestamp: Timestamp::now(),
            },
        })
    }

    /// How does it fare?
    #[oai(
        path = "/health/detailed",
        method = "get",
        operation_id = "getDetailedHealth"
    )]
    async fn detailed(&self, _who: AdminOrLocal) -> Result<Bare<DetailedView>, ReadFailure> {
        let readiness = self.health.readiness();
        let figures = process::figures();
        let facts = self.health.facts().into_iter();
        Ok(bare(DetailedView {
            status: if readiness.ready {
                Status::Ready
            } else {
                Status::NotReady
            },
            version: env!("CARGO_PKG_VERSION").to_owned(),
            uptime_seconds: self.health.uptime_s(),
            memory_bytes: figures.resident_bytes,
            open_files: figures.open_fds,
            checks: readiness.checks,
            facts: facts.map(|(name, fact)| (name, Any(fact))).collect(),
            timestamp: Timestamp::now(),
        }))
    }
}
