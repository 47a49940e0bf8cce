//! Every feature's `Api`, on one screen, and what is served beside them.

use std::sync::Arc;

use poem::endpoint::BoxEndpoint;
use poem::http::Method;
use poem::{Endpoint, EndpointExt, IntoEndpoint, Request, Response};
use poem_openapi::OpenApiService;

use crate::config::ScrapeToken;
use crate::http::auth::Gate;
use crate::server::contract::{TITLE, VERSION};
use crate::server::docs::Docs;
use crate::server::scrape;
use crate::server::{App, Data};
use crate::telemetry::api::HealthApi;
use crate::{
    alerts, audit, drifts, events, intake, keys, metrics, scans, sessions, users, workspaces,
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
    HealthApi,
);

/// The handlers over what is stored. Scans are taken up to `scan_bytes`.
pub fn apis(app: &App, data: &Data, scan_bytes: u64) -> Apis {
    let store = || data.store.clone();
    (
        drifts::api::Api {
            store: store(),
            index: Arc::clone(&data.drifts),
            fingerprint_secret: data.fingerprint_secret,
        },
        scans::api::Api {
            store: store(),
            index: Arc::clone(&data.scans),
        },
        intake::api::Api::new(store(), data.fingerprint_secret, scan_bytes, data.patience),
        workspaces::api::Api { store: store() },
        alerts::api::Api {
            store: store(),
            index: Arc::clone(&data.alerts),
        },
        metrics::api::Api { store: store() },
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
        HealthApi::new(Arc::clone(&app.health)),
    )
}

/// The routes: the features' own, and what stands beside the contract.
pub(crate) struct Site {
    api: BoxEndpoint<'static>,
    docs: Docs,
    app: App,
    scrape_token: Option<ScrapeToken>,
}

impl Site {
    pub(crate) fn new(
        app: &App,
        apis: Apis,
        gate: Arc<Gate>,
        scrape_token: Option<ScrapeToken>,
    ) -> Self {
        Self {
            api: OpenApiService::new(apis, TITLE, VERSION)
                .into_endpoint()
                .data(gate)
                .boxed(),
            docs: Docs::new(),
            app: app.clone(),
            scrape_token,
        }
    }

    fn metrics(&self, request: &Request) -> Response {
        match scrape::admit(request, self.scrape_token.as_ref()) {
            Ok(()) => self.app.metrics.scrape(),
            Err(problem) => {
                let mut response = Response::default();
                response.set_data(*problem);
                response
            }
        }
    }
}

impl Endpoint for Site {
    type Output = Response;

    async fn call(&self, request: Request) -> poem::Result<Response> {
        let path = request.uri().path();
        // The features' routes first: theirs are the many requests.
        if path.starts_with("/api/") || path.starts_with("/health") {
            return self.api.call(request).await;
        }
        if !matches!(*request.method(), Method::GET) {
            return Err(match beside_the_contract(path) {
                Some(_) => poem::error::MethodNotAllowedError.into(),
                None => poem::error::NotFoundError.into(),
            });
        }
        match path {
            "/metrics" => Ok(self.metrics(&request)),
            _ => self.docs.serve(&request),
        }
    }
}

/// The path of what is served beside the contract, as it stands in logs and metrics.
pub(crate) fn beside_the_contract(path: &str) -> Option<&'static str> {
    match path {
        "/metrics" => Some("/metrics"),
        _ => Docs::template(path),
    }
}
