//! Random histories of scans and decisions, against what must hold after any of them.
#![cfg(test)]

mod accounts;
mod alerts;
mod costs;
mod golden;
mod lists;
mod power_cuts;
mod rules;
mod soundness;
mod tampering;
mod trail;
mod world;
