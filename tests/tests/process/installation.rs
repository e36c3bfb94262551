//! An installation of the host: made by a first start, and set up by an operator.

use std::path::Path;

use jackfield_tests::components::path;
use jackfield_tests::process::{HostProcess, operator_token};

use super::BINARY;

/// Starts and stops a host, which makes the installation in `data`; returns the operator's token.
pub fn install(data: &Path) -> String {
    let (_, printed, _) = HostProcess::start(BINARY, data, &[]).stop("TERM");
    operator_token(&printed)
}

/// Pushes keystone's adapter.
pub fn push_keystone(host: &HostProcess, operator: &str) {
    let _ = host.json(operator, &["adapter", "push", path("keystone").to_str().unwrap()]);
}

/// Applies a tenant's file, which is written to `data`.
pub fn apply(host: &HostProcess, operator: &str, data: &Path, tenant: &str) {
    let file = data.join("tenant.toml");
    std::fs::write(&file, tenant).unwrap();
    let _ = host.json(operator, &["tenant", "apply", file.to_str().unwrap()]);
}

/// A new token of a tenant's agent.
pub fn agent_token(host: &HostProcess, operator: &str, tenant: &str) -> String {
    let made = host.json(operator, &["token", "create", "--tenant", tenant, "--for", "agent"]);
    made["token"].as_str().unwrap().to_owned()
}

/// Waits until nothing is left to deliver. Each poll is a process and a request, so polls are far apart; their number
/// is bounded.
pub fn drain(host: &HostProcess, operator: &str) {
    for poll in 0.. {
        let left = ["ready", "leased"].map(|state| host.json(operator, &["deliveries", "list", "--state", state]));
        if left.iter().all(|left| left["items"].as_array().unwrap().is_empty()) {
            return;
        }
        assert!(poll < 2_000, "the backlog does not drain: {left:?}");
    }
}
