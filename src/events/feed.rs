//! The newest events in memory, each encoded once for everybody, and a bell that rings when there are more.

use std::collections::VecDeque;
use std::sync::{Arc, PoisonError, RwLock};

use bytes::Bytes;
use serde::Deserialize;
use tokio::sync::watch;

use super::{Event, Name, newest};
use crate::error::Result;
use crate::store::tables::EVENTS;
use crate::store::{Row, Snapshot, Table, View, codec};

/// How many events are held in memory: a reader that is further behind reads the store.
const HELD: usize = 4_096;

/// One event as it goes out, shared by all who hear of it.
#[derive(Debug)]
pub struct Frame {
    /// Its number.
    pub seq: u64,
    /// What happened.
    pub name: Name,
    /// The workspace it happened in.
    pub workspace: String,
    /// Whether it is of the gravest kind; none where it has no severity.
    pub is_critical: Option<bool>,
    /// The event's lines, with the empty one at their end.
    pub text: Bytes,
}

impl Frame {
    /// An event as it goes out.
    ///
    /// Source: HTML Living Standard, 9.2.6 "Interpreting an event stream".
    pub fn of(event: &Event) -> Self {
        #[derive(Default, Deserialize)]
        struct Told {
            #[serde(default)]
            workspace: String,
            #[serde(default)]
            severity: Option<String>,
        }
        // Our own text: what it lacks, nobody filters by.
        let told: Told = serde_json::from_str(&event.data).unwrap_or_default();
        let (seq, name, data) = (event.seq, event.name.name(), &event.data);
        Self {
            seq,
            name: event.name,
            workspace: told.workspace,
            is_critical: told.severity.map(|severity| severity == "critical"),
            text: format!("id: {seq}\nevent: {name}\ndata: {data}\n\n").into(),
        }
    }
}

#[derive(Debug, Default)]
struct Recent {
    /// Without gaps, up to the newest.
    frames: VecDeque<Arc<Frame>>,
    newest: u64,
}

/// The newest events, as they become durable.
#[derive(Debug)]
pub struct Feed {
    recent: RwLock<Recent>,
    bell: watch::Sender<u64>,
}

impl Default for Feed {
    fn default() -> Self {
        Self {
            recent: RwLock::default(),
            bell: watch::Sender::new(0),
        }
    }
}

/// What follows a number.
#[derive(Debug)]
pub enum Following {
    /// These, oldest first; none where it is the newest.
    Frames(Vec<Arc<Frame>>),
    /// More than is held in memory.
    TooFarBehind,
    /// There was no such number yet.
    Ahead,
}

impl Feed {
    /// The newest event's number.
    pub fn newest(&self) -> u64 {
        *self.bell.borrow()
    }

    /// Rings with the newest event's number whenever there are more.
    pub fn bell(&self) -> watch::Receiver<u64> {
        self.bell.subscribe()
    }

    /// The events after a number, at most so many.
    pub fn after(&self, seq: u64, limit: usize) -> Following {
        let recent = self.recent.read().unwrap_or_else(PoisonError::into_inner);
        if seq > recent.newest {
            return Following::Ahead;
        }
        let missing = usize::try_from(recent.newest - seq).unwrap_or(usize::MAX);
        match recent.frames.len().checked_sub(missing) {
            Some(skip) => Following::Frames(
                recent
                    .frames
                    .iter()
                    .skip(skip)
                    .take(limit)
                    .cloned()
                    .collect(),
            ),
            None => Following::TooFarBehind,
        }
    }
}

impl View for Feed {
    fn tables(&self) -> &[Table] {
        const { &[EVENTS.table] }
    }

    fn load(&self, read: &Snapshot) -> Result<()> {
        let newest = newest(read)?;
        let mut recent = self.recent.write().unwrap_or_else(PoisonError::into_inner);
        // Who is behind reads the store: starting need not wait for what nobody may ask for.
        recent.frames.clear();
        recent.newest = newest;
        drop(recent);
        self.bell.send_replace(newest);
        Ok(())
    }

    fn apply(&self, rows: &[&Row]) -> Result<()> {
        let mut recent = self.recent.write().unwrap_or_else(PoisonError::into_inner);
        // Rows that are removed are old ones, whose time is over: memory has its own bound.
        for value in rows.iter().filter_map(|row| row.value.as_ref()) {
            let frame = Frame::of(&codec::decode(value)?);
            if frame.seq != recent.newest + 1 {
                return Err(crate::Error::internal("an event's number left a gap"));
            }
            recent.newest = frame.seq;
            if recent.frames.len() == HELD {
                recent.frames.pop_front();
            }
            recent.frames.push_back(Arc::new(frame));
        }
        let newest = recent.newest;
        drop(recent);
        self.bell.send_if_modified(|rung| {
            let more = *rung != newest;
            *rung = newest;
            more
        });
        Ok(())
    }
}
