//! A backup as one file: a tar, compressed with zstd, so that ordinary tools open it too.
//!
//! Its first entry is the manifest, then come the parts that it names. After the compressed tar stands a digest of all
//! bytes before it, in a frame that zstd skips: no byte changes unnoticed, and an archive that was cut off is known by its
//! end.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom, Write};
use std::path::Path;

use sha2::{Digest, Sha256};

use super::manifest::FORMAT;
use super::{FILES, Manifest, Part};
use crate::error::{Error, Result};

/// The name of the manifest's entry.
const MANIFEST: &str = "manifest.json";

/// The largest manifest that is read, in bytes.
const MOST_MANIFEST_BYTES: u64 = 1 << 20;

/// What the digest stands behind: the number of a skippable frame, and its length of 32 bytes.
const SEAL: [u8; 8] = [0x50, 0x2a, 0x4d, 0x18, 32, 0, 0, 0];
/// The length of the end with the digest in it.
const SEAL_BYTES: u64 = SEAL.len() as u64 + 32;

/// What zstd's frames begin with.
const ZSTD: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];

/// Quick, and within a few per cent of the slower levels on pages of a database.
const LEVEL: i32 = 1;

/// How much is read at a time, in bytes.
const PIECE_BYTES: usize = 256 << 10;

/// Passes bytes on and digests them.
struct Digesting<W> {
    inner: W,
    sha: Sha256,
    bytes: u64,
}

impl<W> Digesting<W> {
    fn new(inner: W) -> Self {
        Self {
            inner,
            sha: Sha256::new(),
            bytes: 0,
        }
    }
}

impl<W: Write> Write for Digesting<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let taken = self.inner.write(bytes)?;
        self.sha.update(&bytes[..taken]);
        self.bytes += taken as u64;
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

impl<R: Read> Read for Digesting<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(out)?;
        self.sha.update(&out[..read]);
        self.bytes += read as u64;
        Ok(read)
    }
}

/// Writes an archive, and gives its length in bytes. `parts` are what the manifest names, in its order.
///
/// # Errors
/// Reading's and writing's own.
pub fn write(
    out: &mut dyn Write,
    manifest: &Manifest,
    parts: &mut [&mut dyn Read],
) -> io::Result<u64> {
    let mut out = Digesting::new(out);
    let mut encoder = zstd::Encoder::new(&mut out, LEVEL)?;
    encoder.include_checksum(true)?;
    let mut tar = tar::Builder::new(encoder);
    let at = u64::try_from(manifest.taken_at.unix_ms() / 1_000).unwrap_or(0);
    let text = serde_json::to_vec_pretty(manifest)?;
    let mut header = header(text.len() as u64, at);
    tar.append_data(&mut header, MANIFEST, text.as_slice())?;
    for (part, content) in manifest.parts.iter().zip(parts) {
        let mut header = self::header(part.bytes, at);
        let mut content = Digesting::new(content.take(part.bytes));
        tar.append_data(&mut header, &part.name, &mut content)?;
        // What is written has to be what was checked.
        if content.bytes != part.bytes || <[u8; 32]>::from(content.sha.finalize()) != part.sha256 {
            return Err(io::Error::other(format!("{} changed meanwhile", part.name)));
        }
    }
    tar.into_inner()?.finish()?;
    let digest: [u8; 32] = out.sha.clone().finalize().into();
    out.write_all(&[&SEAL[..], &digest].concat())?;
    out.flush()?;
    Ok(out.bytes)
}

fn header(bytes: u64, at: u64) -> tar::Header {
    let mut header = tar::Header::new_gnu();
    header.set_size(bytes);
    header.set_mode(0o600);
    header.set_mtime(at);
    header
}

/// Why an archive is refused, a sentence.
fn damaged(path: &Path, why: impl std::fmt::Display) -> Error {
    Error::invalid(
        "",
        format!(
            "The backup {} is damaged: {why}. Nothing was changed: take another one",
            path.display()
        ),
    )
}

/// An archive whose every byte was looked at.
#[derive(Debug)]
pub struct Archive {
    /// What it says of itself.
    pub manifest: Manifest,
    /// Its length, in bytes.
    pub bytes: u64,
    /// The digest at its end.
    pub seal: [u8; 32],
    file: File,
    path: std::path::PathBuf,
}

impl Archive {
    /// Opens an archive and verifies all of it: no byte is other than it was written, and nothing is missing.
    ///
    /// # Errors
    /// `Invalid`, with what is wrong; `Unavailable` where it can't be read.
    pub fn open(path: &Path) -> Result<Self> {
        let unreadable = |error: io::Error| unreadable(path, &error);
        let mut file = File::open(path).map_err(unreadable)?;
        let bytes = file.metadata().map_err(unreadable)?.len();
        let mut head = [0; ZSTD.len()];
        if bytes < SEAL_BYTES || file.read_exact(&mut head).is_err() || head != ZSTD {
            return Err(Error::invalid(
                "",
                format!("{} is no backup of DriftSentry", path.display()),
            ));
        }
        let seal = seal_of(&mut file, bytes).map_err(unreadable)?;
        let Some(seal) = seal else {
            return Err(damaged(
                path,
                "its end is missing, as when copying it broke off",
            ));
        };
        file.seek(SeekFrom::Start(0)).map_err(unreadable)?;
        let mut digesting = Digesting::new((&file).take(bytes - SEAL_BYTES));
        let mut piece = vec![0; PIECE_BYTES];
        while digesting.read(&mut piece).map_err(unreadable)? > 0 {}
        if <[u8; 32]>::from(digesting.sha.finalize()) != seal {
            return Err(damaged(
                path,
                "its bytes are not those that were written, as the digest at its end tells",
            ));
        }
        let mut archive = Self {
            manifest: peek(&file, path)?,
            bytes,
            seal,
            file,
            path: path.to_owned(),
        };
        archive.each_part(&mut |_, content| {
            let mut piece = vec![0; PIECE_BYTES];
            while content.read(&mut piece)? > 0 {}
            Ok(())
        })?;
        Ok(archive)
    }

    /// Gives each part to a taker, and compares what it read with the manifest.
    ///
    /// # Errors
    /// `Invalid`, with what is wrong; `Internal` for the taker's own.
    pub fn each_part(
        &mut self,
        take: &mut dyn FnMut(&Part, &mut dyn Read) -> io::Result<()>,
    ) -> Result<()> {
        let path = &self.path;
        let broken = |error: io::Error| damaged(path, error);
        self.file.seek(SeekFrom::Start(0)).map_err(broken)?;
        let decoder = zstd::Decoder::new(&self.file).map_err(broken)?;
        let mut tar = tar::Archive::new(decoder);
        let mut entries = tar.entries().map_err(broken)?.skip(1);
        for part in &self.manifest.parts {
            let Some(entry) = entries.next() else {
                return Err(damaged(path, format_args!("{} is not in it", part.name)));
            };
            let entry = entry.map_err(broken)?;
            if entry.path_bytes().as_ref() != part.name.as_bytes() {
                return Err(damaged(
                    path,
                    format_args!("{} is not in its place", part.name),
                ));
            }
            let mut content = Digesting::new(entry);
            take(part, &mut content).map_err(Error::internal)?;
            if content.bytes != part.bytes
                || <[u8; 32]>::from(content.sha.finalize()) != part.sha256
            {
                return Err(damaged(
                    path,
                    format_args!("{} is not what the manifest says", part.name),
                ));
            }
        }
        match entries.next() {
            None => Ok(()),
            Some(_) => Err(damaged(path, "it has more in it than its manifest says")),
        }
    }
}

fn unreadable(path: &Path, error: &io::Error) -> Error {
    Error::Unavailable(format!(
        "The backup {} can't be read ({error}): check its path, its permissions and the disk.",
        path.display()
    ))
}

/// The digest at the end of an archive; none where there is no such end.
fn seal_of(file: &mut File, bytes: u64) -> io::Result<Option<[u8; 32]>> {
    let mut end = [0; SEAL_BYTES as usize];
    file.seek(SeekFrom::Start(bytes - SEAL_BYTES))?;
    file.read_exact(&mut end)?;
    let (seal, digest) = end.split_at(SEAL.len());
    Ok((seal == SEAL)
        .then_some(digest)
        .and_then(|digest| digest.try_into().ok()))
}

/// Passes an archive's bytes on, and knows at the end whether it was one whole archive.
pub struct Watched<W> {
    inner: W,
    sha: Sha256,
    /// The last bytes, which are the seal if nothing follows.
    end: Vec<u8>,
}

impl<W> Watched<W> {
    /// Nothing passed yet.
    pub fn new(inner: W) -> Self {
        Self {
            inner,
            sha: Sha256::new(),
            end: Vec::new(),
        }
    }

    /// Whether what passed ends with the digest of all before it.
    pub fn is_whole(&self) -> bool {
        let digest: [u8; 32] = self.sha.clone().finalize().into();
        self.end == [&SEAL[..], &digest].concat()
    }
}

impl<W> std::fmt::Debug for Watched<W> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Watched")
    }
}

impl<W: Write> Write for Watched<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let taken = self.inner.write(bytes)?;
        self.end.extend_from_slice(&bytes[..taken]);
        let sure = self.end.len().saturating_sub(SEAL_BYTES as usize);
        self.sha.update(&self.end[..sure]);
        self.end.drain(..sure);
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

/// What an archive says of itself, without verifying anything but that: for lists.
///
/// # Errors
/// `Invalid`, where it can't be understood; `Unavailable` where it can't be read.
pub fn glance(path: &Path) -> Result<(Manifest, u64, [u8; 32])> {
    let unreadable = |error: io::Error| unreadable(path, &error);
    let mut file = File::open(path).map_err(unreadable)?;
    let bytes = file.metadata().map_err(unreadable)?.len();
    if bytes < SEAL_BYTES {
        return Err(damaged(path, "it is too short"));
    }
    let Some(seal) = seal_of(&mut file, bytes).map_err(unreadable)? else {
        return Err(damaged(path, "its end is missing"));
    };
    Ok((peek(&file, path)?, bytes, seal))
}

/// Reads the manifest.
fn peek(mut file: &File, path: &Path) -> Result<Manifest> {
    let broken = |error: io::Error| damaged(path, error);
    file.seek(SeekFrom::Start(0)).map_err(broken)?;
    let decoder = zstd::Decoder::with_buffer(BufReader::new(file)).map_err(broken)?;
    let mut tar = tar::Archive::new(decoder);
    let first = tar.entries().map_err(broken)?.next();
    let entry = first
        .transpose()
        .map_err(broken)?
        .filter(|entry| entry.path_bytes().as_ref() == MANIFEST.as_bytes())
        .ok_or_else(|| damaged(path, "it has no manifest"))?;
    let mut text = Vec::new();
    entry
        .take(MOST_MANIFEST_BYTES)
        .read_to_end(&mut text)
        .map_err(broken)?;
    #[derive(serde::Deserialize)]
    struct Form {
        format: u32,
    }
    let form: Form = serde_json::from_slice(&text)
        .map_err(|error| damaged(path, format_args!("its manifest can't be read: {error}")))?;
    if form.format != FORMAT {
        return Err(Error::invalid(
            "",
            format!(
                "The backup {} has the form {}, this program reads {FORMAT}: put it back with the driftsentry that made \
                 it, or a newer one",
                path.display(),
                form.format
            ),
        ));
    }
    let manifest: Manifest = serde_json::from_slice(&text)
        .map_err(|error| damaged(path, format_args!("its manifest can't be read: {error}")))?;
    let names = || manifest.parts.iter().map(|part| part.name.as_str());
    let known = names().all(|name| FILES.contains(&name));
    let once = names().collect::<std::collections::BTreeSet<_>>().len() == manifest.parts.len();
    if !known || !once || names().next() != Some(FILES[0]) {
        return Err(damaged(
            path,
            "its manifest names other files than a backup has",
        ));
    }
    Ok(manifest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Timestamp;

    fn manifest(parts: &[(&str, &[u8])]) -> Manifest {
        Manifest {
            format: FORMAT,
            version: "0.1.0".to_owned(),
            schema: 2,
            instance: [1; 16],
            taken_at: Timestamp::from_unix_ms(1_700_000_000_000),
            audit_entries: 7,
            audit_head: [2; 32],
            database_bytes: 0,
            tables: Vec::new(),
            parts: parts
                .iter()
                .map(|(name, content)| Part {
                    name: (*name).to_owned(),
                    bytes: content.len() as u64,
                    sha256: Sha256::digest(content).into(),
                })
                .collect(),
        }
    }

    fn written(parts: &[(&str, &[u8])]) -> Vec<u8> {
        let mut contents: Vec<&[u8]> = parts.iter().map(|(_, content)| *content).collect();
        let mut readers: Vec<&mut dyn Read> = contents
            .iter_mut()
            .map(|content| content as &mut dyn Read)
            .collect();
        let mut bytes = Vec::new();
        let told = write(&mut bytes, &manifest(parts), &mut readers).unwrap();
        assert_eq!(told, bytes.len() as u64);
        bytes
    }

    fn refusal(dir: &Path, bytes: &[u8]) -> String {
        let path = dir.join("b");
        std::fs::write(&path, bytes).unwrap();
        Archive::open(&path).unwrap_err().to_string()
    }

    #[test]
    fn an_archive_is_read_as_it_is_written() {
        let dir = tempfile::tempdir().unwrap();
        let database: Vec<u8> = (0..1_000_000_u32).map(|n| (n % 251) as u8).collect();
        let parts = [(FILES[0], database.as_slice()), (FILES[1], b"secret\n")];
        let path = dir.path().join("b");
        std::fs::write(&path, written(&parts)).unwrap();
        let mut archive = Archive::open(&path).unwrap();
        assert_eq!(archive.manifest, manifest(&parts));
        let mut read = Vec::new();
        archive
            .each_part(&mut |part, content| {
                let mut bytes = Vec::new();
                content.read_to_end(&mut bytes)?;
                read.push((part.name.clone(), bytes));
                Ok(())
            })
            .unwrap();
        assert_eq!(read.len(), 2);
        assert!(
            read.iter()
                .zip(parts)
                .all(|((name, bytes), part)| name == part.0 && bytes == part.1)
        );
        let (glanced, bytes, seal) = glance(&path).unwrap();
        assert_eq!(
            (glanced, bytes, seal),
            (archive.manifest, archive.bytes, archive.seal)
        );
    }

    #[test]
    fn every_flipped_bit_and_every_cut_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let whole = written(&[(FILES[0], b"a database"), (FILES[1], b"secret\n")]);
        for at in 0..whole.len() {
            for bit in [1, 0x80] {
                let mut changed = whole.clone();
                changed[at] ^= bit;
                refusal(dir.path(), &changed);
            }
            let said = refusal(dir.path(), &whole[..at]);
            assert!(
                said.contains("damaged") || said.contains("no backup"),
                "{said}"
            );
        }
        let mut longer = whole;
        longer.push(0);
        assert!(refusal(dir.path(), &longer).contains("its end is missing"));
    }

    #[test]
    fn what_is_sealed_and_wrong_is_refused_too() {
        let dir = tempfile::tempdir().unwrap();
        let foreign = written(&[(FILES[0], b"x"), ("other.key", b"y")]);
        assert!(refusal(dir.path(), &foreign).contains("other files"));
        let twice = written(&[(FILES[0], b"x"), (FILES[0], b"y")]);
        assert!(refusal(dir.path(), &twice).contains("other files"));
        assert!(
            refusal(
                dir.path(),
                b"hello, this is a text and not an archive at all"
            )
            .contains("is no backup")
        );

        let mut newer = manifest(&[(FILES[0], b"x")]);
        newer.format = 9;
        let mut bytes = Vec::new();
        write(&mut bytes, &newer, &mut [&mut b"x".as_slice()]).unwrap();
        assert!(refusal(dir.path(), &bytes).contains("has the form 9"));

        let missing = Archive::open(&dir.path().join("none")).unwrap_err();
        assert!(missing.to_string().contains("can't be read"));
    }

    #[test]
    fn whoever_passes_an_archive_on_knows_whether_it_was_whole() {
        let whole = written(&[(FILES[0], b"a database")]);
        for piece in [1, 7, 39, 40, 41, 10_000] {
            for (bytes, is_whole) in [
                (&whole[..], true),
                (&whole[..whole.len() - 1], false),
                (&whole[..30], false),
                (&[], false),
            ] {
                let mut watched = Watched::new(Vec::new());
                for piece in bytes.chunks(piece) {
                    watched.write_all(piece).unwrap();
                }
                assert_eq!(watched.is_whole(), is_whole);
                assert_eq!(watched.inner, bytes);
            }
        }
    }

    #[test]
    fn a_part_that_changes_while_it_is_written_is_no_archive() {
        let manifest = manifest(&[(FILES[0], b"was")]);
        let error = write(&mut Vec::new(), &manifest, &mut [&mut b"now".as_slice()]).unwrap_err();
        assert!(error.to_string().contains("changed meanwhile"), "{error}");
    }
}
