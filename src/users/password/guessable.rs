//! Passwords that are tried first, whatever their length: common ones, well-known words with digits around them, the
//! account's own address, repetitions and runs of keys.
//!
//! The list is what is long enough of Django's `common-passwords.txt` (BSD-3-Clause, its licence stands in the file),
//! and our own additions.

use std::sync::LazyLock;

const COMMON: &str =
    "is one of the passwords that are tried first: choose another, such as four random words";
const EMAIL: &str =
    "must not be made of the email address: choose another, such as four random words";
const REPEATED: &str = "repeats the same few characters: choose another, such as four random words";
const RUN: &str =
    "follows the keyboard, the alphabet or the digits: choose another, such as four random words";

/// Common passwords that are long enough, sorted.
static LIST: LazyLock<Vec<&'static str>> = LazyLock::new(|| {
    include_str!("../common_passwords.txt")
        .lines()
        .filter(|line| !line.starts_with('#'))
        .collect()
});

/// Words that make no password, alone, combined, or with digits and signs: what is asked for, who has it, what it is
/// for, keys, the calendar, and what people love.
static WORDS: LazyLock<Vec<&'static str>> = LazyLock::new(|| {
    "
    password passwort passwd pass passphrase passcode motdepasse contrasena senha wachtwoord haslo parola
    secret login logon signin user username account access default temp temporary test testing tester demo
    example sample guest welcome hello hallo bonjour willkommen letmein openup opensesame changeme changeit
    changethis change me please now new old my the is this a not your our for and to
    admin admins administrator root toor superuser sysadmin system operator manager master owner support
    service staff engineer viewer developer devops boss
    driftsentry drift sentry terraform opentofu tofu pulumi kubernetes docker ansible infra infrastructure
    platform server database cloud amazon aws azure google github gitlab linux ubuntu debian windows oracle
    cisco company computer internet network production prod staging development dev local localhost security
    backup monitor
    qwerty qwertz azerty qwertyuiop asdf asdfgh asdfghjkl zxcvbn zxcvbnm qaz qazwsx abc abcd abcdef xyz aaa
    xxx
    spring summer autumn fall winter january february march april may june july august september october
    november december monday tuesday wednesday thursday friday saturday sunday christmas easter holiday
    weekend birthday today tomorrow
    love lover iloveyou iloveu ilove you i baby angel princess sunshine flower monkey dragon tiger shadow
    killer ninja hunter ranger soccer football baseball basketball hockey superman batman starwars pokemon
    jesus freedom trustno whatever cheese cookie chocolate banana michael jennifer jordan charlie daniel
    thomas robert andrew jessica ashley michelle liverpool arsenal chelsea barcelona fuck fuckyou fuckoff
    pussy bitch asshole sexy
    "
    .split_whitespace()
    .collect()
});

/// What fingers and tongues run along, each also backwards.
const RUNS: &[&str] = &[
    "abcdefghijklmnopqrstuvwxyzabc",
    "01234567890123",
    "1234567890-=",
    "!@#$%^&*()_+",
    "qwertyuiop[]\\",
    "asdfghjkl;'",
    "zxcvbnm,./",
    "qwertzuiop",
    "yxcvbnm,.-",
    "azertyuiop",
    "qsdfghjklm",
    "wxcvbn",
    "1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik,9ol.0p;/",
    "qazwsxedcrfvtgbyhnujmikolp",
    "1q2w3e4r5t6y7u8i9o0p",
    "q1w2e3r4t5y6u7i8o9p0",
    "1a2b3c4d5e6f7g8h9i0j",
    "a1b2c3d4e5f6g7h8i9j0",
    "a1s2d3f4g5h6j7k8l9",
    "1a2s3d4f5g6h7j8k9l",
];

/// The shortest piece that counts as a run.
const RUN_LENGTH: usize = 3;
/// The longest unit that counts as repeated.
const UNIT_LENGTH: usize = 4;
/// The fewest different characters.
const DISTINCT: usize = 5;

/// Refuses a password that is tried first.
///
/// # Errors
/// A sentence without a full stop that says what it is.
pub(super) fn check(text: &str, email: &str) -> Result<(), &'static str> {
    let lower = text.to_lowercase();
    let chars: Vec<char> = lower.chars().collect();
    if is_common(&lower) || is_well_known(&lower) {
        Err(COMMON)
    } else if is_of(&lower, email) {
        Err(EMAIL)
    } else if is_repeated(&chars) {
        Err(REPEATED)
    } else if is_run(&chars) || is_run(core(&chars)) || is_run(&without_signs(&chars)) {
        Err(RUN)
    } else {
        Ok(())
    }
}

fn is_common(lower: &str) -> bool {
    LIST.binary_search(&lower).is_ok()
}

/// Whether nothing is left but well-known words, digits and signs, also where signs stand for letters.
fn is_well_known(lower: &str) -> bool {
    let chars: Vec<char> = lower.chars().collect();
    let letters = |chars: &mut dyn Iterator<Item = char>| -> String {
        chars.filter(|char| char.is_alphabetic()).collect()
    };
    let plain = letters(&mut chars.iter().copied());
    let disguised = core(&chars).iter().map(|char| match char {
        '0' => 'o',
        '1' | '!' => 'i',
        '3' => 'e',
        '4' | '@' => 'a',
        '5' | '$' => 's',
        '7' => 't',
        other => *other,
    });
    let disguised = letters(&mut disguised.into_iter());
    is_of_words(&plain) || is_of_words(&disguised)
}

/// Whether a text is a chain of well-known words.
fn is_of_words(text: &str) -> bool {
    !text.is_empty()
        && covers(text.len(), |from| {
            WORDS
                .iter()
                .filter(move |word| text.as_bytes()[from..].starts_with(word.as_bytes()))
                .map(move |word| from + word.len())
        })
}

/// Whether a text is an email address, or the part before its `@`, repeated or with digits and signs around it.
fn is_of(lower: &str, email: &str) -> bool {
    let plain = |text: &str| -> String { text.chars().filter(|c| c.is_alphanumeric()).collect() };
    let email = email.to_lowercase();
    let local = email.split_once('@').map_or(&*email, |(local, _)| local);
    [&*email, local]
        .into_iter()
        .any(|part| is_repetition_of(lower, part) || is_repetition_of(&plain(lower), &plain(part)))
}

/// Whether a text is a part of six characters or more, once or more, and digits and signs before and after.
fn is_repetition_of(text: &str, part: &str) -> bool {
    let is_filler = |char: char| !char.is_alphabetic();
    let Some(start) = text.find(part).filter(|_| part.chars().count() >= 6) else {
        return false;
    };
    let (before, mut rest) = text.split_at(start);
    while let Some(after) = rest.strip_prefix(part) {
        rest = after;
    }
    before.chars().all(is_filler) && rest.chars().all(is_filler)
}

/// Whether a text is a short unit over and over, or has hardly any different characters.
fn is_repeated(chars: &[char]) -> bool {
    let mut distinct = chars.to_vec();
    distinct.sort_unstable();
    distinct.dedup();
    distinct.len() < DISTINCT
        || (1..=UNIT_LENGTH).any(|unit| {
            chars
                .iter()
                .zip(chars.iter().skip(unit))
                .all(|(one, next)| one == next)
        })
}

/// Whether a text is nothing but pieces of runs, each of three characters or more.
fn is_run(chars: &[char]) -> bool {
    // A core of a few letters says nothing of what stands around it.
    if chars.len() < 6 {
        return false;
    }
    static BOTH_WAYS: LazyLock<Vec<String>> = LazyLock::new(|| {
        let forwards = RUNS.iter().map(|run| (*run).to_owned());
        let backwards = RUNS.iter().map(|run| run.chars().rev().collect());
        forwards.chain(backwards).collect()
    });
    covers(chars.len(), |from| {
        let is_piece = move |to: &usize| {
            let piece: String = chars[from..*to].iter().collect();
            BOTH_WAYS.iter().any(|run| run.contains(&piece))
        };
        (from + RUN_LENGTH..=chars.len()).take_while(is_piece)
    })
}

/// What is left without the digits and signs at both ends.
fn core(chars: &[char]) -> &[char] {
    let is_letter = |char: &char| char.is_alphabetic();
    match (
        chars.iter().position(is_letter),
        chars.iter().rposition(is_letter),
    ) {
        (Some(first), Some(last)) => &chars[first..=last],
        _ => &[],
    }
}

fn without_signs(chars: &[char]) -> Vec<char> {
    let is_kept = |char: &char| char.is_alphanumeric();
    chars.iter().copied().filter(is_kept).collect()
}

/// Whether steps lead from the start of a text to its end; `steps` says where one can get to from a place.
fn covers<I: Iterator<Item = usize>>(length: usize, steps: impl Fn(usize) -> I) -> bool {
    let mut reached = vec![false; length + 1];
    reached[0] = true;
    for from in 0..length {
        if reached[from] {
            steps(from).for_each(|to| reached[to] = true);
        }
    }
    reached[length]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(text: &str) -> Option<&'static str> {
        check(text, "ada.lovelace@example.com").err()
    }

    #[test]
    fn the_list_is_sorted_lower_case_and_long_enough() {
        assert!(LIST.len() > 300, "{}", LIST.len());
        assert!(LIST.is_sorted_by(|one, next| one < next));
        for line in &*LIST {
            assert!(line.chars().count() >= 12, "{line}");
            assert_eq!(line.to_lowercase(), *line);
            assert_eq!(line.trim(), *line);
        }
    }

    #[test]
    fn what_is_tried_first_is_refused() {
        for text in [
            "PasswordPassword",
            "password1234",
            "Password2026!",
            "P@ssw0rd1234",
            "Passw0rd!2026",
            "changeme1234",
            "Change-Me-Now!",
            "administrator",
            "Administrator1",
            "admin-admin-2026",
            "welcome12345",
            "Welcome2DriftSentry",
            "driftsentry1",
            "DriftSentry2026!",
            "terraform123!",
            "letmeinletmein",
            "Summer2026!!",
            "2026-winter-2027",
            "iloveyou12345",
            "manchesterunited",
            "1q2w3e4r5t6y",
            "MyPassword123",
            "thisismypassword",
        ] {
            assert_eq!(refusal(text), Some(COMMON), "{text}");
        }
    }

    #[test]
    fn the_accounts_own_address_is_refused() {
        for text in [
            "ada.lovelace@example.com",
            "Ada.Lovelace",
            "ada.lovelace2026!",
            "2026ada.lovelace",
            "AdaLovelace1815",
            "ada_lovelace_1",
            "ada.lovelaceada.lovelace",
        ] {
            assert_eq!(refusal(text), Some(EMAIL), "{text}");
        }
        assert_eq!(refusal("ada.lovelace met babbage"), None);
        // A short name says little of what it is part of.
        assert_eq!(check("bob-75-31-88-20", "bob@example.com"), Ok(()));
        assert_eq!(check("tidal omen fjord", ""), Ok(()));
        assert_eq!(check("tidal omen fjord", "@"), Ok(()));
    }

    #[test]
    fn repetitions_are_refused() {
        for text in [
            "gggggggggggg",
            "GgGgGgGgGgGg",
            "xyxyxyxyxyxyx",
            "kfvkfvkfvkfv",
            "7h2k7h2k7h2k7h",
            "kkkkkkvvvvvv",
            "🐢🐢🐢🐢🐢🐢🐢🐢🐢🐢🐢🐢",
        ] {
            assert_eq!(refusal(text), Some(REPEATED), "{text}");
        }
    }

    #[test]
    fn runs_are_refused() {
        for text in [
            "abcdefghijklm",
            "zyxwvutsrqponm",
            "345678901234",
            "poiuytrewq[]\\",
            "qwertyasdfgh",
            "uiopjkl;bnm,",
            "1qaz2wsx3edc!",
            "QweAsdZxc123",
            "jihgfedcba99",
            "fghjkl-fghjkl",
        ] {
            assert!(
                [Some(RUN), Some(COMMON)].contains(&refusal(text)),
                "{text}: {:?}",
                refusal(text)
            );
        }
        assert_eq!(refusal("abcdefghijklm"), Some(RUN));
    }

    #[test]
    fn what_is_long_and_ones_own_is_taken() {
        for text in [
            "tidal omen fjord",
            "copper lantern drowsy gravel",
            "8&vQ!m2zK#pL",
            "the summer we met in lisbon",
            "739184650271",
            "Donaudampfschiff",
            "пингвин-зонтик-сыр",
            "password manager makes me lazy",
            "abc-tidal-omen",
        ] {
            assert_eq!(refusal(text), None, "{text}");
        }
    }
}
