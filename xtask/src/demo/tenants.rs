//! The two tenants, their files and their secrets.
//!
//! The secrets are the demo's own and open no door anywhere else. The host reads them from its environment; only the
//! names of the variables stand in the files.

use super::stage::Origins;

/// A developer group with a CRM of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tenant {
    /// Uses keystone.
    Dwarka,
    /// Uses groundwork.
    Saket,
}

impl Tenant {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Dwarka, Self::Saket];

    /// Its name at the host.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Dwarka => "dwarka-homes",
            Self::Saket => "saket-estates",
        }
    }

    /// Its file.
    pub fn file(self, origins: &Origins) -> String {
        match self {
            Self::Dwarka => dwarka(origins, "keystone@1.0.0"),
            Self::Saket => saket(origins),
        }
    }
}

/// The secrets, by the variables of the host's environment that they are in.
pub const SECRETS: [(&str, &str); 5] = [
    ("DWARKA_CRM_TOKEN", KEYSTONE_TOKEN),
    ("DWARKA_WEBHOOK_SECRET", DWARKA_WEBHOOK_SECRET),
    ("SAKET_SIGNING_KEY", GROUNDWORK_KEY),
    ("SAKET_WEBHOOK_SECRET", SAKET_WEBHOOK_SECRET),
    ("AGENT_PUSH_SECRET", AGENT_SECRET),
];

/// keystone's API token.
pub const KEYSTONE_TOKEN: &str = "demo-keystone-token";
/// What groundwork's parameters are signed with.
pub const GROUNDWORK_KEY: &str = "demo-groundwork-key";
/// What keystone signs its webhooks with.
pub const DWARKA_WEBHOOK_SECRET: &str = "whsec_ZGVtby1kd2Fya2Etd2ViaG9vay1rZXk=";
/// What groundwork signs its webhooks with.
pub const SAKET_WEBHOOK_SECRET: &str = "demo-saket-webhook-secret";
/// What the host signs pushed leads with.
pub const AGENT_SECRET: &str = "whsec_ZGVtby1hZ2VudC1wdXNoLWtleQ==";

/// The counted attempts of a delivery, and for how long they go on: the product's ladder, shortened for an audience.
pub const LADDER: [u64; 5] = [0, 1, 2, 3, 4];

/// The file of dwarka-homes, for a version of its adapter.
pub fn dwarka(origins: &Origins, adapter: &str) -> String {
    let Origins { keystone, agent, .. } = origins;
    let ladder = LADDER.map(|seconds| format!("\"{seconds}s\"")).join(", ");
    format!(
        r#"tenant = "dwarka-homes"
adapter = "{adapter}"

[settings]
base_url = "{keystone}"

[egress]
allow = ["{keystone}"]
# A demo's CRM is on this machine. Such addresses are refused by default.
private_addresses = true

[[credentials]]
name = "crm"
kind = "bearer"
secret = {{ env = "DWARKA_CRM_TOKEN" }}
# There the host adds it; the adapter never sees it.
origins = ["{keystone}"]

[webhook]
profile = "standard-webhooks"
secrets = [{{ env = "DWARKA_WEBHOOK_SECRET" }}]

[agent]
push_url = "{agent}/leads"
push_secret = {{ env = "AGENT_PUSH_SECRET" }}

[delivery]
# Shortened, for an audience. The product's own: 0s, 30s, 2m, 10m, 60m.
retry = [{ladder}]
concurrency = 8
per_second = 500

[limits]
# Generous: this machine may be busy with other things than the demo. The product's own: 1000.
status_deadline_ms = 5000
"#
    )
}

fn saket(origins: &Origins) -> String {
    let Origins { groundwork, agent, .. } = origins;
    format!(
        r#"tenant = "saket-estates"
adapter = "groundwork"

[settings]
base_url = "{groundwork}"

[egress]
allow = ["{groundwork}"]
private_addresses = true

[[credentials]]
name = "signing"
# The host signs with it; the key stays out of the sandbox.
kind = "hmac"
secret = {{ env = "SAKET_SIGNING_KEY" }}

[webhook]
# groundwork's own habit: a hex tag over the body.
profile = "sha256-hex"
secrets = [{{ env = "SAKET_WEBHOOK_SECRET" }}]

[agent]
push_url = "{agent}/leads"
push_secret = {{ env = "AGENT_PUSH_SECRET" }}
"#
    )
}
