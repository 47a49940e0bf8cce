//! `driftsentry backup`: takes backups, lists, verifies and tries them out.

use std::fs::File;
use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::time::Instant;

use clap::Subcommand;
use comfy_table::{Table, presets};
use serde_json::json;

use crate::backup::archive::Archive;
use crate::backup::folder::{self, Folder, Kept, Records, Standing, Success, Unfinished};
use crate::backup::restore;
use crate::cli::bar::{Bar, size};
use crate::cli::exit::{Exit, Failure};
use crate::cli::on_machine::{look_for_store, print, refused};
use crate::config::{Config, Flags};
use crate::control;
use crate::error::Error;
use crate::store::room_for;
use crate::time::Timestamp;

/// How much is written before the disk is waited for, in bytes: a flood at the end would hold up the server's own writes.
const SYNC_BYTES: u64 = 16 << 20;

/// Take a backup, also while the server runs; list, verify and try out those there are
///
/// Without --output the backup goes to the directory of backups, is verified there once more, and those that backup.keep_hourly,
/// keep_daily and keep_weekly no longer keep are removed. A running server is asked for it through its control socket; of a
/// stopped one's store this command takes it itself.
///
/// A backup has everything in it, with the keys fingerprint.key and audit.key: keep it as secret as the data directory.
#[derive(Debug, clap::Args)]
#[command(
    args_conflicts_with_subcommands = true,
    after_help = "Examples:
  driftsentry backup --config /etc/driftsentry/config.toml
  driftsentry backup --output before-the-change.tar.zst
  driftsentry backup --output - | ssh safe 'cat > driftsentry.tar.zst'
  driftsentry backup list
  driftsentry backup drill

Exit codes: 0 done, 65 a backup is damaged, 66 there is no store or no backup, 69 the store is open elsewhere and no server
answers, 73 nothing can be written there, 74 the disk is full or fails, 75 a backup is being taken already: try later, 77
not as this user."
)]
pub(super) struct Args {
    #[command(subcommand)]
    command: Option<Command>,

    #[command(flatten)]
    place: Place,

    /// Write it here instead, and remove nothing; `-` for standard output
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,

    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

// No doc comment: clap would take it for the help of every command that flattens it.
#[derive(Debug, clap::Args)]
pub(super) struct Place {
    /// The configuration file, for the directories and for what is kept [env: DRIFTSENTRY_CONFIG]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,

    /// Where everything is kept [env: DRIFTSENTRY_DATA_DIR] [default: ./driftsentry-data]
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
}

impl Place {
    pub(super) fn config(&self) -> Result<Config, Failure> {
        let flags = Flags {
            config: self.config.clone(),
            data_dir: self.data_dir.clone(),
            ..Flags::default()
        };
        Config::load(&flags).map_err(|error| {
            Failure::new(Exit::Config, format!("the configuration is wrong\n{error}"))
        })
    }
}

#[derive(Debug, Subcommand)]
enum Command {
    /// List the backups in the directory of backups, the newest last
    ///
    /// Those in the data directory that were made before an upgrade are listed too.
    List(Common),
    /// Verify every byte of a backup, and note that it is whole
    Verify(Verify),
    /// Put the newest backup into a temporary directory, check everything in it, and say how long that took
    ///
    /// What it makes is removed again. How it went is shown by /health/detailed and /metrics of the server.
    Drill(Common),
}

#[derive(Debug, clap::Args)]
struct Common {
    #[command(flatten)]
    place: Place,

    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

#[derive(Debug, clap::Args)]
struct Verify {
    /// The backup
    #[arg(value_name = "FILE")]
    file: PathBuf,

    #[command(flatten)]
    common: Common,
}

pub(super) fn run(args: &Args) -> Result<(), Failure> {
    match &args.command {
        None => take(args),
        Some(Command::List(args)) => list(args),
        Some(Command::Verify(args)) => verify(args),
        Some(Command::Drill(args)) => drill(args),
    }
}

/// The failure of something that is no request.
pub(super) fn failed(error: Error) -> Failure {
    let exit = match &error {
        Error::NotFound(_) => Exit::NoInput,
        Error::Invalid(_) => Exit::Data,
        Error::Conflict { .. } => Exit::TempFail,
        Error::Full | Error::NoRoom(_) => Exit::Io,
        Error::Internal(_) => Exit::Software,
        Error::Unusable { why, .. } => Exit::from(*why),
        _ => Exit::Unavailable,
    };
    Failure::new(exit, error)
}

fn take(args: &Args) -> Result<(), Failure> {
    let config = args.place.config()?;
    match args.output.as_deref() {
        Some(path) if path == Path::new("-") => to_stdout(&config),
        Some(path) => to_file(&config, path, args.json),
        None => to_folder(&config, args.json),
    }
}

fn to_stdout(config: &Config) -> Result<(), Failure> {
    let out = io::stdout();
    if out.is_terminal() {
        return Err(Failure::new(
            Exit::Usage,
            "a backup is no text for a terminal: pipe it somewhere, or name a file with --output.",
        ));
    }
    let mut bar = Bar::new();
    control::backup(
        &config.data_dir,
        Timestamp::now(),
        &mut out.lock(),
        &mut |progress| {
            bar.tell(progress);
        },
    )
    .map_err(refused)?;
    bar.done("The backup was written to standard output");
    Ok(())
}

fn to_file(config: &Config, path: &Path, json: bool) -> Result<(), Failure> {
    let started = Instant::now();
    let archive = written(config, path)?;
    let taken_at = archive.manifest.taken_at;
    say_taken(path, &archive, taken_at, started, &[], json)
}

fn to_folder(config: &Config, json: bool) -> Result<(), Failure> {
    let started = Instant::now();
    let folder = Folder::at(config.backup_dir());
    look_for_store(&config.data_dir)?;
    folder.prepare().map_err(failed)?;
    let last = Records::of(folder.path()).last_success;
    room_for(folder.path(), last.map_or(0, |last| last.bytes)).map_err(failed)?;
    // The name has the moment of the state, which is known when it is there.
    let unnamed = folder.path().join("unnamed");
    let unfinished = fill(config, &unnamed)?;
    let manifest = folder::manifest_of(unfinished.path()).map_err(failed)?;
    let name = folder::file_name(manifest.taken_at);
    let path = folder.path().join(&name);
    let archive = finish(unfinished, &path)?;
    folder
        .note_verified(&name, &archive, Timestamp::now())
        .and_then(|()| {
            folder.note_success(Success {
                file: name,
                taken_at: manifest.taken_at,
                bytes: archive.bytes,
                duration_ms: u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX),
            })
        })
        .map_err(failed)?;
    let removed = folder.prune(config.backup.policy).map_err(failed)?;
    say_taken(&path, &archive, manifest.taken_at, started, &removed, json)
}

/// A verified backup at a path.
fn written(config: &Config, path: &Path) -> Result<Archive, Failure> {
    let unfinished = fill(config, path)?;
    finish(unfinished, path)
}

/// A backup under a name of its own, beside where it is to be.
fn fill(config: &Config, target: &Path) -> Result<Unfinished, Failure> {
    let unfinished =
        Unfinished::beside(target).map_err(|error| Failure::new(Exit::CantCreate, error))?;
    let mut out = Smooth {
        file: &unfinished.file,
        unsynced: 0,
    };
    let mut bar = Bar::new();
    control::backup(
        &config.data_dir,
        Timestamp::now(),
        &mut out,
        &mut |progress| {
            bar.tell(progress);
        },
    )
    .map_err(refused)?;
    bar.clear();
    Ok(unfinished)
}

/// Reads all of it back from the disk before it gets its name.
fn finish(unfinished: Unfinished, path: &Path) -> Result<Archive, Failure> {
    unfinished
        .file
        .sync_all()
        .map_err(|error| Failure::new(Exit::Io, format_args!("can't write the backup: {error}")))?;
    let archive = Archive::open(unfinished.path()).map_err(failed)?;
    unfinished.finish(path).map_err(failed)?;
    Ok(archive)
}

/// Waits for the disk now and then, not for all at the end.
struct Smooth<'f> {
    file: &'f File,
    unsynced: u64,
}

impl Write for Smooth<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let taken = self.file.write(bytes)?;
        self.unsynced += taken as u64;
        if self.unsynced >= SYNC_BYTES {
            self.unsynced = 0;
            self.file.sync_data()?;
        }
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn say_taken(
    path: &Path,
    archive: &Archive,
    taken_at: Timestamp,
    started: Instant,
    removed: &[String],
    json: bool,
) -> Result<(), Failure> {
    let manifest = &archive.manifest;
    let seconds = started.elapsed().as_secs_f64();
    if json {
        let said = json!({
            "file": path,
            "takenAt": taken_at,
            "bytes": archive.bytes,
            "databaseBytes": manifest.database_bytes,
            "rows": manifest.rows(),
            "auditEntries": manifest.audit_entries,
            "seconds": seconds,
            "removed": removed,
        });
        return print(&format!("{said:#}\n"));
    }
    let mut text = format!(
        "{}\n  {} of a database of {}, {} rows, {} audit entries, in {seconds:.1} s; verified\n",
        path.display(),
        size(archive.bytes),
        size(manifest.database_bytes),
        manifest.rows(),
        manifest.audit_entries,
    );
    for name in removed {
        text += &format!("  removed {name}, which is no longer kept\n");
    }
    print(&text)
}

fn list(args: &Common) -> Result<(), Failure> {
    let config = args.place.config()?;
    let folder = Folder::at(config.backup_dir());
    let kept = folder.list().map_err(failed)?;
    let copies = folder::copies_before_upgrades(&config.data_dir);
    let now = Timestamp::now();
    if args.json {
        let backups: Vec<_> = kept
            .iter()
            .map(|one| {
                json!({
                    "file": folder.path().join(&one.name),
                    "takenAt": one.taken_at,
                    "bytes": one.bytes,
                    "verifiedAt": match &one.standing { Standing::Verified(at) => Some(at), _ => None },
                    "damaged": match &one.standing { Standing::Damaged(why) => Some(why), _ => None },
                })
            })
            .collect();
        let said = json!({"dir": folder.path(), "backups": backups, "beforeUpgrades": copies});
        return print(&format!("{said:#}\n"));
    }
    if kept.is_empty() && copies.is_empty() {
        return print(&format!(
            "No backups in {}: take one with `driftsentry backup`, or name the server's --config or --data-dir.\n",
            folder.path().display()
        ));
    }
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.set_header(["BACKUP", "AGE", "SIZE", "VERIFIED"]);
    for one in &kept {
        table.add_row([
            one.name.clone(),
            age(now, one.taken_at),
            size(one.bytes),
            told(one),
        ]);
    }
    for copy in &copies {
        table.add_row([
            copy.display().to_string(),
            String::new(),
            std::fs::metadata(copy).map_or_else(|_| String::new(), |file| size(file.len())),
            "copy before an upgrade".to_owned(),
        ]);
    }
    let lines: Vec<String> = table
        .lines()
        .map(|line| line.trim_end().to_owned())
        .collect();
    print(&format!(
        "In {}:\n{}\n",
        folder.path().display(),
        lines.join("\n")
    ))
}

fn told(one: &Kept) -> String {
    match &one.standing {
        Standing::Verified(at) => format!("on {}", at.to_minute()),
        Standing::Unverified => "not yet".to_owned(),
        Standing::Damaged(_) => "DAMAGED".to_owned(),
    }
}

fn age(now: Timestamp, then: Timestamp) -> String {
    let minutes = (now.unix_ms() - then.unix_ms()).max(0) / 60_000;
    match minutes {
        0..120 => format!("{minutes} min"),
        120..2_880 => format!("{} h", minutes / 60),
        _ => format!("{} days", minutes / 1_440),
    }
}

fn verify(args: &Verify) -> Result<(), Failure> {
    let config = args.common.place.config()?;
    let archive = match Archive::open(&args.file) {
        Err(Error::Unavailable(why)) if !args.file.exists() => {
            return Err(Failure::new(Exit::NoInput, why));
        }
        opened => opened.map_err(failed)?,
    };
    let folder = Folder::at(config.backup_dir());
    let dir = args.file.canonicalize().ok();
    let is_kept = dir
        .as_deref()
        .and_then(Path::parent)
        .is_some_and(|dir| folder.path().canonicalize().is_ok_and(|kept| kept == dir));
    if let (true, Some(name)) = (
        is_kept,
        args.file.file_name().and_then(|name| name.to_str()),
    ) {
        // Whoever may read backups may perhaps not write beside them.
        if let Err(error) = folder.note_verified(name, &archive, Timestamp::now()) {
            eprintln!("driftsentry: that it is whole could not be noted: {error}");
        }
    }
    let manifest = &archive.manifest;
    if args.common.json {
        return print(&format!(
            "{:#}\n",
            json!({"whole": true, "manifest": manifest})
        ));
    }
    print(&format!(
        "The backup is whole: taken at {} by driftsentry {}, {} rows, {} audit entries.\n",
        manifest.taken_at,
        manifest.version,
        manifest.rows(),
        manifest.audit_entries
    ))
}

fn drill(args: &Common) -> Result<(), Failure> {
    let config = args.place.config()?;
    let folder = Folder::at(config.backup_dir());
    let started = Instant::now();
    let mut bar = Bar::new();
    let drilled = restore::drill(&folder, Timestamp::now(), &mut |progress| {
        bar.tell(progress)
    });
    bar.clear();
    let (path, restored) = drilled.map_err(|error| match error {
        Error::NotFound(_) => Failure::new(
            Exit::NoInput,
            format_args!(
                "there is no backup in {}: take one with `driftsentry backup`.",
                folder.path().display()
            ),
        ),
        other => failed(other),
    })?;
    let seconds = started.elapsed().as_secs_f64();
    if args.json {
        let said = json!({
            "file": path,
            "passed": true,
            "seconds": seconds,
            "rows": restored.rows,
            "auditEntries": restored.audit_entries,
            "newestChange": restored.newest_change,
        });
        return print(&format!("{said:#}\n"));
    }
    print(&format!(
        "{} can be put back: {} rows and {} audit entries are sound, in {seconds:.1} s.\n",
        path.display(),
        restored.rows,
        restored.audit_entries
    ))
}
