//! Writes a realistic normal plan of any size as a stream, the same for the same arguments:
//! `make_plan --bytes 1GB --drift 1000 --seed 1 > plan.json`.
//!
//! Keys stand in Terraform's own order: `planned_values` first, then drift, changes, the prior state, and the verdict last.

mod plan;

use std::io::{self, BufWriter};

use plan::{BYTES_EACH, Kind, Plan};

fn main() -> io::Result<()> {
    let mut bytes = 10_000_000;
    let mut drift = 100;
    let mut seed = 1;
    let mut args = std::env::args().skip(1);
    while let Some(name) = args.next() {
        let value = args.next().unwrap_or_default();
        match name.as_str() {
            "--bytes" => bytes = size(&value),
            "--drift" => drift = size(&value),
            "--seed" => seed = size(&value),
            other => {
                return Err(io::Error::other(format!(
                    "{other}: use --bytes, --drift and --seed"
                )));
            }
        }
    }
    let resources = (bytes / BYTES_EACH).max(1);
    let plan = Plan::new(Kind::Normal, resources, drift, seed);
    plan.write(&mut BufWriter::with_capacity(1 << 20, io::stdout().lock()))
}

fn size(text: &str) -> u64 {
    let digits = text.trim_end_matches(|one: char| !one.is_ascii_digit());
    let unit = match &text[digits.len()..] {
        "kB" | "k" => 1_000,
        "MB" | "M" => 1_000_000,
        "GB" | "G" => 1_000_000_000,
        _ => 1,
    };
    digits.parse::<u64>().unwrap_or(1) * unit
}
