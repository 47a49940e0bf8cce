//! How much a drift matters: ordered rules, the first match wins, and the drift says which one it was.

use super::Severity;
use crate::ingest::scan::{Finding, Kind};

/// What a rule looks at.
enum Match {
    /// The resource type has one of these words between its underscores.
    Type(&'static [&'static str]),
    /// A differing attribute's path has one of these words.
    Attribute(&'static [&'static str]),
    /// Every differing attribute's path begins with one of these names.
    OnlyAttributes(&'static [&'static str]),
    /// The resource is gone.
    Missing,
    /// Nothing has drifted from the code.
    NoDrift,
}

/// One rule.
struct Rule {
    reason: &'static str,
    severity: Severity,
    on: Match,
}

/// The rules that are shipped.
const DEFAULTS: &[Rule] = &[
    Rule {
        reason: "the code is not applied yet, or doesn't care",
        severity: Severity::Info,
        on: Match::NoDrift,
    },
    Rule {
        reason: "the resource is gone",
        severity: Severity::Critical,
        on: Match::Missing,
    },
    Rule {
        reason: "only tags, descriptions or computed times",
        severity: Severity::Info,
        on: Match::OnlyAttributes(&[
            "tags",
            "tags_all",
            "labels",
            "effective_labels",
            "terraform_labels",
            "annotations",
            "description",
            "comment",
            "last_modified",
            "last_updated",
            "last_modified_date",
            "updated_at",
            "update_time",
            "modified_time",
            "etag",
            "fingerprint",
        ]),
    },
    Rule {
        reason: "identity and access",
        severity: Severity::Critical,
        on: Match::Type(&[
            "iam",
            "role",
            "policy",
            "user",
            "identity",
            "permission",
            "access",
            "cognito",
            "sso",
            "rbac",
            "login",
        ]),
    },
    Rule {
        reason: "keys and secrets",
        severity: Severity::Critical,
        on: Match::Type(&[
            "kms",
            "key",
            "secret",
            "secretsmanager",
            "certificate",
            "acm",
            "vault",
            "keyvault",
            "credential",
        ]),
    },
    Rule {
        reason: "network exposure",
        severity: Severity::Critical,
        on: Match::Type(&[
            "security", "firewall", "nacl", "acl", "waf", "wafv2", "peering", "gateway", "vpn",
        ]),
    },
    Rule {
        reason: "audit logging",
        severity: Severity::Critical,
        on: Match::Type(&[
            "cloudtrail",
            "guardduty",
            "securityhub",
            "diagnostic",
            "auditlog",
        ]),
    },
    Rule {
        reason: "public access",
        severity: Severity::Critical,
        on: Match::Attribute(&[
            "public",
            "publicly_accessible",
            "public_access",
            "public_network_access_enabled",
            "block_public_acls",
            "block_public_policy",
            "restrict_public_buckets",
            "ignore_public_acls",
            "acl",
            "map_public_ip_on_launch",
            "associate_public_ip_address",
            "allow_blob_public_access",
        ]),
    },
    Rule {
        reason: "network exposure",
        severity: Severity::Critical,
        on: Match::Attribute(&[
            "ingress",
            "egress",
            "cidr_blocks",
            "ipv6_cidr_blocks",
            "security_groups",
            "vpc_security_group_ids",
            "source_ranges",
            "authorized_networks",
            "allowed_cidr",
        ]),
    },
    Rule {
        reason: "identity and access",
        severity: Severity::Critical,
        on: Match::Attribute(&[
            "policy",
            "assume_role_policy",
            "iam_instance_profile",
            "role",
            "permissions_boundary",
            "managed_policy_arns",
        ]),
    },
    Rule {
        reason: "keys and secrets",
        severity: Severity::Critical,
        on: Match::Attribute(&[
            "password",
            "passwords",
            "master_password",
            "secret",
            "secret_string",
            "token",
            "private_key",
            "access_key",
            "kms_key_id",
            "key_id",
        ]),
    },
    Rule {
        reason: "encryption",
        severity: Severity::Critical,
        on: Match::Attribute(&[
            "encrypted",
            "storage_encrypted",
            "encryption",
            "encryption_configuration",
            "server_side_encryption_configuration",
            "at_rest_encryption_enabled",
            "transit_encryption_enabled",
            "enable_key_rotation",
            "ssl_policy",
            "minimum_tls_version",
            "min_tls_version",
        ]),
    },
    Rule {
        reason: "audit logging",
        severity: Severity::Critical,
        on: Match::Attribute(&[
            "logging",
            "access_logs",
            "enable_logging",
            "enable_log_file_validation",
            "enabled_cloudwatch_logs_exports",
            "audit",
        ]),
    },
];

/// What the rules say of a finding: how much it matters, and why.
pub fn of(finding: &Finding) -> (Severity, String) {
    DEFAULTS
        .iter()
        .find(|rule| applies(&rule.on, finding))
        .map_or(
            (Severity::Warning, "no rule speaks of it".to_owned()),
            |rule| (rule.severity, rule.reason.to_owned()),
        )
}

fn applies(on: &Match, finding: &Finding) -> bool {
    match on {
        Match::NoDrift => matches!(finding.kind, Kind::Pending | Kind::StateOnly),
        Match::Missing => finding.kind == Kind::Missing,
        Match::Type(words) => finding
            .resource_type
            .split(['_', '.', ':', '/'])
            .any(|part| is_one_of(part, words)),
        Match::Attribute(words) => finding
            .difference
            .iter()
            .any(|difference| steps(&difference.pointer).any(|step| is_one_of(step, words))),
        Match::OnlyAttributes(names) => {
            !finding.difference.is_empty()
                && finding.difference.iter().all(|difference| {
                    !difference.sensitive
                        && steps(&difference.pointer)
                            .next()
                            .is_some_and(|first| is_one_of(first, names))
                })
        }
    }
}

fn is_one_of(word: &str, words: &[&str]) -> bool {
    words.iter().any(|other| word.eq_ignore_ascii_case(other))
}

/// The steps of a JSON pointer; names with escapes never match a rule's plain words.
fn steps(pointer: &str) -> impl Iterator<Item = &str> {
    pointer.split('/').skip(1)
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::ingest::scan::{Change, Content, Difference};

    fn finding(kind: Kind, resource_type: &str, pointers: &[&str]) -> Finding {
        Finding {
            address: format!("{resource_type}.a"),
            previous_address: None,
            deposed: None,
            kind,
            resource_type: resource_type.to_owned(),
            provider: None,
            resource_id: "a".to_owned(),
            region: None,
            account_id: None,
            expected: None,
            actual: None,
            difference: pointers
                .iter()
                .map(|pointer| Difference {
                    pointer: (*pointer).to_owned(),
                    expected: Value::Null,
                    actual: Value::Bool(true),
                    change: Change::Added,
                    sensitive: false,
                })
                .collect(),
            content: Content([0; 32]),
        }
    }

    #[test]
    fn the_first_matching_rule_decides_and_names_itself() {
        for (kind, resource_type, pointers, severity, reason) in [
            (
                Kind::Missing,
                "aws_instance",
                &[][..],
                Severity::Critical,
                "gone",
            ),
            (
                Kind::Pending,
                "aws_iam_role",
                &["/policy"],
                Severity::Info,
                "not applied",
            ),
            (
                Kind::StateOnly,
                "aws_instance",
                &["/ami"],
                Severity::Info,
                "not applied",
            ),
            (
                Kind::Modified,
                "aws_iam_role",
                &["/max_session_duration"],
                Severity::Critical,
                "identity",
            ),
            (
                Kind::Modified,
                "aws_iam_role",
                &["/tags/Owner", "/tags_all/Owner"],
                Severity::Info,
                "tags",
            ),
            (
                Kind::Modified,
                "aws_instance",
                &["/tags/Owner", "/instance_type"],
                Severity::Warning,
                "no rule",
            ),
            (
                Kind::Modified,
                "aws_security_group",
                &["/ingress/0/from_port"],
                Severity::Critical,
                "network",
            ),
            (
                Kind::Modified,
                "aws_s3_bucket",
                &["/acl"],
                Severity::Critical,
                "public",
            ),
            (
                Kind::Modified,
                "aws_db_instance",
                &["/storage_encrypted"],
                Severity::Critical,
                "encryption",
            ),
            (
                Kind::Modified,
                "aws_db_instance",
                &["/password"],
                Severity::Critical,
                "keys",
            ),
            (
                Kind::Modified,
                "aws_db_instance",
                &["/multi_az"],
                Severity::Warning,
                "no rule",
            ),
            (
                Kind::Modified,
                "aws_cloudtrail",
                &["/name"],
                Severity::Critical,
                "audit",
            ),
            (
                Kind::Unmanaged,
                "aws_iam_access_key",
                &[],
                Severity::Critical,
                "identity",
            ),
        ] {
            let (found, why) = of(&finding(kind, resource_type, pointers));
            assert_eq!(found, severity, "{resource_type} {pointers:?}: {why}");
            assert!(why.contains(reason), "{resource_type} {pointers:?}: {why}");
        }
    }
}
