//! A failing disk: nothing is acknowledged that may be lost, and the server comes back or ends.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::harness::{App, Client, Meddler, driftsentry};

/// Makes a drift, where the server does: its status code, or none where it is gone.
fn try_new_drift(client: &Client, name: &str) -> Option<u16> {
    let body = json!({
        "workspace": "by-hand",
        "resourceId": name,
        "resourceType": "aws_instance",
        "resourceAddress": format!("aws_instance.{name}"),
        "region": "eu-west-1",
        "expectedState": {"instance_type": "t3.micro"},
        "actualState": {"instance_type": "m5.4xlarge"},
    });
    let headers = [("content-type", "application/json")];
    let body = serde_json::to_vec(&body).expect("JSON");
    let answer = client.try_send("POST", "/api/v1/drifts", &headers, Some(&body));
    answer.ok().map(|answer| answer.status)
}

fn is_ready(client: &Client) -> bool {
    let answer = client.try_send("GET", "/health/ready", &[], None);
    answer.is_ok_and(|answer| answer.status == 200)
}

#[test]
fn a_disk_that_fails_once_costs_one_reopening() {
    let mut app = App::start();
    let engineer = app.as_engineer();
    engineer.workspace("by-hand");
    assert_eq!(try_new_drift(&engineer, "before"), Some(201));
    let failing = Meddler::with(app.pid(), "fdatasync,fsync", "error=EIO:when=1");
    assert_eq!(
        try_new_drift(&engineer, "during"),
        Some(503),
        "whether it is kept is not known"
    );
    drop(failing);
    let asked = Instant::now();
    while !is_ready(&engineer) {
        assert!(
            asked.elapsed() < Duration::from_secs(10),
            "it does not come back"
        );
        std::thread::sleep(Duration::from_millis(10));
    }
    assert_eq!(try_new_drift(&engineer, "after"), Some(201));
    assert_eq!(
        app.log().matches("reopening the database").count(),
        1,
        "{}",
        app.log()
    );
    app.restart();
    let known = app.as_viewer().drifts("status=open");
    let has = |name: &str| {
        known
            .iter()
            .any(|drift| drift["resourceAddress"] == format!("aws_instance.{name}"))
    };
    assert!(has("before") && has("after"), "{known:?}");
}

/// A server whose data is on a small disk of its own, in memory, and a file that fills it.
fn on_a_small_disk() -> (App, PathBuf) {
    let mut app = App::stopped();
    let data = app.data_dir();
    std::fs::create_dir(&data).expect("made");
    let mount = "mount -t tmpfs -o size=64m small \"$0\" && exec \"$@\"";
    let dir = data.to_str().expect("a path");
    app.wrap(&[
        "unshare",
        "--map-root-user",
        "--mount",
        "sh",
        "-c",
        mount,
        dir,
    ]);
    app.set(&[("DRIFTSENTRY_STORE_MIN_FREE_BYTES", "16 MiB".to_owned())]);
    app.start_again();
    // Nobody else sees the disk but by way of the process.
    let seen = PathBuf::from(format!("/proc/{}/root{dir}", app.pid()));
    assert!(seen.join("driftsentry.redb").exists(), "{}", seen.display());
    (app, seen.join("filling"))
}

#[test]
fn a_full_disk_refuses_changes_and_heals_by_itself() {
    let (app, filling) = on_a_small_disk();
    let engineer = app.as_engineer();
    let kept = engineer.new_drift("before");
    let full = std::fs::File::create(&filling).expect("made");
    let mut size = 0;
    // As full as other programs would make it: no byte is left but what the filesystem keeps for itself.
    while size < 64 << 20 && std::io::Write::write_all(&mut &full, &[1; 64 << 10]).is_ok() {
        size += 64 << 10;
    }
    let refused = engineer.create("during", serde_json::Value::Null);
    refused.expect(507);
    assert_eq!(engineer.drift(&kept)["status"], "detected", "reads go on");
    assert!(!is_ready(&engineer));
    assert_eq!(try_new_drift(&engineer, "during"), Some(507));

    std::fs::remove_file(&filling).expect("removed");
    drop(full);
    let freed = Instant::now();
    while !is_ready(&engineer) {
        assert!(
            freed.elapsed() < Duration::from_secs(10),
            "it does not heal"
        );
        std::thread::sleep(Duration::from_millis(50));
    }
    assert_eq!(try_new_drift(&engineer, "after"), Some(201));
    let verdict = app.as_admin().get("/audit-logs/verify").expect(200).data();
    assert_eq!(verdict["valid"], true, "{verdict}");
}

#[test]
fn a_disk_that_goes_on_failing_ends_the_server() {
    let mut app = App::start();
    let (engineer, nobody) = (app.as_engineer(), app.as_nobody());
    engineer.workspace("by-hand");
    let mut acknowledged = Vec::new();
    for n in 0..5 {
        let name = format!("kept{n}");
        assert_eq!(try_new_drift(&engineer, &name), Some(201));
        acknowledged.push(name);
    }
    let _failing = Meddler::with(app.pid(), "fdatasync,fsync", "error=EIO");
    assert_eq!(try_new_drift(&engineer, "lost0"), Some(503));
    let failed = Instant::now();
    assert!(!is_ready(&nobody), "no more traffic is wanted");
    assert!(
        failed.elapsed() < Duration::from_millis(100),
        "{:?}",
        failed.elapsed()
    );

    // Whatever is tried until the end, nothing is acknowledged.
    for n in 1.. {
        match try_new_drift(&engineer, &format!("lost{n}")) {
            Some(503) => assert!(!is_ready(&nobody), "it says it is well"),
            None => break,
            Some(status) => panic!("{status} from a failing disk"),
        }
        assert!(
            failed.elapsed() < Duration::from_secs(30),
            "it goes on and on"
        );
    }
    let status = app.ended(Duration::from_secs(20));
    assert_eq!(status.code(), Some(74), "a supervisor starts it anew");
    assert!(
        app.log()
            .contains("The database can't be reopened: stopping")
    );

    let data = app.data_dir();
    let data = data.to_str().expect("a path");
    driftsentry(&["check", "--data-dir", data], b"").expect(0);
    app.start_again();
    let known = app.as_viewer().drifts("status=open");
    for name in acknowledged {
        let address = format!("aws_instance.{name}");
        assert!(
            known
                .iter()
                .any(|drift| drift["resourceAddress"] == *address),
            "{name} is lost"
        );
    }
}

#[test]
fn a_backup_that_the_disk_has_no_room_for_is_refused_with_what_it_needs() {
    let (app, filling) = on_a_small_disk();
    let admin = app.as_admin();
    let dir = filling.parent().expect("it lies in one");
    let live = std::fs::metadata(dir.join("driftsentry.redb"))
        .expect("it is there")
        .len();
    let disk = rustix::fs::statvfs(dir).expect("its figures");
    // Room for a copy, and none for what is kept free.
    let left = live + (64 << 10);
    let full = std::fs::File::create(&filling).expect("made");
    for _ in 0..(disk.f_bavail * disk.f_frsize - left) / (64 << 10) {
        std::io::Write::write_all(&mut &full, &[1; 64 << 10]).expect("written");
    }
    let refused = admin.post("/admin/backup", &json!({}));
    assert_eq!(refused.status, 507, "{refused:?}");
    let said = String::from_utf8_lossy(&refused.body);
    assert!(said.contains("This needs"), "{said}");
    std::fs::remove_file(&filling).expect("removed");
    drop(full);
    admin.post("/admin/backup", &json!({})).expect(200);
}
