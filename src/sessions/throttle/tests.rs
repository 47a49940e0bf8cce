use std::net::{Ipv4Addr, Ipv6Addr};

use proptest::prelude::*;

use super::*;

fn address(number: u32) -> Option<IpAddr> {
    Some(IpAddr::V4(Ipv4Addr::from_bits(0x0a00_0000 + number)))
}

fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}

/// Fails so often, and tells how many tries were let in.
fn fail(throttle: &Throttle, account: &str, client: u32, times: usize, now: Instant) -> usize {
    (0..times)
        .filter(|_| throttle.admit(account, address(client), now).is_ok())
        .count()
}

#[test]
fn a_burst_from_one_client_ends_after_the_free_tries() {
    let throttle = Throttle::new();
    let now = Instant::now();
    assert_eq!(fail(&throttle, "ada", 1, 1_000, now), 5);
    assert_eq!(throttle.admit("ada", address(1), now).unwrap_err(), 1);
    // The owner elsewhere, and the same client with another account, are not held back.
    throttle
        .admit("ada", address(2), now)
        .unwrap()
        .succeeded(now);
    throttle.admit("bob", address(1), now).unwrap().failed();
}

#[test]
fn waits_double_up_to_a_quarter_of_an_hour() {
    let throttle = Throttle::new();
    let mut now = Instant::now();
    fail(&throttle, "ada", 1, 5, now);
    for expected in [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900] {
        let wait = throttle.admit("ada", address(1), now).unwrap_err();
        assert_eq!(wait, expected);
        let almost = now + seconds(wait) - Duration::from_millis(1);
        assert_eq!(throttle.admit("ada", address(1), almost).unwrap_err(), 1);
        now += seconds(wait);
        throttle.admit("ada", address(1), now).unwrap().failed();
    }
    // The longest wait is as long as anything is remembered: after it the tries are free again.
    assert_eq!(fail(&throttle, "ada", 1, 10, now), 4);
}

#[test]
fn many_clients_guess_no_faster_than_one_and_known_ones_are_spared() {
    let throttle = Throttle::new();
    let mut now = Instant::now();
    let home = throttle.admit("ada", address(1), now).unwrap();
    home.succeeded(now);
    let admitted: usize = (100..300)
        .map(|client| fail(&throttle, "ada", client, 5, now))
        .sum();
    assert_eq!(admitted, 15);
    // A client that signed in before has its own free tries, and they don't count against others.
    assert_eq!(fail(&throttle, "ada", 1, 4, now), 4);
    throttle
        .admit("ada", address(1), now)
        .unwrap()
        .succeeded(now);
    // In an hour from ever new addresses: one guess a minute once the delays are long.
    let mut admitted = 0;
    for second in 0..3_600_u32 {
        now += seconds(1);
        admitted += fail(&throttle, "ada", 1_000 + second, 1, now);
    }
    assert!((60..=70).contains(&admitted), "{admitted}");
    throttle
        .admit("ada", address(1), now)
        .unwrap()
        .succeeded(now);
    // Each of them as fast with another account.
    throttle.admit("bob", address(1_000), now).unwrap().failed();
}

#[test]
fn one_client_with_many_accounts_is_slowed_down() {
    let throttle = Throttle::new();
    let now = Instant::now();
    let admitted: usize = (0..500)
        .map(|account| fail(&throttle, &format!("user {account}"), 1, 1, now))
        .sum();
    assert_eq!(admitted, 50);
    assert!(throttle.admit("ada", address(2), now).is_ok());
    assert_eq!(throttle.admit("ada", address(1), now).unwrap_err(), 1);
    // It never waits longer than a minute for that.
    let mut now = now;
    for _ in 0..20 {
        if let Err(wait) = throttle.admit(&format!("{now:?}"), address(1), now) {
            assert!(wait <= 60);
            now += seconds(wait);
        }
    }
}

#[test]
fn an_office_that_signs_in_is_not_slowed_down() {
    let throttle = Throttle::new();
    let mut now = Instant::now();
    for person in 0..10_000 {
        now += Duration::from_millis(10);
        let attempt = throttle.admit(&format!("user {person}"), address(1), now);
        attempt.unwrap().succeeded(now);
    }
    let mut counts = lock(&throttle.counts);
    assert_eq!((counts.pairs.len(), counts.accounts.len()), (0, 0));
    assert!(counts.clients.get_mut(&Client::of(address(1))).is_none());
}

#[test]
fn success_forgets_the_failures_of_this_client_only() {
    let throttle = Throttle::new();
    let now = Instant::now();
    fail(&throttle, "ada", 2, 5, now);
    fail(&throttle, "ada", 1, 4, now);
    throttle
        .admit("ada", address(1), now)
        .unwrap()
        .succeeded(now);
    assert_eq!(fail(&throttle, "ada", 1, 10, now), 5);
    assert!(throttle.admit("ada", address(2), now).is_err());
}

#[test]
fn what_was_never_decided_does_not_count() {
    let throttle = Throttle::new();
    let mut now = Instant::now();
    for _ in 0..1_000 {
        throttle.admit("ada", address(1), now).unwrap().withdrawn();
    }
    assert_eq!(throttle.entries(), 0);
    fail(&throttle, "ada", 1, 6, now);
    now += seconds(1);
    // The wait goes on from the last failure, not from the try that was taken back.
    throttle.admit("ada", address(1), now).unwrap().withdrawn();
    throttle.admit("ada", address(1), now).unwrap().failed();
    assert_eq!(throttle.admit("ada", address(1), now).unwrap_err(), 2);
}

#[test]
fn one_network_is_one_client() {
    let throttle = Throttle::new();
    let now = Instant::now();
    let mut admitted = 0;
    for host in 0..100 {
        let address = Ipv6Addr::new(0x2001, 0xdb8, 1, 2, host, 3, 4, host);
        admitted += usize::from(throttle.admit("ada", Some(address.into()), now).is_ok());
    }
    assert_eq!(admitted, 5);
    let neighbour = Ipv6Addr::new(0x2001, 0xdb8, 1, 3, 0, 0, 0, 1);
    assert!(throttle.admit("ada", Some(neighbour.into()), now).is_ok());
    let mapped = Ipv4Addr::new(192, 0, 2, 1);
    assert_eq!(
        Client::of(Some(mapped.to_ipv6_mapped().into())),
        Client::of(Some(mapped.into()))
    );
}

#[test]
fn memory_is_bounded_and_given_back() {
    let throttle = Throttle::new();
    let mut now = Instant::now();
    for number in 0..120_000_u32 {
        now += Duration::from_micros(10);
        let attempt = throttle.admit(&number.to_string(), address(number), now);
        match number % 3 {
            0 => attempt.unwrap().succeeded(now),
            _ => attempt.unwrap().failed(),
        }
    }
    let full = throttle.entries();
    assert!((95_000..=100_000).contains(&full), "{full}");
    // Few tries clear away what has expired.
    now += WINDOW;
    for number in 0..12_000 {
        let _ = throttle.admit(&number.to_string(), address(number), now);
    }
    let counts = lock(&throttle.counts);
    let failures = counts.pairs.len() + counts.accounts.len() + counts.clients.len();
    assert!(failures <= 36_000, "{failures}");
}

#[test]
fn a_client_is_known_for_a_month_and_eight_are() {
    let throttle = Throttle::new();
    let now = Instant::now();
    for client in 0..9 {
        let attempt = throttle.admit("ada", address(client), now).unwrap();
        attempt.succeeded(now);
    }
    let is_known = |client, now| {
        lock(&throttle.counts).is_known(account_of("ada"), Client::of(address(client)), now)
    };
    assert!(!is_known(0, now));
    assert!((1..9).all(|client| is_known(client, now)));
    assert!(!is_known(8, now + KNOWN_FOR));
}

#[derive(Debug, Clone, Copy)]
enum End {
    Failed,
    Succeeded,
    Withdrawn,
}

proptest! {
    #[test]
    fn no_wait_is_long_and_quiet_forgets_all(
        tries in proptest::collection::vec(
            (0_u8..3, 0_u32..4, 0_u64..400_000, prop_oneof![
                8 => Just(End::Failed), 1 => Just(End::Succeeded), 1 => Just(End::Withdrawn),
            ]),
            0..300,
        ),
        follow: bool,
    ) {
        let throttle = Throttle::new();
        let mut now = Instant::now();
        for (account, client, pause_ms, end) in tries {
            // Half of the runs try in quick succession.
            now += Duration::from_millis(if follow { pause_ms % 50 } else { pause_ms });
            match throttle.admit(&account.to_string(), address(client), now) {
                Ok(attempt) => match end {
                    End::Failed => attempt.failed(),
                    End::Succeeded => attempt.succeeded(now),
                    End::Withdrawn => attempt.withdrawn(),
                },
                Err(wait) => {
                    prop_assert!((1..=900).contains(&wait));
                    // The wait that was told is enough.
                    if follow {
                        now += seconds(wait);
                        let again = throttle.admit(&account.to_string(), address(client), now);
                        prop_assert!(again.is_ok());
                    }
                }
            }
        }
        now += WINDOW;
        for account in 0..3 {
            for client in 4..8 {
                prop_assert_eq!(fail(&throttle, &account.to_string(), client, 3, now), 3);
            }
            now += WINDOW;
            prop_assert_eq!(fail(&throttle, &account.to_string(), account, 5, now), 5);
        }
    }
}
