//! Whole tables in order, read by several threads.
//!
//! A table's pages lie all over the file. One thread asks the disk for one of them at a time, and a disk answers many at once.

use std::collections::VecDeque;
use std::ops::ControlFlow;
use std::sync::mpsc::{Receiver, SyncSender, channel, sync_channel};
use std::sync::{Mutex, PoisonError};

use super::engine::Snapshot;
use super::reads::{Order, Range, Reads, Visit};
use super::tables::Table;
use crate::error::{Error, Result};

/// So many threads read. Mostly they wait for the disk.
const READERS: usize = 8;
/// How many rows lie between two keys where a table is cut, if its keys are spread evenly.
const STRETCH_ROWS: u64 = 1_024;
/// Rows are handed over in pieces of so many bytes, and of each stretch so many pieces are read ahead.
const PIECE_BYTES: usize = 64 << 10;
const PIECES: usize = 16;

/// Rows as they are stored, one after another.
#[derive(Default)]
struct Piece {
    bytes: Vec<u8>,
    /// Where each row's key ends, and where its value does.
    ends: Vec<(usize, usize)>,
}

impl Piece {
    fn push(&mut self, key: &[u8], value: &[u8]) {
        self.bytes.extend_from_slice(key);
        let middle = self.bytes.len();
        self.bytes.extend_from_slice(value);
        self.ends.push((middle, self.bytes.len()));
    }

    fn visit(&self, visit: Visit<'_>) -> Result<ControlFlow<()>> {
        let mut start = 0;
        for (middle, end) in &self.ends {
            if visit(&self.bytes[start..*middle], &self.bytes[*middle..*end])?.is_break() {
                return Ok(ControlFlow::Break(()));
            }
            start = *end;
        }
        Ok(ControlFlow::Continue(()))
    }
}

/// A stretch to read, and where its rows go.
type Asked = (Range, SyncSender<Result<Piece>>);

impl Snapshot {
    /// Visits all rows of a table in the order of their keys until the visitor breaks. Where there are many, other threads read
    /// what comes next; some megabytes at most.
    ///
    /// # Errors
    /// The visitor's, or as [`Reads::get_bytes`].
    pub fn visit_all(&self, table: Table, visit: Visit<'_>) -> Result<()> {
        let stretches = self.stretches(table)?;
        if stretches.len() <= READERS {
            return self.visit(table, &Range::all(), Order::Ascending, visit);
        }
        let (ask, asked) = channel::<Asked>();
        let asked = Mutex::new(asked);
        std::thread::scope(|scope| {
            for _ in 0..READERS {
                scope.spawn(|| {
                    while let Some((range, to)) = next(&asked) {
                        self.read_stretch(table, &range, &to);
                    }
                });
            }
            // Each that is asked for has a reader, so that none waits behind another. Leaving drops what was not taken, and
            // with it all that readers wait for.
            let mut stretches = stretches.into_iter();
            let mut under_way = VecDeque::new();
            loop {
                while under_way.len() < READERS
                    && let Some(range) = stretches.next()
                {
                    let (to, pieces) = sync_channel(PIECES);
                    ask.send((range, to))
                        .map_err(|_| Error::internal("nobody reads ahead"))?;
                    under_way.push_back(pieces);
                }
                let Some(pieces) = under_way.pop_front() else {
                    drop(ask);
                    return Ok(());
                };
                for piece in pieces {
                    if piece?.visit(visit)?.is_break() {
                        return Ok(());
                    }
                }
            }
        })
    }

    /// Reads a stretch until its end, or until nobody takes it any more.
    fn read_stretch(&self, table: Table, range: &Range, to: &SyncSender<Result<Piece>>) {
        let mut piece = Piece::default();
        let read = self.visit(table, range, Order::Ascending, &mut |key, value| {
            piece.push(key, value);
            if piece.bytes.len() < PIECE_BYTES || to.send(Ok(std::mem::take(&mut piece))).is_ok() {
                Ok(ControlFlow::Continue(()))
            } else {
                Ok(ControlFlow::Break(()))
            }
        });
        // Who left doesn't miss it.
        let _ = to.send(read.map(|()| piece));
    }

    /// All keys of a table, cut into stretches of about so many rows: evenly between the first key and the last one.
    fn stretches(&self, table: Table) -> Result<Vec<Range>> {
        let all = Range::all();
        let end = |order| -> Result<u128> {
            let mut found = 0;
            self.visit(table, &all, order, &mut |key, _| {
                found = head_of(key);
                Ok(ControlFlow::Break(()))
            })?;
            Ok(found)
        };
        let number = u128::from(self.rows_of(table)? / STRETCH_ROWS).max(1);
        let (first, last) = (end(Order::Ascending)?, end(Order::Descending)?);
        let step = (last - first) / number;
        let mut start = all.start;
        let mut stretches = Vec::new();
        for n in 1..number {
            let cut = (first + step * n).to_be_bytes().to_vec();
            stretches.push(Range {
                start: std::mem::replace(&mut start, cut.clone()),
                end: Some(cut),
            });
        }
        stretches.push(Range { start, end: None });
        Ok(stretches)
    }
}

/// The next stretch to read; none when nobody asks for more.
fn next(asked: &Mutex<Receiver<Asked>>) -> Option<Asked> {
    let asked = asked.lock().unwrap_or_else(PoisonError::into_inner);
    asked.recv().ok()
}

/// The first sixteen bytes of a key as a number in the order of keys.
fn head_of(key: &[u8]) -> u128 {
    let mut head = [0; 16];
    let length = key.len().min(head.len());
    head[..length].copy_from_slice(&key[..length]);
    u128::from_be_bytes(head)
}

#[cfg(test)]
mod tests {
    use super::super::tables::WORKSPACES_BY_NAME;
    use super::super::tests::open;
    use super::*;
    use crate::store::Writes;

    const TABLE: Table = WORKSPACES_BY_NAME.table;
    const ROWS: u32 = 40_000;

    /// A table whose keys are short and long, and nine of ten of which lie close together.
    fn filled() -> (tempfile::TempDir, crate::store::Store) {
        let dir = tempfile::tempdir().unwrap();
        let store = open(dir.path());
        let write = |read: &crate::store::Batch<'_>, _| {
            let _ = read;
            let mut writes = Writes::new();
            for n in 0..ROWS {
                let key = match n % 10 {
                    0 => format!("{}{n}", char::from(b'!' + (n / 10 % 90) as u8)),
                    _ => format!("a-long-and-common-beginning-{n:06}"),
                };
                writes.put_bytes(&WORKSPACES_BY_NAME, &key, vec![7; (n % 700) as usize]);
            }
            Ok(((), writes))
        };
        store.write_blocking(write).unwrap();
        (dir, store)
    }

    #[test]
    fn all_rows_come_once_and_in_order() {
        let (_dir, store) = filled();
        let snapshot = store.snapshot().unwrap();
        assert!(snapshot.stretches(TABLE).unwrap().len() > READERS);
        let mut plain = Vec::new();
        snapshot
            .visit(TABLE, &Range::all(), Order::Ascending, &mut |key, value| {
                plain.push((key.to_vec(), value.to_vec()));
                Ok(ControlFlow::Continue(()))
            })
            .unwrap();
        let mut ahead = Vec::new();
        snapshot
            .visit_all(TABLE, &mut |key, value| {
                ahead.push((key.to_vec(), value.to_vec()));
                Ok(ControlFlow::Continue(()))
            })
            .unwrap();
        assert_eq!(plain.len(), ROWS as usize);
        assert!(plain == ahead);
    }

    #[test]
    fn a_visitor_that_breaks_or_fails_ends_it() {
        let (_dir, store) = filled();
        let snapshot = store.snapshot().unwrap();
        for most in [1, 5_000, ROWS - 1] {
            let mut seen = 0;
            let visited = snapshot.visit_all(TABLE, &mut |_, _| {
                seen += 1;
                Ok(if seen == most {
                    ControlFlow::Break(())
                } else {
                    ControlFlow::Continue(())
                })
            });
            assert!(visited.is_ok());
            assert_eq!(seen, most);
            let mut seen = 0;
            let visited = snapshot.visit_all(TABLE, &mut |_, _| {
                seen += 1;
                if seen == most {
                    return Err(Error::Full);
                }
                Ok(ControlFlow::Continue(()))
            });
            assert!(matches!(visited, Err(Error::Full)));
            assert_eq!(seen, most);
        }
    }

    #[test]
    fn an_empty_table_has_nothing_to_visit() {
        let dir = tempfile::tempdir().unwrap();
        let store = open(dir.path());
        let snapshot = store.snapshot().unwrap();
        let mut seen = 0;
        snapshot
            .visit_all(TABLE, &mut |_, _| {
                seen += 1;
                Ok(ControlFlow::Continue(()))
            })
            .unwrap();
        assert_eq!(seen, 0);
    }
}
