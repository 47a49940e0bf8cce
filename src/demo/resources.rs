//! Resources that drift: what they are called, what is declared, what they are like.

use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use super::company::Cloud;
use super::patterns::{PATTERNS, Pattern, Price};
use crate::ingest::State;
use crate::ingest::scan::{Change, Content, Difference, Finding, Kind, SENSITIVE};

/// Something in the cloud that no code declares, found by a person.
pub(super) fn unmanaged(rng: &mut fastrand::Rng, number: u64, account: &str) -> Finding {
    let (resource_type, name) = [
        ("aws_iam_access_key", "contractor-laptop"),
        ("aws_instance", "loadtest-2"),
        ("aws_db_snapshot", "before-migration"),
        ("aws_lambda_function", "tmp-fix-orders"),
    ][rng.usize(..4)];
    let id = format!("{name}-{number}");
    let mut actual = Map::new();
    actual.insert("id".to_owned(), json!(id));
    actual.insert("name".to_owned(), json!(name));
    Finding {
        address: format!("{resource_type}.{id}"),
        previous_address: None,
        deposed: None,
        kind: Kind::Unmanaged,
        resource_type: resource_type.to_owned(),
        provider: None,
        resource_id: id.clone(),
        region: Some("eu-central-1".to_owned()),
        account_id: Some(account.to_owned()),
        expected: None,
        actual: Some(State::from(&Value::Object(actual))),
        difference: Vec::new(),
        content: Content(Sha256::digest(id.as_bytes()).into()),
    }
}

/// A resource that differs. Small: what it looks like is made anew whenever it is found.
#[derive(Debug, Clone)]
pub(super) struct Resource {
    pattern: usize,
    /// Names the resource: the same number is the same resource.
    number: u64,
    /// The values it has now.
    pub(super) values: u64,
    /// The address in code that it had before, and whether it was renamed.
    pub(super) renamed: bool,
}

/// Where a resource lies.
#[derive(Debug, Clone, Copy)]
pub(super) struct Site<'a> {
    pub(super) region: &'a str,
    pub(super) account: &'a str,
}

impl Resource {
    /// A resource of this cloud.
    pub(super) fn new(rng: &mut fastrand::Rng, cloud: Cloud, number: u64) -> Self {
        let of_cloud: Vec<usize> = (0..PATTERNS.len())
            .filter(|at| PATTERNS[*at].cloud == cloud)
            .collect();
        Self {
            pattern: of_cloud[rng.usize(..of_cloud.len())],
            number,
            values: rng.u64(..),
            renamed: false,
        }
    }

    fn pattern(&self) -> &'static Pattern {
        &PATTERNS[self.pattern]
    }

    /// How it differs.
    pub(super) fn kind(&self) -> Kind {
        self.pattern().kind
    }

    /// What its drift costs a month, where somebody knows.
    pub(super) fn cents(&self) -> Option<i64> {
        let mut rng = fastrand::Rng::with_seed(self.values ^ self.number);
        match self.pattern().price {
            // Some of what could be priced isn't yet.
            Price::Between(from, to) if rng.u8(..10) > 0 => Some(rng.i64(from..to)),
            _ => None,
        }
    }

    fn name(&self) -> &'static str {
        let names = self.pattern().names;
        names[usize::try_from(self.number % names.len() as u64).unwrap_or(0)]
    }

    /// Its address in code; of one that was renamed, the new one.
    pub(super) fn address(&self) -> String {
        self.address_in(self.renamed)
    }

    fn address_in(&self, renamed: bool) -> String {
        let (resource_type, name, number) =
            (self.pattern().resource_type, self.name(), self.number);
        let module = if renamed { "core" } else { "service" };
        match number % 5 {
            0 => format!("{resource_type}.{name}_{number}"),
            1 => format!("module.{module}[\"{name}\"].{resource_type}.this[{number}]"),
            2 => format!("module.{module}.{resource_type}.{name}[\"r{number}\"]"),
            3 => format!("{resource_type}.{name}[{number}]"),
            _ => format!("module.platform.module.{module}.{resource_type}.{name}_{number}"),
        }
    }

    /// As a tool reports it.
    pub(super) fn finding(&self, site: Site<'_>) -> Finding {
        let pattern = self.pattern();
        let mut rng = fastrand::Rng::with_seed(self.values);
        let differs = (pattern.differs)(&mut rng);
        let hex = crate::hex::encode(&Sha256::digest(self.number.to_be_bytes())[..4]);
        let resource_id = (pattern.id)(self.name(), &hex);
        let mut expected = json!({
            "id": resource_id,
            "name": self.name(),
            "region": site.region,
            "tags": {"ManagedBy": "terraform", "Environment": "production"},
            "ingress": [{"from_port": 443, "to_port": 443, "protocol": "tcp", "cidr_blocks": ["10.0.0.0/8"]}],
        });
        let mut actual = expected.clone();
        for (pointer, declared, live) in &differs {
            set(&mut expected, pointer, declared);
            set(&mut actual, pointer, live);
        }
        Finding {
            address: self.address(),
            previous_address: (self.renamed && self.address_in(false) != self.address())
                .then(|| self.address_in(false)),
            deposed: None,
            kind: pattern.kind,
            resource_type: pattern.resource_type.to_owned(),
            provider: Some(
                match pattern.cloud {
                    Cloud::Aws => "registry.terraform.io/hashicorp/aws",
                    Cloud::Azure => "registry.terraform.io/hashicorp/azurerm",
                    Cloud::Gcp => "registry.terraform.io/hashicorp/google",
                }
                .to_owned(),
            ),
            resource_id,
            region: Some(site.region.to_owned()),
            account_id: Some(site.account.to_owned()),
            expected: Some(State::from(&expected)),
            actual: (pattern.kind != Kind::Missing).then(|| State::from(&actual)),
            content: content(self.values, &differs),
            difference: differs.into_iter().map(difference).collect(),
        }
    }
}

/// The digest of the live values. Hidden ones differ too when they change: the seed stands for them.
fn content(values: u64, differs: &[(&str, Value, Value)]) -> Content {
    let mut hash = Sha256::new();
    hash.update(values.to_be_bytes());
    for (pointer, _, live) in differs {
        hash.update(pointer.as_bytes());
        hash.update(live.to_string().as_bytes());
    }
    Content(hash.finalize().into())
}

fn difference((pointer, expected, actual): (&str, Value, Value)) -> Difference {
    let sensitive = expected == SENSITIVE;
    Difference {
        pointer: pointer.to_owned(),
        change: match (&expected, &actual) {
            (Value::Null, _) => Change::Added,
            (_, Value::Null) => Change::Removed,
            _ => Change::Changed,
        },
        expected,
        actual,
        sensitive,
    }
}

/// Puts a value into a state, with the objects and lists on the way to it; `null` leaves it out.
fn set(state: &mut Value, pointer: &str, value: &Value) {
    if value.is_null() {
        return;
    }
    let mut at = state;
    for step in pointer.split('/').skip(1) {
        if step.bytes().all(|byte| byte.is_ascii_digit()) {
            if !at.is_array() {
                *at = json!([]);
            }
            let index = step.parse().unwrap_or(0);
            let Some(list) = at.as_array_mut() else {
                return;
            };
            while list.len() <= index {
                list.push(json!({}));
            }
            at = &mut list[index];
        } else {
            if !at.is_object() {
                *at = json!({});
            }
            at = &mut at[step];
        }
    }
    *at = value.clone();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pattern_makes_a_sorted_difference_that_its_states_show() {
        let site = Site {
            region: "eu-central-1",
            account: "1",
        };
        for pattern in 0..PATTERNS.len() {
            for values in 0..20 {
                let found = Resource {
                    pattern,
                    number: 7 + values,
                    values,
                    renamed: false,
                }
                .finding(site);
                let pointers: Vec<&str> = found
                    .difference
                    .iter()
                    .map(|one| one.pointer.as_str())
                    .collect();
                assert!(pointers.is_sorted(), "{pointers:?}");
                assert_eq!(pointers.is_empty(), found.kind == Kind::Missing);
                let read = |state: crate::ingest::State| {
                    serde_json::from_str::<Value>(state.text()).unwrap()
                };
                let (expected, actual) = (read(found.expected.unwrap()), found.actual.map(read));
                for one in &found.difference {
                    assert!(one.sensitive || one.expected != one.actual, "{one:?}");
                    let declared = expected.pointer(&one.pointer).unwrap_or(&Value::Null);
                    assert_eq!(declared, &one.expected, "{one:?}");
                    let live = actual.as_ref().unwrap().pointer(&one.pointer);
                    assert_eq!(live.unwrap_or(&Value::Null), &one.actual, "{one:?}");
                }
            }
        }
    }
}
