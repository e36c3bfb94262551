//! Steps 12 and 13: broken versions are refused, and a rollback.

use std::fs;

use super::{dispositions, startup};
use crate::demo::context::{DemoContext, Output};
use crate::demo::tenants::{self, Tenant};

const LEAD: &str = "CRM-LEAD-001234";

/// A guest of the tests whose `describe` panics.
pub const BROKEN_GUEST: &str = "broken-describe";

/// Three kinds of broken versions; each is refused before it becomes active.
pub fn broken(demo: &mut DemoContext) -> anyhow::Result<()> {
    demo.terminal.paragraph("A truncated component:");
    let whole = fs::read(demo.workspace.component("keystone"))?;
    let truncated = demo.file("truncated.wasm");
    fs::write(&truncated, &whole[..whole.len() / 2])?;
    let output = demo.jackfield(&["adapter", "push", &demo.workspace.shown(&truncated).to_string()])?;
    demo.check(
        "a truncated component is refused when it is pushed",
        refused(&output, "valid component"),
    );

    demo.terminal
        .paragraph("A component that panics when it describes itself:");
    let guest = demo.workspace.component(BROKEN_GUEST);
    let output = demo.jackfield(&["adapter", "push", &demo.workspace.shown(&guest).to_string()])?;
    demo.check(
        "a component whose describe panics is refused too",
        refused(&output, "about.describe"),
    );

    demo.terminal
        .paragraph("A tenant file without a setting that the adapter needs:");
    let text = tenants::dwarka(&demo.origins, "keystone@1.1.0");
    let lacking = text.replace("base_url = ", "# base_url = ");
    let output = startup::apply(demo, "dwarka-homes-lacking.toml", &lacking)?;
    let what = "a file without a required setting is refused when it is applied";
    demo.check(what, refused(&output, "/settings/base_url"));

    demo.terminal.paragraph("The agents do not notice any of this:");
    let response = demo.send(&demo.status_query(Tenant::Dwarka, LEAD)?)?;
    demo.check_eq("status queries are answered as before", &response.status, &200);
    let release = served_by(demo, "ZAP-CALL-20260701-0004")?;
    demo.check_eq("release r2 keeps serving", &release, &"r2".to_owned());
    Ok(())
}

/// Rolls back to the previous release.
pub fn rollback(demo: &mut DemoContext) -> anyhow::Result<()> {
    demo.terminal
        .paragraph("The operator rolls version 1.1.0 back. A rollback is a single pointer write.");
    let rolled = demo.jackfield(&["tenant", "rollback", Tenant::Dwarka.name()])?;
    demo.check("the rollback succeeds", rolled.ok);
    demo.jackfield(&["tenant", "releases", Tenant::Dwarka.name()])?;
    let release = served_by(demo, "ZAP-CALL-20260701-0005")?;
    demo.check_eq("release r1 serves again", &release, &"r1".to_owned());
    Ok(())
}

/// Whether a command failed with the expected reason.
fn refused(output: &Output, why: &str) -> bool {
    !output.ok && output.stderr.contains(why)
}

/// Posts a disposition and returns the release that delivered it.
fn served_by(demo: &DemoContext, call: &str) -> anyhow::Result<String> {
    let accepted = demo.send(&demo.disposition(Tenant::Dwarka, LEAD, &dispositions::no_answer(call))?)?;
    let delivery = accepted.text("/delivery");
    let done = demo.delivery_in(Tenant::Dwarka, &delivery, "done")?;
    demo.jackfield(&["deliveries", "show", &delivery])?;
    dispositions::release(&done.json())
}
