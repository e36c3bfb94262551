//! Documents of the contract, as the agent and the CRMs send them, and the tenants' files.

use serde_json::{Value, json};

/// A `lead.created` event with the values of the contract's example.
#[must_use]
pub fn lead_created(lead: &str, key: &str) -> Value {
    json!({
        "event": "lead.created",
        "timestamp": "2026-07-01T14:32:00+05:30",
        "idempotency_key": key,
        "lead": {
            "id": lead,
            "phone": "+919800000000",
            "phone_alt": "+919700000000",
            "name": "Asha Verma",
            "source": "99acres",
            "campaign_id": "META-JUN26-DWK",
            "project_interest": "Dwarka Expressway 3BHK",
            "project_id": "PROJ-DWK-PHASE2",
            "language_preference": "hindi",
            "created_at": "2026-07-01T14:31:55+05:30",
            "call_priority": "high"
        }
    })
}

/// A disposition with every field of the contract.
#[must_use]
pub fn disposition(call: &str, outcome: &str) -> Value {
    json!({
        "call_metadata": {
            "call_id": call,
            "duration_seconds": 306,
            "recording_url": "https://storage.agent.example/recordings/ZAP-CALL-20260701-0001.mp3",
            "transcript_url": "https://storage.agent.example/transcripts/ZAP-CALL-20260701-0001.json"
        },
        "qualification": {
            "outcome": outcome,
            "ai_intent_score": 82,
            "budget_min": 8_500_000,
            "budget_max": 12_000_000,
            "bhk_preference": "3BHK",
            "possession_timeline": "18_months",
            "loan_required": true,
            "purchase_intent": "end_use",
            "nri_flag": false
        },
        "site_visit": { "booked": true, "date": "2026-07-05", "time_slot": "11:00", "timezone": "Asia/Kolkata" },
        "flags": { "dnc_requested": false, "duplicate_detected": false, "language_used": "hindi" }
    })
}

/// A disposition with only the required fields.
#[must_use]
pub fn minimal_disposition(call: &str, outcome: &str) -> Value {
    json!({ "call_metadata": { "call_id": call }, "qualification": { "outcome": outcome } })
}

/// groundwork's webhook for a new lead.
#[must_use]
pub fn groundwork_webhook(lead: &str) -> String {
    format!(
        "event=lead_new&lead_no={lead}&mobile=9800000000&alt_mobile=&cust_name=%E0%A4%86%E0%A4%B6%E0%A4%BE\
         &proj=Saket+Heights&proj_code=SH-2&src=99acres&lang=HI&dt=01%2F07%2F2026+14%3A31&prio=1"
    )
}

/// parcel's webhook for a new lead.
#[must_use]
pub fn parcel_webhook(lead: &str) -> String {
    format!(
        r#"<?xml version="1.0" encoding="utf-8"?><p:LeadNotification xmlns:p="urn:parcel-crm:2009" event="LeadCreated">
        <p:Lead><p:LeadNumber>{lead}</p:LeadNumber><p:Mobile>98000 00000</p:Mobile><p:CustomerName>आशा</p:CustomerName>
        <p:Language>HI</p:Language><p:CreatedOn>2026-07-01T14:31:00+05:30</p:CreatedOn><p:Priority>1</p:Priority>
        <p:Tower>बी</p:Tower></p:Lead></p:LeadNotification>"#
    )
}

/// A tenant's file for keystone, with further tables. `secret` is a TOML reference: `{ value = "…" }`.
#[must_use]
pub fn keystone_tenant(tenant: &str, crm: &str, secret: &str, more: &str) -> String {
    tenant_file(
        tenant,
        "keystone",
        crm,
        &[&crm_credential("bearer", "", secret, crm), more],
    )
}

/// A tenant's file for mortar, with further tables. `key` is a TOML reference: `{ value = "…" }`.
#[must_use]
pub fn mortar_tenant(tenant: &str, crm: &str, key: &str, more: &str) -> String {
    let credential = format!("[[credentials]]\nname = \"signing\"\nkind = \"hmac\"\nsecret = {key}");
    tenant_file(tenant, "mortar", crm, &[&credential, more])
}

/// A tenant's file for parcel, with further tables. `secret` is a TOML reference: `{ value = "…" }`.
///
/// A Python component needs more memory than the default limit, and more time in an engine that is not optimized.
#[must_use]
pub fn parcel_tenant(tenant: &str, crm: &str, secret: &str, more: &str) -> String {
    let limits = "[limits]\nmemory_mib = 128\ncpu_ms = 2000\nstatus_deadline_ms = 5000\nwrite_deadline_ms = 20000";
    let credential = crm_credential("basic", "username = \"jackfield\"", secret, crm);
    let file = tenant_file(tenant, "parcel", crm, &[limits, &credential, more]);
    format!("country = \"IN\"\n{file}")
}

/// A tenant's file for ridgeline, with further tables. `secret` is a TOML reference: `{ value = "…" }`.
///
/// A Go guest starts its own runtime, which takes about 4 MiB and a few milliseconds of CPU time.
#[must_use]
pub fn ridgeline_tenant(tenant: &str, crm: &str, secret: &str, more: &str) -> String {
    let credential = crm_credential("header", "header = \"x-api-key\"", secret, crm);
    tenant_file(
        tenant,
        "ridgeline",
        crm,
        &[&credential, "[limits]\nmemory_mib = 64", more],
    )
}

/// A tenant's file for atrium, with further tables. `secret` is a TOML reference: `{ value = "…" }`.
///
/// Every invocation starts a JavaScript engine, which takes about 10 MiB and a hundred times the CPU time of Rust.
#[must_use]
pub fn atrium_tenant(tenant: &str, crm: &str, secret: &str, more: &str) -> String {
    let credential = crm_credential("bearer", "", secret, crm);
    tenant_file(
        tenant,
        "atrium",
        crm,
        &["[limits]\nmemory_mib = 64\ncpu_ms = 1000", &credential, more],
    )
}

/// The credential named `crm`, which the host adds to requests to the CRM. `more` holds further lines.
fn crm_credential(kind: &str, more: &str, secret: &str, crm: &str) -> String {
    format!("[[credentials]]\nname = \"crm\"\nkind = \"{kind}\"\nsecret = {secret}\norigins = [\"{crm}\"]\n{more}")
}

/// A tenant's file: the parts common to all adapters, with the CRM on this machine, and the given tables.
fn tenant_file(tenant: &str, adapter: &str, crm: &str, tables: &[&str]) -> String {
    format!(
        r#"
        tenant = "{tenant}"
        adapter = "{adapter}"
        [settings]
        base_url = "{crm}"
        [egress]
        allow = ["{crm}"]
        private_addresses = true
        {}"#,
        tables.join("\n")
    )
}
