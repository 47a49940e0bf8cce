//! Money: whole cents, decimal text, never a float.

use std::fmt;
use std::iter::Sum;
use std::ops::{Add, Neg, Sub};
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The currency of an amount whose source names none.
pub const DEFAULT_CURRENCY: &str = "USD";

/// An amount in hundredths of its currency's unit.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Cents(pub i64);

impl Cents {
    /// The largest amount accepted from outside, either sign: ten billion units a month.
    pub const MAX: Self = Self(1_000_000_000_000);
}

impl fmt::Display for Cents {
    /// Two decimals, such as `-140.16`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        write!(
            f,
            "{sign}{}.{:02}",
            self.0.unsigned_abs() / 100,
            self.0.unsigned_abs() % 100
        )
    }
}

impl FromStr for Cents {
    type Err = &'static str;

    /// Reads decimal text, with or without an exponent, and rounds half away from zero.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const WRONG: &str = "must be an amount such as 140.16";
        let (sign, digits) = match text.strip_prefix('-') {
            Some(rest) => (-1, rest),
            None => (1, text),
        };
        let (mantissa, exponent) = match digits.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().map_err(|_| WRONG)?),
            None => (digits, 0),
        };
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let all: Vec<u8> = whole.bytes().chain(fraction.bytes()).collect();
        if all.is_empty() || !all.iter().all(u8::is_ascii_digit) || all.len() > 64 {
            return Err(WRONG);
        }
        // The decimal point, moved two places right to count cents.
        let point = i64::try_from(whole.len()).map_err(|_| WRONG)? + i64::from(exponent) + 2;
        let digit_at = |i: i64| {
            usize::try_from(i)
                .ok()
                .and_then(|i| all.get(i))
                .map_or(0, |digit| i128::from(digit - b'0'))
        };
        let mut cents: i128 = 0;
        for i in 0..point.min(64 + 20) {
            cents = cents * 10 + digit_at(i);
            if cents > i128::from(Self::MAX.0) {
                return Err("is larger than ten billion");
            }
        }
        if point >= 0 && digit_at(point) >= 5 {
            cents += 1;
        }
        i64::try_from(cents * sign).map(Self).map_err(|_| WRONG)
    }
}

impl Add for Cents {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl Sub for Cents {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
}

impl Neg for Cents {
    type Output = Self;
    fn neg(self) -> Self {
        Self(self.0.saturating_neg())
    }
}

impl Sum for Cents {
    fn sum<I: Iterator<Item = Self>>(amounts: I) -> Self {
        amounts.fold(Self(0), Add::add)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_read_as_decimals_and_written_with_two_places() {
        for (text, cents, printed) in [
            ("140.16", 14_016, "140.16"),
            ("-140.16", -14_016, "-140.16"),
            ("0", 0, "0.00"),
            ("0.005", 1, "0.01"),
            ("0.0049", 0, "0.00"),
            ("-0.05", -5, "-0.05"),
            ("1.4016e2", 14_016, "140.16"),
            ("14016E-2", 14_016, "140.16"),
            ("10000000000", 1_000_000_000_000, "10000000000.00"),
            ("1e-20", 0, "0.00"),
        ] {
            let amount: Cents = text.parse().unwrap();
            assert_eq!(amount, Cents(cents), "{text}");
            assert_eq!(amount.to_string(), printed, "{text}");
        }
    }

    #[test]
    fn what_is_no_amount_is_refused() {
        for text in [
            "",
            "-",
            ".",
            "1,5",
            "NaN",
            "1e",
            "0x10",
            "10000000000.01",
            "1e300",
            "1e2147483647",
            "--1",
        ] {
            assert!(text.parse::<Cents>().is_err(), "{text}");
        }
    }
}
