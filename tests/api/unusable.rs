//! What an operator reads when the server can't start: one line that says what and what to do, and an exit code for each
//! kind, which a supervisor decides by.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::harness::App;

/// Nobody's id on Debian and elsewhere.
pub(crate) const NOBODY: &str = "65534";

/// Runs a command in a shell of its own, in which `$B` is the program; its exit code and what it said on stderr.
///
/// A namespace of its own lets it mount, and drop to another user.
#[track_caller]
pub(crate) fn shell(script: &str) -> (i32, String) {
    // Root may do so as it is; others become root of a namespace, with the ids that /etc/subuid gives them.
    let become_root: &[&str] = if rustix::process::geteuid().is_root() {
        &[]
    } else {
        &["--map-auto", "--map-root-user"]
    };
    let out = Command::new("unshare")
        .arg("--mount")
        .args(become_root)
        .args(["sh", "-ec", script])
        .env("B", env!("CARGO_BIN_EXE_driftsentry"))
        .env("DRIFTSENTRY_LISTEN", "127.0.0.1:0")
        .env("DRIFTSENTRY_LOG_LEVEL", "off")
        .stdin(Stdio::null())
        .output()
        .expect("unshare runs");
    let code = out.status.code().unwrap_or(-1);
    (code, String::from_utf8_lossy(&out.stderr).into_owned())
}

/// `serve` on this directory, as it is run by root or by nobody; demands an exit code and one line with these words.
#[track_caller]
fn refused(prepare: &str, dir: &Path, as_user: &str, code: i32, words: &[&str]) {
    let run = match as_user {
        "root" => "timeout 20 \"$B\" serve",
        user => {
            &format!("setpriv --reuid {user} --regid {user} --clear-groups timeout 20 \"$B\" serve")
        }
    };
    let script = format!("{prepare}\n{run} --data-dir '{}'", dir.display());
    let (found, said) = shell(&script);
    assert_eq!(found, code, "{said}");
    told(&said, words);
}

/// One line, with the program's name before it and these words in it; beside it only what is logged at any level.
#[track_caller]
pub(crate) fn told(said: &str, words: &[&str]) {
    let lines: Vec<&str> = said.lines().filter(|line| !line.starts_with('{')).collect();
    assert_eq!(lines.len(), 1, "{said}");
    assert!(lines[0].starts_with("driftsentry: "), "{said}");
    for word in words {
        assert!(said.contains(word), "{word:?} in {said}");
    }
    assert!(!said.contains("Internal error"), "{said}");
}

/// A directory that everybody can reach, to put others in.
fn open_to_all(app: &App, name: &str) -> std::path::PathBuf {
    let outer = app.scratch("");
    fs::set_permissions(&outer, Permissions::from_mode(0o755)).expect("opened");
    let path = app.scratch(name);
    fs::create_dir(&path).expect("made");
    path
}

#[test]
fn a_directory_that_can_t_be_made_is_told() {
    let app = App::stopped();
    let file = app.scratch("file");
    fs::write(&file, "x").expect("written");
    refused("", &file, "root", 73, &["is no directory", "--data-dir"]);
    refused(
        "",
        &file.join("data"),
        "root",
        73,
        &["can't be made", "--data-dir"],
    );
    let parent = open_to_all(&app, "parent");
    fs::set_permissions(&parent, Permissions::from_mode(0o755)).expect("set");
    refused(
        "",
        &parent.join("data"),
        NOBODY,
        77,
        &["can't be made", "Permission denied", "--data-dir"],
    );
}

#[test]
fn a_directory_of_somebody_else_or_without_write_permission_is_told() {
    let app = App::stopped();
    let dir = open_to_all(&app, "roots");
    fs::set_permissions(&dir, Permissions::from_mode(0o755)).expect("set");
    refused(
        "",
        &dir,
        NOBODY,
        77,
        &["belongs to uid 0", "uid 65534", "chown"],
    );
    fs::set_permissions(&dir, Permissions::from_mode(0o500)).expect("set");
    let prepare = format!("chown {NOBODY} '{}'", dir.display());
    refused(
        &prepare,
        &dir,
        NOBODY,
        77,
        &["can't be written by its owner", "chmod 700"],
    );
}

#[test]
fn a_file_of_somebody_else_in_the_directory_is_told() {
    let mut app = App::start();
    app.stop();
    let dir = app.data_dir();
    fs::set_permissions(app.scratch(""), Permissions::from_mode(0o755)).expect("opened");
    let prepare = format!("chown {NOBODY} '{}'", dir.display());
    refused(
        &prepare,
        &dir,
        NOBODY,
        77,
        &["belongs to uid 0", "chown -R 65534"],
    );
}

#[test]
fn a_read_only_file_system_is_told() {
    let mut app = App::start();
    app.stop();
    let dir = app.data_dir();
    let prepare = format!(
        "mount --bind '{0}' '{0}' && mount -o remount,ro,bind '{0}'",
        dir.display()
    );
    refused(&prepare, &dir, "root", 73, &["read-only", "--data-dir"]);
}

#[test]
fn what_is_no_database_is_told_and_left_as_it_is() {
    let app = App::stopped();
    let dir = app.data_dir();
    fs::create_dir(&dir).expect("made");
    let file = dir.join("driftsentry.redb");
    for (bytes, words) in [
        (
            &b"just a text, long enough to be something else\n"[..],
            ["is no DriftSentry database", "--data-dir"],
        ),
        (&[0x5a; 8192], ["is no DriftSentry database", "--data-dir"]),
        (b"", ["is empty", "backup"]),
    ] {
        fs::write(&file, bytes).expect("written");
        refused("", &dir, "root", 65, &words);
        assert_eq!(fs::read(&file).expect("read"), bytes);
    }
    fs::remove_file(&file).expect("removed");
    fs::create_dir(&file).expect("made");
    refused("", &dir, "root", 65, &["is a directory", "--data-dir"]);
}

#[test]
fn a_damaged_database_is_told() {
    let mut app = App::start();
    app.stop();
    let file = app.data_dir().join("driftsentry.redb");
    let whole = fs::read(&file).expect("read");
    // Its first page says where all else is.
    let mut bytes = whole.clone();
    bytes[64..512].fill(0xff);
    fs::write(&file, &bytes).expect("written");
    refused("", &app.data_dir(), "root", 65, &["is damaged", "backup"]);
}

#[test]
fn a_store_that_another_process_holds_is_told() {
    let app = App::start();
    refused(
        "",
        &app.data_dir(),
        "root",
        69,
        &["in use by another process", "--data-dir"],
    );
}

#[test]
fn a_full_disk_is_told() {
    let app = App::stopped();
    let dir = app.data_dir();
    fs::create_dir(&dir).expect("made");
    for size in ["64k", "3m"] {
        let prepare = format!("mount -t tmpfs -o size={size} none '{}'", dir.display());
        refused(&prepare, &dir, "root", 74, &["full", "free"]);
    }
}

#[test]
fn a_log_that_can_t_be_written_is_told() {
    let app = App::stopped();
    let file = app.scratch("file");
    fs::write(&file, "x").expect("written");
    let prepare = format!(
        "export DRIFTSENTRY_LOG_FILE='{}/driftsentry.log'",
        file.display()
    );
    refused(
        &prepare,
        &app.data_dir(),
        "root",
        73,
        &["log.file", "driftsentry.log"],
    );
}

#[test]
fn an_address_that_can_t_be_listened_on_is_told() {
    let app = App::start();
    let taken = app.url().trim_start_matches("http://").to_owned();
    let other = app.scratch("other");
    for (listen, code, words) in [
        (taken.as_str(), 69, ["is in use", "--listen"]),
        ("192.0.2.1:8420", 78, ["in the clear", "--tls-cert"]),
    ] {
        let prepare = format!("export DRIFTSENTRY_LISTEN='{listen}'");
        refused(&prepare, &other, "root", code, &words);
    }
    let prepare = "export DRIFTSENTRY_LISTEN=192.0.2.1:8420 DRIFTSENTRY_ALLOW_INSECURE_HTTP=true";
    refused(
        prepare,
        &other,
        "root",
        78,
        &["192.0.2.1:8420", "no address of this machine"],
    );
}
