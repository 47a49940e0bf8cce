//! Accounts from the server's own machine: `driftsentry user`, and how the first person comes in.

use std::fs;
use std::os::unix::fs::{MetadataExt, chown};
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use driftsentry::store::{Options, Store};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

use crate::harness::{ADMIN, App, Output, PASSWORD, driftsentry, driftsentry_with};

/// `driftsentry user` over the app's data.
fn user(app: &App, arguments: &[&str]) -> Output {
    user_with(app, arguments, "")
}

/// The same with this on standard input.
fn user_with(app: &App, arguments: &[&str], stdin: &str) -> Output {
    let data = app.data_dir();
    let mut all = vec!["user"];
    all.extend(arguments);
    all.extend(["--data-dir", data.to_str().expect("a path")]);
    driftsentry_with(
        &[("DRIFTSENTRY_STORE_MIN_FREE_BYTES", "0")],
        &all,
        stdin.as_bytes(),
    )
}

/// The one-time password that a command printed.
#[track_caller]
fn one_time(text: &str) -> String {
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix("One-time password:"))
        .unwrap_or_else(|| panic!("no one-time password in {text}"));
    let password = line.split_whitespace().next().expect("a password");
    assert_eq!(password.len(), 23, "{line}");
    password.to_owned()
}

/// Signs in with a one-time password, which has to be changed before anything else; then it is [`PASSWORD`].
#[track_caller]
fn use_one_time(app: &App, email: &str, password: &str) {
    let token = app.as_nobody().access_token(email, password);
    let person = app.as_nobody().with_credential(&token);
    let refused = person.get("/drifts").expect(403);
    assert!(refused.message().contains("password"), "{refused:?}");
    let body = json!({"currentPassword": password, "newPassword": PASSWORD});
    person
        .put("/users/me/password", &body)
        .expect_any(&[200, 204]);
    person.get("/drifts").expect(200);
    app.as_nobody().sign_in(email, password).expect(401);
    app.as_nobody().sign_in(email, PASSWORD).expect(200);
}

/// The newest audit entry of an action.
#[track_caller]
fn newest(app: &App, action: &str) -> Value {
    let entries = app
        .as_admin()
        .get(&format!("/audit-logs?action={action}"))
        .expect(200)
        .items();
    entries.into_iter().next().expect("an entry")
}

/// That an entry names whoever sits at the machine.
#[track_caller]
fn assert_local(entry: &Value) {
    let text = entry.to_string();
    assert!(text.contains("local@driftsentry.local"), "{text}");
    let uid = rustix::process::getuid().as_raw();
    assert!(
        text.contains(&format!("driftsentry command line, uid {uid}")),
        "{text}"
    );
}

#[test]
fn somebody_is_added_while_the_server_runs() {
    let app = App::start();
    let said = user(&app, &["add", "Ana@Test.example", "--role", "engineer"]).expect(0);
    assert!(
        said.stdout
            .contains("ana@test.example can sign in, as engineer."),
        "{said:?}"
    );
    let password = one_time(&said.stdout);
    assert_local(&newest(&app, "user_created"));
    use_one_time(&app, "ana@test.example", &password);
    assert!(!app.log().contains(&password), "{}", app.log());

    let listed = user(&app, &["list"]).expect(0).stdout;
    let row = |email: &str| {
        let found = listed.lines().find(|line| line.starts_with(email));
        found.unwrap_or_else(|| panic!("{email} in {listed}"))
    };
    assert!(row(ADMIN.0).contains("admin") && row(ADMIN.0).contains("active"));
    assert!(row("ana@test.example").contains("engineer"), "{listed}");
    let value = user(&app, &["list", "--json"]).expect(0).stdout;
    let value: Value = serde_json::from_str(&value).expect("JSON");
    assert_eq!(value["by"], "server");
    assert_eq!(value["users"][0]["email"], "ana@test.example");
    assert!(value["users"][0]["lastLoginAt"].is_string(), "{value}");
    assert!(!value.to_string().contains("argon2"), "{value}");
}

#[test]
fn somebody_is_added_to_a_stopped_servers_store() {
    let mut app = App::start();
    app.stop();
    let arguments = [
        "add",
        "bo@test.example",
        "--role",
        "viewer",
        "--first-name",
        "Bo",
        "--last-name",
        "Ek",
        "--json",
    ];
    let said = user(&app, &arguments).expect(0).stdout;
    let said: Value = serde_json::from_str(&said).expect("JSON");
    assert_eq!(said["by"], "store", "{said}");
    assert_eq!(said["user"]["role"], "viewer");
    let password = said["oneTimePassword"].as_str().expect("a password");
    assert!(
        user(&app, &["list"])
            .expect(0)
            .stdout
            .contains("one-time password")
    );
    app.start_again();
    use_one_time(&app, "bo@test.example", password);
    let entry = newest(&app, "user_created");
    assert_local(&entry);
    assert!(entry.to_string().contains("bo@test.example"), "{entry}");
}

#[test]
fn a_password_comes_from_standard_input() {
    let app = App::start();
    let said = user_with(
        &app,
        &[
            "add",
            "cy@test.example",
            "--role",
            "viewer",
            "--password-stdin",
        ],
        "eleven quiet lanterns\nand more\n",
    )
    .expect(0);
    assert!(!said.stdout.contains("One-time"), "{said:?}");
    let token = app.as_nobody().access_token("cy@test.example", PASSWORD);
    app.as_nobody()
        .with_credential(&token)
        .get("/drifts")
        .expect(200);

    let reset = ["reset-password", "cy@test.example", "--password-stdin"];
    let short = user_with(&app, &reset, "short\n").expect(65);
    assert_eq!(
        short.stderr.trim(),
        "driftsentry: The password must have 12 to 128 characters."
    );
    user_with(&app, &reset, "nine slow tugboats").expect(0);
    app.as_nobody()
        .sign_in("cy@test.example", PASSWORD)
        .expect(401);
    app.as_nobody()
        .sign_in("cy@test.example", "nine slow tugboats")
        .expect(200);
    assert!(!app.log().contains("tugboats"), "{}", app.log());
}

#[test]
fn a_lost_password_is_replaced_and_sessions_end_at_once() {
    let mut app = App::start();
    let admin = app.as_admin();
    admin.get("/users/me").expect(200);
    let said = user(&app, &["reset-password", ADMIN.0]).expect(0);
    let asked = Instant::now();
    while admin.get("/users/me").status != 401 {
        assert!(
            asked.elapsed() < Duration::from_secs(1),
            "the session lives on"
        );
    }
    app.as_nobody().sign_in(ADMIN.0, ADMIN.1).expect(401);
    use_one_time(&app, ADMIN.0, &one_time(&said.stdout));

    // And on the stopped server's store.
    app.stop();
    let said = user(&app, &["reset-password", ADMIN.0]).expect(0);
    app.start_again();
    let password = one_time(&said.stdout);
    app.as_nobody().sign_in(ADMIN.0, PASSWORD).expect(401);
    app.as_nobody().sign_in(ADMIN.0, &password).expect(200);
}

#[test]
fn an_account_is_disabled_and_enabled() {
    let mut app = App::start();
    let engineer = app.as_engineer();
    engineer.get("/drifts").expect(200);
    let email = "engineer@test.example";
    let said = user(&app, &["disable", email]).expect(0).stdout;
    assert!(said.contains("can't sign in any more"), "{said}");
    let asked = Instant::now();
    while engineer.get("/drifts").status != 401 {
        assert!(
            asked.elapsed() < Duration::from_secs(1),
            "the session lives on"
        );
    }
    app.as_nobody().sign_in(email, PASSWORD).expect(401);
    assert_local(&newest(&app, "user_updated"));
    let again = user(&app, &["disable", email]).expect(0).stdout;
    assert!(again.contains("was disabled already"), "{again}");
    assert!(user(&app, &["list"]).expect(0).stdout.contains("disabled"));

    let said = user(&app, &["reset-password", email]).expect(0).stdout;
    assert!(said.contains("stays disabled"), "{said}");
    let password = one_time(&said);
    app.as_nobody().sign_in(email, &password).expect(401);
    app.stop();
    let said = user(&app, &["enable", email]).expect(0).stdout;
    assert!(said.contains("can sign in again"), "{said}");
    app.start_again();
    use_one_time(&app, email, &password);
}

#[test]
fn what_is_not_possible_is_told() {
    let mut app = App::start();
    let told = |app: &App, arguments: &[&str], code: i32, sentence: &str| {
        let said = user(app, arguments).expect(code);
        assert!(said.stderr.contains(sentence), "{said:?}");
        assert_eq!(said.stderr.lines().count(), 1, "{said:?}");
        assert!(said.stdout.is_empty(), "{said:?}");
    };
    for command in ["reset-password", "disable", "enable"] {
        told(
            &app,
            &[command, "who@test.example"],
            65,
            "There is no user who@test.example",
        );
        told(
            &app,
            &[command, "who"],
            65,
            "email: must be an email address",
        );
    }
    told(&app, &["disable", ADMIN.0], 65, "the last administrator");
    let add = ["add", ADMIN.0, "--role", "viewer"];
    told(&app, &add, 65, "There is a user root@test.example already");
    let add = ["add", "x", "--role", "viewer"];
    told(&app, &add, 65, "email: must be an email address");
    let add = [
        "add",
        "x@test.example",
        "--role",
        "viewer",
        "--first-name",
        "",
    ];
    told(&app, &add, 65, "first name: must have 1 to 100");
    user(&app, &["add", "x@test.example", "--role", "ingest"]).expect(64);
    user(&app, &["add", "x@test.example"]).expect(64);
    app.stop();
    told(&app, &["disable", ADMIN.0], 65, "the last administrator");
    let data = app.data_dir();
    let store = Store::open(Options::new(&data)).expect("opened");
    told(&app, &["list"], 69, "open in another process");
    store.close();
    let nowhere = app.scratch("nowhere");
    let nowhere = nowhere.to_str().expect("a path");
    for command in [
        &["list"][..],
        &["add", "a@b.example", "--role", "admin"],
        &["reset-password", "a@b.example"],
    ] {
        let mut all = vec!["user"];
        all.extend(command);
        all.extend(["--data-dir", nowhere]);
        let said = driftsentry(&all, b"").expect(66);
        assert!(said.stderr.contains("--data-dir"), "{said:?}");
    }
    assert!(!Path::new(nowhere).exists());
}

#[test]
fn what_root_does_on_a_stopped_store_leaves_nothing_that_is_roots() {
    let mut app = App::start();
    app.as_engineer()
        .push("shop/prod", "07-scan1.refresh.json")
        .expect(201);
    app.stop();
    let dir = app.data_dir();
    let files = || {
        let entries = fs::read_dir(&dir).expect("read").flatten();
        let files = entries.map(|entry| (entry.path(), entry.metadata().expect("known").uid()));
        files.collect::<Vec<_>>()
    };
    // As the service's own user, where this test may say so.
    let owner = if rustix::process::geteuid().is_root() {
        65_534
    } else {
        rustix::process::geteuid().as_raw()
    };
    for path in files()
        .into_iter()
        .map(|(path, _)| path)
        .chain([dir.clone()])
    {
        chown(path, Some(owner), None).expect("given away");
    }
    user(&app, &["list"]).expect(0);
    user(&app, &["disable", "nobody@example.com"]).expect(65);
    for (path, uid) in files() {
        assert_eq!(uid, owner, "{}", path.display());
    }
}

#[test]
fn the_first_account_of_a_store_without_any_is_an_administrator() {
    let mut app = App::stopped();
    let options = Options {
        min_free_bytes: Some(0),
        ..Options::new(app.data_dir())
    };
    Store::open(options).expect("made").close();
    let none = user(&app, &["list"]).expect(0).stdout;
    assert!(none.contains("user add EMAIL --role admin"), "{none}");
    let said = user(&app, &["add", "a@test.example", "--role", "viewer"]).expect(65);
    assert!(said.stderr.contains("--role admin"), "{said:?}");
    let said = user(&app, &["add", "a@test.example", "--role", "admin"]).expect(0);
    // The start makes no other one then.
    app.start_again();
    app.as_nobody().sign_in(ADMIN.0, ADMIN.1).expect(401);
    use_one_time(&app, "a@test.example", &one_time(&said.stdout));
}

/// `serve` as a newcomer starts it: no password is configured.
fn serve(data: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_driftsentry"));
    command
        .args(["serve", "--listen", "127.0.0.1:0", "--data-dir"])
        .arg(data)
        .env("DRIFTSENTRY_STORE_MIN_FREE_BYTES", "0")
        .stdin(Stdio::null());
    command
}

#[test]
fn a_first_start_says_how_to_get_a_password_and_shows_none_where_it_may_be_kept() {
    let app = App::unconfigured(&[]);
    let asked = Instant::now();
    while !app.log().contains("Stop:") {
        assert!(asked.elapsed() < Duration::from_secs(10), "{}", app.log());
    }
    let log = app.log();
    assert!(!log.contains("One-time password"), "{log}");
    let hint = log
        .lines()
        .find_map(|line| line.strip_prefix("For a password:"))
        .unwrap_or_else(|| panic!("no hint in {log}"));
    let command: Vec<&str> = hint.split_whitespace().collect();
    assert_eq!(
        command[..4],
        [
            "driftsentry",
            "user",
            "reset-password",
            "admin@driftsentry.local"
        ]
    );
    // The very command that it says.
    let said = driftsentry(&command[1..], b"").expect(0);
    use_one_time(&app, "admin@driftsentry.local", &one_time(&said.stdout));
}

#[test]
fn a_first_start_on_a_terminal_shows_the_password_once() {
    // script(1), of Debian's bsdutils, makes the terminal.
    let mut app = App::stopped();
    fs::create_dir_all(app.scratch("terminal")).expect("made");
    let on_terminal = |name: &str| {
        let shown = app.scratch(&format!("terminal/{name}"));
        let pid = app.scratch(&format!("{name}.pid"));
        let command = format!(
            "echo $$ > {}; exec {} serve --listen 127.0.0.1:0 --data-dir {}",
            pid.display(),
            env!("CARGO_BIN_EXE_driftsentry"),
            app.data_dir().display()
        );
        let mut terminal = Command::new("script")
            .args(["-q", "-f", "-c", &command])
            .arg(&shown)
            .env("DRIFTSENTRY_STORE_MIN_FREE_BYTES", "0")
            .env("DRIFTSENTRY_LOG_FILE", app.scratch("terminal/server.log"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .expect("script(1) runs: install bsdutils");
        let asked = Instant::now();
        let said = || fs::read_to_string(&shown).unwrap_or_default();
        while !said().contains("Stop:") && asked.elapsed() < Duration::from_secs(30) {
            thread::sleep(Duration::from_millis(20));
        }
        let pid = fs::read_to_string(pid).expect("a process id");
        let pid = pid.trim().parse().ok().and_then(Pid::from_raw);
        kill_process(pid.expect("a process"), Signal::TERM).expect("a signal is sent");
        terminal.wait().expect("it ends");
        said()
    };
    let first = on_terminal("first");
    let password = one_time(&first.replace('\r', ""));
    let second = on_terminal("second");
    assert!(!second.contains("One-time password"), "{second}");
    assert!(
        second.contains("user reset-password admin@driftsentry.local"),
        "{second}"
    );
    for file in fs::read_dir(app.scratch("terminal")).expect("a directory") {
        let file = file.expect("a file");
        let text = fs::read_to_string(file.path()).expect("text");
        let times = text.matches(&password).count();
        let wanted = usize::from(file.file_name() == "first");
        assert_eq!(times, wanted, "{:?}: {text}", file.path());
    }
    app.start_again();
    use_one_time(&app, "admin@driftsentry.local", &password);
}

#[test]
fn the_first_password_comes_from_a_file() {
    let mut app = App::stopped();
    let file = app.scratch("password");
    fs::write(&file, "eleven quiet lanterns\n").expect("written");
    let file = file.to_str().expect("a path").to_owned();
    app.unconfigure(&[
        ("DRIFTSENTRY_ADMIN_EMAIL", "boss@test.example"),
        ("DRIFTSENTRY_ADMIN_PASSWORD_FILE", &file),
    ]);
    app.start_again();
    let token = app.as_nobody().access_token("boss@test.example", PASSWORD);
    app.as_nobody()
        .with_credential(&token)
        .get("/users")
        .expect(200);
    assert!(!app.log().contains("lanterns"), "{}", app.log());
}

#[test]
fn a_first_password_that_is_refused_ends_the_start() {
    let app = App::stopped();
    let file = app.scratch("password");
    fs::write(&file, "abc123").expect("written");
    let file = file.to_str().expect("a path");
    for (name, value) in [
        ("DRIFTSENTRY_ADMIN_PASSWORD", "abc123"),
        ("DRIFTSENTRY_ADMIN_PASSWORD_FILE", file),
    ] {
        let out = serve(&app.data_dir())
            .env(name, value)
            .output()
            .expect("it runs");
        let said = String::from_utf8_lossy(&out.stderr);
        assert_eq!(out.status.code(), Some(78), "{said}");
        assert!(said.contains("12 to 128 characters"), "{said}");
        assert!(said.contains(name), "{said}");
        assert!(!said.contains("abc123"), "{said}");
    }
}
