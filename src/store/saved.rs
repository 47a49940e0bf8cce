//! Views saved beside the database, so that a start need not build them from all rows.
//!
//! The file is a cache. It says which state of which store it is of; a later start reads it, reads the rows that have
//! changed since by the [`super::journal`], and applies those. Where it is missing, damaged, of another store, of another
//! history of this one or of another version, views are built from the rows.
//!
//! The file: a head, then for each view its name and its bytes in chunks. Head and chunks each have a checksum, and no byte
//! is looked at before its checksum was.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::Arc;

use super::engine::Snapshot;
use super::journal::{self, Mark};
use super::migrations::MIGRATIONS;
use super::writes::Row;
use super::{View, instance, secrets};
use crate::error::Result;

/// The file's name within the data directory.
pub const SAVED_FILE: &str = "driftsentry.index";

/// The first bytes, with the version of all that follows: counted up when any view saves itself otherwise.
const MAGIC: [u8; 16] = *b"driftsentry ix 2";

/// The size of a chunk, in bytes.
const CHUNK: usize = 256 << 10;

/// The disk is asked to keep up each so many chunks, so that a commit never waits behind all of them.
const SYNCED_CHUNKS: usize = 32;

/// Rows that are applied at once.
const APPLIED_AT_ONCE: usize = 4_096;

/// Writes what a view held.
pub type Save = Box<dyn FnOnce(&mut dyn Write) -> io::Result<()> + Send>;

/// What a view holds at one moment, to be written by another thread.
pub struct Frozen {
    /// The view's name in the file.
    pub name: &'static str,
    /// Writes it.
    pub save: Save,
}

impl std::fmt::Debug for Frozen {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Frozen {}", self.name)
    }
}

/// Views at one moment, with the state of the store that they are of.
pub(super) struct Moment {
    pub(super) instance: [u8; 16],
    pub(super) mark: Mark,
    pub(super) views: Vec<Frozen>,
}

fn schema() -> u32 {
    MIGRATIONS.last().map_or(0, |step| step.version)
}

fn head(instance: [u8; 16], mark: Mark) -> Vec<u8> {
    let mut head = MAGIC.to_vec();
    head.extend_from_slice(&schema().to_le_bytes());
    head.extend_from_slice(&instance);
    head.extend_from_slice(&mark.number.to_le_bytes());
    head.extend_from_slice(&mark.token);
    head.extend_from_slice(&crc32fast::hash(&head).to_le_bytes());
    head
}

impl Moment {
    /// Writes the file anew: to another name first, which takes its place once it is durable. Gives its size in bytes.
    ///
    /// # Errors
    /// What the system says.
    pub(super) fn write(self, path: &Path) -> io::Result<u64> {
        let part = path.with_extension("index-part");
        let written = self.write_part(&part).and_then(|bytes| {
            std::fs::rename(&part, path)?;
            if let Some(dir) = path.parent() {
                File::open(dir)?.sync_all()?;
            }
            Ok(bytes)
        });
        if written.is_err() {
            let _ = std::fs::remove_file(&part);
        }
        written
    }

    fn write_part(self, part: &Path) -> io::Result<u64> {
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true).mode(0o600);
        let mut file = options.open(part)?;
        // A command that root ran on a stopped store saves it, too.
        if let Some(dir) = part.parent() {
            secrets::give_to_owner_of(dir, &file)?;
        }
        file.write_all(&head(self.instance, self.mark))?;
        for view in self.views {
            write_name(&mut file, view.name)?;
            let mut chunks = Chunks {
                file: &mut file,
                buffer: Vec::with_capacity(CHUNK),
                written: 0,
            };
            (view.save)(&mut chunks)?;
            chunks.end()?;
        }
        write_name(&mut file, "")?;
        file.sync_all()?;
        Ok(file.metadata()?.len())
    }
}

fn write_name(file: &mut File, name: &str) -> io::Result<()> {
    let length = u8::try_from(name.len()).map_err(io::Error::other)?;
    file.write_all(&[length])?;
    file.write_all(name.as_bytes())
}

/// Writes bytes as chunks: length, checksum, bytes. An empty one is the end.
struct Chunks<'f> {
    file: &'f mut File,
    buffer: Vec<u8>,
    written: usize,
}

impl Chunks<'_> {
    fn put(&mut self) -> io::Result<()> {
        let length = u32::try_from(self.buffer.len()).map_err(io::Error::other)?;
        self.file.write_all(&length.to_le_bytes())?;
        let sum = crc32fast::hash(&self.buffer);
        self.file.write_all(&sum.to_le_bytes())?;
        self.file.write_all(&self.buffer)?;
        self.buffer.clear();
        self.written += 1;
        if self.written.is_multiple_of(SYNCED_CHUNKS) {
            self.file.sync_data()?;
        }
        Ok(())
    }

    fn end(mut self) -> io::Result<()> {
        if !self.buffer.is_empty() {
            self.put()?;
        }
        self.put()
    }
}

impl Write for Chunks<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.buffer.len() == CHUNK {
            self.put()?;
        }
        let taken = bytes.len().min(CHUNK - self.buffer.len());
        self.buffer.extend_from_slice(&bytes[..taken]);
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn malformed() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "it is damaged")
}

/// Reads what [`Chunks`] wrote.
struct Checked<'f> {
    file: &'f mut File,
    chunk: Vec<u8>,
    at: usize,
    is_over: bool,
}

impl Checked<'_> {
    fn next(&mut self) -> io::Result<()> {
        let mut head = [0; 8];
        self.file.read_exact(&mut head)?;
        let [a, b, c, d, sum @ ..] = head;
        let length = u32::from_le_bytes([a, b, c, d]) as usize;
        if length > CHUNK {
            return Err(malformed());
        }
        self.chunk.resize(length, 0);
        self.file.read_exact(&mut self.chunk)?;
        if crc32fast::hash(&self.chunk) != u32::from_le_bytes(sum) {
            return Err(malformed());
        }
        self.at = 0;
        self.is_over = length == 0;
        Ok(())
    }

    /// Demands that all was read.
    fn end(mut self) -> io::Result<()> {
        if self.at == self.chunk.len() && !self.is_over {
            self.next()?;
        }
        if self.is_over {
            Ok(())
        } else {
            Err(malformed())
        }
    }
}

impl Read for Checked<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if self.at == self.chunk.len() && !self.is_over {
            self.next()?;
        }
        let taken = out.len().min(self.chunk.len() - self.at);
        out[..taken].copy_from_slice(&self.chunk[self.at..self.at + taken]);
        self.at += taken;
        Ok(taken)
    }
}

/// As a start does it: brings views with a name to the state of a stopped store's tables, by what was saved of them in its
/// data directory, and tells how many rows had changed since. None where a start would build them.
///
/// # Errors
/// What reading the store and applying its rows says.
pub fn restore_saved(dir: &Path, views: &[Arc<dyn View>], read: &Snapshot) -> Result<Option<u64>> {
    restore(&dir.join(SAVED_FILE), views, read)
}

/// Brings views to the state of a snapshot by what was saved of them, and tells how many rows had changed since. None
/// where they have to be built: nothing was saved that can be used.
///
/// # Errors
/// What reading the store says; a file that can't be read is none.
pub(super) fn restore(
    path: &Path,
    views: &[Arc<dyn View>],
    read: &Snapshot,
) -> Result<Option<u64>> {
    let mut file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => {
            tracing::warn!(%error, "The saved index can't be read: building it from the rows");
            return Ok(None);
        }
    };
    let Some(mark) = read_head(&mut file, instance(read)?).unwrap_or_default() else {
        tracing::info!("The saved index is not of this database: building it from the rows");
        return Ok(None);
    };
    let Some(rows) = journal::since(read, mark)? else {
        tracing::info!("The saved index is not of this database: building it from the rows");
        return Ok(None);
    };
    if let Err(error) = read_views(&mut file, views) {
        tracing::warn!(%error, "The saved index can't be read: building it from the rows");
        return Ok(None);
    }
    for view in views.iter().filter(|view| view.name().is_some()) {
        let of_view: Vec<&Row> = rows
            .iter()
            .filter(|row| view.tables().contains(&row.table))
            .collect();
        for rows in of_view.chunks(APPLIED_AT_ONCE) {
            view.apply(rows)?;
        }
    }
    Ok(Some(rows.len() as u64))
}

/// The mark of a file of this store and this version.
fn read_head(file: &mut File, instance: [u8; 16]) -> io::Result<Option<Mark>> {
    let mut stored = vec![0; head(instance, Mark::default()).len()];
    file.read_exact(&mut stored)?;
    let at = MAGIC.len() + 4 + instance.len();
    let number = stored[at..].first_chunk().copied().unwrap_or_default();
    let token = stored[at + 8..].first_chunk().copied().unwrap_or_default();
    let mark = Mark {
        number: u64::from_le_bytes(number),
        token,
    };
    Ok((stored == head(instance, mark)).then_some(mark))
}

fn read_views(file: &mut File, views: &[Arc<dyn View>]) -> io::Result<()> {
    let bytes = file.metadata()?.len();
    let mut left: Vec<&Arc<dyn View>> = views.iter().filter(|view| view.name().is_some()).collect();
    loop {
        let mut length = [0];
        file.read_exact(&mut length)?;
        let mut name = vec![0; usize::from(length[0])];
        file.read_exact(&mut name)?;
        if name.is_empty() {
            break;
        }
        let place = left
            .iter()
            .position(|view| view.name().is_some_and(|known| known.as_bytes() == name))
            .ok_or_else(malformed)?;
        let mut checked = Checked {
            file: &mut *file,
            chunk: Vec::new(),
            at: 0,
            is_over: false,
        };
        left.swap_remove(place).restore(&mut checked, bytes)?;
        checked.end()?;
    }
    if left.is_empty() {
        Ok(())
    } else {
        Err(malformed())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moment(text: &'static [u8]) -> Moment {
        Moment {
            instance: [1; 16],
            mark: Mark {
                number: 7,
                token: [9; 16],
            },
            views: vec![Frozen {
                name: "text",
                save: Box::new(move |to| to.write_all(text)),
            }],
        }
    }

    /// Keeps what it was restored from.
    #[derive(Default)]
    struct Text(std::sync::Mutex<Vec<u8>>);

    impl View for Text {
        fn tables(&self) -> &[super::super::Table] {
            &[]
        }
        fn load(&self, _: &Snapshot) -> Result<()> {
            Ok(())
        }
        fn apply(&self, _: &[&Row]) -> Result<()> {
            Ok(())
        }
        fn name(&self) -> Option<&'static str> {
            Some("text")
        }
        fn restore(&self, from: &mut dyn Read, _: u64) -> io::Result<()> {
            let mut text = Vec::new();
            from.read_to_end(&mut text)?;
            *self.0.lock().unwrap() = text;
            Ok(())
        }
    }

    fn read(path: &Path) -> Option<Vec<u8>> {
        let mut file = File::open(path).ok()?;
        read_head(&mut file, [1; 16]).ok()??;
        let text = Arc::new(Text::default());
        read_views(&mut file, &[text.clone() as Arc<dyn View>]).ok()?;
        let read = text.0.lock().unwrap().clone();
        Some(read)
    }

    #[test]
    fn a_file_with_any_byte_changed_or_cut_off_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(SAVED_FILE);
        let text: &[u8] = &[7; CHUNK + 99];
        moment(text).write(&path).unwrap();
        assert_eq!(read(&path).as_deref(), Some(text));
        let good = std::fs::read(&path).unwrap();
        let step = good.len() / 300;
        for at in (0..good.len())
            .step_by(step)
            .chain(good.len() - 120..good.len())
            .chain(0..90)
        {
            let mut bad = good.clone();
            bad[at] ^= 0x10;
            std::fs::write(&path, &bad).unwrap();
            assert_eq!(read(&path), None, "byte {at}");
            std::fs::write(&path, &good[..at]).unwrap();
            assert_eq!(read(&path), None, "cut at {at}");
        }
    }

    #[test]
    fn a_file_that_root_writes_belongs_to_whoever_has_the_directory() {
        use std::os::unix::fs::{MetadataExt, chown};

        let dir = tempfile::tempdir().unwrap();
        if rustix::process::geteuid().is_root() {
            chown(dir.path(), Some(65_534), Some(65_534)).unwrap();
        }
        let path = dir.path().join(SAVED_FILE);
        moment(b"text").write(&path).unwrap();
        let owner = |path: &Path| std::fs::metadata(path).map(|file| (file.uid(), file.gid()));
        assert_eq!(owner(&path).unwrap(), owner(dir.path()).unwrap());
    }

    #[test]
    fn of_a_write_that_fails_nothing_stays() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(SAVED_FILE);
        moment(b"before").write(&path).unwrap();
        let mut fails = moment(b"");
        fails.views[0].save = Box::new(|to| {
            to.write_all(b"half")?;
            Err(io::Error::other("no more"))
        });
        assert!(fails.write(&path).is_err());
        assert_eq!(read(&path).as_deref(), Some(b"before".as_slice()));
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1);
    }
}
