//! Figures for people: they equal a recount of the drifts.

use serde_json::{Value, json};

use crate::harness::{App, Client};

/// An estate with something in every status.
#[track_caller]
fn estate() -> App {
    let app = App::start();
    let engineer = app.as_engineer();
    engineer
        .push("shop/prod", "05-modules-foreach.plan.json")
        .expect(201);
    engineer
        .push("shop/staging", "07-scan1.refresh.json")
        .expect(201);
    engineer
        .push("shop/staging", "07-scan2.refresh.json")
        .expect(201);
    engineer
        .push("billing", "12-accepted.plan.json")
        .expect(201);
    for (n, cost) in [12.34, -2.5, 1000.01].into_iter().enumerate() {
        engineer
            .create(&format!("i-{n}"), json!({ "costImpactMonthly": cost }))
            .expect(201);
    }
    let open = engineer.drifts("status=open");
    for (drift, action) in open
        .iter()
        .zip(["triage", "approve", "reject", "resolve", "approve"])
    {
        engineer
            .decide(drift["id"].as_str().expect("an id"), action)
            .expect(200);
    }
    app
}

fn count(drifts: &[Value], field: &str, value: &str) -> i64 {
    i64::try_from(drifts.iter().filter(|drift| drift[field] == value).count()).expect("small")
}

/// A figure that stands at zero may be left out of a map.
fn figure(map: &Value, name: &str) -> i64 {
    map[name].as_i64().unwrap_or(0)
}

#[track_caller]
fn recounts(client: &Client) {
    let drifts = client.drifts("status=all");
    let summary = client.get("/metrics/summary").expect(200).data();
    assert_eq!(
        figure(&summary["drifts"], "total"),
        i64::try_from(drifts.len()).expect("small"),
        "{summary}"
    );
    let open: i64 = ["detected", "triaged", "approved"]
        .iter()
        .map(|status| count(&drifts, "status", status))
        .sum();
    assert_eq!(figure(&summary["drifts"], "open"), open, "{summary}");
    for status in ["detected", "triaged", "approved", "rejected", "resolved"] {
        assert_eq!(
            figure(&summary["drifts"]["byStatus"], status),
            count(&drifts, "status", status),
            "{status}"
        );
    }
    // Whether these two are of all drifts or of the open ones must at least be the same for each value.
    let opens: Vec<Value> = client.drifts("status=open");
    for (group, field, values) in [
        (
            "bySeverity",
            "severity",
            vec!["critical", "warning", "info"],
        ),
        (
            "byKind",
            "kind",
            vec!["modified", "missing", "unmanaged", "pending", "state_only"],
        ),
    ] {
        let said: Vec<i64> = values
            .iter()
            .map(|value| figure(&summary["drifts"][group], value))
            .collect();
        let of = |drifts: &[Value]| -> Vec<i64> {
            values
                .iter()
                .map(|value| count(drifts, field, value))
                .collect()
        };
        assert!(
            said == of(&opens) || said == of(&drifts),
            "{group}: {said:?} in {summary}"
        );
    }
    let alerts = client.all("/alerts", "");
    assert_eq!(
        figure(&summary["alerts"], "total"),
        i64::try_from(alerts.len()).expect("small")
    );
    let unread = alerts
        .iter()
        .filter(|alert| alert["isRead"] == false)
        .count();
    assert_eq!(
        figure(&summary["alerts"], "unread"),
        i64::try_from(unread).expect("small")
    );
    let scans = client.all("/scans", "");
    assert_eq!(
        figure(&summary["scans"], "total"),
        i64::try_from(scans.len()).expect("small")
    );
    let cents = |drift: &Value| {
        drift["costImpactMonthly"]
            .as_f64()
            .map(|cost| (cost * 100.0).round() as i64)
    };
    let total: i64 = opens.iter().filter_map(cents).sum();
    let said = summary["cost"]["totalMonthlyImpact"]
        .as_f64()
        .expect("a sum");
    assert_eq!((said * 100.0).round() as i64, total, "{summary}");
    assert_eq!(summary["cost"]["currency"], "USD");

    for (path, field) in [
        ("severity-distribution", "severity"),
        ("status-distribution", "status"),
    ] {
        let data = client.get(&format!("/metrics/{path}")).expect(200).data();
        let rows = data["data"].as_array().expect("rows");
        let mut sum = 0;
        for row in rows {
            let value = row[field].as_str().expect("a name");
            let counted = figure(row, "count");
            assert!(
                counted == count(&drifts, field, value) || counted == count(&opens, field, value),
                "{path}: {row} against {}",
                count(&drifts, field, value)
            );
            sum += counted;
        }
        assert_eq!(figure(&data, "total"), sum, "{path}: {data}");
        let percent: f64 = rows
            .iter()
            .map(|row| row["percentage"].as_f64().expect("a percentage"))
            .sum();
        assert!(
            sum == 0 || (percent - 100.0).abs() < 1.0,
            "{path}: {percent} in {data}"
        );
    }
}

#[test]
fn the_figures_equal_a_recount() {
    let app = estate();
    recounts(&app.as_viewer());
}

#[test]
fn the_figures_outlive_a_restart() {
    let mut app = estate();
    let before = app.as_viewer().get("/metrics/summary").expect(200).data();
    app.restart();
    assert_eq!(
        app.as_viewer().get("/metrics/summary").expect(200).data(),
        before
    );
    recounts(&app.as_viewer());
}

#[test]
fn an_empty_store_has_figures_too() {
    let app = App::start();
    recounts(&app.as_viewer());
    let summary = app.as_viewer().get("/metrics/summary").expect(200).data();
    assert_eq!(
        summary["resolution"]["meanTimeToDecideHours"],
        Value::Null,
        "a mean of nothing is not 0"
    );
}

#[test]
fn the_trend_has_a_point_a_day() {
    let app = estate();
    let viewer = app.as_viewer();
    for days in [1, 7, 30, 365] {
        let data = viewer
            .get(&format!("/metrics/cost-trend?days={days}"))
            .expect(200)
            .data();
        let trend = data["trend"].as_array().expect("points");
        assert_eq!(trend.len(), days, "one point a day, no gaps");
        let dates: Vec<&str> = trend
            .iter()
            .map(|point| point["date"].as_str().expect("a date"))
            .collect();
        assert!(
            dates.windows(2).all(|two| two[0] < two[1]),
            "oldest first: {dates:?}"
        );
        let open: f64 = viewer
            .drifts("status=open")
            .iter()
            .filter_map(|drift| drift["costImpactMonthly"].as_f64())
            .sum();
        let last = trend[days - 1]["cost"].as_f64().expect("a cost");
        assert!((last - open).abs() < 0.005, "today is {open}, not {last}");
        if days > 1 {
            assert_eq!(
                trend[0]["cost"].as_f64(),
                Some(0.0),
                "nothing was known then"
            );
        }
        for field in ["totalCostUsd", "projectedMonthlyCost", "savingsPotential"] {
            assert!(data["summary"].get(field).is_some(), "{field} in {data}");
        }
    }
}

#[test]
fn days_is_1_to_365() {
    let app = App::start();
    for path in ["summary", "cost-trend"] {
        for days in ["0", "366", "-1", "1.5", "1e2", "x", ""] {
            let answer = app.as_viewer().get(&format!("/metrics/{path}?days={days}"));
            answer.expect(400).code("VALIDATION_ERROR");
        }
        app.as_viewer().get(&format!("/metrics/{path}")).expect(200);
    }
}
