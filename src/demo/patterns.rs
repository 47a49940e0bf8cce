//! The ways in which each type of resource drifts.

use serde_json::{Value, json};

use super::company::Cloud;
use crate::ingest::scan::{Kind, SENSITIVE};

/// How much a drift of a type costs a month, in cents.
#[derive(Debug, Clone, Copy)]
pub(super) enum Price {
    /// Nobody knows.
    Unknown,
    /// Between these.
    Between(i64, i64),
}

/// One way in which a type drifts.
pub(super) struct Pattern {
    pub(super) cloud: Cloud,
    pub(super) resource_type: &'static str,
    /// Names of such resources.
    pub(super) names: &'static [&'static str],
    pub(super) kind: Kind,
    pub(super) price: Price,
    /// The resource's id, of its name and eight hexadecimal digits.
    pub(super) id: fn(&str, &str) -> String,
    /// What differs: pointer, declared, live.
    pub(super) differs: fn(&mut fastrand::Rng) -> Vec<(&'static str, Value, Value)>,
}

/// What stands for a value that isn't shown.
pub(super) fn hidden() -> Value {
    Value::String(SENSITIVE.to_owned())
}

pub(super) fn pick<'a>(rng: &mut fastrand::Rng, from: &[&'a str]) -> &'a str {
    from[rng.usize(..from.len())]
}

pub(super) fn aws_id(prefix: &str, hex: &str) -> String {
    format!("{prefix}-0{hex}{}", &hex[..4])
}

pub(super) const PATTERNS: &[Pattern] = &[
    Pattern {
        cloud: Cloud::Aws,
        resource_type: "aws_security_group",
        names: &[
            "web",
            "alb_public",
            "bastion",
            "checkout_api",
            "postgres",
            "redis",
            "workers",
        ],
        kind: Kind::Modified,
        price: Price::Unknown,
        id: |_, hex| aws_id("sg", hex),
        differs: |rng| {
            let port = [22, 3389, 5432, 6379, 9200][rng.usize(..5)];
            let cidr = pick(rng, &["0.0.0.0/0", "203.0.113.0/24", "198.51.100.17/32"]);
            vec![(
                "/ingress/1",
                Value::Null,
                json!({"from_port": port, "to_port": port, "protocol": "tcp", "cidr_blocks": [cidr], "description": "temporary"}),
            )]
        },
    },
    Pattern {
        cloud: Cloud::Aws,
        resource_type: "aws_instance",
        names: &["app", "worker", "batch", "jenkins", "image_resizer"],
        kind: Kind::Modified,
        price: Price::Between(2_900, 42_000),
        id: |_, hex| aws_id("i", hex),
        differs: |rng| {
            let live = pick(
                rng,
                &["m6i.2xlarge", "m6i.4xlarge", "c7g.2xlarge", "r6i.xlarge"],
            );
            vec![("/instance_type", json!("m6i.large"), json!(live))]
        },
    },
    Pattern {
        cloud: Cloud::Aws,
        resource_type: "aws_instance",
        names: &["app", "worker", "reports", "staging_seed"],
        kind: Kind::Modified,
        price: Price::Unknown,
        id: |_, hex| aws_id("i", hex),
        differs: |rng| {
            let owner = pick(rng, &["mara", "contractor", "unknown", "tobias"]);
            vec![
                ("/tags/CostCenter", json!("4410"), Value::Null),
                ("/tags/Owner", json!("platform"), json!(owner)),
            ]
        },
    },
    Pattern {
        cloud: Cloud::Aws,
        resource_type: "aws_db_instance",
        names: &["orders", "catalog", "sessions", "vouchers"],
        kind: Kind::Modified,
        price: Price::Between(9_000, 61_000),
        id: |name, hex| format!("{}-{}", name.replace('_', "-"), &hex[..6]),
        differs: |rng| {
            let live = pick(rng, &["db.r6g.xlarge", "db.r6g.2xlarge", "db.m6g.2xlarge"]);
            vec![
                (
                    "/allocated_storage",
                    json!(200),
                    json!(200 + 100 * rng.u32(1..9)),
                ),
                ("/instance_class", json!("db.r6g.large"), json!(live)),
            ]
        },
    },
    Pattern {
        cloud: Cloud::Aws,
        resource_type: "aws_db_instance",
        names: &["orders", "ledger", "customers"],
        kind: Kind::Modified,
        price: Price::Unknown,
        id: |name, hex| format!("{}-{}", name.replace('_', "-"), &hex[..6]),
        differs: |rng| {
            vec![
                ("/backup_retention_period", json!(35), json!(rng.u32(0..8))),
                ("/password", hidden(), hidden()),
            ]
        },
    },
    Pattern {
        cloud: Cloud::Aws,
        resource_type: "aws_iam_policy",
        names: &["deploy", "read_only", "billing", "support_access"],
        kind: Kind::Modified,
        price: Price::Unknown,
        id: |name, _| format!("arn:aws:iam::906117382255:policy/{name}"),
        differs: |rng| {
            let action = pick(rng, &["*", "s3:*", "iam:PassRole", "kms:Decrypt"]);
            let statement = |action: &str, resource: &str| {
                json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": action, "Resource": resource}]}).to_string()
            };
            vec![(
                "/policy",
                json!(statement(
                    "s3:GetObject",
                    "arn:aws:s3:::brightcart-assets/*"
                )),
                json!(statement(action, "*")),
            )]
        },
    },
    Pattern {
        cloud: Cloud::Aws,
        resource_type: "aws_iam_role",
        names: &["ci_deploy", "lambda_exec", "break_glass", "etl_runner"],
        kind: Kind::Modified,
        price: Price::Unknown,
        id: |name, _| name.replace('_', "-"),
        differs: |rng| {
            vec![(
                "/max_session_duration",
                json!(3_600),
                json!(3_600 * rng.u32(2..13)),
            )]
        },
    },
    Pattern {
        cloud: Cloud::Aws,
        resource_type: "aws_s3_bucket",
        names: &[
            "assets",
            "invoices",
            "exports",
            "access_logs",
            "terraform_state_backup",
        ],
        kind: Kind::Missing,
        price: Price::Unknown,
        id: |name, hex| format!("brightcart-{}-{}", name.replace('_', "-"), &hex[..6]),
        differs: |_| Vec::new(),
    },
    Pattern {
        cloud: Cloud::Aws,
        resource_type: "aws_s3_bucket_public_access_block",
        names: &["assets", "invoices", "exports"],
        kind: Kind::Modified,
        price: Price::Unknown,
        id: |name, hex| format!("brightcart-{}-{}", name.replace('_', "-"), &hex[..6]),
        differs: |rng| {
            let live = rng.bool();
            vec![
                ("/block_public_acls", json!(true), json!(live)),
                ("/restrict_public_buckets", json!(true), json!(false)),
            ]
            .into_iter()
            .filter(|(_, declared, live)| declared != live)
            .collect()
        },
    },
    Pattern {
        cloud: Cloud::Aws,
        resource_type: "aws_autoscaling_group",
        names: &["storefront", "workers", "search_proxy"],
        kind: Kind::StateOnly,
        price: Price::Unknown,
        id: |name, hex| format!("{name}-{}", &hex[..8]),
        differs: |rng| vec![("/desired_capacity", json!(4), json!(rng.u32(5..19)))],
    },
    Pattern {
        cloud: Cloud::Aws,
        resource_type: "aws_lambda_function",
        names: &["resize", "send_receipt", "fraud_score", "sitemap"],
        kind: Kind::Modified,
        price: Price::Between(-1_900, 3_800),
        id: |name, _| name.replace('_', "-"),
        differs: |rng| {
            vec![
                ("/environment/variables/API_TOKEN", hidden(), hidden()),
                ("/memory_size", json!(512), json!(128 * rng.u32(5..25))),
                ("/timeout", json!(30), json!(rng.u32(60..900))),
            ]
        },
    },
    Pattern {
        cloud: Cloud::Aws,
        resource_type: "aws_route53_record",
        names: &["apex", "www", "mx", "status_page"],
        kind: Kind::Pending,
        price: Price::Unknown,
        id: |name, hex| format!("Z0{}_{name}_A", hex.to_uppercase()),
        differs: |rng| {
            vec![(
                "/ttl",
                json!([60, 300, 3_600][rng.usize(..3)]),
                json!(86_400),
            )]
        },
    },
    Pattern {
        cloud: Cloud::Aws,
        resource_type: "aws_cloudtrail",
        names: &["organisation", "payments"],
        kind: Kind::Modified,
        price: Price::Between(-6_400, -900),
        id: |name, _| format!("{name}-trail"),
        differs: |_| {
            vec![
                ("/enable_log_file_validation", json!(true), json!(false)),
                ("/is_multi_region_trail", json!(true), json!(false)),
            ]
        },
    },
    Pattern {
        cloud: Cloud::Aws,
        resource_type: "aws_ecs_service",
        names: &["cart", "payments_api", "pricing", "gateway"],
        kind: Kind::Modified,
        price: Price::Between(-8_000, 24_000),
        id: |name, hex| {
            format!(
                "arn:aws:ecs:eu-central-1:418203957716:service/{name}-{}",
                &hex[..4]
            )
        },
        differs: |rng| {
            vec![(
                "/desired_count",
                json!(6),
                json!([2, 3, 9, 12, 20][rng.usize(..5)]),
            )]
        },
    },
    Pattern {
        cloud: Cloud::Aws,
        resource_type: "aws_ebs_volume",
        names: &["data", "scratch", "old_backup"],
        kind: Kind::Modified,
        price: Price::Between(800, 19_000),
        id: |_, hex| aws_id("vol", hex),
        differs: |rng| {
            vec![
                ("/iops", json!(3_000), json!(1_000 * rng.u32(4..17))),
                ("/size", json!(100), json!(100 * rng.u32(2..21))),
            ]
        },
    },
    Pattern {
        cloud: Cloud::Aws,
        resource_type: "aws_cloudwatch_log_group",
        names: &["api", "vpc_flow", "audit", "lambda_resize"],
        kind: Kind::Pending,
        price: Price::Between(-1_200, -100),
        id: |name, _| format!("/brightcart/{name}"),
        differs: |rng| {
            vec![(
                "/retention_in_days",
                json!([14, 30, 90][rng.usize(..3)]),
                json!(0),
            )]
        },
    },
    Pattern {
        cloud: Cloud::Azure,
        resource_type: "azurerm_network_security_rule",
        names: &["allow_rdp", "allow_sql", "allow_partner"],
        kind: Kind::Modified,
        price: Price::Unknown,
        id: |name, _| {
            format!(
                "/subscriptions/7c2f61d4/resourceGroups/rg-erp/providers/Microsoft.Network/networkSecurityGroups/nsg-erp/securityRules/{name}"
            )
        },
        differs: |rng| {
            let from = pick(rng, &["*", "Internet", "203.0.113.0/24"]);
            vec![("/source_address_prefix", json!("10.60.0.0/16"), json!(from))]
        },
    },
    Pattern {
        cloud: Cloud::Azure,
        resource_type: "azurerm_mssql_database",
        names: &["inventory", "suppliers", "campaigns"],
        kind: Kind::Modified,
        price: Price::Between(-14_000, 73_000),
        id: |name, _| {
            format!(
                "/subscriptions/7c2f61d4/resourceGroups/rg-erp/providers/Microsoft.Sql/servers/sql-erp/databases/{name}"
            )
        },
        differs: |rng| {
            let live = pick(rng, &["GP_Gen5_8", "GP_Gen5_2", "BC_Gen5_4"]);
            vec![("/sku_name", json!("GP_Gen5_4"), json!(live))]
        },
    },
    Pattern {
        cloud: Cloud::Azure,
        resource_type: "azurerm_storage_account",
        names: &["documents", "mailings", "diagnostics"],
        kind: Kind::Modified,
        price: Price::Unknown,
        id: |name, hex| {
            format!(
                "/subscriptions/7c2f61d4/resourceGroups/rg-erp/providers/Microsoft.Storage/storageAccounts/st{name}{}",
                &hex[..4]
            )
        },
        differs: |rng| {
            let tls = pick(rng, &["TLS1_0", "TLS1_1"]);
            vec![
                ("/min_tls_version", json!("TLS1_2"), json!(tls)),
                ("/public_network_access_enabled", json!(false), json!(true)),
            ]
        },
    },
    Pattern {
        cloud: Cloud::Azure,
        resource_type: "azurerm_linux_virtual_machine",
        names: &["erp_app", "batch", "sftp"],
        kind: Kind::Modified,
        price: Price::Between(3_000, 38_000),
        id: |name, _| {
            format!(
                "/subscriptions/7c2f61d4/resourceGroups/rg-erp/providers/Microsoft.Compute/virtualMachines/vm-{name}"
            )
        },
        differs: |rng| {
            let live = pick(rng, &["Standard_D8s_v5", "Standard_E4s_v5"]);
            vec![("/size", json!("Standard_D2s_v5"), json!(live))]
        },
    },
    Pattern {
        cloud: Cloud::Azure,
        resource_type: "azurerm_resource_group",
        names: &["erp", "campaigns", "shared"],
        kind: Kind::Modified,
        price: Price::Unknown,
        id: |name, _| format!("/subscriptions/7c2f61d4/resourceGroups/rg-{name}"),
        differs: |rng| {
            let owner = pick(rng, &["j.meyer", "unknown", "agency"]);
            vec![("/tags/owner", json!("backoffice"), json!(owner))]
        },
    },
    Pattern {
        cloud: Cloud::Azure,
        resource_type: "azurerm_app_service_plan",
        names: &["portal", "mailer"],
        kind: Kind::Pending,
        price: Price::Between(1_100, 12_000),
        id: |name, _| {
            format!(
                "/subscriptions/7c2f61d4/resourceGroups/rg-erp/providers/Microsoft.Web/serverfarms/plan-{name}"
            )
        },
        differs: |rng| {
            let declared = pick(rng, &["P1v3", "P2v3"]);
            vec![("/sku/0/size", json!(declared), json!("S1"))]
        },
    },
    Pattern {
        cloud: Cloud::Gcp,
        resource_type: "google_compute_firewall",
        names: &["allow_ssh", "allow_health_checks", "allow_elastic"],
        kind: Kind::Modified,
        price: Price::Unknown,
        id: |name, _| {
            format!(
                "projects/brightcart-search-prod/global/firewalls/{}",
                name.replace('_', "-")
            )
        },
        differs: |rng| {
            let from = pick(rng, &["0.0.0.0/0", "198.51.100.0/24"]);
            vec![("/source_ranges/1", Value::Null, json!(from))]
        },
    },
    Pattern {
        cloud: Cloud::Gcp,
        resource_type: "google_container_node_pool",
        names: &["default", "indexers", "gpu"],
        kind: Kind::Modified,
        price: Price::Between(-22_000, 96_000),
        id: |name, _| format!("brightcart-search-prod/europe-west3/search/{name}"),
        differs: |rng| {
            vec![
                (
                    "/autoscaling/max_node_count",
                    json!(6),
                    json!(rng.u32(8..40)),
                ),
                ("/node_count", json!(3), json!(rng.u32(4..12))),
            ]
        },
    },
    Pattern {
        cloud: Cloud::Gcp,
        resource_type: "google_bigquery_dataset",
        names: &["orders", "events", "finance"],
        kind: Kind::Modified,
        price: Price::Unknown,
        id: |name, _| format!("projects/brightcart-data-prod/datasets/{name}"),
        differs: |rng| {
            let who = pick(
                rng,
                &["allAuthenticatedUsers", "agency-reports@agency.example"],
            );
            vec![
                (
                    "/access/1",
                    Value::Null,
                    json!({"role": "READER", "special_group": who}),
                ),
                (
                    "/default_table_expiration_ms",
                    json!(7_776_000_000_i64),
                    Value::Null,
                ),
            ]
        },
    },
    Pattern {
        cloud: Cloud::Gcp,
        resource_type: "google_project_iam_member",
        names: &["etl_editor", "viewer", "ci_owner"],
        kind: Kind::Missing,
        price: Price::Unknown,
        id: |name, _| format!("brightcart-data-prod/roles/editor/{name}"),
        differs: |_| Vec::new(),
    },
    Pattern {
        cloud: Cloud::Gcp,
        resource_type: "google_sql_database_instance",
        names: &["ranking", "profiles"],
        kind: Kind::Modified,
        price: Price::Between(4_000, 52_000),
        id: |name, hex| format!("{name}-{}", &hex[..6]),
        differs: |rng| {
            let tier = pick(rng, &["db-custom-8-32768", "db-custom-4-26624"]);
            vec![
                ("/root_password", hidden(), hidden()),
                ("/settings/tier", json!("db-custom-2-8192"), json!(tier)),
            ]
        },
    },
    Pattern {
        cloud: Cloud::Gcp,
        resource_type: "google_storage_bucket",
        names: &["landing", "models", "exports"],
        kind: Kind::Modified,
        price: Price::Between(-3_000, 8_000),
        id: |name, hex| format!("brightcart-{name}-{}", &hex[..6]),
        differs: |rng| {
            let live = pick(rng, &["STANDARD", "COLDLINE"]);
            vec![
                ("/labels/team", json!("data"), json!("unknown")),
                ("/storage_class", json!("NEARLINE"), json!(live)),
            ]
        },
    },
    Pattern {
        cloud: Cloud::Gcp,
        resource_type: "google_pubsub_subscription",
        names: &["clicks", "orders", "dead_letters"],
        kind: Kind::StateOnly,
        price: Price::Unknown,
        id: |name, _| format!("projects/brightcart-data-prod/subscriptions/{name}"),
        differs: |rng| vec![("/ack_deadline_seconds", json!(10), json!(rng.u32(20..600)))],
    },
];
