//! All rows of a list, as CSV and as JSON lines.

use serde_json::{Value, json};

use crate::harness::App;

/// The cells of a CSV text, RFC 4180.
fn cells(text: &str) -> Vec<Vec<String>> {
    let (mut rows, mut row, mut cell) = (Vec::new(), Vec::new(), String::new());
    let mut quoted = false;
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            '"' if quoted && rest.peek() == Some(&'"') => {
                rest.next();
                cell.push('"');
            }
            '"' => quoted = !quoted,
            ',' if !quoted => row.push(std::mem::take(&mut cell)),
            '\r' if !quoted => {}
            '\n' if !quoted => {
                row.push(std::mem::take(&mut cell));
                rows.push(std::mem::take(&mut row));
            }
            c => cell.push(c),
        }
    }
    if !cell.is_empty() || !row.is_empty() {
        row.push(cell);
        rows.push(row);
    }
    rows
}

#[test]
fn json_lines_hold_every_drift() {
    let app = App::start();
    let engineer = app.as_engineer();
    engineer
        .push("big", "scale-1000-scan1.refresh.json")
        .expect(201);
    let listed = engineer.drifts("");
    let export = engineer.get("/drifts/export?format=ndjson").expect(200);
    assert!(
        export
            .header("content-type")
            .is_some_and(|kind| kind.starts_with("application/x-ndjson"))
    );
    let mut ids: Vec<String> = export
        .body_text()
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).expect("a drift a line")["id"].to_string())
        .collect();
    let mut expected: Vec<String> = listed.iter().map(|drift| drift["id"].to_string()).collect();
    ids.sort();
    expected.sort();
    assert_eq!(ids, expected);
}

#[test]
fn csv_holds_every_drift_under_a_header() {
    let app = App::start();
    let engineer = app.as_engineer();
    engineer
        .push("shop/prod", "05-modules-foreach.refresh.json")
        .expect(201);
    let export = engineer.get("/drifts/export?format=csv").expect(200);
    assert!(
        export
            .header("content-type")
            .is_some_and(|kind| kind.starts_with("text/csv"))
    );
    assert!(
        export
            .header("content-disposition")
            .is_some_and(|how| how.starts_with("attachment"))
    );
    let rows = cells(&export.body_text());
    assert_eq!(rows.len(), 1 + 11);
    assert!(
        rows.iter().all(|row| row.len() == rows[0].len()),
        "each row is as wide as the header"
    );
    let column = rows[0]
        .iter()
        .position(|name| name == "resourceAddress")
        .expect("a column resourceAddress");
    let mut addresses: Vec<&str> = rows[1..].iter().map(|row| row[column].as_str()).collect();
    addresses.sort_unstable();
    let drifts = engineer.drifts("");
    let mut expected: Vec<&str> = drifts
        .iter()
        .map(|drift| drift["resourceAddress"].as_str().expect("a text"))
        .collect();
    expected.sort_unstable();
    assert_eq!(addresses, expected, "odd keys survive the quoting");
}

#[test]
fn an_export_takes_the_lists_filters() {
    let app = App::start();
    let engineer = app.as_engineer();
    engineer
        .create("a", json!({"severity": "critical"}))
        .expect(201);
    engineer
        .create("b", json!({"severity": "info"}))
        .expect(201);
    let lines = |query: &str| {
        let export = engineer
            .get(&format!("/drifts/export?format=ndjson&{query}"))
            .expect(200);
        export.body_text().lines().count()
    };
    assert_eq!(
        (
            lines(""),
            lines("severity=critical"),
            lines("status=resolved")
        ),
        (2, 1, 0)
    );
    engineer
        .get("/drifts/export?format=xml")
        .expect(400)
        .code("VALIDATION_ERROR");
    engineer
        .get("/drifts/export?format=csv&severity=high")
        .expect(400)
        .code("VALIDATION_ERROR");
}

#[test]
fn a_spreadsheet_runs_no_formula() {
    let app = App::start();
    let engineer = app.as_engineer();
    for name in [
        "=1+1",
        "+1",
        "-1",
        "@SUM(A1)",
        "=cmd|' /C calc'!A0",
        "plain, \"quoted\"",
    ] {
        engineer
            .create(name, json!({"resourceAddress": name}))
            .expect(201);
    }
    let text = engineer
        .get("/drifts/export?format=csv")
        .expect(200)
        .body_text();
    let rows = cells(&text);
    assert_eq!(rows.len(), 7);
    for cell in rows.iter().flatten() {
        let number = cell.parse::<f64>().is_ok();
        assert!(
            number && cell != "+1" && cell != "-1"
                || !cell.starts_with(['=', '+', '-', '@', '\t', '\r']),
            "{cell}"
        );
    }
    assert!(
        rows.iter()
            .flatten()
            .any(|cell| cell == "plain, \"quoted\""),
        "{text}"
    );
}
