//! What `/metrics` shows: OpenMetrics text of every counter, gauge and histogram.
//!
//! Names follow Prometheus's conventions: base units, the prefix `driftsentry_`. Counters tick where things
//! happen; gauges that follow from data are collectors, asked at each scrape.

use std::fmt;
use std::sync::{PoisonError, RwLock};
use std::time::Duration;

use poem::Response;
use poem::http::header::{ACCEPT, CONTENT_TYPE, VARY};
use poem::http::{HeaderMap, HeaderValue, Method, StatusCode};
use prometheus_client::encoding::{EncodeLabelSet, text};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Registry, Unit};

use crate::telemetry::figures::{self, Figures};
use crate::telemetry::{classic, process};
use crate::time::Timestamp;

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
    request_bytes: Counter,
    response_bytes: Counter,
    connections: Gauge,
    turned_away: Family<RefusalLabels, Counter>,
}

/// What is known of a request when its answer is sent.
#[derive(Debug)]
pub(crate) struct Answered<'a> {
    pub(crate) method: &'a Method,
    /// The route's template, never the raw path.
    pub(crate) route: &'static str,
    pub(crate) status: StatusCode,
    /// None where how long it took says nothing.
    pub(crate) took: Option<Duration>,
    pub(crate) request_bytes: u64,
    pub(crate) response_bytes: u64,
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

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RefusalLabels {
    reason: &'static str,
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
            request_bytes: Counter::default(),
            response_bytes: Counter::default(),
            connections: Gauge::default(),
            turned_away: Family::default(),
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
        ours.register_with_unit(
            "http_request",
            "Bodies of requests as they came, without heads",
            Unit::Bytes,
            metrics.request_bytes.clone(),
        );
        ours.register_with_unit(
            "http_response",
            "Bodies of answers as they went out, without heads; streams of events too",
            Unit::Bytes,
            metrics.response_bytes.clone(),
        );
        ours.register(
            "http_connections",
            "Open connections",
            metrics.connections.clone(),
        );
        ours.register(
            "http_connections_refused",
            "Connections turned away at the door: full, there are as many as there may be; address, as many from one address",
            metrics.turned_away.clone(),
        );
        for reason in ["full", "address"] {
            // A series that is there from the start shows its first rise.
            drop(metrics.turned_away.get_or_create(&RefusalLabels { reason }));
        }
        let started = Timestamp::now();
        figures::register(&mut registry, "process", move |figures| {
            process::tell(figures, started)
        });
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

    /// Has this told at each scrape, under the prefix `driftsentry`. It must be quick, and wait for nobody.
    pub fn at_each_scrape(
        &self,
        name: &'static str,
        tell: impl Fn(&mut Figures<'_>) -> fmt::Result + Send + Sync + 'static,
    ) {
        self.register(|registry| figures::register(registry, name, tell));
    }

    /// Counts a request, and takes its time where it has one.
    pub(crate) fn request(&self, answered: &Answered<'_>) {
        let method = known_method(answered.method);
        let (route, status) = (answered.route, answered.status.as_u16());
        self.requests
            .get_or_create(&RequestLabels {
                method,
                route,
                status,
            })
            .inc();
        self.request_bytes.inc_by(answered.request_bytes);
        self.response_bytes.inc_by(answered.response_bytes);
        if let Some(took) = answered.took {
            self.durations
                .get_or_create(&RouteLabels { method, route })
                .observe(took.as_secs_f64());
        }
    }

    /// Counts a connection that was turned away.
    pub(crate) fn turned_away(&self, reason: &'static str) {
        self.turned_away
            .get_or_create(&RefusalLabels { reason })
            .inc();
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

    /// The answer to a scrape: OpenMetrics, or the older text for who asks for that alone.
    pub(crate) fn scrape(&self, headers: &HeaderMap) -> Response {
        let (content_type, text) = if wants_classic(headers) {
            (
                classic::CONTENT_TYPE,
                classic::from_open_metrics(&self.text()),
            )
        } else {
            (OPEN_METRICS, self.text())
        };
        let mut response = Response::from(text);
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
        headers.insert(VARY, HeaderValue::from_static("accept"));
        response
    }
}

/// Whether a client takes the older text and says nothing of OpenMetrics, as `promtool` and older agents do. Prometheus
/// names both, OpenMetrics first.
fn wants_classic(headers: &HeaderMap) -> bool {
    let lines = headers.get_all(ACCEPT).iter();
    let kinds = lines
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(','))
        .filter_map(|kind| kind.split(';').next().map(str::trim));
    let (mut classic, mut open_metrics) = (false, false);
    for kind in kinds {
        classic |= kind.eq_ignore_ascii_case("text/plain");
        open_metrics |= kind.eq_ignore_ascii_case("application/openmetrics-text");
    }
    classic && !open_metrics
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_counted_by_template() {
        let metrics = Metrics::new();
        let answered = |route, took| Answered {
            method: &Method::GET,
            route,
            status: StatusCode::OK,
            took,
            request_bytes: 1,
            response_bytes: 20,
        };
        metrics.request(&answered("/health", Some(Duration::from_millis(3))));
        metrics.request(&answered("/events", None));
        metrics.turned_away("full");
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
            "driftsentry_http_request_bytes_total 2",
            "driftsentry_http_response_bytes_total 40",
            r#"driftsentry_http_connections_refused_total{reason="full"} 1"#,
            r#"driftsentry_http_connections_refused_total{reason="address"} 0"#,
            "# EOF",
        ] {
            assert!(text.contains(line), "{line} in\n{text}");
        }
        let untimed = r#"duration_seconds_count{method="GET",route="/events"}"#;
        assert!(!text.contains(untimed), "{text}");
    }

    #[test]
    fn who_asks_for_the_older_text_alone_gets_it() {
        for (accept, classic) in [
            ("", false),
            ("*/*", false),
            ("text/html,*/*", false),
            ("text/plain", true),
            ("Text/Plain;version=0.0.4, */*;q=0.1", true),
            (
                "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
                false,
            ),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(ACCEPT, HeaderValue::from_static(accept));
            assert_eq!(wants_classic(&headers), classic, "{accept}");
        }
    }
}
