//! Steps 7 and 8: a disposition is delivered to the CRM, once.

use anyhow::Context as _;
use serde_json::Value;

use crate::demo::context::DemoContext;
use crate::demo::http::Request;
use crate::demo::tenants::{KEYSTONE_TOKEN, Tenant};

/// The call in the contract's example.
pub const CALL: &str = "ZAP-CALL-20260701-0001";

/// The contract's example disposition, for a call.
pub fn document(call: &str) -> String {
    format!(
        r#"{{
  "call_metadata": {{
    "call_id": "{call}",
    "duration_seconds": 306,
    "recording_url": "https://storage.agent.example/recordings/{call}.mp3",
    "transcript_url": "https://storage.agent.example/transcripts/{call}.json"
  }},
  "qualification": {{
    "outcome": "qualified_visit_booked",
    "ai_intent_score": 82,
    "budget_min": 8500000,
    "budget_max": 12000000,
    "bhk_preference": "3BHK",
    "possession_timeline": "18_months",
    "loan_required": true,
    "purchase_intent": "end_use",
    "nri_flag": false
  }},
  "site_visit": {{ "booked": true, "date": "2026-07-05", "time_slot": "11:00", "timezone": "Asia/Kolkata" }},
  "flags": {{ "dnc_requested": false, "duplicate_detected": false, "language_used": "hindi" }}
}}"#
    )
}

/// One disposition to each CRM, read back from the CRM.
pub fn deliver(demo: &mut DemoContext) -> anyhow::Result<()> {
    demo.terminal.paragraph(
        "The call is over and a visit is booked. The agent reports it to the host and is done after the 202.",
    );
    let request = demo.disposition(Tenant::Dwarka, "CRM-LEAD-001234", &document(CALL))?;
    let response = demo.send(&request)?;
    demo.check_eq("keystone's disposition is durable", &response.status, &202);
    demo.delivery_in(Tenant::Dwarka, &response.text("/delivery"), "done")?;
    demo.repeatable.insert("disposition", (request, response));
    demo.terminal.paragraph("keystone's own record of that call:");
    let url = format!("{}/api/v1/calls/{CALL}", demo.origins.keystone);
    let record = demo.send(&Request::get(url).bearer(KEYSTONE_TOKEN))?.json();
    demo.check_eq(
        "keystone has it under its own outcome name",
        &record["result"],
        &"VISIT_BOOKED".into(),
    );
    demo.check_eq(
        "the visit is a time with an offset",
        &record["visit"]["starts_at"],
        &"2026-07-05T11:00:00+05:30".into(),
    );

    demo.terminal
        .paragraph("The same outcome for a groundwork lead is sent as a signed form.");
    let response = demo.send(&demo.disposition(Tenant::Saket, "GW-1001", &document("ZAP-CALL-20260701-0002"))?)?;
    demo.check_eq("groundwork's disposition is durable", &response.status, &202);
    let done = demo.delivery_in(Tenant::Saket, &response.text("/delivery"), "done")?;
    let rows = demo.ledger(&demo.origins.groundwork)?;
    let row = rows["stored"]
        .as_array()
        .and_then(|rows| rows.first())
        .context("groundwork has no row")?;
    demo.terminal
        .paragraph("groundwork has no search, so this is the stored row from its ledger:");
    demo.terminal.json(row);
    demo.check_eq(
        "stage 301 is groundwork's code for a visit",
        &row["stage"],
        &"301".into(),
    );
    demo.check_eq(
        "rupees are grouped as in India",
        &row["budget_to"],
        &"1,20,00,000".into(),
    );
    demo.check_eq(
        "the host stored groundwork's own reference",
        &done.json()["reference"],
        &row["ref"],
    );
    Ok(())
}

/// The first disposition again, then with a change.
pub fn repeat(demo: &mut DemoContext) -> anyhow::Result<()> {
    demo.terminal
        .paragraph("Agents repeat requests too. The call's id is a permanent idempotency key.");
    let (request, first) = demo.first("disposition")?;
    let again = demo.send(&request.clone().with_note("(the same document as before)"))?;
    demo.check_eq("a repeat is 200, not 202", &again.status, &200);
    demo.check_eq("it gets the first receipt", &again.json(), &first.json());
    let other = Request {
        body: request
            .body
            .replace("\"ai_intent_score\": 82", "\"ai_intent_score\": 12"),
        ..request
    };
    let response = demo.send(&other.with_note(r#"(the same call_id, but "ai_intent_score": 12)"#))?;
    demo.check_eq("the same call with another body is a 409", &response.status, &409);
    demo.check_eq(
        "keystone has one record of one revision",
        &revisions(demo, CALL)?,
        &vec![1],
    );
    let rows = demo.ledger(&demo.origins.groundwork)?;
    demo.check_eq(
        "groundwork, which appends every write, has one row",
        &rows["writes"],
        &1.into(),
    );
    Ok(())
}

/// The revision of each of keystone's records of a call.
pub fn revisions(demo: &DemoContext, call: &str) -> anyhow::Result<Vec<u64>> {
    let ledger = demo.ledger(&demo.origins.keystone)?;
    let stored = ledger["stored"].as_array().context("keystone's ledger has no list")?;
    let of_call = stored.iter().filter(|record| record["call_id"] == *call);
    Ok(of_call
        .filter_map(|record| record["revision"].as_u64())
        .collect::<Vec<u64>>())
}

/// A minimal disposition: nobody answered.
pub fn no_answer(call: &str) -> String {
    format!(r#"{{ "call_metadata": {{ "call_id": "{call}" }}, "qualification": {{ "outcome": "no_answer" }} }}"#)
}

/// The release that made the last attempt of a delivery, such as `r1`.
pub fn release(delivery: &Value) -> anyhow::Result<String> {
    let attempts = delivery["attempts"].as_array().context("the host shows no attempts")?;
    let release = attempts.last().and_then(|attempt| attempt["release"].as_str());
    Ok(release.context("the last attempt names no release")?.to_owned())
}
