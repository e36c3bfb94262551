//! Steps 9 and 10: the CRM goes down and comes back.

use anyhow::Context as _;
use serde_json::{Value, json};

use super::dispositions::{document, revisions};
use crate::demo::clock;
use crate::demo::stage::{PATIENCE, Stage};
use crate::demo::tenants::{LADDER, Tenant};

const LEAD: &str = "CRM-LEAD-001234";
const CALL: &str = "ZAP-CALL-20260701-0003";

/// Down: accepted, retried, dead.
pub fn down(stage: &mut Stage) -> anyhow::Result<()> {
    stage.screen.say("From now on keystone resets every connection.");
    stage.control(&stage.origins.keystone, "behave", &json!({ "mode": "down" }))?;
    let answer = stage.ask(&stage.status_query(Tenant::Dwarka, LEAD)?)?;
    stage.check(
        "a status query cannot be answered, and that is no yes",
        answer.status >= 500 && answer.json()["callable"] == false,
    );

    let request = stage.disposition(Tenant::Dwarka, LEAD, &document(CALL))?;
    let answer = stage.ask(&request.showing("(a document as before, of call ZAP-CALL-20260701-0003)"))?;
    stage.check_eq("a disposition is accepted all the same", &answer.status, &202);
    let delivery = answer.text("/delivery");
    let seconds = LADDER.map(|seconds| format!("{seconds} s")).join(", ");
    stage.screen.say(&format!(
        "It is tried five times, {seconds} after the failure before. (A shortened ladder, for an audience: the \
            product's \
         own is 0 s, 30 s, 2 min, 10 min, 60 min.) Nobody knows whether a reset connection left something behind, but \
         keystone keeps calls by their id, so that it may be tried again.",
    ));
    let dead = watch(stage, &delivery)?;
    let attempts = dead["attempts"].as_array().map_or(0, Vec::len);
    stage.check_eq("after exactly five attempts it is dead", &attempts, &LADDER.len());

    stage.screen.say(
        "With the dead letter, in one transaction, come an alert and the mark that somebody has to enter it by hand.",
    );
    stage.jackfield(&["dead", "show", &delivery])?;
    stage.jackfield(&["alerts", "list", "--json"])?;
    stage.jackfield_head(&["leads", "show", Tenant::Dwarka.name(), LEAD], 5)?;
    let alerts = stage.jackfield_json(&["alerts", "list"])?.to_string();
    stage.check(
        "there is an alert for it",
        alerts.contains(&delivery) && alerts.contains("dead-letter"),
    );
    let manual = manual(stage)?;
    stage.check("the lead is marked for manual entry", manual);
    stage.check_eq("keystone has nothing of it", &revisions(stage, CALL)?, &vec![]);
    Ok(())
}

/// Back: replayed, delivered once.
pub fn back(stage: &mut Stage) -> anyhow::Result<()> {
    stage
        .screen
        .say("keystone answers again. The operator replays what died meanwhile.");
    stage.control(&stage.origins.keystone, "behave", &json!({ "mode": "ok" }))?;
    let replayed = stage.jackfield(&["dead", "replay", "--tenant", Tenant::Dwarka.name()])?;
    stage.check("the dead letter is replayed", replayed.ok);
    clock::until("the replayed disposition to reach keystone", PATIENCE, || {
        Ok((!revisions(stage, CALL)?.is_empty()).then_some(()))
    })?;
    let left = dead_letters(stage)?.len();
    stage.check_eq("no dead letter is left", &left, &0);
    stage.check_eq(
        "keystone has one record of one revision",
        &revisions(stage, CALL)?,
        &vec![1],
    );
    let cleared = clock::until("the mark to be gone", PATIENCE, || Ok((!manual(stage)?).then_some(())));
    stage.check("the lead's mark for manual entry is gone", cleared.is_ok());
    Ok(())
}

/// Tells of each attempt as it ends, until the delivery is dead; answers the delivery.
fn watch(stage: &Stage, delivery: &str) -> anyhow::Result<Value> {
    let mut told = 0;
    clock::until("the delivery to die", PATIENCE, || {
        let now = stage.delivery(Tenant::Dwarka, delivery)?.json();
        let attempts = now["attempts"]
            .as_array()
            .context("the host does not show the delivery")?;
        let ended = attempts.iter().filter(|attempt| !attempt["ended_at"].is_null());
        for attempt in ended.skip(told) {
            told += 1;
            let text = |name: &str| attempt[name].as_str().unwrap_or_default().to_owned();
            let at = text("started_at");
            let time = at.get(11..23).unwrap_or(&at);
            stage.screen.note(&format!(
                "attempt {told}   {time}   {:<12} {}",
                text("class"),
                text("message")
            ));
        }
        Ok((now["state"] == "dead").then_some(now))
    })
}

fn manual(stage: &Stage) -> anyhow::Result<bool> {
    let lead = stage.jackfield_json(&["leads", "show", Tenant::Dwarka.name(), LEAD])?;
    Ok(!lead["manual_since"].is_null())
}

fn dead_letters(stage: &Stage) -> anyhow::Result<Vec<Value>> {
    let listed = stage.jackfield_json(&["dead", "list"])?;
    Ok(listed["items"].as_array().context("the list has no items")?.clone())
}
