//! The table for a pull request's comment, within what GitHub takes.

use crate::cli::report::{Report, sign, text, words};
use crate::drifts::severity;
use crate::ingest::Kind;

/// GitHub refuses comments of more than 65,536 characters.
const MAX_CHARS: usize = 60_000;

/// Renders a heading, the table and the problems.
pub(super) fn render(report: &Report<'_>) -> String {
    let mut page = format!("### Drift: {}\n", report.summary());
    if !report.shown.is_empty() {
        page.push_str("\n| | Severity | Resource | What changed |\n|---|---|---|---|\n");
    }
    for (i, finding) in report.shown.iter().enumerate() {
        let mut changes = Vec::new();
        if finding.kind != Kind::Modified {
            changes.push(words(finding.kind).to_owned());
        }
        changes.extend(text::changes(finding).iter().map(|line| code(line)));
        let row = format!(
            "| {} | {} | {} | {} |\n",
            code(sign(finding.kind)),
            severity::of(finding).0.name(),
            code(&text::line(&finding.address)),
            changes.join("<br>")
        );
        if page.chars().count() + row.chars().count() > MAX_CHARS {
            page.push_str(&format!("\n… and {} more.\n", report.shown.len() - i));
            break;
        }
        page.push_str(&row);
    }
    for problem in report.scan.problems.iter().take(10) {
        page.push_str(&format!("\n> {}\n", text::line(problem)));
    }
    if let Some(left_out) = report.left_out() {
        page.push_str(&format!("\n{left_out}\n"));
    }
    page.trim_end().to_owned()
}

/// Inline code in a table's cell, whatever is in the text.
fn code(text: &str) -> String {
    let longest = text
        .split(|one| one != '`')
        .map(str::len)
        .max()
        .unwrap_or(0);
    let fence = "`".repeat(longest + 1);
    let pad = if longest > 0 { " " } else { "" };
    format!("{fence}{pad}{}{pad}{fence}", text.replace('|', "\\|"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_can_hold_anything() {
        assert_eq!(code("a|b"), "`a\\|b`");
        assert_eq!(code("a``b"), "``` a``b ```");
    }
}
