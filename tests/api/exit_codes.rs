//! What scripts decide by: commands that administrators run end with the code that their help names, and say in one line
//! what to do. Those of `serve` are in `unusable`, those of what a command is for are with its own stories.

use std::fs::{self, File, Permissions};
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::path::Path;

use driftsentry::store::FILE_NAME;

use crate::backup::{content, demo};
use crate::harness::{App, driftsentry};
use crate::unusable::{NOBODY, shell, told};

/// Each command that needs the store, with what it needs besides; `OUTER` is where the data directory lies.
const NEED_THE_STORE: [&str; 7] = [
    "audit verify",
    "audit public-key",
    "backup",
    "export --output OUTER/export",
    "compact",
    "user list",
    "restore OUTER/b.tar.zst",
];

/// A stopped store with a backup beside its directory, where everybody can reach both.
fn stopped() -> App {
    let app = App::stopped();
    let dir = app.data_dir();
    let outer = dir.parent().expect("it lies in another");
    fs::set_permissions(outer, Permissions::from_mode(0o755)).expect("opened");
    demo(&dir, 50);
    let dir = dir.to_str().expect("a path");
    let backup = format!("{dir}/../b.tar.zst");
    driftsentry(&["backup", "--data-dir", dir, "--output", &backup], b"").expect(0);
    fs::set_permissions(&backup, Permissions::from_mode(0o644)).expect("opened");
    app
}

fn command(line: &str, dir: &Path) -> String {
    let outer = dir.parent().expect("it lies in another");
    let line = line.replace("OUTER", outer.to_str().expect("a path"));
    format!("\"$B\" {line} --data-dir '{}'", dir.display())
}

#[test]
fn a_user_who_may_not_look_into_the_directory_is_told_and_ends_with_77() {
    let app = stopped();
    let before = content(&app.data_dir());
    for line in NEED_THE_STORE {
        let run = format!("setpriv --reuid {NOBODY} --regid {NOBODY} --clear-groups");
        let (code, said) = shell(&format!("{run} {}", command(line, &app.data_dir())));
        assert_eq!(code, 77, "{line}: {said}");
        told(&said, &[app.data_dir().to_str().expect("a path")]);
    }
    assert_eq!(content(&app.data_dir()), before);
}

#[test]
fn a_store_that_another_process_holds_ends_commands_with_69() {
    let app = stopped();
    let held = File::open(app.data_dir().join(FILE_NAME)).expect("it is there");
    held.try_lock().expect("nobody has it");
    for line in NEED_THE_STORE {
        // This one reads a file beside the store, which nobody holds.
        if line == "audit public-key" {
            continue;
        }
        let (code, said) = shell(&command(line, &app.data_dir()));
        assert_eq!(code, 69, "{line}: {said}");
        told(&said, &["stop"]);
    }
}

#[test]
fn no_command_makes_a_store_or_anything_else_where_there_is_none() {
    let app = App::stopped();
    let none = app.scratch("none");
    for line in NEED_THE_STORE {
        let (code, said) = shell(&command(line, &none));
        assert_eq!(code, 66, "{line}: {said}");
        if !line.starts_with("restore") {
            told(&said, &["no store", "--data-dir"]);
        }
        assert!(!none.exists(), "{line} made it");
    }
}

#[test]
fn a_full_disk_ends_commands_with_74_and_leaves_nothing_half_made() {
    let app = stopped();
    let outer = app.scratch("");
    let small = app.scratch("small");
    fs::create_dir(&small).expect("made");
    let (of, small) = (outer.display(), small.display());
    let data = app.data_dir();
    let data = data.display();
    let tiny = format!("mount -t tmpfs -o size=64k none '{small}'");
    let exported = shell(&format!(
        "\"$B\" export --output '{of}/e' --data-dir '{data}'"
    ));
    assert_eq!(exported.0, 0, "{}", exported.1);
    for run in [
        format!("\"$B\" backup --output '{small}/b' --data-dir '{data}'"),
        format!("DRIFTSENTRY_BACKUP_DIR='{small}/b' \"$B\" backup --data-dir '{data}'"),
        format!("\"$B\" export --output '{small}/e' --data-dir '{data}'"),
        format!("\"$B\" restore '{of}/b.tar.zst' --data-dir '{small}/to'"),
        format!("\"$B\" import '{of}/e' --data-dir '{small}/to'"),
    ] {
        let left = "find . -type f -size +0 >&2";
        let script = format!("{tiny}; cd '{small}'; code=0; {run} || code=$?; {left}; exit $code");
        let (code, said) = shell(&script);
        assert_eq!(code, 74, "{run}: {said}");
        let why: Vec<&str> = said
            .lines()
            .filter(|line| line.starts_with("driftsentry: "))
            .collect();
        assert!(
            matches!(why.as_slice(), [one] if one.contains("disk")),
            "{run}: {said}"
        );
        assert!(!said.contains("./"), "{run} leaves {said}");
    }
}

#[test]
fn what_is_no_file_is_not_replaced_by_one() {
    let app = stopped();
    let outer = app.scratch("");
    let pipe = app.scratch("pipe");
    assert_eq!(shell(&format!("mkfifo '{}'", pipe.display())).0, 0);
    for target in [&pipe, &outer] {
        for line in ["backup", "export"] {
            let run = format!("{line} --output '{}'", target.display());
            let (code, said) = shell(&command(&run, &app.data_dir()));
            assert_eq!(code, 73, "{run}: {said}");
            assert!(said.contains("is no file"), "{run}: {said}");
        }
    }
    let kind = fs::metadata(&pipe).expect("it is there").file_type();
    assert!(kind.is_fifo() && outer.is_dir());
}

#[test]
fn a_directory_of_backups_that_can_t_be_used_is_told_by_its_own_name() {
    let app = stopped();
    let file = app.scratch("file");
    fs::write(&file, "x").expect("written");
    let run = format!(
        "DRIFTSENTRY_BACKUP_DIR='{}' {}",
        file.display(),
        command("backup", &app.data_dir())
    );
    let (code, said) = shell(&run);
    assert_eq!(code, 73, "{said}");
    told(&said, &["directory of backups", "`backup.dir`"]);
    assert!(!said.contains("--data-dir"), "{said}");
}

#[test]
fn a_wrong_command_line_ends_with_64() {
    for line in [
        "audit",
        "backup --no-such",
        "compact x",
        "doctor --no-such",
        "export --no-such",
        "import",
        "restore",
        "support-bundle --no-such",
        "user",
        "watch --no-such",
        "demo --drifts x",
        "dance",
    ] {
        let words: Vec<&str> = line.split(' ').collect();
        let said = driftsentry(&words, b"").expect(64);
        assert!(said.stderr.contains("--help"), "{line}: {}", said.stderr);
    }
}
