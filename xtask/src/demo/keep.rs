//! `--keep`: everything stays, with lines to try it by.

use std::time::Duration;

use super::clock;
use super::interrupt::Interrupt;
use super::stage::{HOST, Stage};
use super::story::no_answer;
use super::tenants::Tenant;

/// Prints what can be tried and waits for Ctrl-C, or for the host to end.
pub fn run(stage: &Stage, interrupt: &Interrupt) -> anyhow::Result<()> {
    let log = stage.file("jackfield.log");
    stage.screen.rule("Everything is still running");
    stage
        .screen
        .say("Try these in another terminal. Ctrl-C here ends it all.");
    for (what, line) in lines(stage)? {
        println!("\n  # {what}\n  {line}");
    }
    println!("\n  The host's log: {}", stage.workspace.shown(&log));
    while !interrupt.came() {
        clock::pause(Duration::from_millis(200));
        stage.processes.must_run(HOST, &log)?;
    }
    println!();
    Ok(())
}

/// What each line does, and the line.
fn lines(stage: &Stage) -> anyhow::Result<Vec<(&'static str, String)>> {
    let keystone = &stage.origins.keystone;
    let agent = format!("-H 'authorization: Bearer {}'", stage.token(Tenant::Dwarka.name())?);
    let lead = stage.tenant_url(Tenant::Dwarka, "leads/CRM-LEAD-001234");
    let call = no_answer("MY-CALL-1");
    let behave = |mode: &str| format!("curl -d '{{\"mode\":\"{mode}\"}}' {keystone}/_control/behave");
    let (admin, operator) = (&stage.origins.admin, stage.token(HOST)?);
    Ok(vec![
        (
            "May the lead be called?",
            format!("curl -i {agent} \\\n    {lead}/status"),
        ),
        (
            "Report a call; repeat the line for a 200 in place of the 202",
            format!(
                "curl -i {agent} -H 'content-type: application/json' \\\n    -d '{call}' \\\n    {lead}/disposition"
            ),
        ),
        ("What keystone holds", format!("curl {keystone}/_control/calls")),
        (
            "Take keystone down: then report another call, and look at its delivery",
            behave("down"),
        ),
        ("… and bring it back", behave("ok")),
        (
            "Be the operator",
            format!(
                "export JACKFIELD_ADMIN_URL={admin} JACKFIELD_TOKEN={operator}\n  {} deliveries list",
                stage.workspace.shown(&stage.binary("jackfield"))
            ),
        ),
        ("What operators watch", format!("curl {admin}/metrics")),
    ])
}
