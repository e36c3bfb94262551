//! Steps 7 and 8: a disposition lands, once.

use anyhow::Context as _;
use serde_json::Value;

use crate::demo::http::Request;
use crate::demo::stage::Stage;
use crate::demo::tenants::{KEYSTONE_TOKEN, Tenant};

/// The call of the contract's example.
pub const CALL: &str = "ZAP-CALL-20260701-0001";

/// The contract's disposition, for a call.
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

/// One disposition to each CRM, read back from there.
pub fn land(stage: &mut Stage) -> anyhow::Result<()> {
    stage
        .screen
        .say("The call is over and a visit is booked. The agent tells the host, and may forget it after the 202.");
    let request = stage.disposition(Tenant::Dwarka, "CRM-LEAD-001234", &document(CALL))?;
    let answer = stage.ask(&request)?;
    stage.check_eq("keystone's disposition is durable", &answer.status, &202);
    stage.delivery_in(Tenant::Dwarka, &answer.text("/delivery"), "done")?;
    stage.firsts.insert("disposition", (request, answer));
    stage.screen.say("What keystone itself says of that call:");
    let url = format!("{}/api/v1/calls/{CALL}", stage.origins.keystone);
    let record = stage.ask(&Request::get(url).bearer(KEYSTONE_TOKEN))?.json();
    stage.check_eq(
        "it is in keystone, in keystone's words",
        &record["result"],
        &"VISIT_BOOKED".into(),
    );
    stage.check_eq(
        "the visit is a time with an offset",
        &record["visit"]["starts_at"],
        &"2026-07-05T11:00:00+05:30".into(),
    );

    stage
        .screen
        .say("The same outcome for a lead of groundwork goes there as a signed form.");
    let answer = stage.ask(&stage.disposition(Tenant::Saket, "GW-1001", &document("ZAP-CALL-20260701-0002"))?)?;
    stage.check_eq("groundwork's disposition is durable", &answer.status, &202);
    let done = stage.delivery_in(Tenant::Saket, &answer.text("/delivery"), "done")?;
    let rows = stage.ledger(&stage.origins.groundwork)?;
    let row = rows["stored"]
        .as_array()
        .and_then(|rows| rows.first())
        .context("groundwork holds no row")?;
    stage
        .screen
        .say("groundwork cannot be searched, so this is the row as it stored it:");
    stage.screen.json(row);
    stage.check_eq("stage 301 is groundwork's visit", &row["stage"], &"301".into());
    stage.check_eq(
        "rupees are grouped as in India",
        &row["budget_to"],
        &"1,20,00,000".into(),
    );
    stage.check_eq(
        "the host knows groundwork's own reference",
        &done.json()["reference"],
        &row["ref"],
    );
    Ok(())
}

/// The first disposition again.
pub fn repeat(stage: &mut Stage) -> anyhow::Result<()> {
    stage
        .screen
        .say("Agents repeat themselves too. The call's id is the key, for ever.");
    let (request, first) = stage.first("disposition")?;
    let again = stage.ask(&request.clone().showing("(the very document of before)"))?;
    stage.check_eq("the same again is 200, not 202", &again.status, &200);
    stage.check_eq("it gets the receipt of the first", &again.json(), &first.json());
    let other = Request {
        body: request
            .body
            .replace("\"ai_intent_score\": 82", "\"ai_intent_score\": 12"),
        ..request
    };
    let answer = stage.ask(&other.showing(r#"(the same call_id, but for "ai_intent_score": 12)"#))?;
    stage.check_eq("the same call with another body is a 409", &answer.status, &409);
    stage.check_eq(
        "keystone has one record of one revision",
        &revisions(stage, CALL)?,
        &vec![1],
    );
    let rows = stage.ledger(&stage.origins.groundwork)?;
    stage.check_eq(
        "groundwork, which appends whatever it gets, has one row",
        &rows["writes"],
        &1.into(),
    );
    Ok(())
}

/// The revisions of keystone's records of a call: one number for each record.
pub fn revisions(stage: &Stage, call: &str) -> anyhow::Result<Vec<u64>> {
    let ledger = stage.ledger(&stage.origins.keystone)?;
    let stored = ledger["stored"].as_array().context("keystone tells nothing")?;
    let of_call = stored.iter().filter(|record| record["call_id"] == *call);
    Ok(of_call
        .filter_map(|record| record["revision"].as_u64())
        .collect::<Vec<u64>>())
}

/// A disposition of the smallest kind: nobody answered.
pub fn no_answer(call: &str) -> String {
    format!(r#"{{ "call_metadata": {{ "call_id": "{call}" }}, "qualification": {{ "outcome": "no_answer" }} }}"#)
}

/// Which release made the last attempt of a delivery, such as `r1`.
pub fn release(delivery: &Value) -> anyhow::Result<String> {
    let attempts = delivery["attempts"].as_array().context("the host shows no attempts")?;
    let release = attempts.last().and_then(|attempt| attempt["release"].as_str());
    Ok(release.context("the last attempt names no release")?.to_owned())
}
