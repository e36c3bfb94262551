//! Steps 12 and 13: what must not serve does not, and the way back.

use std::fs;

use super::{dispositions, opening};
use crate::demo::stage::{Output, Stage};
use crate::demo::tenants::{self, Tenant};

const LEAD: &str = "CRM-LEAD-001234";

/// Three ways in which a version can be broken; each is refused before it could serve.
pub fn broken(stage: &mut Stage) -> anyhow::Result<()> {
    stage.screen.say("A component that was cut off on its way:");
    let whole = fs::read(stage.workspace.components().join("keystone.wasm"))?;
    let truncated = stage.file("truncated.wasm");
    fs::write(&truncated, &whole[..whole.len() / 2])?;
    let output = stage.jackfield(&["adapter", "push", &stage.workspace.shown(&truncated).to_string()])?;
    stage.check(
        "a truncated component is refused when it is pushed",
        refused(&output, "no valid component"),
    );

    stage.screen.say("One that panics when it is asked what it is:");
    let guest = stage.workspace.components().join("broken-describe.wasm");
    let output = stage.jackfield(&["adapter", "push", &stage.workspace.shown(&guest).to_string()])?;
    stage.check("so is one whose describe panics", refused(&output, "about.describe"));

    stage
        .screen
        .say("A good adapter with a file that lacks the setting which it asks for:");
    let text = tenants::dwarka(&stage.origins, "keystone@1.1.0");
    let lacking = text.replace("base_url = ", "# base_url = ");
    let output = opening::apply(stage, "dwarka-homes-lacking.toml", &lacking)?;
    let what = "a file without a required setting is refused when it is applied";
    stage.check(what, refused(&output, "/settings/base_url"));

    stage.screen.say("Nothing of this was noticed by those who call:");
    let answer = stage.ask(&stage.status_query(Tenant::Dwarka, LEAD)?)?;
    stage.check_eq("status queries are answered as before", &answer.status, &200);
    let release = served_by(stage, "ZAP-CALL-20260701-0004")?;
    stage.check_eq("release r2 serves on", &release, &"r2".to_owned());
    Ok(())
}

/// Back to the release before.
pub fn rollback(stage: &mut Stage) -> anyhow::Result<()> {
    stage
        .screen
        .say("Version 1.1.0 is not liked after all. A rollback is one pointer write.");
    let rolled = stage.jackfield(&["tenant", "rollback", Tenant::Dwarka.name()])?;
    stage.check("the rollback is done", rolled.ok);
    stage.jackfield(&["tenant", "releases", Tenant::Dwarka.name()])?;
    let release = served_by(stage, "ZAP-CALL-20260701-0005")?;
    stage.check_eq("release r1 serves again", &release, &"r1".to_owned());
    Ok(())
}

/// Whether a command was refused for the reason that it should be.
fn refused(output: &Output, why: &str) -> bool {
    !output.ok && output.notes.contains(why)
}

/// Posts a disposition, and answers which release delivered it.
fn served_by(stage: &Stage, call: &str) -> anyhow::Result<String> {
    let accepted = stage.ask(&stage.disposition(Tenant::Dwarka, LEAD, &dispositions::no_answer(call))?)?;
    let delivery = accepted.text("/delivery");
    let done = stage.delivery_in(Tenant::Dwarka, &delivery, "done")?;
    stage.jackfield(&["deliveries", "show", &delivery])?;
    dispositions::release(&done.json())
}
