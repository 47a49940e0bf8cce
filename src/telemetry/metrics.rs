//! What `/metrics` shows: OpenMetrics text of every counter, gauge and histogram.
//!
//! Names follow Prometheus's conventions: base units, the prefix `driftsentry_`. Counters tick where things
//! happen; gauges that follow from data are collectors, asked at each scrape.

use std::fmt;
use std::sync::{PoisonError, RwLock};
use std::time::Duration;

use poem::Response;
use poem::http::header::CONTENT_TYPE;
use poem::http::{HeaderValue, Method, StatusCode};
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeLabelSet, EncodeMetric, text};
use prometheus_client::metrics::counter::{ConstCounter, Counter};
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::{ConstGauge, Gauge};
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Registry, Unit};

use crate::telemetry::process;

/// The content type of OpenMetrics text.
const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Bounds of the duration histogram, in seconds.
const SECONDS: [f64; 12] = [
    0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.1, 0.25, 1.0, 2.5, 10.0, 30.0,
];

/// Every metric of the program, and where features register theirs.
pub struct Metrics {
    registry: RwLock<Registry>,
    requests: Family<RequestLabels, Counter>,
    durations: Family<RouteLabels, Histogram, fn() -> Histogram>,
    connections: Gauge,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RequestLabels {
    method: &'static str,
    route: &'static str,
    status: u16,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RouteLabels {
    method: &'static str,
    route: &'static str,
}

/// Counts one connection for as long as it lives.
pub(crate) struct OpenConnection(Gauge);

impl Drop for OpenConnection {
    fn drop(&mut self) {
        self.0.dec();
    }
}

impl Metrics {
    /// The metrics of HTTP, the build and the process.
    pub fn new() -> Self {
        let mut registry = Registry::default();
        let durations: fn() -> Histogram = || Histogram::new(SECONDS);
        let metrics = Self {
            requests: Family::default(),
            durations: Family::new_with_constructor(durations),
            connections: Gauge::default(),
            registry: RwLock::default(),
        };
        let ours = registry.sub_registry_with_prefix("driftsentry");
        ours.register(
            "build",
            "The program that runs",
            Info::new(vec![("version", env!("CARGO_PKG_VERSION"))]),
        );
        ours.register(
            "http_requests",
            "Requests by route template and status",
            metrics.requests.clone(),
        );
        ours.register_with_unit(
            "http_request_duration",
            "Time from a request's head to its answer's, or to the end of one that is made as it is sent; without streams of events",
            Unit::Seconds,
            metrics.durations.clone(),
        );
        ours.register(
            "http_connections",
            "Open connections",
            metrics.connections.clone(),
        );
        registry.register_collector(Box::new(ProcessCollector));
        *metrics
            .registry
            .write()
            .unwrap_or_else(PoisonError::into_inner) = registry;
        metrics
    }

    /// Lets a feature register its metrics, under the prefix `driftsentry`. Once, at start.
    pub fn register(&self, metrics: impl FnOnce(&mut Registry)) {
        let mut registry = self
            .registry
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        metrics(registry.sub_registry_with_prefix("driftsentry"));
    }

    /// Counts a request, and takes its time where it has one.
    pub(crate) fn request(
        &self,
        method: &Method,
        route: &'static str,
        status: StatusCode,
        took: Option<Duration>,
    ) {
        let method = known_method(method);
        let status = status.as_u16();
        self.requests
            .get_or_create(&RequestLabels {
                method,
                route,
                status,
            })
            .inc();
        if let Some(took) = took {
            self.durations
                .get_or_create(&RouteLabels { method, route })
                .observe(took.as_secs_f64());
        }
    }

    /// Counts a connection until the value is dropped.
    pub(crate) fn connection(&self) -> OpenConnection {
        self.connections.inc();
        OpenConnection(self.connections.clone())
    }

    /// All metrics as OpenMetrics text.
    pub fn text(&self) -> String {
        let registry = self.registry.read().unwrap_or_else(PoisonError::into_inner);
        let mut text = String::new();
        // Writing to memory can't fail.
        let _ = text::encode(&mut text, &registry);
        text
    }

    /// The answer to a scrape.
    pub(crate) fn scrape(&self) -> Response {
        let mut response = Response::from(self.text());
        let content_type = HeaderValue::from_static(OPEN_METRICS);
        response.headers_mut().insert(CONTENT_TYPE, content_type);
        response
    }
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Metrics").finish_non_exhaustive()
    }
}

/// A client may send any word as a method: only known ones become labels.
fn known_method(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
}

/// The process's own figures, read at each scrape.
#[derive(Debug)]
struct ProcessCollector;

impl Collector for ProcessCollector {
    fn encode(&self, mut encoder: DescriptorEncoder) -> Result<(), fmt::Error> {
        let now = process::figures();
        let resident = ConstGauge::new(now.resident_bytes as f64);
        let open = ConstGauge::new(now.open_fds as f64);
        let cpu = ConstCounter::new(now.cpu_s);
        let descriptor = encoder.encode_descriptor(
            "process_resident_memory",
            "Memory in RAM",
            Some(&Unit::Bytes),
            resident.metric_type(),
        )?;
        resident.encode(descriptor)?;
        let descriptor = encoder.encode_descriptor(
            "process_open_fds",
            "Open file descriptors",
            None,
            open.metric_type(),
        )?;
        open.encode(descriptor)?;
        let descriptor = encoder.encode_descriptor(
            "process_cpu",
            "Processor time used",
            Some(&Unit::Seconds),
            cpu.metric_type(),
        )?;
        cpu.encode(descriptor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_counted_by_template() {
        let metrics = Metrics::new();
        let took = Duration::from_millis(3);
        metrics.request(&Method::GET, "/health", StatusCode::OK, Some(took));
        metrics.request(&Method::GET, "/events", StatusCode::OK, None);
        metrics.register(|registry| {
            registry.register("tests", "A feature's own", Counter::<u64>::default());
        });
        let text = metrics.text();
        for line in [
            r#"driftsentry_http_requests_total{method="GET",route="/health",status="200"} 1"#,
            r#"driftsentry_http_requests_total{method="GET",route="/events",status="200"} 1"#,
            r#"driftsentry_http_request_duration_seconds_count{method="GET",route="/health"} 1"#,
            "driftsentry_build_info{version=",
            "driftsentry_tests_total 0",
            "process_resident_memory_bytes ",
            "process_cpu_seconds_total ",
            "# EOF",
        ] {
            assert!(text.contains(line), "{line} in\n{text}");
        }
        let untimed = r#"duration_seconds_count{method="GET",route="/events"}"#;
        assert!(!text.contains(untimed), "{text}");
    }
}
