//! The report for programs. Its shape is a promise: fields are only added.
//!
//! `{tool, toolVersion, status, startedAt, resources, drifted, redacted, counts: {modified, missing, unmanaged, pending,
//! stateOnly}, problems: [], findings: [{address, previousAddress, deposed, kind, severity, severityReason, resourceType,
//! provider, resourceId, region, accountId, difference: {"<JSON pointer>": {expected, actual, change, sensitive}}}]}`.
//! `findings` leaves out `pending` and `state_only` unless `--all` is given; `counts` never does.

use serde_json::{Map, Value, json};

use crate::cli::report::Report;
use crate::drifts::severity;
use crate::error::{Error, Result};
use crate::ingest::{Finding, Kind};

/// Renders one indented JSON object.
pub(super) fn render(report: &Report<'_>) -> Result<String> {
    let scan = report.scan;
    let count = |kind: Kind| scan.findings.iter().filter(|one| one.kind == kind).count();
    let document = json!({
        "tool": scan.tool,
        "toolVersion": scan.tool_version,
        "status": scan.status,
        "startedAt": scan.started_at,
        "resources": scan.resources,
        "drifted": report.drifted,
        "redacted": scan.redacted,
        "counts": {
            "modified": count(Kind::Modified),
            "missing": count(Kind::Missing),
            "unmanaged": count(Kind::Unmanaged),
            "pending": report.pending,
            "stateOnly": report.state_only,
        },
        "problems": scan.problems,
        "findings": report.shown.iter().map(|finding| view(finding)).collect::<Vec<_>>(),
    });
    serde_json::to_string_pretty(&document).map_err(Error::internal)
}

fn view(finding: &Finding) -> Value {
    let difference: Map<String, Value> = (finding.difference.iter())
        .map(|one| {
            let sides = json!({
                "expected": one.expected,
                "actual": one.actual,
                "change": one.change,
                "sensitive": one.sensitive,
            });
            (one.pointer.clone(), sides)
        })
        .collect();
    let (severity, reason) = severity::of(finding);
    json!({
        "address": finding.address,
        "previousAddress": finding.previous_address,
        "deposed": finding.deposed,
        "kind": finding.kind,
        "severity": severity,
        "severityReason": reason,
        "resourceType": finding.resource_type,
        "provider": finding.provider,
        "resourceId": finding.resource_id,
        "region": finding.region,
        "accountId": finding.account_id,
        "difference": difference,
    })
}
