//! `driftsentry serve`: the server.

use std::io::{self, IsTerminal, Write};
use std::sync::Arc;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::counter::ConstCounter;

use crate::cli::configuration::{ConfigArgs, load};
use crate::cli::exit::{Exit, Failure};
use crate::config::{Config, Flags};
use crate::control;
use crate::drifts::records;
use crate::error::Error;
use crate::server::first_admin::{self, FirstAdmin};
use crate::server::reload::{self, Reloaded};
use crate::server::{
    self, App, Data, ListenError, Listener, Protection, Tls, chores, routes, shutdown,
};
use crate::store::{Options, Reads, State};
use crate::telemetry::commits::CommitMetrics;
use crate::telemetry::logs::{self, Logs};
use crate::telemetry::sign_ins;
use crate::telemetry::streams;
use crate::time::Timestamp;

/// Start the server.
///
/// The first line on standard output says where it listens; logs go to standard error. SIGTERM or Ctrl-C stops
/// it: requests under way finish first. A second one stops at once.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  driftsentry serve
  driftsentry serve --data-dir /var/lib/driftsentry --listen 127.0.0.1:9000
  driftsentry serve --listen 0.0.0.0:8420 --tls-cert fullchain.pem --tls-key privkey.pem
  DRIFTSENTRY_LOG_LEVEL=debug driftsentry serve --config /etc/driftsentry/config.toml

A renewed certificate is served within seconds of the files' change, and at SIGHUP. SIGHUP also takes over changed
settings where that is possible, and logs which need a restart: see `driftsentry config reference`.
A flag wins over its environment variable, that over the configuration file, that over the default.
Exit codes: 0 stopped as asked, 69 the port is in use, 73 or 74 the data directory can't be used,
78 the configuration or the certificate is wrong, or other machines would be served in the clear.")]
pub(super) struct Args {
    #[command(flatten)]
    config: ConfigArgs,
}

pub(super) fn run(args: Args) -> Result<(), Failure> {
    let flags = args.config.into_flags();
    let config = load(&flags)?;
    let logs = logs::start(&config.log)
        .map_err(|error| Failure::new(Exit::CantCreate, format!("can't write logs: {error}")))?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .thread_name("serve")
        .build()
        .map_err(|error| {
            Failure::new(Exit::Unavailable, format!("can't start threads: {error}"))
        })?;
    runtime.block_on(serve(flags, config, &logs))
}

async fn serve(flags: Flags, config: Config, logs: &Logs) -> Result<(), Failure> {
    for name in config.values.unknown_variables() {
        tracing::warn!(variable = name, "A variable is no setting and is ignored");
    }
    let config = &config;
    let app = App::with_streams(config.limits.streams);
    count_dropped_lines(&app, logs);
    shutdown::listen(app.lifecycle.clone())
        .map_err(|error| Failure::new(Exit::Unavailable, format!("can't take signals: {error}")))?;
    // Before anything is opened: a port in use is found at once.
    let tls = tls(config)?;
    let listener = server::bind(config.listen, protection(config))
        .await
        .map_err(refused)?;
    let data = open(config, &app)?;
    data.log_checkpoint(Timestamp::now());
    // Dropped before the store is closed: its requests need it.
    let control = control::listen(&config.data_dir, &data);

    let address = listener.local_addr().unwrap_or(config.listen);
    let scheme = if tls.is_some() { "https" } else { "http" };
    let admin = first_admin::ensure(&data.store, &config.auth.first_admin)
        .await
        .map_err(|error| Failure::new(Exit::Config, error))?;
    if let Err(error) = announce(&format!("{scheme}://{address}"), config, &admin) {
        // Whoever started it may have closed its end: that is no reason not to serve.
        tracing::debug!(cause = %error, "Standard output is closed");
    }
    let reloaded = Reloaded::new(config, &app, &data, logs.level());
    let apis = routes::apis(&app, &data, reloaded.scan_bytes.clone());
    let gate = Arc::clone(&data.gate);
    let listener = Listener::new(listener, tls);
    let audience = Arc::clone(&app.audience);
    tokio::spawn(chores::watch_audience(audience, app.lifecycle.clone()));
    let chores = tokio::spawn(chores::run(data.clone(), app.lifecycle.clone()));
    let (options, scrape_token) = (reloaded.options.clone(), reloaded.scrape_token.clone());
    reload::follow(flags, config.clone(), reloaded)
        .map_err(|error| Failure::new(Exit::Unavailable, format!("can't take signals: {error}")))?;
    server::run(listener, &app, apis, gate, scrape_token, options).await;
    let _ = chores.await;
    drop(control);
    // Closing waits for the last commit: not on a thread that serves.
    let closing = data.clone();
    if tokio::task::spawn_blocking(move || {
        closing.log_checkpoint(Timestamp::now());
        closing.store.close();
    })
    .await
    .is_err()
    {
        tracing::error!("Closing the store panicked");
    }
    tracing::info!("Stopped");
    Ok(())
}

/// What keeps others from reading along. Says so where nothing does.
fn protection(config: &Config) -> Protection {
    if config.tls.is_some() {
        return Protection::Tls;
    }
    if !config.allow_insecure_http {
        return Protection::Loopback;
    }
    if !config.listen.ip().to_canonical().is_loopback() {
        tracing::warn!(
            listen = %config.listen,
            "Other machines are served in the clear, as allow_insecure_http says: whoever is between reads along"
        );
    }
    Protection::Waived
}

/// The certificate to serve, followed from now on; none where it is not configured.
fn tls(config: &Config) -> Result<Option<Tls>, Failure> {
    let Some(files) = &config.tls else {
        return Ok(None);
    };
    let tls = Tls::load(&files.cert, &files.key).map_err(|error| {
        Failure::new(
            Exit::Config,
            format!("the TLS certificate can't be served: {error}"),
        )
    })?;
    tls.follow(&files.cert, &files.key)
        .map_err(|error| Failure::new(Exit::Unavailable, format!("can't take signals: {error}")))?;
    Ok(Some(tls))
}

fn refused(error: ListenError) -> Failure {
    let exit = match &error {
        ListenError::InTheClear(_) => Exit::Config,
        ListenError::InUse(_) => Exit::Unavailable,
        ListenError::Refused(_, cause) => match cause.kind() {
            io::ErrorKind::PermissionDenied => Exit::NoPermission,
            io::ErrorKind::AddrNotAvailable => Exit::Config,
            _ => Exit::Unavailable,
        },
    };
    Failure::new(exit, error)
}

/// Opens the store and lets health and metrics look at it.
fn open(config: &Config, app: &App) -> Result<Data, Failure> {
    let commits = CommitMetrics::default();
    commits.register(&app.metrics);
    let options = Options {
        cache_bytes: usize::try_from(config.store.cache_bytes).unwrap_or(usize::MAX),
        min_free_bytes: config.store.min_free_bytes,
        on_commit: Box::new(move |commit| commits.count(commit)),
        // The store has tried all it can: a supervisor starts the program anew.
        on_fatal: Box::new(|error| {
            tracing::error!(%error, "The database can't be reopened: stopping");
            std::process::exit(Exit::Io as i32);
        }),
        ..Options::new(&config.data_dir)
    };
    let opened = Data::open_with(options, config.auth.token_keys_file.clone());
    let data = opened.map_err(|error| {
        let exit = match &error {
            Error::Internal(_) => Exit::Io,
            _ => Exit::CantCreate,
        };
        Failure::new(exit, error)
    })?;
    data.patience.set(config.alerts.patience);
    streams::register(
        &app.metrics,
        Arc::clone(&app.audience),
        Arc::clone(&app.events_sent),
        Arc::clone(&data.feed),
    );
    let audience = Arc::clone(&app.audience);
    app.health
        .fact("eventStreams", move || audience.count().into());
    sign_ins::register(&app.metrics, Arc::clone(&data.desk));
    let store = data.store.clone();
    app.health.check("database", move || match store.state() {
        State::Ready => Ok(()),
        State::Degraded(_) => Err("reopening after a failed write".to_owned()),
        State::Full => Err("the disk is almost full".to_owned()),
        State::Closed => Err("closed".to_owned()),
    });
    let files = data.clone();
    app.health
        .fact("databaseBytes", move || files.file_bytes().into());
    let store = data.store.clone();
    app.health
        .fact("queueDepth", move || store.queue_depth().into());
    let store = data.store.clone();
    app.health.fact("databaseReadMicroseconds", move || {
        let started = std::time::Instant::now();
        let read = store.read(|read| read.counter(&records::counters::total()));
        read.ok()
            .map(|_| u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX))
            .into()
    });
    Ok(data)
}

/// Says where it listens, as the first line, and where to go next.
fn announce(url: &str, config: &Config, admin: &FirstAdmin) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    writeln!(stdout, "listening on {url}")?;
    stdout.flush()?;
    writeln!(stdout)?;
    introduce(&mut stdout, config, admin)?;
    writeln!(
        stdout,
        "Look around:        {url}/
Try the API:        {url}/docs
Push a first scan:  terraform show -json plan.out | DRIFTSENTRY_API_KEY=dsk_… driftsentry push --server {url} --workspace shop/prod -
Stop:               Ctrl-C"
    )?;
    stdout.flush()
}

/// Says who can sign in, as long as nobody has.
///
/// A one-time password is shown on a terminal, and nowhere else: anything else may end up in a log.
fn introduce(
    stdout: &mut io::StdoutLock<'_>,
    config: &Config,
    admin: &FirstAdmin,
) -> io::Result<()> {
    match admin {
        FirstAdmin::InUse => Ok(()),
        FirstAdmin::Made(email) => writeln!(stdout, "Sign in as:         {email}"),
        FirstAdmin::MadeWith(email, password) if stdout.is_terminal() => writeln!(
            stdout,
            "Sign in as:         {email}\nOne-time password:  {password}   (shown this once, to be changed at the first sign-in)"
        ),
        FirstAdmin::MadeWith(email, _) | FirstAdmin::Waiting(email) => writeln!(
            stdout,
            "Sign in as:         {email}\nFor a password:     driftsentry user reset-password {email} --data-dir {}",
            config.data_dir.display()
        ),
    }
}

/// Shows under `/metrics` how many log lines were dropped.
fn count_dropped_lines(app: &App, logs: &Logs) {
    struct Dropped<F>(F);

    impl<F> std::fmt::Debug for Dropped<F> {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("Dropped")
        }
    }

    impl<F: Fn() -> u64 + Send + Sync + 'static> Collector for Dropped<F> {
        fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), std::fmt::Error> {
            let dropped = ConstCounter::new((self.0)());
            let descriptor = encoder.encode_descriptor(
                "log_lines_dropped",
                "Log lines dropped because writing could not keep up",
                None,
                dropped.metric_type(),
            )?;
            dropped.encode(descriptor)
        }
    }

    let count = logs.drop_counter();
    app.metrics
        .register(|registry| registry.register_collector(Box::new(Dropped(count))));
}
