//! Steps 4 and 5: leads arrive, again, and forged.

use anyhow::Context as _;
use serde_json::Value;

use crate::demo::clock;
use crate::demo::http::Request;
use crate::demo::sign;
use crate::demo::stage::{PATIENCE, Stage};
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

/// groundwork's own webhook, as its PHP has sent it for twenty years.
const FORM: &str = "event=lead_new&lead_no=GW-1001&mobile=9811111111&alt_mobile=&cust_name=Ravi+Kumar&proj=Saket+Court\
                    &proj_code=SKT-2&src=walk-in&lang=HI&dt=01%2F07%2F2026+14%3A31&prio=1";

/// A lead in the contract's shape, and one in its CRM's own.
pub fn arrive(stage: &mut Stage) -> anyhow::Result<()> {
    stage
        .screen
        .say("keystone speaks the contract: JSON, signed as Standard Webhooks over id, time and the raw bytes.");
    let request = signed_lead(stage, "msg_demo_1", LEAD)?;
    let answer = stage.ask(&request)?;
    stage.check_eq("the host has it on disk before it says 202", &answer.status, &202);
    stage.firsts.insert("lead", (request, answer));
    let pushed = received(stage, "CRM-LEAD-001234")?;
    let lead = |at: &str| {
        pushed
            .pointer(&format!("/body/lead/{at}"))
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned()
    };
    stage.check_eq(
        "the calling platform has verified its signature and has it",
        &lead("name"),
        &"Asha Verma".to_owned(),
    );
    stage.check_eq("it came once", &times(&pushed), &1);

    stage.screen.say(
        "groundwork has never heard of JSON: its webhook is a form, with ten-digit phones and Indian dates. The same \
         endpoint takes it, and the tenant's adapter makes the contract's lead of it, in the worker.",
    );
    let url = stage.tenant_url(Tenant::Saket, "leads");
    let form = Request {
        method: "POST",
        body: FORM.to_owned(),
        ..Request::get(url)
    }
    .header("content-type", "application/x-www-form-urlencoded")
    .header("x-hub-signature-256", sign::sha256_hex(SAKET_WEBHOOK_SECRET, FORM)?);
    let answer = stage.ask(&form)?;
    stage.check_eq("accepted as it is, raw bytes and all", &answer.status, &202);
    let pushed = received(stage, "GW-1001")?;
    stage.screen.say("What the calling platform received:");
    stage.screen.json(&pushed["body"]);
    let member = |name: &str| pushed["body"]["lead"][name].as_str().unwrap_or_default().to_owned();
    stage.check_eq(
        "the phone number is in E.164",
        &member("phone"),
        &"+919811111111".to_owned(),
    );
    stage.check_eq(
        "the time has its offset",
        &member("created_at"),
        &"2026-07-01T14:31:00+05:30".to_owned(),
    );
    stage.check_eq("prio=1 is high priority", &member("call_priority"), &"high".to_owned());
    Ok(())
}

/// The first lead again, byte for byte; then with one bit turned.
pub fn replay_and_forge(stage: &mut Stage) -> anyhow::Result<()> {
    stage
        .screen
        .say("CRMs repeat themselves when an answer is lost. The same bytes get the first receipt again.");
    let (request, first) = stage.first("lead")?;
    let again = stage.ask(&request.clone().showing("(the very bytes of before)"))?;
    stage.check_eq("a repeat is 200, not 202", &again.status, &200);
    stage.check_eq("it gets the receipt of the first", &again.json(), &first.json());

    stage
        .screen
        .say("Now somebody on the way turns a single bit of the body: Asha becomes Csha.");
    let body = request.body.replace("Asha", "Csha");
    let forged = Request { body, ..request }.showing(r#"(the same, but for "name": "Csha Verma")"#);
    let answer = stage.ask(&forged)?;
    stage.check_eq("one flipped bit is a 401", &answer.status, &401);
    let pushed = received(stage, "CRM-LEAD-001234")?;
    stage.check_eq("the agent still has the lead once", &times(&pushed), &1);
    let ledger = stage.ledger(&stage.origins.agent)?;
    stage.check(
        "nothing of the forged one reached it",
        !ledger.to_string().contains("Csha"),
    );
    Ok(())
}

fn signed_lead(stage: &Stage, id: &str, body: &str) -> anyhow::Result<Request> {
    let now = clock::unix_seconds();
    Ok(Request::post(stage.tenant_url(Tenant::Dwarka, "leads"), body)
        .header("webhook-id", id)
        .header("webhook-timestamp", now.to_string())
        .header(
            "webhook-signature",
            sign::standard_webhook(DWARKA_WEBHOOK_SECRET, id, now, body)?,
        ))
}

/// Waits until the agent has been pushed a lead, and answers what it received.
fn received(stage: &Stage, lead: &str) -> anyhow::Result<Value> {
    clock::until(&format!("{lead} to reach the agent"), PATIENCE, || {
        let ledger = stage.ledger(&stage.origins.agent)?;
        let received = ledger["received"].as_array().context("the agent tells nothing")?;
        Ok(received.iter().find(|one| one["body"]["lead"]["id"] == *lead).cloned())
    })
}

fn times(received: &Value) -> u64 {
    received["times"].as_u64().unwrap_or_default()
}
