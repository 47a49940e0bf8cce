//! The rules of sessions, over a store and a clock of the tests' own.

use std::sync::Arc;

use argon2::{Algorithm, Argon2, Params, PasswordHasher, Version};

use super::sign_in::Desk;
use super::*;
use crate::actor::Role;
use crate::store::{Batch, Options, Store};
use crate::users::{New, PasswordHash};

const SECOND: i64 = 1_000;

/// `tidal omen fjord` at a lower cost than today's.
fn cheap_hash() -> PasswordHash {
    let params = Params::new(64, 1, 1, None).unwrap();
    let cheap = Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_with_salt(b"tidal omen fjord", &[1; 16])
        .unwrap();
    serde_json::from_value(cheap.to_string().into()).unwrap()
}

struct World {
    _dir: tempfile::TempDir,
    store: Store,
    user: users::Record,
    start: Timestamp,
}

fn client(agent: &str) -> Actor {
    Actor {
        ip_address: Some("10.0.0.7".to_owned()),
        user_agent: Some(agent.to_owned()),
        ..Actor::system("test")
    }
}

impl World {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(Options {
            min_free_bytes: Some(0),
            ..Options::new(dir.path())
        })
        .unwrap();
        let new = New {
            email: "ana@example.com".parse().unwrap(),
            role: Role::Engineer,
            first_name: None,
            last_name: None,
            password: PasswordHash::decoy().clone(),
            must_change_password: false,
        };
        let start = Timestamp::now();
        let user = store
            .write_blocking(move |read, _| {
                users::create(read, new.clone(), &Actor::system("test"), start)
            })
            .unwrap();
        Self {
            _dir: dir,
            store,
            user,
            start,
        }
    }

    fn at<T: Send + 'static>(
        &self,
        ms: i64,
        change: impl Fn(&Batch<'_>, Timestamp) -> Result<(T, Writes)> + Send + 'static,
    ) -> T {
        let now = self.start.plus_ms(ms);
        self.store
            .write_blocking(move |read, _| change(read, now))
            .unwrap()
    }

    fn open(&self, ms: i64) -> RefreshToken {
        let token = RefreshToken::mint(SessionId::new(self.start), 1).unwrap();
        let (opened, by) = (token.clone(), self.user.as_actor(&client("browser")));
        self.at(ms, move |read, now| open(read, &opened, &by, now));
        token
    }

    /// The child, or whether its family is lost.
    fn refresh(
        &self,
        ms: i64,
        token: &RefreshToken,
        agent: &'static str,
    ) -> std::result::Result<RefreshToken, &'static str> {
        let shown = token.clone();
        let secret = RefreshToken::mint(shown.session, 1).unwrap().secret;
        let outcome = self.at(ms, move |read, now| {
            refresh(read, &shown, secret, &client(agent), now)
        });
        match outcome {
            Refreshed::Renewed { token, .. } => Ok(token),
            Refreshed::Refused => Err("refused"),
            Refreshed::Reused => Err("reused"),
        }
    }

    fn actions(&self) -> Vec<Action> {
        let rows: Vec<(u64, audit::Entry)> = self
            .store
            .read(|read| {
                let log = &crate::store::tables::AUDIT;
                read.rows(log, &Range::all(), Order::Ascending, usize::MAX)
            })
            .unwrap();
        rows.into_iter().map(|(_, entry)| entry.action).collect()
    }
}

#[test]
fn a_child_takes_its_parents_place() {
    let world = World::new();
    let first = world.open(0);
    let second = world.refresh(900 * SECOND, &first, "browser").unwrap();
    let third = world.refresh(1_800 * SECOND, &second, "browser").unwrap();
    assert_eq!(third.generation, 3);
    assert_ne!(third.text(), second.text());
}

#[test]
fn a_lost_answer_is_given_again_to_the_same_client_for_ten_seconds() {
    let world = World::new();
    let first = world.open(0);
    let second = world.refresh(SECOND, &first, "browser").unwrap();
    let again = world.refresh(11 * SECOND, &first, "browser").unwrap();
    assert_eq!(again.text(), second.text(), "one child, not two");
    assert!(world.refresh(12 * SECOND, &second, "browser").is_ok());
}

#[test]
fn a_spent_token_that_returns_ends_the_family() {
    for (ms, agent, uses_child) in [
        // After the grace, by the same client.
        (12 * SECOND, "browser", false),
        // Within the grace, by somebody else.
        (2 * SECOND, "thief", false),
        // Within the grace, though the child is spent: its answer was not lost.
        (2 * SECOND, "browser", true),
        // The clock was set back.
        (-SECOND, "browser", false),
    ] {
        let world = World::new();
        let first = world.open(0);
        let mut newest = world.refresh(SECOND, &first, "browser").unwrap();
        if uses_child {
            newest = world.refresh(SECOND, &newest, "browser").unwrap();
        }
        assert_eq!(world.refresh(ms, &first, agent).unwrap_err(), "reused");
        assert_eq!(
            world.refresh(ms, &newest, "browser").unwrap_err(),
            "refused"
        );
        assert_eq!(world.actions().last(), Some(&Action::TokenReuseDetected));
    }
}

#[test]
fn a_token_that_is_not_ours_changes_nothing() {
    let world = World::new();
    let first = world.open(0);
    let forged = RefreshToken {
        secret: [7; 32],
        ..first.clone()
    };
    assert_eq!(world.refresh(1, &forged, "thief").unwrap_err(), "refused");
    let ahead = RefreshToken {
        generation: 2,
        ..first.clone()
    };
    assert_eq!(world.refresh(1, &ahead, "thief").unwrap_err(), "refused");
    assert!(world.refresh(2, &first, "browser").is_ok());
}

#[test]
fn a_token_ends_after_seven_days() {
    let world = World::new();
    let first = world.open(0);
    assert_eq!(
        world.refresh(REFRESH_MS, &first, "browser").unwrap_err(),
        "refused"
    );
    assert!(world.refresh(REFRESH_MS - 1, &first, "browser").is_ok());
}

#[test]
fn old_generations_are_forgotten_and_known_ones_stay() {
    let world = World::new();
    let (mut token, mut all) = (world.open(0), Vec::new());
    for day in 1..=20 {
        all.push(token.clone());
        token = world.refresh(day * 86_400_000, &token, "browser").unwrap();
    }
    let kept = world
        .store
        .read(|read| {
            let prefix = Range::prefix(&token.session);
            read.keys::<(SessionId, u32)>(&REFRESH_TOKENS, &prefix, Order::Ascending, usize::MAX)
        })
        .unwrap();
    assert!((7..=9).contains(&kept.len()), "{kept:?}");
    // One that is forgotten has expired long ago: it is refused, and takes nobody with it.
    let now = 20 * 86_400_000;
    assert_eq!(world.refresh(now, &all[0], "x").unwrap_err(), "refused");
    assert_eq!(world.refresh(now, &all[18], "x").unwrap_err(), "reused");
}

#[test]
fn the_eleventh_session_ends_the_one_used_least_recently() {
    let world = World::new();
    let mut sessions: Vec<RefreshToken> = (0..10).map(|n| world.open(n)).collect();
    sessions[0] = world.refresh(100, &sessions[0], "browser").unwrap();
    world.open(200);
    assert_eq!(
        world.refresh(300, &sessions[1], "browser").unwrap_err(),
        "refused"
    );
    assert!(world.refresh(300, &sessions[0], "browser").is_ok());
}

#[test]
fn a_disabled_account_renews_nothing_and_has_no_sessions_left() {
    let world = World::new();
    let first = world.open(0);
    let id = world.user.id;
    let by = Actor::system("test");
    for disabled in [true, false] {
        let by = by.clone();
        world.at(1, move |read, now| {
            let change = users::Change {
                disabled: Some(disabled),
                ..users::Change::default()
            };
            accounts::update(read, id, &change, &by, now)
        });
    }
    assert_eq!(world.refresh(2, &first, "browser").unwrap_err(), "refused");
}

#[test]
fn a_sign_in_raises_the_cost_of_an_older_hash() {
    let world = World::new();
    let id = world.user.id;
    world
        .store
        .write_blocking(move |read, now| {
            users::set_password(read, id, cheap_hash(), false, &client("browser"), now)
        })
        .unwrap();
    let dir = tempfile::tempdir().unwrap();
    let ring = key_ring::KeyRing::load_or_make(&dir.path().join("keys"), world.start).unwrap();
    let tokens = Arc::new(AccessTokens::new(ring, [0; 16]));
    let desk = Desk::new(world.store.clone(), tokens, Arc::default());
    let tokio = tokio::runtime::Runtime::new().unwrap();
    let sign_in = |email, password: &str| {
        let by = client("browser");
        tokio.block_on(desk.sign_in(email, password.to_owned(), &by))
    };
    let kept = || world.store.read(|read| users::by_id(read, id)).unwrap();
    assert!(kept().password.is_outdated());
    assert!(sign_in("ana@example.com", "not it at all").is_err());
    assert!(kept().password.is_outdated(), "a wrong one raises nothing");
    for _ in 0..2 {
        sign_in("Ana@Example.com", "tidal omen fjord").unwrap();
        assert!(!kept().password.is_outdated());
    }
}
