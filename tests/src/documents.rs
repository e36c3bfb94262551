//! The contract's documents, as the agent and the CRMs send them.

use serde_json::{Value, json};

/// `lead.created` for a lead, with the contract's example's values.
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

/// A disposition of which only what is required is known.
#[must_use]
pub fn minimal_disposition(call: &str, outcome: &str) -> Value {
    json!({ "call_metadata": { "call_id": call }, "qualification": { "outcome": outcome } })
}

/// groundwork's own webhook for a new lead.
#[must_use]
pub fn groundwork_webhook(lead: &str) -> String {
    format!(
        "event=lead_new&lead_no={lead}&mobile=9800000000&alt_mobile=&cust_name=%E0%A4%86%E0%A4%B6%E0%A4%BE\
         &proj=Saket+Heights&proj_code=SH-2&src=99acres&lang=HI&dt=01%2F07%2F2026+14%3A31&prio=1"
    )
}

/// The file of a tenant on mortar, with further tables. `key` is a reference as TOML: `{ value = "…" }`.
#[must_use]
pub fn mortar_tenant(tenant: &str, crm: &str, key: &str, more: &str) -> String {
    let tables = format!(
        r#"
        [[credentials]]
        name = "signing"
        kind = "hmac"
        secret = {key}
        {more}"#
    );
    on(tenant, "mortar", crm, &tables)
}

/// The file of a tenant on keystone, with further tables. `secret` is a reference as TOML: `{ value = "…" }`.
#[must_use]
pub fn keystone_tenant(tenant: &str, crm: &str, secret: &str, more: &str) -> String {
    let tables = format!(
        r#"
        [[credentials]]
        name = "crm"
        kind = "bearer"
        secret = {secret}
        origins = ["{crm}"]
        {more}"#
    );
    on(tenant, "keystone", crm, &tables)
}

/// The file of a tenant on parcel, with further tables. `secret` is a reference as TOML: `{ value = "…" }`. A component
/// in Python takes more memory than the default allows, and in an engine that is not optimised more time.
#[must_use]
pub fn parcel_tenant(tenant: &str, crm: &str, secret: &str, more: &str) -> String {
    let tables = format!(
        r#"
        [limits]
        memory_mib = 128
        cpu_ms = 2000
        status_deadline_ms = 5000
        write_deadline_ms = 20000
        [[credentials]]
        name = "crm"
        kind = "basic"
        username = "jackfield"
        secret = {secret}
        origins = ["{crm}"]
        {more}"#
    );
    on(tenant, "parcel", crm, &tables)
}

/// parcel's own webhook for a new lead.
#[must_use]
pub fn parcel_webhook(lead: &str) -> String {
    format!(
        r#"<?xml version="1.0" encoding="utf-8"?><p:LeadNotification xmlns:p="urn:parcel-crm:2009" event="LeadCreated">
        <p:Lead><p:LeadNumber>{lead}</p:LeadNumber><p:Mobile>98000 00000</p:Mobile><p:CustomerName>आशा</p:CustomerName>
        <p:Language>HI</p:Language><p:CreatedOn>2026-07-01T14:31:00+05:30</p:CreatedOn><p:Priority>1</p:Priority>
        <p:Tower>बी</p:Tower></p:Lead></p:LeadNotification>"#
    )
}

/// The file of a tenant on ridgeline, with further tables. `secret` is a reference as TOML: `{ value = "…" }`.
///
/// A Go guest has a runtime of its own: it starts with some 4 MiB and takes a few milliseconds more of processor time.
#[must_use]
pub fn ridgeline_tenant(tenant: &str, crm: &str, secret: &str, more: &str) -> String {
    let tables = format!(
        r#"
        [[credentials]]
        name = "crm"
        kind = "header"
        header = "x-api-key"
        secret = {secret}
        origins = ["{crm}"]
        [limits]
        memory_mib = 64
        {more}"#
    );
    on(tenant, "ridgeline", crm, &tables)
}

/// The file of a tenant on atrium, with further tables. `secret` is a reference as TOML: `{ value = "…" }`.
///
/// A JavaScript engine starts in every call: it takes some ten MiB, and its CPU time is a hundred times that of Rust.
#[must_use]
pub fn atrium_tenant(tenant: &str, crm: &str, secret: &str, more: &str) -> String {
    let tables = format!(
        r#"
        [limits]
        memory_mib = 64
        cpu_ms = 1000
        [[credentials]]
        name = "crm"
        kind = "bearer"
        secret = {secret}
        origins = ["{crm}"]
        {more}"#
    );
    on(tenant, "atrium", crm, &tables)
}

/// What the files of all tenants have in common: the adapter, and its CRM on this machine. `tables` are the others.
fn on(tenant: &str, adapter: &str, crm: &str, tables: &str) -> String {
    format!(
        r#"
        tenant = "{tenant}"
        adapter = "{adapter}"
        [settings]
        base_url = "{crm}"
        [egress]
        allow = ["{crm}"]
        private_addresses = true
        {tables}"#
    )
}
