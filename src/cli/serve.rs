//! `driftsentry serve`: the server.

use std::io::{self, IsTerminal, Write};
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use rustix::io::Errno;

use crate::cli::configuration::{ConfigArgs, load};
use crate::cli::exit::{Exit, Failure};
use crate::config::{Config, Flags};
use crate::control;
use crate::error::Error;
use crate::server::activation::{self, Handed};
use crate::server::first_admin::{self, FirstAdmin};
use crate::server::reload::{self, Reloaded};
use crate::server::{
    self, App, Data, ListenError, Listener, Protection, Serving, Supervisor, Tls, chores,
    retention, routes, shutdown, watchdog,
};
use crate::store::{Options, Stage};
use crate::telemetry::backups;
use crate::telemetry::commits::CommitMetrics;
use crate::telemetry::figures::{about, seconds};
use crate::telemetry::logs::{self, Logs};
use crate::telemetry::{self, checks, inventory, sign_ins, streams};
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
Exit codes: 0 stopped as asked, 65 the database is none, damaged or newer, 69 the port or the database is in use,
73 the data directory or a log can't be made, 74 the disk is full or fails, 77 this user may not use the data directory,
78 the configuration or the certificate is wrong, or other machines would be served in the clear.")]
pub(super) struct Args {
    #[command(flatten)]
    config: ConfigArgs,
}

pub(super) fn run(args: Args) -> Result<(), Failure> {
    // Before there are threads.
    let handed = activation::handed().map_err(|error| Failure::new(Exit::Config, error));
    let supervisor = Supervisor::from_environment();
    let outcome = handed.and_then(|handed| start(args, handed, &supervisor));
    if let Err(failure) = &outcome {
        let exit = failure.exit();
        supervisor.failed(errno(exit), exit as u8, failure.message());
    }
    outcome
}

/// The system's error that is nearest to why the server does not run.
fn errno(exit: Exit) -> Errno {
    match exit {
        Exit::Usage | Exit::Data | Exit::Config => Errno::INVAL,
        Exit::NoInput => Errno::NOENT,
        Exit::Unavailable => Errno::ADDRINUSE,
        Exit::TempFail => Errno::AGAIN,
        Exit::NoPermission => Errno::ACCESS,
        Exit::CantCreate => Errno::CANCELED,
        Exit::Software | Exit::Io => Errno::IO,
    }
}

fn start(args: Args, handed: Option<Handed>, supervisor: &Supervisor) -> Result<(), Failure> {
    let flags = args.config.into_flags();
    let config = load(&flags)?;
    let logs = logs::start(&config.log)
        .map_err(|error| {
            let file = config.log.file.as_deref().unwrap_or(Path::new(""));
            let file = file.display();
            Failure::new(
                Exit::CantCreate,
                format!("the log {file} can't be written ({error}): mend its directory, or name another with log.file."),
            )
        })?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .thread_name("serve")
        .build()
        .map_err(|error| {
            Failure::new(Exit::Unavailable, format!("can't start threads: {error}"))
        })?;
    runtime.block_on(serve(flags, config, &logs, handed, supervisor))
}

async fn serve(
    flags: Flags,
    config: Config,
    logs: &Logs,
    handed: Option<Handed>,
    supervisor: &Supervisor,
) -> Result<(), Failure> {
    for name in config.values.unknown_variables() {
        tracing::warn!(variable = name, "A variable is no setting and is ignored");
    }
    let config = &config;
    let app = App {
        supervisor: supervisor.clone(),
        ..App::with_streams(config.limits.streams)
    };
    count_dropped_lines(&app, logs);
    let hangup = reload::listen()
        .map_err(|error| Failure::new(Exit::Unavailable, format!("can't take signals: {error}")))?;
    shutdown::listen(app.lifecycle.clone(), supervisor.clone())
        .map_err(|error| Failure::new(Exit::Unavailable, format!("can't take signals: {error}")))?;
    // Before anything is opened: a port in use is found at once.
    let tls = tls(config, supervisor)?;
    if let Some(tls) = &tls {
        show_certificate(&app, tls);
    }
    let listener = match handed {
        Some(handed) => {
            let protection = protection(config, handed.address);
            server::adopt(handed, protection)
        }
        None => server::bind(config.listen, protection(config, config.listen)).await,
    };
    let listener = listener.map_err(refused)?;
    let address = listener.local_addr().unwrap_or(config.listen);
    let listener = Listener::new(listener, tls.clone());
    let (options, scrape_token) = (config.serve_options(), config.scrape_token.clone());
    // From here on probes are answered, with 503 until the store is open.
    let serving = Serving::start(listener, &app, scrape_token, options);
    tracing::info!(%address, "Opening the database: requests are answered with 503 until it is open");
    let data = open(config, &app)?;
    data.log_checkpoint(Timestamp::now());
    let _ = data.served.set(app.clone());
    // Dropped before the store is closed: its requests need it.
    let control = control::listen(&config.data_dir, &data);

    let scheme = if tls.is_some() { "https" } else { "http" };
    let admin = first_admin::ensure(&data.store, &config.auth.first_admin)
        .await
        .map_err(|error| unopened(config, error))?;
    let reloaded = Reloaded::new(config, &app, &serving, &data, logs.level());
    let apis = routes::apis(&app, &data, reloaded.scan_bytes.clone());
    let gate = Arc::clone(&data.gate);
    let audience = Arc::clone(&app.audience);
    let url = format!("{scheme}://{address}");
    tokio::spawn(chores::watch_audience(audience, app.lifecycle.clone()));
    tokio::spawn(watchdog::feed(app.clone(), data.store.clone()));
    tokio::spawn(watchdog::tell(app.clone(), data.clone(), url.clone()));
    let chores = tokio::spawn(chores::run(data.clone(), app.lifecycle.clone()));
    let removals = tokio::spawn(retention::run_hourly(data.clone(), app.lifecycle.clone()));
    reload::follow(hangup, flags, config.clone(), reloaded, supervisor.clone());
    serving.open(apis, gate);
    // Whoever waits for this line may ask for anything at once.
    if let Err(error) = announce(&url, config, &admin) {
        // Whoever started it may have closed its end: that is no reason not to serve.
        tracing::debug!(cause = %error, "Standard output is closed");
    }
    serving.ended().await;
    let _ = chores.await;
    let _ = removals.await;
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

/// What keeps others from reading along at this address. Says so where nothing does.
fn protection(config: &Config, address: SocketAddr) -> Protection {
    if config.tls.is_some() {
        return Protection::Tls;
    }
    if !config.allow_insecure_http {
        return Protection::Loopback;
    }
    if !address.ip().to_canonical().is_loopback() {
        tracing::warn!(
            listen = %address,
            "Other machines are served in the clear, as allow_insecure_http says: whoever is between reads along"
        );
    }
    Protection::Waived
}

/// The certificate to serve, followed from now on; none where it is not configured.
fn tls(config: &Config, supervisor: &Supervisor) -> Result<Option<Tls>, Failure> {
    let Some(files) = &config.tls else {
        return Ok(None);
    };
    let tls = Tls::load(&files.cert, &files.key).map_err(|error| {
        Failure::new(
            Exit::Config,
            format!("the TLS certificate can't be served: {error}"),
        )
    })?;
    tls.follow(&files.cert, &files.key, supervisor.clone())
        .map_err(|error| Failure::new(Exit::Unavailable, format!("can't take signals: {error}")))?;
    Ok(Some(tls))
}

fn refused(error: ListenError) -> Failure {
    let exit = match &error {
        ListenError::InTheClear(_) | ListenError::NotHere(_) => Exit::Config,
        ListenError::InUse(_) | ListenError::Refused(..) => Exit::Unavailable,
        ListenError::NotPermitted(_) => Exit::NoPermission,
    };
    Failure::new(exit, error)
}

/// Why the store can't be served.
fn unopened(config: &Config, error: Error) -> Failure {
    match &error {
        Error::Full => Failure::new(
            Exit::Io,
            format_args!(
                "the disk is almost full: free space where {} lies, or lower store.min_free_bytes.",
                config.data_dir.display()
            ),
        ),
        Error::Unusable { why, .. } => Failure::new(Exit::from(*why), error),
        Error::Invalid(_) => Failure::new(Exit::Config, error),
        Error::Internal(_) => Failure::new(Exit::Io, error),
        _ => Failure::new(Exit::CantCreate, error),
    }
}

/// Opens the store and lets health and metrics look at it.
fn open(config: &Config, app: &App) -> Result<Data, Failure> {
    let commits = CommitMetrics::default();
    commits.register(&app.metrics);
    let (stages, supervisor) = (app.supervisor.clone(), app.supervisor.clone());
    let options = Options {
        cache_bytes: usize::try_from(config.store.cache_bytes).unwrap_or(usize::MAX),
        min_free_bytes: config.store.min_free_bytes,
        on_commit: Box::new(move |commit| commits.count(commit)),
        on_stage: Arc::new(move |stage| stages.takes_long(&told(stage))),
        // The store has tried all it can: a supervisor starts the program anew.
        on_fatal: Box::new(move |error| {
            tracing::error!(%error, "The database can't be reopened: stopping");
            let text = format!("the database can't be reopened: {error}");
            supervisor.failed(Errno::IO, Exit::Io as u8, &text);
            std::process::exit(Exit::Io as i32);
        }),
        ..Options::new(&config.data_dir)
    };
    let opened = Data::open_with(options, config.auth.token_keys_file.clone());
    let data = opened.map_err(|error| unopened(config, error))?;
    data.patience.set(config.alerts.patience);
    data.retention.set(config.retention.policy);
    streams::register(
        &app.metrics,
        Arc::clone(&app.audience),
        Arc::clone(&app.events_sent),
        Arc::clone(&data.feed),
    );
    sign_ins::register(&app.metrics, Arc::clone(&data.desk));
    backups::register(&app.metrics, &app.health, config.backup_dir());
    let files = data.clone();
    telemetry::store::register(&app.metrics, data.store.clone(), move || files.file_bytes());
    inventory::register(
        &app.metrics,
        data.store.clone(),
        Arc::clone(&data.drifts),
        Arc::clone(&data.audit_signer),
    );
    watch(app, &data);
    Ok(data)
}

/// Lets health look at the store.
fn watch(app: &App, data: &Data) {
    checks::of_store(&app.health, &data.store);
    let health = &app.health;
    let audience = Arc::clone(&app.audience);
    health.fact("eventStreams", move || audience.count().into());
    let files = data.clone();
    health.fact("databaseBytes", move || files.file_bytes().into());
    let tokens = Arc::clone(&data.gate.tokens);
    // Tokens end by a clock that nobody can set: what it differs by, the time of day was moved.
    health.fact("clockMovedMilliseconds", move || {
        let moved_ms = Timestamp::now().unix_ms() - tokens.now().unix_ms();
        moved_ms.into()
    });
}

/// What the store is at, for the supervisor.
fn told(stage: Stage) -> String {
    match stage {
        Stage::Opening => "opening the database".to_owned(),
        Stage::Checking(percent) => {
            format!("checking the database after an unclean stop: {percent} %")
        }
        Stage::Migrating => "bringing the database to its newer format".to_owned(),
        Stage::Building(done, all) => format!("building the indexes in memory: {done} of {all}"),
    }
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
    let count = logs.drop_counter();
    app.metrics.at_each_scrape("logs", move |figures| {
        figures.counter(
            about(
                "log_lines_dropped",
                "Log lines dropped because writing could not keep up",
            ),
            count(),
        )
    });
}

/// Shows under `/metrics` until when the certificate that is served is valid.
fn show_certificate(app: &App, tls: &Tls) {
    let tls = tls.clone();
    app.metrics
        .at_each_scrape("certificate", move |figures| match tls.expires_at() {
            Some(at) => figures.gauge(
                seconds(
                    "tls_certificate_expiry_timestamp",
                    "Until when the certificate that is served is valid, in Unix time",
                ),
                at.unix_ms() as f64 / 1_000.0,
            ),
            None => Ok(()),
        });
}
