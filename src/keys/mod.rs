//! API keys: the credentials of machines.

pub mod secret;
