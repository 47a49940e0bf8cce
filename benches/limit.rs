//! The limit: answers from memory, through the product's own serve loop, middleware and log.

use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use driftsentry::config::LogConfig;
use driftsentry::server::middleware::Front;
use driftsentry::server::{App, Phase, ServeOptions, routes, serve_loop};
use driftsentry::telemetry::logs;
use poem::{Endpoint, Request, Response};
use tokio::net::TcpListener;

use crate::harness::Outcome;

/// The first argument that makes this program the limit's server.
pub(crate) const COMMAND: &str = "serve-from-memory";
/// Answers `/n` with the n-th body.
struct Bodies(Vec<Bytes>);

impl Endpoint for Bodies {
    type Output = Response;

    async fn call(&self, request: Request) -> poem::Result<Response> {
        let number = request.uri().path()[1..].parse::<usize>().ok();
        match number.and_then(|number| self.0.get(number)) {
            Some(body) => Ok(Response::builder()
                .content_type("application/json; charset=utf-8")
                .body(body.clone())),
            None => Err(poem::error::NotFoundError.into()),
        }
    }
}

/// Serves the files `0`, `1`, … of a directory until it is ended.
pub(crate) fn serve(bodies: &Path) -> Outcome<()> {
    let mut all = Vec::new();
    while let Ok(body) = std::fs::read(bodies.join(all.len().to_string())) {
        all.push(Bytes::from(body));
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        println!("listening on http://{}", listener.local_addr()?);
        std::io::stdout().flush()?;
        let _logs = logs::start(&LogConfig::default())?;
        let app = App::new();
        app.lifecycle.set(Phase::Ready);
        let options = ServeOptions::default();
        let front = Front::new::<routes::Apis>(Bodies(all), app.clone(), options.clone());
        serve_loop::serve(listener, Arc::new(front), app, options).await;
        Ok(())
    })
}
