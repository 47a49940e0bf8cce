use std::sync::atomic::{AtomicU64, Ordering};

use proptest::prelude::*;

use super::*;

const INSTANCE: [u8; 16] = [7; 16];
const LIFE_MS: u64 = LIFE_S * 1_000;
/// Ten years.
const FAR_MS: i64 = 10 * 365 * 86_400_000;

fn ring() -> KeyRing {
    let dir = tempfile::tempdir().unwrap();
    KeyRing::load_or_make(&dir.path().join("token.keys"), Timestamp::now()).unwrap()
}

/// Tokens whose clock started at a time and is advanced by hand.
fn tokens_from(ring: KeyRing, start: Timestamp) -> (AccessTokens, Arc<AtomicU64>) {
    let ticks = Arc::new(AtomicU64::new(1_000));
    let counter = Arc::clone(&ticks);
    let clock = SteadyClock::ticking(start, move || counter.load(Ordering::Relaxed));
    (AccessTokens::with_clock(ring, INSTANCE, clock), ticks)
}

fn somebody() -> (UserId, SessionId) {
    let now = Timestamp::now();
    (UserId::new(now), SessionId::new(now))
}

fn issued(tokens: &AccessTokens) -> String {
    let (user, session) = somebody();
    tokens.issue(user, session).unwrap().token
}

/// A token of our key with claims of one's own.
fn forged(tokens: &AccessTokens, payload: &str, footer: Option<&str>, assertion: &[u8]) -> String {
    let known = tokens.known();
    let key = &known.keys[0];
    let footer = footer.unwrap_or(&key.footer);
    LocalToken::encrypt(
        &key.secret,
        payload.as_bytes(),
        Some(footer.as_bytes()),
        Some(assertion),
    )
    .unwrap()
}

#[test]
fn a_token_says_who_and_by_which_sign_in() {
    let tokens = AccessTokens::new(ring(), INSTANCE);
    let (user, session) = somebody();
    let issued = tokens.issue(user, session).unwrap();
    assert_eq!(issued.expires_in_s, 900);
    assert!(issued.token.len() < 600, "{}", issued.token.len());
    assert!(!format!("{issued:?}").contains("v4"));
    for _ in 0..2 {
        let claims = tokens.verify(&issued.token).unwrap();
        assert_eq!((claims.user, claims.session), (user, session));
        let left_ms = claims.expires.unix_ms() - tokens.now().unix_ms();
        assert!((890_000..=900_000).contains(&left_ms));
    }
}

#[test]
fn a_token_ends_on_time_whether_it_is_remembered_or_not() {
    for remembered in [false, true] {
        let (tokens, ticks) = tokens_from(ring(), Timestamp::now());
        let token = issued(&tokens);
        if remembered {
            assert!(tokens.verify(&token).is_some());
        }
        ticks.fetch_add(LIFE_MS - 1, Ordering::Relaxed);
        if remembered {
            assert!(tokens.verify(&token).is_some());
        }
        ticks.fetch_add(1, Ordering::Relaxed);
        assert_eq!(tokens.verify(&token), None);
        assert_eq!(tokens.known().verified.len(), 0);
    }
}

#[test]
fn a_token_is_taken_after_a_restart_unless_the_clock_was_set_far() {
    let start = Timestamp::now();
    let ring = ring();
    let (before, _) = tokens_from(ring.clone(), start);
    let token = issued(&before);
    for (jump_ms, holds) in [
        (-FAR_MS, false),
        (-60_001, false),
        (-60_000, true),
        (0, true),
        (LIFE_MS as i64 - 1, true),
        (LIFE_MS as i64, false),
        (FAR_MS, false),
    ] {
        let (after, ticks) = tokens_from(ring.clone(), start.plus_ms(jump_ms));
        assert_eq!(after.verify(&token).is_some(), holds, "{jump_ms}");
        // A token that is taken ends within a life and the leeway, however the new clock began.
        ticks.fetch_add(LIFE_MS + 60_000, Ordering::Relaxed);
        assert!(!holds || after.verify(&token).is_none());
    }
}

#[test]
fn setting_the_clock_lengthens_no_life_where_the_time_that_passed_is_known() {
    let ring = ring();
    let long_past = Timestamp::from_unix_ms(1_000_000);
    let far_ahead = Timestamp::now().plus_ms(FAR_MS);
    for start in [long_past, far_ahead] {
        let (before, ticks) = tokens_from(ring.clone(), start);
        let token = issued(&before);
        ticks.fetch_add(LIFE_MS, Ordering::Relaxed);
        let clock = SteadyClock::not_before(before.now());
        let after = AccessTokens::with_clock(ring.clone(), INSTANCE, clock);
        assert_eq!(after.verify(&token), None);
        assert!(after.verify(&issued(&after)).is_some());
    }
}

#[test]
fn the_last_key_verifies_and_the_one_before_it_does_not() {
    let first = ring();
    let tokens = AccessTokens::new(first.clone(), INSTANCE);
    let old = issued(&tokens);
    assert!(tokens.verify(&old).is_some());
    let second = first.rotated(Timestamp::now()).unwrap();
    tokens.replace_ring(second.clone());
    assert_eq!(tokens.known().verified.len(), 0);
    assert!(tokens.verify(&old).is_some());
    let new = issued(&tokens);
    tokens.replace_ring(second.rotated(Timestamp::now()).unwrap());
    assert_eq!(tokens.verify(&old), None);
    assert!(tokens.verify(&new).is_some());
}

#[test]
fn another_instance_with_the_same_keys_is_another() {
    let ring = ring();
    let token = issued(&AccessTokens::new(ring.clone(), INSTANCE));
    assert!(
        AccessTokens::new(ring.clone(), INSTANCE)
            .verify(&token)
            .is_some()
    );
    assert_eq!(AccessTokens::new(ring, [8; 16]).verify(&token), None);
}

#[test]
fn each_claim_is_looked_at() {
    let start = Timestamp::now();
    let (tokens, _) = tokens_from(ring(), start);
    let (user, session) = somebody();
    let payload = |changed: &str, to: serde_json::Value| {
        let mut claims = serde_json::json!({
            "iss": ISSUER, "aud": AUDIENCE, "typ": TYPE, "sub": user, "sid": session,
            "iat": start, "nbf": start, "exp": start.plus_ms(1),
        });
        claims[changed] = to;
        claims.to_string()
    };
    let verified =
        |payload: &str| tokens.verify(&forged(&tokens, payload, None, &tokens.assertion));
    let late = |ms| serde_json::json!(start.plus_ms(ms));
    let good = payload("iss", ISSUER.into());
    assert_eq!(verified(&good).map(|claims| claims.user), Some(user));
    assert!(verified(&payload("nbf", late(60_000))).is_some());
    assert!(verified(&payload("iat", late(60_000))).is_some());
    for (claim, wrong) in [
        ("iss", "somebody".into()),
        ("aud", "driftsentry-ui".into()),
        ("typ", "refresh".into()),
        ("sub", "ada".into()),
        ("sid", serde_json::Value::Null),
        ("iat", late(60_001)),
        ("nbf", late(60_001)),
        ("exp", late(0)),
        ("exp", serde_json::Value::Null),
        ("role", "admin".into()),
    ] {
        assert_eq!(
            verified(&payload(claim, wrong.clone())),
            None,
            "{claim}: {wrong}"
        );
    }
    assert_eq!(verified("{}"), None);
    let other_footer = forged(&tokens, &good, Some("{}"), &tokens.assertion);
    assert_eq!(tokens.verify(&other_footer), None);
    let other_assertion = forged(&tokens, &good, None, b"");
    assert_eq!(tokens.verify(&other_assertion), None);
}

#[test]
fn what_is_long_is_refused_before_any_work() {
    let tokens = AccessTokens::new(ring(), INSTANCE);
    assert_eq!(tokens.verify(&"v4.local.".repeat(100_000)), None);
    let (head, footer) = issued(&tokens).rsplit_once('.').map(own).unwrap();
    let long = format!("{head}{}.{footer}", "A".repeat(MAX_BYTES));
    assert_eq!(tokens.verify(&long), None);
}

fn own((head, footer): (&str, &str)) -> (String, String) {
    (head.to_owned(), footer.to_owned())
}

#[test]
fn few_verified_tokens_are_remembered() {
    let known = AccessTokens::new(ring(), INSTANCE).known();
    let (user, session) = somebody();
    for number in 0..20_000_u64 {
        let claims = Claims {
            user,
            session,
            expires: Timestamp::default(),
        };
        known
            .verified
            .insert(Sha256::digest(number.to_be_bytes()).into(), claims);
    }
    assert!(
        known.verified.len() <= REMEMBERED + 64,
        "{}",
        known.verified.len()
    );
}

proptest! {
    #[test]
    fn nothing_else_is_a_token(text in "\\PC{0,80}|v4\\.local\\.[-_0-9A-Za-z]{0,300}(\\.[-_0-9A-Za-z]{0,80}){0,2}") {
        let tokens = AccessTokens::new(ring(), INSTANCE);
        prop_assert_eq!(tokens.verify(&text), None);
        // Nor with the footer of a key that there is.
        let footer = tokens.known().keys[0].encoded_footer.clone();
        for head in ["", "v4.local."] {
            let text = format!("{head}{text}.{footer}");
            prop_assert_eq!(tokens.verify(&text), None);
        }
    }

    #[test]
    fn a_changed_token_is_no_token(at: prop::sample::Index, to in "[-_.=0-9A-Za-z]|\\PC", remembered: bool) {
        let tokens = AccessTokens::new(ring(), INSTANCE);
        let token = issued(&tokens);
        if remembered {
            prop_assert!(tokens.verify(&token).is_some());
        }
        let at = at.index(token.len());
        let mut changed = token.clone();
        changed.replace_range(at..=at, &to);
        prop_assert_eq!(tokens.verify(&changed).is_some(), changed == token);
        prop_assert_eq!(tokens.verify(&token[..at]), None);
        let longer = format!("{token}{to}");
        prop_assert_eq!(tokens.verify(&longer), None);
    }

    #[test]
    fn tokens_round_trip(user: u128, session: u128) {
        let tokens = AccessTokens::new(ring(), INSTANCE);
        let (user, session) = (UserId(uuid::Uuid::from_u128(user)), SessionId(uuid::Uuid::from_u128(session)));
        let claims = tokens.verify(&tokens.issue(user, session).unwrap().token).unwrap();
        prop_assert_eq!((claims.user, claims.session), (user, session));
    }
}
