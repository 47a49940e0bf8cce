//! `benches/RESULTS.md`: the newest tables, each with the day and the commit that it was measured at.

use std::path::Path;

use crate::harness::{Outcome, Report};

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/RESULTS.md");
const HEAD: &str = "# Figures

Written by `scripts/bench`; what was not measured again stands as it was. `scripts/bench --help` says what each table is
of. *Ratio* is the figure over what it is held against, *over it* the figure over the better of the peer's two. Ratios of
one run bear comparing between machines; figures don't.
";

/// Puts the tables in the place of those of the same name.
pub(crate) fn keep(report: &Report) -> Outcome<()> {
    let file = Path::new(FILE);
    let before = std::fs::read_to_string(file).unwrap_or_default();
    let mut kept: Vec<(String, String)> = before
        .split("\n## ")
        .skip(1)
        .map(|text| {
            let name = text.lines().next().unwrap_or_default();
            (name.to_owned(), format!("## {}\n", text.trim_end()))
        })
        .collect();
    for section in &report.sections {
        let text = section.markdown();
        match kept.iter_mut().find(|(name, _)| *name == section.name) {
            Some((_, before)) => *before = text,
            None => kept.push((section.name.clone(), text)),
        }
    }
    let mut all = HEAD.to_owned();
    for (_, text) in kept {
        all += "\n";
        all += &text;
    }
    std::fs::write(file, all)?;
    eprintln!("kept in {FILE}");
    Ok(())
}
