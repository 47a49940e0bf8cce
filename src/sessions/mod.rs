//! Sign-ins: what proves them, and what holds back who guesses.

pub mod access_token;
pub mod hashing;
pub mod key_ring;
pub mod refresh_token;
pub mod steady_clock;
pub mod throttle;
