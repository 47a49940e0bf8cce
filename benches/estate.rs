//! Stores filled with drifts as an organisation of that size has them. Made once and kept; the same for the same size.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::time::Instant;

use driftsentry::actor::{Actor, Role};
use driftsentry::alerts::Patience;
use driftsentry::audit::{self, Action, Draft};
use driftsentry::drifts::reconcile::{Place, Step, reconcile};
use driftsentry::drifts::timeline::{self, Action as Happened};
use driftsentry::drifts::{Decision, Record, Resolution, ResolvedHow, Status, decide, records};
use driftsentry::error::Error;
use driftsentry::events::{self, Name};
use driftsentry::ids::{ScanId, UserId};
use driftsentry::ingest::State;
use driftsentry::ingest::{
    Change, Content, Difference, Finding, Format, Kind, Observed, Scan, ScanStatus,
};
use driftsentry::money::Cents;
use driftsentry::scans::{self, Counts};
use driftsentry::store::tables::SCAN_DRIFTS;
use driftsentry::store::{Options, Store, Writes};
use driftsentry::time::Timestamp;
use driftsentry::{alerts, workspaces};
use serde_json::json;

use crate::harness::{Outcome, scratch, size};

/// Counted up when what is generated changes. The disk format's own changes are noticed.
const VERSION: u32 = 4;
/// The workspace whose first 1,000 drifts are those of [`finding`], all detected.
pub(crate) const THOUSAND: &str = "bench/thousand";
/// Drifts of one scan, of one commit, and of one workspace on average.
const A_SCAN: u64 = 25;
const A_COMMIT: u64 = 10_000;
const A_WORKSPACE: u64 = 500;
/// How far back the oldest drift lies.
const PAST_MS: i64 = 90 * 86_400_000;
/// How many of the newest drifts still have their event.
const EVENTS: u64 = 20_000;

pub(crate) const REGIONS: [&str; 8] = [
    "eu-west-1",
    "us-east-1",
    "eu-central-1",
    "us-west-2",
    "ap-southeast-1",
    "eu-north-1",
    "sa-east-1",
    "ap-northeast-1",
];

/// What stands in resources' names.
pub(crate) const SERVICES: [&str; 32] = [
    "payments",
    "ledger",
    "checkout",
    "catalog",
    "search",
    "identity",
    "billing",
    "invoices",
    "shipping",
    "warehouse",
    "pricing",
    "reviews",
    "mailer",
    "gateway",
    "reports",
    "metrics",
    "archive",
    "uploads",
    "images",
    "sessions",
    "support",
    "fraud",
    "risk",
    "loyalty",
    "vouchers",
    "returns",
    "tracking",
    "partners",
    "webhooks",
    "scheduler",
    "analytics",
    "backoffice",
];

/// A resource type, the differing attribute, and of a hundred drifts how many are such.
const TYPES: [(&str, &str, u64); 12] = [
    ("aws_instance", "instance_type", 22),
    ("aws_autoscaling_group", "desired_capacity", 12),
    ("aws_security_group", "ingress", 9),
    ("aws_s3_bucket", "tags", 12),
    ("aws_db_instance", "allocated_storage", 9),
    ("aws_lambda_function", "memory_size", 9),
    ("aws_iam_role", "assume_role_policy", 4),
    ("aws_ecs_service", "desired_count", 8),
    ("aws_route53_record", "ttl", 5),
    ("aws_cloudwatch_log_group", "retention_in_days", 6),
    ("aws_kms_key", "enable_key_rotation", 1),
    ("aws_elasticache_cluster", "description", 3),
];

/// A number that looks random and is the same each time (splitmix64).
pub(crate) fn noise(i: u64, salt: u64) -> u64 {
    let mut z = i
        .wrapping_mul(0x9e37_79b9_7f4a_7c15)
        .wrapping_add(salt.wrapping_mul(0xbf58_476d_1ce4_e5b9));
    z = (z ^ z >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ z >> 31
}

fn pick<T: Copy>(from: &[T], noise: u64) -> T {
    // The earlier ones more often, as it is with regions and services.
    let length = from.len() as u64;
    from[(noise % length).min(noise / length % length) as usize]
}

fn resource_type(i: u64) -> (&'static str, &'static str) {
    let mut place = noise(i, 1) % 100;
    for (name, attribute, share) in TYPES {
        if place < share {
            return (name, attribute);
        }
        place -= share;
    }
    (TYPES[0].0, TYPES[0].1)
}

/// The address of the i-th drift's resource.
pub(crate) fn address(i: u64) -> String {
    let service = pick(&SERVICES, noise(i, 2));
    format!("module.{service}.{}.node[\"{i:09}\"]", resource_type(i).0)
}

/// What the i-th drift is.
pub(crate) fn finding(i: u64) -> Finding {
    let (resource_type, attribute) = resource_type(i);
    let service = pick(&SERVICES, noise(i, 2));
    let region = pick(&REGIONS, noise(i, 3));
    let kind = match noise(i, 4) % 100 {
        // The thousand that are scanned again all stay of one kind.
        _ if !(1_000..500_000_000).contains(&i) => Kind::Modified,
        0..85 => Kind::Modified,
        85..91 => Kind::Missing,
        91..95 => Kind::Unmanaged,
        95..98 => Kind::Pending,
        _ => Kind::StateOnly,
    };
    let (was, is) = (noise(i, 5) % 64, 64 + noise(i, 6) % 64);
    let state = |value: u64| {
        json!({
            "arn": format!("arn:aws:{service}:{region}:123456789012:{:016x}", noise(i, 7)),
            "availability_zone": format!("{region}a"),
            attribute: value,
            "id": format!("{:017x}", noise(i, 7)),
            "name": format!("{service}-{i}"),
            "monitoring": false,
            "tags": {"Name": format!("{service}-{i}"), "env": "prod", "owner": format!("team-{service}")},
            "vpc_security_group_ids": [format!("sg-{:08x}", noise(i, 8) >> 32), format!("sg-{:08x}", noise(i, 9) >> 32)],
            "subnet_id": format!("subnet-{:08x}", noise(i % 500, 10) >> 32),
        })
    };
    let expected = (kind != Kind::Unmanaged).then(|| state(was));
    let actual = (kind != Kind::Missing).then(|| state(is));
    let difference = match kind {
        Kind::Missing | Kind::Unmanaged => Vec::new(),
        _ => vec![Difference {
            pointer: format!("/{attribute}"),
            expected: was.into(),
            actual: is.into(),
            change: Change::Changed,
            sensitive: false,
        }],
    };
    let mut content = [0; 32];
    for (part, bytes) in content.chunks_mut(8).enumerate() {
        bytes.copy_from_slice(&noise(i, 20 + part as u64).to_be_bytes());
    }
    Finding {
        address: address(i),
        previous_address: None,
        deposed: None,
        kind,
        resource_type: resource_type.to_owned(),
        provider: Some("registry.terraform.io/hashicorp/aws".to_owned()),
        resource_id: format!("{service}-{:017x}", noise(i, 7)),
        region: Some(region.to_owned()),
        account_id: Some("123456789012".to_owned()),
        expected: expected.as_ref().map(State::from),
        actual: actual.as_ref().map(State::from),
        difference,
        content: Content(content),
    }
}

/// Who pushes and decides.
pub(crate) fn actor() -> Actor {
    Actor {
        id: UserId(uuid::Uuid::from_u128(0x7000_8000_0000_0000_0009)),
        email: "bench@example.com".to_owned(),
        role: Role::Engineer,
        ip_address: Some("127.0.0.1".to_owned()),
        user_agent: None,
        correlation_id: "bench".to_owned(),
    }
}

/// The i-th drift's row, as a scan makes it; then how far it has come, what it costs, who has it.
fn record(i: u64, found: Record, at: Timestamp) -> Record {
    let status = match noise(i, 11) % 100 {
        _ if i < 1_000 => Status::Detected,
        0..30 => Status::Detected,
        30..36 => Status::Triaged,
        36..43 => Status::Approved,
        43..48 => Status::Rejected,
        _ => Status::Resolved,
    };
    let cents = 50 + (noise(i, 12) % 40_000) * (1 + noise(i, 13) % 12);
    let cost = match noise(i, 14) % 10 {
        0..3 => None,
        3 => Some(Cents(-(cents as i64))),
        _ => Some(Cents(cents as i64)),
    };
    let decision = |wanted: Status| {
        (status == wanted).then(|| Decision {
            at,
            by: "lead@example.com".to_owned(),
            reason: "decided in the weekly review".to_owned(),
        })
    };
    let last_seen_at = at.plus_ms((noise(i, 15) % 86_400_000) as i64);
    let drift = Record {
        status,
        cost,
        last_seen_at,
        seen_count: 1 + noise(i, 16) % 30,
        approved: decision(Status::Approved),
        rejected: decision(Status::Rejected),
        resolved: (status == Status::Resolved).then_some(Resolution {
            at: last_seen_at,
            how: ResolvedHow::ManualFix,
        }),
        assignee: noise(i, 17)
            .is_multiple_of(4)
            .then(|| format!("team-{}@example.com", pick(&SERVICES, noise(i, 18)))),
        ..found
    };
    Record {
        // The server that starts over it has nothing to tell.
        reminded_at: drift.undecided_since().map(|_| at),
        ..drift
    }
}

/// The directory of a store with so many drifts, made where it is missing.
pub(crate) fn of(drifts: u64) -> Outcome<PathBuf> {
    let mut format = DefaultHasher::new();
    include_str!("../src/store/tables.rs").hash(&mut format);
    include_str!("../src/drifts/records.rs").hash(&mut format);
    let name = format!("{drifts}-v{VERSION}-{:08x}", format.finish() as u32);
    let dir = scratch()?.join(name);
    if dir.is_dir() {
        return Ok(dir);
    }
    eprintln!("filling a store with {} drifts", size(drifts));
    let started = Instant::now();
    let part = dir.with_extension("part");
    let _ = std::fs::remove_dir_all(&part);
    fill(&part, drifts)?;
    std::fs::rename(&part, &dir)?;
    eprintln!("  took {:.1?}", started.elapsed());
    Ok(dir)
}

fn fill(dir: &Path, drifts: u64) -> Outcome<()> {
    let store = Store::open(Options {
        // Some keys are random: where their tables don't fit, each row is read from the disk.
        cache_bytes: if drifts > 1_000_000 { 6 << 30 } else { 1 << 30 },
        ..Options::new(dir)
    })?;
    let start = Timestamp::now().plus_ms(-PAST_MS);
    let names = (drifts / A_WORKSPACE).max(20);
    let all = store.write_blocking(move |read, _| {
        let mut writes = Writes::new();
        let mut all = Vec::new();
        for n in 0..names {
            let name = match n {
                0 => THOUSAND.to_owned(),
                n => format!(
                    "{}/{}-{n}",
                    SERVICES[n as usize % 32],
                    ["prod", "stage"][n as usize / 32 % 2]
                ),
            };
            let (record, made) = workspaces::named_or_new(read, &name, &actor(), start)?;
            writes.add(made);
            all.push(record);
        }
        Ok((all, writes))
    })?;
    let (send, made) = sync_channel(2);
    let maker = std::thread::spawn(move || make_all(drifts, &all, start, &send));
    let started = Instant::now();
    let commits = drifts.div_ceil(A_COMMIT);
    for (n, writes) in (1..).zip(made) {
        // A change may run again only where the disk fails: filling then fails, too.
        let writes = Mutex::new(Some(writes));
        store.write_blocking(move |_, _| {
            let writes = writes.lock().ok().and_then(|mut writes| writes.take());
            let writes =
                writes.ok_or_else(|| Error::internal("a batch was to be written twice"))?;
            Ok(((), writes))
        })?;
        if commits >= 20 && n * 20 / commits > (n - 1) * 20 / commits {
            eprintln!("  {} %, {:.0?}", n * 100 / commits, started.elapsed());
        }
    }
    maker.join().map_err(|_| "making drifts panicked")??;
    store.close();
    Ok(())
}

/// Makes every drift, a commit's worth at a time.
fn make_all(
    drifts: u64,
    all: &[workspaces::Record],
    start: Timestamp,
    send: &SyncSender<Writes>,
) -> driftsentry::Result<()> {
    let mut writes = Writes::new();
    for first in (0..drifts).step_by(A_SCAN as usize) {
        let at = start.plus_ms((first as i128 * i128::from(PAST_MS) / i128::from(drifts)) as i64);
        let workspace = match first {
            0..1_000 => 0,
            _ => 1 + noise(first, 19) % (all.len() as u64 - 1),
        };
        let workspace = &all[workspace as usize];
        let place = Place {
            workspace_id: workspace.id,
            workspace: &workspace.name,
            scan_id: ScanId::new(at),
        };
        let findings = (first..(first + A_SCAN).min(drifts)).map(finding).collect();
        let scan = scan(findings, at);
        writes.add(scans::standing(&received(&scan, &place, at))?);
        let steps = reconcile(
            &scan,
            Vec::new(),
            |_| Ok(None),
            &place,
            Patience::default(),
            at,
        )?;
        for (i, (step, finding)) in (first..).zip(steps.into_iter().zip(&scan.findings)) {
            if let Step::New { after, .. } = step {
                let drift = record(i, *after, at);
                make(
                    &mut writes,
                    &drift,
                    finding,
                    i + EVENTS >= drifts,
                    &place,
                    at,
                )?;
            }
        }
        if (first / A_SCAN).is_multiple_of(A_COMMIT / A_SCAN) && first > 0
            || first + A_SCAN >= drifts
        {
            // Nobody receives any more where writing failed: that error is told there.
            if send.send(std::mem::take(&mut writes)).is_err() {
                break;
            }
        }
    }
    Ok(())
}

fn make(
    writes: &mut Writes,
    drift: &Record,
    finding: &Finding,
    event: bool,
    place: &Place<'_>,
    at: Timestamp,
) -> driftsentry::Result<()> {
    let by = actor();
    writes.add(records::insert(drift, finding, at)?);
    writes.add(records::history(drift));
    writes.put_bytes(&SCAN_DRIFTS, &(place.scan_id, drift.id), vec![0]);
    let metadata = json!({"scanId": place.scan_id});
    timeline::add(
        writes,
        drift.id,
        &by,
        Happened::Detected,
        "Found by a scan.",
        Some(&metadata),
        at,
    )?;
    let draft = Draft {
        drift: Some(drift.id),
        new_value: Some(json!({"status": drift.status.name(), "severity": drift.severity.name()})),
        details: Some(json!({"workspace": drift.workspace, "resourceAddress": drift.address})),
        ..Draft::default()
    };
    audit::record(writes, &by, Action::DriftCreated, draft, at);
    if event {
        events::emit(writes, Name::DriftCreated, &decide::summary(drift), at);
    }
    if drift.status == Status::Detected {
        writes.add(alerts::on_detected(&drift.sighting(), false, at)?);
    }
    if drift.reminded_at.is_some() {
        writes.add(alerts::on_undecided(&drift.sighting(), at, at)?);
    }
    Ok(())
}

/// A scan that shows these and proves nothing else.
pub(crate) fn scan(findings: Vec<Finding>, at: Timestamp) -> Scan {
    Scan {
        format: Format::TerraformPlan,
        tool: "terraform".to_owned(),
        tool_version: Some("1.11.4".to_owned()),
        status: ScanStatus::Partial,
        started_at: Some(at),
        resources: 40 * findings.len() as u64,
        redacted: 0,
        findings,
        observed: Observed {
            live: true,
            pending: true,
            ..Observed::default()
        },
        problems: Vec::new(),
    }
}

fn received(scan: &Scan, place: &Place<'_>, at: Timestamp) -> scans::Record {
    let found = scan.findings.len() as u64;
    scans::Record {
        id: place.scan_id,
        workspace_id: place.workspace_id,
        workspace: place.workspace.to_owned(),
        format: scan.format,
        tool: scan.tool.clone(),
        tool_version: scan.tool_version.clone(),
        status: scan.status,
        started_at: scan.started_at,
        finished_at: at,
        pushed_by: "ci@example.com".to_owned(),
        commit: None,
        counts: Counts {
            resources: scan.resources,
            drifted: found,
            new: found,
            ..Counts::default()
        },
        problems: Vec::new(),
    }
}
