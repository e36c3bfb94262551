//! The step that `--all` adds: adapters in other languages, each for its own CRM.

use anyhow::Context as _;
use serde_json::{Value, json};

use super::startup;
use crate::demo::clock;
use crate::demo::context::{DemoContext, WAIT_LIMIT};
use crate::demo::crms::{Crm, OUTCOMES};
use crate::demo::http::Request;

/// Pushes each adapter, creates its tenant's release, queries a status and reports all twelve outcomes.
pub fn run(demo: &mut DemoContext) -> anyhow::Result<()> {
    if demo.crms.is_empty() {
        demo.terminal
            .paragraph("The repository has no adapter in another language.");
        return Ok(());
    }
    demo.terminal.paragraph(
        "Each CRM's team writes its adapter in the team's language. To the host, all are components of one contract. \
         Each is pushed and gets a tenant, a status query and every outcome that a call can have; then the CRM's \
         records are checked.",
    );
    for (crm, origin) in demo.crms.clone() {
        demo.terminal
            .paragraph(&format!("{}: {}, in {}.", crm.name, crm.specialty, crm.language));
        create_tenant(demo, crm, &origin)?;
        status(demo, crm)?;
        outcomes(demo, crm, &origin)?;
    }
    Ok(())
}

/// Pushes the adapter and creates the tenant's first release.
fn create_tenant(demo: &mut DemoContext, crm: &Crm, origin: &str) -> anyhow::Result<()> {
    let component = demo.workspace.component(crm.name);
    let pushed = startup::push_component(demo, &component)?;
    let named = pushed.contains(&format!("{}@1.0.0", crm.name));
    demo.check(
        &format!("{}'s adapter in {} is accepted", crm.name, crm.language),
        named,
    );
    let applied = startup::apply(demo, &format!("{}.toml", crm.tenant), &crm.file(origin))?;
    demo.check(&format!("{} has an active release", crm.tenant), applied.ok);
    let created = demo.jackfield_json(&["token", "create", "--tenant", crm.tenant, "--for", "agent"])?;
    let token = created["token"].as_str().context("the response has no token")?;
    demo.tokens.insert(crm.tenant.to_owned(), token.to_owned());
    Ok(())
}

/// A URL of the tenant's public API.
fn lead_url(demo: &DemoContext, crm: &Crm, outcome: usize, path: &str) -> String {
    let public = &demo.origins.public;
    format!("{public}/v1/tenants/{}/leads/{}/{path}", crm.tenant, crm.lead(outcome))
}

fn status(demo: &mut DemoContext, crm: &Crm) -> anyhow::Result<()> {
    let request = Request::get(lead_url(demo, crm, 0, "status")).bearer(demo.token(crm.tenant)?);
    let response = demo.send(&request)?;
    demo.check_eq(
        &format!("{}'s lead may be called", crm.name),
        &response.json()["callable"],
        &true.into(),
    );
    Ok(())
}

/// Reports every outcome, each for its own lead, and reads them back from the CRM.
fn outcomes(demo: &mut DemoContext, crm: &Crm, origin: &str) -> anyhow::Result<()> {
    let token = demo.token(crm.tenant)?.to_owned();
    let mut deliveries = vec![];
    for (n, outcome) in OUTCOMES.iter().enumerate() {
        let call = format!("CALL-{}-{}", crm.name, n + 1);
        let document = json!({ "call_metadata": { "call_id": call }, "qualification": { "outcome": outcome } });
        let request = Request::post(lead_url(demo, crm, n, "disposition"), document.to_string()).bearer(&token);
        // Only the first is printed; the others look the same.
        let response = if n == 0 {
            demo.send(&request)?
        } else {
            demo.client.send(&request)?
        };
        anyhow::ensure!(response.status == 202, "{outcome} was not accepted: {}", response.body);
        deliveries.push(response.text("/delivery"));
    }
    for id in &deliveries {
        let url = format!("{}/v1/tenants/{}/deliveries/{id}", demo.origins.public, crm.tenant);
        let request = Request::get(url).bearer(&token);
        clock::wait_until(&format!("delivery {id} to be done"), WAIT_LIMIT, || {
            let response = demo.client.send(&request)?;
            let state = response.text("/state");
            let stuck = ["dead", "review"].contains(&state.as_str());
            anyhow::ensure!(!stuck, "delivery {id} is {state}: {}", response.body);
            Ok((state == "done").then_some(()))
        })?;
    }
    let ledger: Value = demo.ledger(origin)?;
    let mut stored = crm.stored_outcomes(&ledger);
    stored.sort();
    let mut words: Vec<_> = crm.words.iter().map(ToString::to_string).collect();
    words.sort();
    demo.check_eq(
        &format!("{} has all twelve outcomes, once each, under its own names", crm.name),
        &stored,
        &words,
    );
    Ok(())
}
