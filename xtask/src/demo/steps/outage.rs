//! Steps 9 and 10: the CRM goes down and comes back.

use anyhow::Context as _;
use serde_json::{Value, json};

use super::dispositions::{document, revisions};
use crate::demo::clock;
use crate::demo::context::{DemoContext, WAIT_LIMIT};
use crate::demo::tenants::{RETRY_DELAYS, Tenant};

const LEAD: &str = "CRM-LEAD-001234";
const CALL: &str = "ZAP-CALL-20260701-0003";

/// The CRM is down: the disposition is accepted, retried, and becomes a dead letter.
pub fn down(demo: &mut DemoContext) -> anyhow::Result<()> {
    demo.terminal.paragraph("From now on keystone resets every connection.");
    demo.control(&demo.origins.keystone, "behave", &json!({ "mode": "down" }))?;
    let response = demo.send(&demo.status_query(Tenant::Dwarka, LEAD)?)?;
    demo.check(
        "a failed status query never says that the lead may be called",
        response.status >= 500 && response.json()["callable"] == false,
    );

    let request = demo.disposition(Tenant::Dwarka, LEAD, &document(CALL))?;
    let response = demo.send(&request.with_note("(the same document, for call ZAP-CALL-20260701-0003)"))?;
    demo.check_eq("a disposition is still accepted", &response.status, &202);
    let delivery = response.text("/delivery");
    let seconds = RETRY_DELAYS.map(|seconds| format!("{seconds} s")).join(", ");
    demo.terminal.paragraph(&format!(
        "It is attempted five times, {seconds} after the previous failure. (The default schedule is 0 s, 30 s, 2 min, \
         10 min, 60 min.) A reset connection leaves it unknown whether keystone stored the record, but keystone \
         stores calls by id, so a retry is safe.",
    ));
    let dead = watch(demo, &delivery)?;
    let attempts = dead["attempts"].as_array().map_or(0, Vec::len);
    demo.check_eq("after exactly five attempts it is dead", &attempts, &RETRY_DELAYS.len());

    demo.terminal
        .paragraph("One transaction stores the dead letter, an alert, and the lead's mark for manual entry.");
    demo.jackfield(&["dead", "show", &delivery])?;
    demo.jackfield(&["alerts", "list", "--json"])?;
    demo.jackfield_head(&["leads", "show", Tenant::Dwarka.name(), LEAD], 5)?;
    let alerts = demo.jackfield_json(&["alerts", "list"])?.to_string();
    demo.check(
        "there is an alert for it",
        alerts.contains(&delivery) && alerts.contains("dead-letter"),
    );
    let manual = manual(demo)?;
    demo.check("the lead is marked for manual entry", manual);
    demo.check_eq("keystone has no record of it", &revisions(demo, CALL)?, &vec![]);
    Ok(())
}

/// The CRM is back: a replay delivers once.
pub fn back(demo: &mut DemoContext) -> anyhow::Result<()> {
    demo.terminal
        .paragraph("keystone is back. The operator replays the dead letters.");
    demo.control(&demo.origins.keystone, "behave", &json!({ "mode": "ok" }))?;
    let replayed = demo.jackfield(&["dead", "replay", "--tenant", Tenant::Dwarka.name()])?;
    demo.check("the dead letter is replayed", replayed.ok);
    clock::wait_until("the replayed disposition to reach keystone", WAIT_LIMIT, || {
        Ok((!revisions(demo, CALL)?.is_empty()).then_some(()))
    })?;
    let left = dead_letters(demo)?.len();
    demo.check_eq("no dead letter is left", &left, &0);
    demo.check_eq(
        "keystone has one record of one revision",
        &revisions(demo, CALL)?,
        &vec![1],
    );
    let removed = clock::wait_until("the mark for manual entry to be removed", WAIT_LIMIT, || {
        Ok((!manual(demo)?).then_some(()))
    });
    demo.check("the lead's mark for manual entry is removed", removed.is_ok());
    Ok(())
}

/// Prints each attempt as it ends until the delivery is dead, then returns the delivery.
fn watch(demo: &DemoContext, delivery: &str) -> anyhow::Result<Value> {
    let mut printed = 0;
    clock::wait_until("the delivery to become a dead letter", WAIT_LIMIT, || {
        let now = demo.delivery(Tenant::Dwarka, delivery)?.json();
        let attempts = now["attempts"].as_array().context("the response has no attempts")?;
        let ended = attempts.iter().filter(|attempt| !attempt["ended_at"].is_null());
        for attempt in ended.skip(printed) {
            printed += 1;
            let text = |name: &str| attempt[name].as_str().unwrap_or_default().to_owned();
            let at = text("started_at");
            let time = at.get(11..23).unwrap_or(&at);
            demo.terminal.note(&format!(
                "attempt {printed}   {time}   {:<12} {}",
                text("class"),
                text("message")
            ));
        }
        Ok((now["state"] == "dead").then_some(now))
    })
}

fn manual(demo: &DemoContext) -> anyhow::Result<bool> {
    let lead = demo.jackfield_json(&["leads", "show", Tenant::Dwarka.name(), LEAD])?;
    Ok(!lead["manual_since"].is_null())
}

fn dead_letters(demo: &DemoContext) -> anyhow::Result<Vec<Value>> {
    let listed = demo.jackfield_json(&["dead", "list"])?;
    Ok(listed["items"].as_array().context("the list has no items")?.clone())
}
