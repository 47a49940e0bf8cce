//! Plans made for one story, in the shape that `terraform show -json` writes.

use serde_json::{Value, json};

/// A plan in the making.
#[derive(Clone)]
pub(crate) struct Plan {
    whole: Value,
}

impl Plan {
    /// `plan -refresh-only`: no list of changes.
    pub(crate) fn refresh_only() -> Self {
        Self {
            whole: json!({
                "format_version": "1.2", "terraform_version": "1.11.4", "planned_values": {"root_module": {}},
                "timestamp": "2026-11-22T08:00:00Z", "applyable": true, "complete": true, "errored": false,
            }),
        }
    }

    /// An ordinary plan: every managed resource is listed among the changes.
    pub(crate) fn normal() -> Self {
        let mut plan = Self::refresh_only();
        plan.whole["resource_changes"] = json!([]);
        plan
    }

    /// A resource whose live values differ.
    pub(crate) fn updated(self, address: &str, expected: Value, actual: Value) -> Self {
        self.drifted(address, &["update"], expected, actual)
    }

    /// A resource that is gone.
    pub(crate) fn deleted(self, address: &str, expected: Value) -> Self {
        self.drifted(address, &["delete"], expected, Value::Null)
    }

    fn drifted(self, address: &str, actions: &[&str], before: Value, after: Value) -> Self {
        self.add("resource_drift", entry(address, actions, before, after))
    }

    /// A resource that the configuration leaves as it is.
    pub(crate) fn in_sync(self, address: &str, state: Value) -> Self {
        self.add(
            "resource_changes",
            entry(address, &["no-op"], state.clone(), state),
        )
    }

    /// A change that apply would make.
    pub(crate) fn change(
        self,
        address: &str,
        actions: &[&str],
        before: Value,
        after: Value,
    ) -> Self {
        self.add("resource_changes", entry(address, actions, before, after))
    }

    /// Marks values of the last drift as sensitive: the same tree on both sides.
    pub(crate) fn sensitive(mut self, marks: Value) -> Self {
        let drift = self.whole["resource_drift"]
            .as_array_mut()
            .expect("a drift came first");
        let change = &mut drift.last_mut().expect("a drift came first")["change"];
        change["before_sensitive"] = marks.clone();
        change["after_sensitive"] = marks;
        self
    }

    /// Says that a `moved` block renamed the last drift's resource.
    pub(crate) fn moved_from(mut self, address: &str) -> Self {
        let drift = self.whole["resource_drift"]
            .as_array_mut()
            .expect("a drift came first");
        drift.last_mut().expect("a drift came first")["previous_address"] = json!(address);
        self
    }

    /// Sets a key of the whole document, such as `errored`.
    pub(crate) fn with(mut self, key: &str, value: Value) -> Self {
        self.whole[key] = value;
        self
    }

    fn add(mut self, list: &str, entry: Value) -> Self {
        match self.whole[list].as_array_mut() {
            Some(entries) => entries.push(entry),
            None => self.whole[list] = json!([entry]),
        }
        self
    }

    /// The document.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        self.whole.to_string().into_bytes()
    }
}

/// One entry of `resource_drift` or `resource_changes`. The address is `type.name`.
fn entry(address: &str, actions: &[&str], before: Value, after: Value) -> Value {
    let (kind, name) = address
        .split_once('.')
        .expect("an address such as aws_instance.web");
    json!({
        "address": address, "mode": "managed", "type": kind, "name": name,
        "provider_name": "registry.terraform.io/hashicorp/aws",
        "change": {
            "actions": actions, "before": before, "after": after, "after_unknown": {},
            "before_sensitive": {}, "after_sensitive": {},
        },
    })
}
