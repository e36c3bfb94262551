//! The two tenants, their files and their secrets.
//!
//! The secrets are for the demo only. The host reads them from its environment; the tenant files contain only the names
//! of the variables.

use super::context::Origins;

/// A property developer with its own CRM.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tenant {
    /// Uses keystone.
    Dwarka,
    /// Uses groundwork.
    Saket,
}

impl Tenant {
    /// Both tenants.
    pub const ALL: [Self; 2] = [Self::Dwarka, Self::Saket];

    /// The tenant's name at the host.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Dwarka => "dwarka-homes",
            Self::Saket => "saket-estates",
        }
    }

    /// The tenant file.
    pub fn file(self, origins: &Origins) -> String {
        match self {
            Self::Dwarka => dwarka(origins, "keystone@1.0.0"),
            Self::Saket => saket(origins),
        }
    }
}

/// The secrets, with the environment variables that hand them to the host.
pub const SECRETS: [(&str, &str); 5] = [
    ("DWARKA_CRM_TOKEN", KEYSTONE_TOKEN),
    ("DWARKA_WEBHOOK_SECRET", DWARKA_WEBHOOK_SECRET),
    ("SAKET_SIGNING_KEY", GROUNDWORK_KEY),
    ("SAKET_WEBHOOK_SECRET", SAKET_WEBHOOK_SECRET),
    ("AGENT_PUSH_SECRET", AGENT_SECRET),
];

/// keystone's API token.
pub const KEYSTONE_TOKEN: &str = "demo-keystone-token";
/// The key of groundwork's request signatures.
pub const GROUNDWORK_KEY: &str = "demo-groundwork-key";
/// The secret of keystone's webhook signatures.
pub const DWARKA_WEBHOOK_SECRET: &str = "whsec_ZGVtby1kd2Fya2Etd2ViaG9vay1rZXk=";
/// The secret of groundwork's webhook signatures.
pub const SAKET_WEBHOOK_SECRET: &str = "demo-saket-webhook-secret";
/// The secret that signs the leads pushed to the agent.
pub const AGENT_SECRET: &str = "whsec_ZGVtby1hZ2VudC1wdXNoLWtleQ==";

/// The delays in seconds before each attempt of a delivery: the default schedule, shortened for the demo.
pub const RETRY_DELAYS: [u64; 5] = [0, 1, 2, 3, 4];

/// The tenant file of dwarka-homes for a version of its adapter.
pub fn dwarka(origins: &Origins, adapter: &str) -> String {
    let Origins { keystone, agent, .. } = origins;
    let retry = RETRY_DELAYS.map(|seconds| format!("\"{seconds}s\"")).join(", ");
    format!(
        r#"tenant = "dwarka-homes"
adapter = "{adapter}"

[settings]
base_url = "{keystone}"

[egress]
allow = ["{keystone}"]
# The demo's CRMs are on this machine. The host refuses such addresses by default.
private_addresses = true

[[credentials]]
name = "crm"
kind = "bearer"
secret = {{ env = "DWARKA_CRM_TOKEN" }}
# The host adds the credential to requests to these origins; the adapter never sees it.
origins = ["{keystone}"]

[webhook]
profile = "standard-webhooks"
secrets = [{{ env = "DWARKA_WEBHOOK_SECRET" }}]

[agent]
push_url = "{agent}/leads"
push_secret = {{ env = "AGENT_PUSH_SECRET" }}

[delivery]
# Shortened for the demo. The default: 0s, 30s, 2m, 10m, 60m.
retry = [{retry}]
concurrency = 8
per_second = 500

[limits]
# Generous, because this machine may be busy. The default: 1000.
status_deadline_ms = 5000
"#
    )
}

fn saket(origins: &Origins) -> String {
    let Origins { groundwork, agent, .. } = origins;
    format!(
        r#"tenant = "saket-estates"
adapter = "groundwork"
# groundwork writes numbers without a country code.
country = "IN"

[settings]
base_url = "{groundwork}"

[egress]
allow = ["{groundwork}"]
private_addresses = true

[[credentials]]
name = "signing"
# The host signs requests with it; the key never enters the sandbox.
kind = "hmac"
secret = {{ env = "SAKET_SIGNING_KEY" }}

[webhook]
# groundwork signs the body and sends the HMAC in hexadecimal.
profile = "sha256-hex"
secrets = [{{ env = "SAKET_WEBHOOK_SECRET" }}]

[agent]
push_url = "{agent}/leads"
push_secret = {{ env = "AGENT_PUSH_SECRET" }}
"#
    )
}
