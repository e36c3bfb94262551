//! The CRMs of `demo --all`: one for each adapter language besides Rust. A CRM whose adapter is not in the repository
//! is left out.
//!
//! The secrets are for the demo only.

use serde_json::{Value, json};

use crate::workspace::Workspace;

/// The contract's outcomes. [`Crm::words`] has the same order.
pub const OUTCOMES: [&str; 12] = [
    "qualified_visit_booked",
    "qualified_no_visit",
    "callback_requested",
    "not_interested_budget",
    "not_interested_location",
    "not_interested_timeline",
    "already_purchased",
    "wrong_number",
    "dnc_requested",
    "no_answer",
    "invalid_number",
    "duplicate_suppressed",
];

/// A CRM, its adapter and its tenant.
#[derive(Debug)]
pub struct Crm {
    /// The name of the adapter, of its folder and of its fake.
    pub name: &'static str,
    /// The language of the adapter.
    pub language: &'static str,
    /// What makes this CRM different from the others.
    pub specialty: &'static str,
    /// The tenant.
    pub tenant: &'static str,
    /// Options of its fake, besides its listen address.
    pub fake: &'static [&'static str],
    /// The environment variable that hands the secret to the host, and the secret.
    pub secret: (&'static str, &'static str),
    /// Its credential as TOML, without the secret and the origins.
    pub credential: &'static str,
    /// Whether the host sends the credential to the CRM; it does not send an `hmac` key.
    pub sent: bool,
    /// The limits that its language needs, as TOML.
    pub limits: &'static str,
    /// The JSON member with a lead's id in the fake's control API.
    pub lead: &'static str,
    /// The width of zero-padded numeric ids; 0 if ids are not numeric.
    pub digits: usize,
    /// JSON pointer to the outcome in a record that the fake stored.
    pub outcome_at: &'static str,
    /// The CRM's own values for [`OUTCOMES`].
    pub words: [&'static str; 12],
}

/// Every CRM, whether or not its adapter is in the repository.
static ALL: [Crm; 4] = [
    Crm {
        name: "atrium",
        language: "TypeScript",
        specialty: "GraphQL with picklists",
        tenant: "rohini-towers",
        fake: &["--token", "demo-atrium-token"],
        secret: ("ROHINI_CRM_TOKEN", "demo-atrium-token"),
        credential: "name = \"crm\"\nkind = \"bearer\"",
        sent: true,
        limits: "memory_mib = 64\ncpu_ms = 1000",
        lead: "id",
        digits: 0,
        outcome_at: "/input/outcome",
        words: [
            "VISIT_BOOKED",
            "QUALIFIED",
            "CALL_BACK",
            "LOST_PRICE",
            "LOST_LOCATION",
            "LOST_TIMING",
            "ALREADY_BOUGHT",
            "WRONG_PARTY",
            "DO_NOT_CONTACT",
            "UNANSWERED",
            "BAD_NUMBER",
            "DUPLICATE",
        ],
    },
    Crm {
        name: "parcel",
        language: "Python",
        specialty: "SOAP and Basic authentication",
        tenant: "noida-greens",
        fake: &["--user", "jackfield", "--password", "demo-parcel-password"],
        secret: ("NOIDA_CRM_PASSWORD", "demo-parcel-password"),
        credential: "name = \"crm\"\nkind = \"basic\"\nusername = \"jackfield\"",
        sent: true,
        limits: "memory_mib = 128\ncpu_ms = 2000",
        lead: "number",
        digits: 0,
        outcome_at: "/elements/OutcomeCode",
        words: [
            "VISIT",
            "QUALIFIED",
            "CALLBACK",
            "LOST-BUDGET",
            "LOST-LOCATION",
            "LOST-TIME",
            "BOUGHT",
            "WRONG-PERSON",
            "DNC",
            "NO-ANSWER",
            "DEAD-NUMBER",
            "DUPLICATE",
        ],
    },
    Crm {
        name: "ridgeline",
        language: "Go",
        specialty: "money in lakhs and optimistic versions",
        tenant: "gurgaon-heights",
        fake: &["--key", "demo-ridgeline-key"],
        secret: ("GURGAON_CRM_KEY", "demo-ridgeline-key"),
        credential: "name = \"crm\"\nkind = \"header\"\nheader = \"x-api-key\"",
        sent: true,
        limits: "memory_mib = 64",
        lead: "id",
        digits: 0,
        outcome_at: "/body/disposition",
        words: [
            "SITE_VISIT_FIXED",
            "QUALIFIED",
            "CALL_BACK",
            "LOST_BUDGET",
            "LOST_LOCATION",
            "LOST_TIMELINE",
            "ALREADY_BOUGHT",
            "WRONG_NUMBER",
            "DO_NOT_CALL",
            "NO_RESPONSE",
            "INVALID_NUMBER",
            "DUPLICATE",
        ],
    },
    Crm {
        name: "mortar",
        language: "C",
        specialty: "fixed-width lines with a signature",
        tenant: "karol-bagh-homes",
        fake: &["--key", "demo-mortar-key"],
        secret: ("KAROL_SIGNING_KEY", "demo-mortar-key"),
        credential: "name = \"signing\"\nkind = \"hmac\"",
        sent: false,
        limits: "",
        lead: "number",
        digits: 10,
        outcome_at: "/fields/CODE",
        words: [
            "D01", "D02", "D03", "D04", "D05", "D06", "D07", "D08", "D09", "D10", "D11", "D12",
        ],
    },
];

impl Crm {
    /// The CRMs whose adapters are in the repository.
    pub fn available(workspace: &Workspace) -> Vec<&'static Self> {
        ALL.iter()
            .filter(|crm| workspace.path("adapters").join(crm.name).is_dir())
            .collect()
    }

    /// The tenant file.
    pub fn file(&self, origin: &str) -> String {
        let Self {
            name,
            tenant,
            credential,
            limits,
            secret: (variable, _),
            ..
        } = self;
        let origins = if self.sent {
            format!("\norigins = [\"{origin}\"]")
        } else {
            String::new()
        };
        format!(
            "tenant = \"{tenant}\"\nadapter = \"{name}\"\n\n[settings]\nbase_url = \"{origin}\"\n\n[egress]\nallow = \
             [\"{origin}\"]\nprivate_addresses = true\n\n[[credentials]]\n{credential}\nsecret = {{ env = \
             \"{variable}\" }}{origins}\n\n[limits]\nstatus_deadline_ms = 5000\n{limits}\n"
        )
    }

    /// The id of the lead for an outcome, as the calling platform knows it.
    pub fn lead(&self, outcome: usize) -> String {
        let prefix = if self.digits == 0 { "LEAD-" } else { "" };
        format!("{prefix}{}", 4701 + outcome)
    }

    /// One lead for each outcome, in the form that the fake's control API accepts.
    pub fn leads(&self) -> Value {
        let lead = |outcome| json!({ self.lead: format!("{:0>width$}", self.lead(outcome), width = self.digits) });
        (0..OUTCOMES.len()).map(lead).collect()
    }

    /// The outcomes in the fake's ledger, in the CRM's own values.
    pub fn stored_outcomes(&self, ledger: &Value) -> Vec<String> {
        let stored = ledger["stored"].as_array().map(Vec::as_slice).unwrap_or_default();
        let words = stored
            .iter()
            .filter_map(|record| record.pointer(self.outcome_at)?.as_str());
        words.map(|word| word.trim_end().to_owned()).collect()
    }
}
