//! Every feature's `Api`, on one screen, and what is served beside them.

use std::sync::{Arc, OnceLock};

use poem::endpoint::BoxEndpoint;
use poem::http::header::LOCATION;
use poem::http::{HeaderValue, Method, StatusCode};
use poem::{Endpoint, EndpointExt, IntoEndpoint, Request, Response};
use poem_openapi::OpenApiService;

use crate::config::ScrapeToken;
use crate::http::auth::Gate;
use crate::http::problem::{Code, Problem};
use crate::live::Live;
use crate::server::contract::{TITLE, VERSION};
use crate::server::files::File;
use crate::server::{App, Data};
use crate::server::{docs, scrape, ui};
use crate::telemetry::api::HealthApi;
use crate::{
    alerts, audit, backup, drifts, events, intake, keys, metrics, scans, sessions, users,
    workspaces,
};

/// Every feature's handlers. The contract is made of their types, the router of their values.
pub type Apis = (
    drifts::api::Api,
    scans::api::Api,
    intake::api::Api,
    workspaces::api::Api,
    alerts::api::Api,
    metrics::api::Api,
    audit::api::Api,
    events::api::Api,
    sessions::api::Api,
    users::api::Api,
    keys::api::Api,
    backup::api::Api,
    HealthApi,
);

/// The handlers over what is stored. Scans are taken up to `scan_bytes`.
pub fn apis(app: &App, data: &Data, scan_bytes: impl Into<Live<u64>>) -> Apis {
    let store = || data.store.clone();
    (
        drifts::api::Api {
            store: store(),
            index: Arc::clone(&data.drifts),
            fingerprint_secret: data.fingerprint_secret,
            known: drifts::api::Known::default(),
        },
        scans::api::Api {
            store: store(),
            index: Arc::clone(&data.scans),
        },
        intake::api::Api::new(
            store(),
            data.fingerprint_secret,
            scan_bytes.into(),
            data.patience.clone(),
            app.intake.clone(),
        ),
        workspaces::api::Api { store: store() },
        alerts::api::Api {
            store: store(),
            index: Arc::clone(&data.alerts),
        },
        metrics::api::Api {
            store: store(),
            figures: Arc::clone(&data.figures),
        },
        audit::api::Api {
            store: store(),
            index: Arc::default(),
        },
        events::api::Api {
            store: store(),
            feed: Arc::clone(&data.feed),
            audience: Arc::clone(&app.audience),
            sent: Arc::clone(&app.events_sent),
            gate: Arc::clone(&data.gate),
            lifecycle: app.lifecycle.clone(),
        },
        sessions::api::Api {
            store: store(),
            desk: Arc::clone(&data.desk),
        },
        users::api::Api {
            store: store(),
            desk: Arc::clone(&data.desk),
        },
        keys::api::Api {
            store: store(),
            index: Arc::clone(&data.gate.keys),
        },
        backup::api::Api {
            store: store(),
            turns: data.backups.clone(),
        },
        HealthApi::new(Arc::clone(&app.health)),
    )
}

/// The features' routes, which there are once the store is open. Until then there is health alone.
pub(crate) struct Opening {
    health: BoxEndpoint<'static>,
    all: OnceLock<BoxEndpoint<'static>>,
}

impl Opening {
    pub(crate) fn new(app: &App) -> Self {
        let health = HealthApi::new(Arc::clone(&app.health));
        Self {
            health: OpenApiService::new(health, TITLE, VERSION)
                .into_endpoint()
                .boxed(),
            all: OnceLock::new(),
        }
    }

    /// Has all routes answered from now on.
    pub(crate) fn open(&self, apis: Apis, gate: Arc<Gate>) {
        let all = OpenApiService::new(apis, TITLE, VERSION)
            .into_endpoint()
            .data(gate)
            .boxed();
        // There is one store, which is opened once.
        let _ = self.all.set(all);
    }

    fn now(&self) -> &BoxEndpoint<'static> {
        self.all.get().unwrap_or(&self.health)
    }
}

/// The routes: the features' own, and what stands beside the contract.
pub(crate) struct Site {
    api: Arc<Opening>,
    app: App,
    scrape_token: Live<Option<ScrapeToken>>,
}

/// How a path beside the contract stands in logs and metrics. Travels with its answer.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Template(pub(crate) &'static str);

/// What stands at a path beside the contract.
enum Beside {
    Metrics,
    File {
        file: &'static File,
        policy: &'static str,
    },
    Moved {
        to: &'static str,
    },
    /// A part of the UI that this version doesn't have.
    GoneAsset,
}

impl Site {
    pub(crate) fn new(
        app: &App,
        api: Arc<Opening>,
        scrape_token: Live<Option<ScrapeToken>>,
    ) -> Self {
        Self {
            api,
            app: app.clone(),
            scrape_token,
        }
    }

    fn answer(&self, found: &Beside, request: &Request) -> poem::Result<Response> {
        // A HEAD comes as a GET: the middleware keeps the body back.
        if !matches!(found, Beside::GoneAsset) && *request.method() != Method::GET {
            return Err(poem::error::MethodNotAllowedError.into());
        }
        match found {
            Beside::Metrics => Ok(
                match scrape::admit(request, self.scrape_token.get().as_ref().as_ref()) {
                    Ok(()) => self.app.metrics.scrape(request.headers()),
                    Err(problem) => failure(*problem),
                },
            ),
            Beside::File { file, policy } => file.answer(request.headers(), policy),
            Beside::Moved { to } => {
                let mut response = Response::from(StatusCode::PERMANENT_REDIRECT);
                let to = HeaderValue::from_static(to);
                response.headers_mut().insert(LOCATION, to);
                Ok(response)
            }
            Beside::GoneAsset => Ok(failure(Problem::new(
                StatusCode::NOT_FOUND,
                Code::NotFound,
                "This version of the web UI has no such file: reload the page.",
            ))),
        }
    }
}

impl Endpoint for Site {
    type Output = Response;

    async fn call(&self, request: Request) -> poem::Result<Response> {
        let path = request.uri().path();
        // The features' routes first: theirs are the many requests.
        if path.starts_with("/api/") || path.starts_with("/health") {
            return self.api.now().call(request).await;
        }
        let (found, template) = beside(&request).ok_or(poem::error::NotFoundError)?;
        let template = Template(template);
        match self.answer(&found, &request) {
            Ok(mut response) => {
                response.set_data(template);
                Ok(response)
            }
            Err(mut error) => {
                error.set_data(template);
                Err(error)
            }
        }
    }
}

/// What a request asks for beside the contract, with its template.
fn beside(request: &Request) -> Option<(Beside, &'static str)> {
    let path = request.uri().path();
    if path == "/metrics" {
        return Some((Beside::Metrics, "/metrics"));
    }
    if let Some(to) = docs::moved(path) {
        return Some((Beside::Moved { to }, to));
    }
    if let Some(file) = docs::find(path) {
        let policy = docs::POLICY;
        return Some((Beside::File { file, policy }, file.path));
    }
    if let Some(ui::Found { file, template }) = ui::find(path, request.headers()) {
        let policy = ui::POLICY;
        return Some((Beside::File { file, policy }, template));
    }
    ui::is_asset(path).then_some((Beside::GoneAsset, ui::ASSETS))
}

/// A failure, which the middleware writes.
fn failure(problem: Problem) -> Response {
    let mut response = Response::default();
    response.set_data(problem);
    response
}
