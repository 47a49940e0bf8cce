//! What credentials cost: a password's hash, and the tokens that each request shows.

use std::time::Instant;

use driftsentry::ids::{SessionId, UserId};
use driftsentry::keys::secret::Secret;
use driftsentry::sessions::access_token::AccessTokens;
use driftsentry::sessions::key_ring::KeyRing;
use driftsentry::sessions::refresh_token::RefreshToken;
use driftsentry::sessions::throttle::Throttle;
use driftsentry::time::Timestamp;
use driftsentry::users::password::{Password, PasswordHash};

use crate::harness::{Goal, Outcome, Report, Times, scratch};

/// How often something quick is done between two looks at the clock.
const BATCH: u32 = 1_000;
const RUNS: usize = 50;

pub(crate) fn run(report: &mut Report) -> Outcome<()> {
    report.subject("credentials: one thread")?;
    let password = Password::one_time()?;
    let hash = PasswordHash::of(&password)?;
    for (work, attempt) in [
        ("a password that holds", password.expose()),
        ("a password that is wrong", "tidal omen fjord"),
        ("a password that is too long", &"x".repeat(100_000)),
    ] {
        let times = Times::measure(RUNS, || Ok(hash.holds(attempt)))?;
        report.line(work, times.text(), "", None, Goal::None);
    }
    let times = Times::measure(RUNS, || Ok(PasswordHash::decoy().holds("x")))?;
    report.line("an unknown account", times.text(), "", None, Goal::None);

    let ring = KeyRing::load_or_make(&scratch()?.join("credentials.keys"), Timestamp::now())?;
    let tokens = AccessTokens::new(ring.clone(), [0; 16]);
    let now = Timestamp::now();
    let (user, session) = (UserId::new(now), SessionId::new(now));
    let token = tokens.issue(user, session)?.token;
    quick(report, "issue an access token", || {
        tokens.issue(user, session).is_ok()
    })?;
    let fresh = first_verifications(&tokens, user, session)?;
    report.line(
        "verify an access token, first time",
        fresh.text(),
        "",
        None,
        Goal::None,
    );
    quick(report, "verify an access token, again", || {
        tokens.verify(&token).is_some()
    })?;
    let mut wrong = token.clone();
    wrong.replace_range(20..21, if &token[20..21] == "A" { "B" } else { "A" });
    quick(report, "refuse a changed access token", || {
        tokens.verify(&wrong).is_none()
    })?;
    quick(report, "refuse what is no token", || {
        tokens.verify("v4.local.AAAA.AAAA").is_none()
    })?;

    let key = Secret::mint()?;
    let stored = key.hash();
    quick(report, "read an API key and compare its hash", || {
        Secret::parse(key.text()).is_some_and(|read| read.holds(&stored))
    })?;
    let refresh = RefreshToken::mint(session, 1)?;
    let (text, stored) = (refresh.text(), refresh.hash());
    quick(report, "read a refresh token and compare its hash", || {
        text.parse::<RefreshToken>()
            .is_ok_and(|read| read.holds(&stored))
    })?;
    let throttle = Throttle::new();
    quick(report, "admit a sign-in that succeeds", || {
        let now = Instant::now();
        let attempt = throttle.admit("ada@example.com", None, now);
        attempt.map(|attempt| attempt.succeeded(now)).is_ok()
    })
}

/// The time of something that takes microseconds; it must come out true.
fn quick(report: &mut Report, work: &str, mut does: impl FnMut() -> bool) -> Outcome<()> {
    let mut all = true;
    let times = Times::measure(RUNS, || {
        for _ in 0..BATCH {
            all &= std::hint::black_box(does());
        }
        Ok(())
    })?;
    if !all {
        return Err(format!("{work}: it did not").into());
    }
    let each = times.median() / BATCH;
    report.line(work, format!("{each:.1?}"), "", None, Goal::None);
    Ok(())
}

/// How long tokens take that were never seen before.
fn first_verifications(tokens: &AccessTokens, user: UserId, session: SessionId) -> Outcome<Times> {
    let fresh: Result<Vec<_>, _> = (0..4_000).map(|_| tokens.issue(user, session)).collect();
    let mut times = Vec::new();
    for issued in fresh? {
        let started = Instant::now();
        let claims = std::hint::black_box(tokens.verify(&issued.token));
        times.push(started.elapsed());
        if claims.is_none() {
            return Err("a new token does not hold".into());
        }
    }
    Ok(Times::of(times))
}
