//! `--keep`: leaves everything running and prints commands to try.

use std::time::Duration;

use super::clock;
use super::context::{DemoContext, HOST};
use super::interrupt::Interrupt;
use super::steps::no_answer;
use super::tenants::Tenant;

/// Prints commands to try, then waits for Ctrl-C or for the host to exit.
pub fn run(demo: &DemoContext, interrupt: &Interrupt) -> anyhow::Result<()> {
    let log = demo.file("jackfield.log");
    demo.terminal.heading("Everything is still running");
    demo.terminal
        .paragraph("Try these commands in another terminal. Press Ctrl-C here to stop everything.");
    for (purpose, command) in commands(demo)? {
        println!("\n  # {purpose}\n  {command}");
    }
    println!("\n  The host's log: {}", demo.workspace.shown(&log));
    while !interrupt.received() {
        clock::pause(Duration::from_millis(200));
        demo.processes.ensure_running(HOST, &log)?;
    }
    println!();
    Ok(())
}

/// Each command with its purpose.
fn commands(demo: &DemoContext) -> anyhow::Result<Vec<(&'static str, String)>> {
    let keystone = &demo.origins.keystone;
    let agent = format!("-H 'authorization: Bearer {}'", demo.token(Tenant::Dwarka.name())?);
    let lead = demo.tenant_url(Tenant::Dwarka, "leads/CRM-LEAD-001234");
    let document = no_answer("MY-CALL-1");
    let behave = |mode: &str| format!("curl -d '{{\"mode\":\"{mode}\"}}' {keystone}/_control/behave");
    let (admin, operator) = (&demo.origins.admin, demo.token(HOST)?);
    Ok(vec![
        (
            "May the lead be called?",
            format!("curl -i {agent} \\\n    {lead}/status"),
        ),
        (
            "Report a call; run it again to get 200 instead of 202",
            format!(
                "curl -i {agent} -H 'content-type: application/json' \\\n    -d '{document}' \\\n    {lead}/disposition"
            ),
        ),
        ("What keystone holds", format!("curl {keystone}/_control/calls")),
        (
            "Take keystone down, then report another call and look at its delivery",
            behave("down"),
        ),
        ("… and bring it back", behave("ok")),
        (
            "Act as the operator",
            format!(
                "export JACKFIELD_ADMIN_URL={admin} JACKFIELD_TOKEN={operator}\n  {} deliveries list",
                demo.workspace.shown(&demo.binary("jackfield"))
            ),
        ),
        ("The metrics that operators monitor", format!("curl {admin}/metrics")),
    ])
}
