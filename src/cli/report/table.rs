//! The table for people.

use comfy_table::{Attribute, Cell, Color, ContentArrangement, Table, presets};

use crate::cli::report::{Report, sign, text, words};
use crate::drifts::{Severity, severity};
use crate::ingest::{Finding, Kind};

/// Renders the table, the problems and the summary. On a terminal, it is as wide as the terminal.
pub(super) fn render(report: &Report<'_>, colour: bool) -> String {
    let mut lines = Vec::new();
    if !report.shown.is_empty() {
        let mut table = Table::new();
        table
            .load_style(presets::NOTHING)
            .set_content_arrangement(ContentArrangement::Dynamic);
        if colour {
            table.enforce_styling();
        } else {
            table.style_text_only();
        }
        for finding in &report.shown {
            table.add_row(row(finding, colour));
        }
        lines.extend(table.lines().map(|line| line.trim_end().to_owned()));
        lines.push(String::new());
    }
    for problem in &report.scan.problems {
        lines.push(format!("! {}", text::line(problem)));
    }
    lines.push(report.summary());
    lines.extend(report.left_out());
    lines.join("\n")
}

fn row(finding: &Finding, colour: bool) -> Vec<Cell> {
    let mut name = text::line(&finding.address);
    if let Some(previous) = &finding.previous_address {
        name.push_str(&format!("\n(was {})", text::line(previous)));
    }
    if let Some(deposed) = &finding.deposed {
        name.push_str(&format!("\n(deposed {})", text::line(deposed)));
    }
    let changes = match finding.kind {
        Kind::Modified => text::changes(finding),
        kind if finding.difference.is_empty() => {
            vec![pending(finding).unwrap_or(words(kind)).to_owned()]
        }
        kind => {
            let mut lines = vec![format!("{}:", words(kind))];
            lines.extend(text::changes(finding));
            lines
        }
    };
    let mut cells = vec![styled(Cell::new(sign(finding.kind)), finding.kind, colour)];
    cells.push(graded(severity::of(finding).0, colour));
    cells.push(if colour {
        Cell::new(name).add_attribute(Attribute::Bold)
    } else {
        Cell::new(name)
    });
    cells.push(Cell::new(changes.join("\n")));
    cells
}

/// What a commit not applied yet will do to a resource that is on one side only.
fn pending(finding: &Finding) -> Option<&'static str> {
    match (finding.kind, &finding.expected, &finding.actual) {
        (Kind::Pending, Some(_), None) => Some("not applied yet: to be created"),
        (Kind::Pending, None, Some(_)) => Some("not applied yet: to be deleted"),
        _ => None,
    }
}

fn graded(severity: Severity, colour: bool) -> Cell {
    let cell = Cell::new(severity.name());
    match severity {
        Severity::Critical if colour => cell.fg(Color::Red).add_attribute(Attribute::Bold),
        Severity::Info if colour => cell.fg(Color::DarkGrey),
        _ => cell,
    }
}

fn styled(cell: Cell, kind: Kind, colour: bool) -> Cell {
    if !colour {
        return cell;
    }
    cell.fg(match kind {
        Kind::Modified => Color::Yellow,
        Kind::Missing => Color::Red,
        Kind::Unmanaged => Color::Green,
        Kind::Pending | Kind::StateOnly => Color::DarkGrey,
    })
}
