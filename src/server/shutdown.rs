//! Signals: the first asks for a graceful stop, the second ends the program at once.

use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::server::Supervisor;
use crate::telemetry::lifecycle::{Lifecycle, Phase};

/// What a shell reports for a program ended by SIGINT; SIGTERM's is two higher.
const INTERRUPTED: i32 = 130;
const TERMINATED: i32 = 143;

/// Listens for SIGTERM and SIGINT from now on, and tells the supervisor of the first.
///
/// # Errors
/// When the system takes no signal handler.
pub fn listen(lifecycle: Lifecycle, supervisor: Supervisor) -> std::io::Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    tokio::spawn(async move {
        either(&mut terminate, &mut interrupt).await;
        tracing::info!("Stopping: requests under way finish first; a second signal stops at once");
        supervisor.stopping("stopping: requests under way finish first");
        lifecycle.set(Phase::Draining);
        let code = either(&mut terminate, &mut interrupt).await;
        tracing::warn!("Stopped by a second signal");
        std::process::exit(code);
    });
    Ok(())
}

async fn either(terminate: &mut Signal, interrupt: &mut Signal) -> i32 {
    tokio::select! {
        _ = terminate.recv() => TERMINATED,
        _ = interrupt.recv() => INTERRUPTED,
    }
}
