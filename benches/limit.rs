//! The limit: answers from memory, through the product's own serve loop, or through a bare one.

use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use driftsentry::config::LogConfig;
use driftsentry::server::middleware::Front;
use driftsentry::server::{App, Phase, ServeOptions, routes, serve_loop};
use driftsentry::telemetry::logs;
use http_body_util::combinators::BoxBody;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use poem::http::uri::Scheme;
use poem::web::{LocalAddr, RemoteAddr};
use poem::{Addr, Endpoint, Request, Response};
use tokio::net::TcpListener;

use crate::harness::Outcome;

/// The first argument that makes this program the limit's server.
pub(crate) const COMMAND: &str = "serve-from-memory";
/// The product's loop, middleware and log around answers from memory.
pub(crate) const STACK: &str = "stack";
/// hyper and poem with nothing around them.
pub(crate) const BARE: &str = "bare";

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
pub(crate) fn serve(mode: &str, bodies: &Path) -> Outcome<()> {
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
        if mode == BARE {
            return bare(listener, Arc::new(Bodies(all))).await;
        }
        let _logs = logs::start(&LogConfig::default())?;
        let app = App::new();
        app.lifecycle.set(Phase::Ready);
        let options = ServeOptions::default();
        let front = Front::new::<routes::Apis>(Bodies(all), app.clone(), options.clone());
        serve_loop::serve(listener, Arc::new(front), app, options).await;
        Ok(())
    })
}

async fn bare(listener: TcpListener, bodies: Arc<Bodies>) -> Outcome<()> {
    loop {
        let (stream, client) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let bodies = Arc::clone(&bodies);
        tokio::spawn(async move {
            let answer = service_fn(move |request| {
                let bodies = Arc::clone(&bodies);
                async move {
                    let remote = RemoteAddr(Addr::SocketAddr(client));
                    let request =
                        Request::from((request, LocalAddr::default(), remote, Scheme::HTTP));
                    let mut response = match bodies.call(request).await {
                        Ok(response) => response,
                        Err(error) => error.into_response(),
                    };
                    let body = BoxBody::from(response.take_body());
                    let head: hyper::Response<BoxBody<Bytes, std::io::Error>> = response.into();
                    Ok::<_, std::convert::Infallible>(head.map(|_| body))
                }
            });
            let _ = hyper::server::conn::http1::Builder::new()
                .serve_connection(TokioIo::new(stream), answer)
                .await;
        });
    }
}
