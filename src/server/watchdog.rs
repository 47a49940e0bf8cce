//! Tells the supervisor that the program works, as long as it does, and what it is at.

use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval, timeout};

use crate::drifts::records::counters;
use crate::error::Result;
use crate::server::{App, Data};
use crate::severity::Severity;
use crate::store::{Reads, State, Store};
use crate::telemetry::lifecycle::Phase;

/// How often what goes on is told, where it has changed.
const STATUS_ROUND: Duration = Duration::from_secs(5);

/// Feeds the watchdog twice in its time, until streams are closed. It goes hungry where the writer has neither done
/// anything since nor answers, or where nothing can be read: the supervisor then starts the program anew.
pub async fn feed(app: App, store: Store) {
    let Some(period) = app.supervisor.watchdog() else {
        return;
    };
    let mut rounds = interval(period / 2);
    rounds.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let (mut seen, mut worked) = (0, true);
    loop {
        tokio::select! {
            () = app.lifecycle.reached(Phase::Closing) => return,
            _ = rounds.tick() => {}
        }
        let works = works(&store, &mut seen, period / 4).await;
        if works {
            app.supervisor.alive();
        }
        match (worked, works) {
            (true, false) => tracing::error!(
                queue_depth = store.queue_depth(),
                "The store does not answer: unless it does soon, the service manager starts the server anew"
            ),
            (false, true) => tracing::warn!("The store answers again"),
            _ => {}
        }
        worked = works;
    }
}

/// Whether changes are made and rows can be read. While the store is reopened nothing can be read: its writer is then
/// at work, or gives up and ends the program.
async fn works(store: &Store, seen: &mut u64, within: Duration) -> bool {
    let reading = store.clone();
    let read = tokio::task::spawn_blocking(move || reading.read(open_drifts).is_ok());
    let reads = matches!(timeout(within, read).await, Ok(Ok(true)));
    let is_reopened = matches!(store.state(), State::Degraded(_));
    store.writer_works(seen, within).await && (reads || is_reopened)
}

/// Says what goes on, until the server stops.
pub async fn tell(app: App, data: Data, url: String) {
    if !app.supervisor.listens() {
        return;
    }
    let mut rounds = interval(STATUS_ROUND);
    rounds.set_missed_tick_behavior(MissedTickBehavior::Delay);
    app.lifecycle.reached(Phase::Ready).await;
    loop {
        tokio::select! {
            biased;
            () = app.lifecycle.reached(Phase::Draining) => return,
            _ = rounds.tick() => {}
        }
        let (app, data, url) = (app.clone(), data.clone(), url.clone());
        let telling = tokio::task::spawn_blocking(move || {
            let text = status(&app, &data.store, &url);
            // What was found before the stop must not be said after it.
            if app.lifecycle.phase() == Phase::Ready {
                app.supervisor.status(&text);
            }
        });
        let _ = telling.await;
    }
}

fn status(app: &App, store: &Store, url: &str) -> String {
    let readiness = app.health.readiness();
    let wrong = readiness.checks.iter().find(|(_, said)| *said != "ok");
    if let Some((check, said)) = wrong {
        return format!("not ready at {url}: {check}: {said}");
    }
    let streams = i64::try_from(app.audience.count()).unwrap_or(i64::MAX);
    let streams = counted(streams, "stream");
    match store.read(open_drifts) {
        Ok(open) => format!("serving {url}: {}, {streams}", counted(open, "open drift")),
        Err(_) => format!("serving {url}: {streams}"),
    }
}

fn open_drifts(read: &impl Reads) -> Result<i64> {
    let of = |severity: Severity| read.counter(&counters::open_severity(severity.name()));
    Severity::ALL.into_iter().map(of).sum()
}

fn counted(count: i64, what: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {what}{plural}")
}
