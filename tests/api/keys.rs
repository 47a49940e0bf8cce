//! Keys: machines' own, and those that access tokens are made with.

use driftsentry::sessions::key_ring::KeyRing;
use driftsentry::time::Timestamp;

use crate::harness::{ADMIN, App, Client};

#[track_caller]
fn last_use(admin: &Client) -> serde_json::Value {
    admin.get("/api-keys").expect(200).items()[0]["lastUsedAt"].clone()
}

#[test]
fn a_keys_last_use_is_shown_at_once_and_outlives_a_stop() {
    let mut app = App::start();
    let key = app.new_key("ci", "read", &[]);
    assert!(last_use(&app.as_admin()).is_null());
    let before = Timestamp::now().to_string();
    app.as_nobody()
        .with_credential(&key)
        .get("/drifts")
        .expect(200);
    let used = last_use(&app.as_admin());
    assert!(used.as_str().is_some_and(|used| used >= &*before), "{used}");
    app.restart();
    assert_eq!(last_use(&app.as_admin()), used);
}

#[test]
fn token_keys_are_changed_in_a_file_of_ones_own() {
    let mut app = App::stopped();
    let path = app.scratch("given.keys");
    let first = KeyRing::load_or_make(&path, Timestamp::now()).expect("a ring");
    let named = path.to_str().expect("a path").to_owned();
    app.set(&[("DRIFTSENTRY_AUTH_TOKEN_KEYS_FILE", named)]);
    app.start_again();
    assert!(
        !app.data_dir().join("paseto.keys").exists(),
        "no keys of our own beside the given ones"
    );
    let token = app.as_nobody().access_token(ADMIN.0, ADMIN.1);
    let is_in = |app: &App| {
        let me = app.as_nobody().with_credential(&token).get("/users/me");
        me.expect_any(&[200, 401]).status == 200
    };
    assert!(is_in(&app));
    // The one before is still accepted, the one before that is not.
    let second = first.rotated(Timestamp::now()).expect("another key");
    second.save(&path).expect("written");
    app.restart();
    assert!(is_in(&app));
    let third = second.rotated(Timestamp::now()).expect("another key");
    third.save(&path).expect("written");
    app.restart();
    assert!(!is_in(&app));
    // A file that is gone is told, and none is made in its place.
    app.stop();
    std::fs::remove_file(&path).expect("removed");
    let data = app.data_dir();
    let refused = crate::harness::driftsentry_with(
        &[(
            "DRIFTSENTRY_AUTH_TOKEN_KEYS_FILE",
            path.to_str().expect("a path"),
        )],
        &[
            "serve",
            "--listen",
            "127.0.0.1:0",
            "--data-dir",
            data.to_str().expect("a path"),
        ],
        b"",
    );
    assert!(refused.code.is_some_and(|code| code != 0), "{refused:?}");
    assert!(refused.stderr.contains("given.keys"), "{refused:?}");
    assert!(!path.exists());
}
