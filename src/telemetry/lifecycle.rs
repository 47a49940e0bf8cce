//! Which part of its life the server is in: one value that everybody can read and wait on.

use tokio::sync::watch;

/// A part of the server's life. They only go forward.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    /// Opening the store, migrating it.
    Starting,
    /// Serving.
    Ready,
    /// No new connections; requests under way finish.
    Draining,
    /// Streams end, with a hint to come back.
    Closing,
    /// Whatever still runs is cut off.
    Stopped,
}

/// The phase, shared: cheap to clone, to read and to wait on.
#[derive(Debug, Clone)]
pub struct Lifecycle(watch::Sender<Phase>);

impl Default for Lifecycle {
    fn default() -> Self {
        Self::new()
    }
}

impl Lifecycle {
    /// A life that starts.
    pub fn new() -> Self {
        Self(watch::Sender::new(Phase::Starting))
    }

    /// The phase now.
    pub fn phase(&self) -> Phase {
        *self.0.borrow()
    }

    /// Moves on to a phase; an earlier one than the present changes nothing.
    pub fn set(&self, phase: Phase) {
        self.0.send_if_modified(|now| {
            let forward = phase > *now;
            if forward {
                *now = phase;
            }
            forward
        });
    }

    /// Waits until the phase is this one or a later one.
    pub async fn reached(&self, phase: Phase) {
        let mut phases = self.0.subscribe();
        // The sender lives in `self`: waiting can't fail.
        let _ = phases.wait_for(|now| *now >= phase).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn phases_only_go_forward() {
        let life = Lifecycle::new();
        life.set(Phase::Draining);
        life.set(Phase::Ready);
        assert_eq!(life.phase(), Phase::Draining);
        life.reached(Phase::Ready).await;
    }
}
