//! The difference between two releases of a tenant, for `tenant apply --dry-run`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{AdapterRef, TenantSpec};
use crate::field::escape;
use crate::id::Digest;

/// The pointer of the adapter.
const ADAPTER: &str = "/adapter";

/// One value that differs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = Change)]
pub struct ReleaseChange {
    /// Pointer into the tenant's file; `/adapter` shows digests.
    pub pointer: String,
    /// The active release's value as JSON text; none if it is new.
    pub from: Option<String>,
    /// The new value as JSON text; none if it is removed.
    pub to: Option<String>,
}

/// Every value that differs, by pointer. Secrets appear only as references.
#[must_use]
pub fn diff(from: Option<(&TenantSpec, Digest)>, to: (&TenantSpec, Digest)) -> Vec<ReleaseChange> {
    let before = from.map(|(spec, adapter)| leaves(spec, adapter)).unwrap_or_default();
    let after = leaves(to.0, to.1);
    let mut pointers: Vec<_> = before.keys().chain(after.keys()).collect();
    pointers.sort_unstable();
    pointers.dedup();
    let replaced = from.is_some_and(|(spec, digest)| {
        spec.adapter == to.0.adapter && digest != to.1 && matches!(spec.adapter, AdapterRef::Version(..))
    });
    pointers
        .into_iter()
        .filter(|pointer| before.get(*pointer) != after.get(*pointer))
        .map(|pointer| ReleaseChange {
            pointer: pointer.clone(),
            from: before.get(pointer).cloned(),
            to: after.get(pointer).map(|value| {
                let is_replaced = replaced && pointer == ADAPTER;
                let remark = if is_replaced {
                    "; the digest behind this name and version changed"
                } else {
                    ""
                };
                format!("{value}{remark}")
            }),
        })
        .collect()
}

fn leaves(spec: &TenantSpec, adapter: Digest) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    // A literal secret cannot be serialized; callers replace it by a reference first.
    let document = serde_json::to_value(spec).unwrap_or(Value::Null);
    collect(String::new(), &document, &mut found);
    found.insert(ADAPTER.into(), format!("{} ({})", spec.adapter, adapter));
    found
}

fn collect(pointer: String, value: &Value, found: &mut BTreeMap<String, String>) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                collect(format!("{pointer}/{}", escape(name)), member, found);
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                collect(format!("{pointer}/{index}"), item, found);
            }
        }
        leaf => {
            found.insert(pointer, leaf.to_string());
        }
    }
}
