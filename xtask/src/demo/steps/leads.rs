//! Steps 4 and 5: leads arrive, are repeated, and are forged.

use anyhow::Context as _;
use serde_json::Value;

use crate::demo::clock;
use crate::demo::context::{DemoContext, WAIT_LIMIT};
use crate::demo::http::Request;
use crate::demo::sign;
use crate::demo::tenants::{DWARKA_WEBHOOK_SECRET, SAKET_WEBHOOK_SECRET, Tenant};

/// The contract's `lead.created`.
const LEAD: &str = r#"{
  "event": "lead.created",
  "timestamp": "2026-07-01T14:32:00+05:30",
  "idempotency_key": "CRM-LEAD-20260701-001234",
  "lead": {
    "id": "CRM-LEAD-001234",
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
}"#;

/// groundwork's own webhook: a form.
const FORM: &str = "event=lead_new&lead_no=GW-1001&mobile=9811111111&alt_mobile=&cust_name=Ravi+Kumar&proj=Saket+Court\
                    &proj_code=SKT-2&src=walk-in&lang=HI&dt=01%2F07%2F2026+14%3A31&prio=1";

/// A lead in the contract's format, and one in its CRM's own format.
pub fn arrive(demo: &mut DemoContext) -> anyhow::Result<()> {
    demo.terminal.paragraph(
        "keystone uses the contract's format: JSON, with a Standard Webhooks signature over id, time and raw bytes.",
    );
    let request = signed_lead(demo, "msg_demo_1", LEAD)?;
    let response = demo.send(&request)?;
    demo.check_eq("202: the host has stored the lead on disk", &response.status, &202);
    demo.repeatable.insert("lead", (request, response));
    let pushed = received(demo, "CRM-LEAD-001234")?;
    let lead = |at: &str| {
        pushed
            .pointer(&format!("/body/lead/{at}"))
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned()
    };
    demo.check_eq(
        "the calling platform received it and verified its signature",
        &lead("name"),
        &"Asha Verma".to_owned(),
    );
    demo.check_eq("it was pushed once", &times(&pushed), &1);

    demo.terminal.paragraph(
        "groundwork's webhook is a form with ten-digit phone numbers and Indian dates. The same endpoint accepts it, \
         and the tenant's adapter converts it to the contract's lead in the worker.",
    );
    let url = demo.tenant_url(Tenant::Saket, "leads");
    let form = Request {
        method: "POST",
        body: FORM.to_owned(),
        ..Request::get(url)
    }
    .header("content-type", "application/x-www-form-urlencoded")
    .header("x-hub-signature-256", sign::sha256_hex(SAKET_WEBHOOK_SECRET, FORM)?);
    let response = demo.send(&form)?;
    demo.check_eq("the raw form is accepted", &response.status, &202);
    let pushed = received(demo, "GW-1001")?;
    demo.terminal.paragraph("What the calling platform received:");
    demo.terminal.json(&pushed["body"]);
    let member = |name: &str| pushed["body"]["lead"][name].as_str().unwrap_or_default().to_owned();
    demo.check_eq(
        "the phone number is in E.164",
        &member("phone"),
        &"+919811111111".to_owned(),
    );
    demo.check_eq(
        "the time has its offset",
        &member("created_at"),
        &"2026-07-01T14:31:00+05:30".to_owned(),
    );
    demo.check_eq("prio=1 is high priority", &member("call_priority"), &"high".to_owned());
    Ok(())
}

/// The first lead again, byte for byte, then with one bit flipped.
pub fn replay_and_forge(demo: &mut DemoContext) -> anyhow::Result<()> {
    demo.terminal
        .paragraph("A CRM repeats a webhook when the response was lost. The same bytes get the first receipt again.");
    let (request, first) = demo.first("lead")?;
    let again = demo.send(&request.clone().with_note("(the same bytes as before)"))?;
    demo.check_eq("a repeat is 200, not 202", &again.status, &200);
    demo.check_eq("it gets the first receipt", &again.json(), &first.json());

    demo.terminal
        .paragraph("Now an attacker flips a single bit of the body: Asha becomes Csha.");
    let body = request.body.replace("Asha", "Csha");
    let forged = Request { body, ..request }.with_note(r#"(the same, except for "name": "Csha Verma")"#);
    let response = demo.send(&forged)?;
    demo.check_eq("one flipped bit is a 401", &response.status, &401);
    let pushed = received(demo, "CRM-LEAD-001234")?;
    demo.check_eq("the agent still has the lead once", &times(&pushed), &1);
    let ledger = demo.ledger(&demo.origins.agent)?;
    demo.check("the forged lead did not reach it", !ledger.to_string().contains("Csha"));
    Ok(())
}

fn signed_lead(demo: &DemoContext, id: &str, body: &str) -> anyhow::Result<Request> {
    let now = clock::unix_seconds();
    Ok(Request::post(demo.tenant_url(Tenant::Dwarka, "leads"), body)
        .header("webhook-id", id)
        .header("webhook-timestamp", now.to_string())
        .header(
            "webhook-signature",
            sign::standard_webhook(DWARKA_WEBHOOK_SECRET, id, now, body)?,
        ))
}

/// Waits until the agent receives a lead, and returns the ledger's entry.
fn received(demo: &DemoContext, lead: &str) -> anyhow::Result<Value> {
    clock::wait_until(&format!("{lead} to reach the agent"), WAIT_LIMIT, || {
        let ledger = demo.ledger(&demo.origins.agent)?;
        let received = ledger["received"]
            .as_array()
            .context("the agent's ledger has no list")?;
        Ok(received.iter().find(|one| one["body"]["lead"]["id"] == *lead).cloned())
    })
}

fn times(received: &Value) -> u64 {
    received["times"].as_u64().unwrap_or_default()
}
