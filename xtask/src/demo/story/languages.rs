//! The step of `--all`: adapters in other languages, each for a CRM of its own.

use anyhow::Context as _;
use serde_json::{Value, json};

use super::opening;
use crate::demo::clock;
use crate::demo::crms::{Crm, OUTCOMES};
use crate::demo::http::Request;
use crate::demo::stage::{PATIENCE, Stage};

/// Each adapter is pushed and bound, asked for a status, and given all twelve outcomes.
pub fn speak(stage: &mut Stage) -> anyhow::Result<()> {
    if stage.crms.is_empty() {
        stage.screen.say("There is no adapter in another language in the tree.");
        return Ok(());
    }
    stage.screen.say(
        "A CRM's own team writes its adapter in its own language. To the host they are all the same: components of one \
         contract. For each: pushed, bound, asked whether a lead may be called, and told every outcome that a call can \
         have; then the CRM itself is asked what it holds.",
    );
    for (crm, origin) in stage.crms.clone() {
        stage
            .screen
            .say(&format!("{}: {}, in {}.", crm.name, crm.trait_of, crm.language));
        bind(stage, crm, &origin)?;
        status(stage, crm)?;
        outcomes(stage, crm, &origin)?;
    }
    Ok(())
}

/// Pushes the adapter and makes the tenant's first release.
fn bind(stage: &mut Stage, crm: &Crm, origin: &str) -> anyhow::Result<()> {
    let component = stage.workspace.components().join(format!("{}.wasm", crm.name));
    let pushed = opening::push_component(stage, &component)?;
    let named = pushed.contains(&format!("{}@1.0.0", crm.name));
    stage.check(&format!("{}'s adapter, in {}, is taken", crm.name, crm.language), named);
    let applied = opening::apply(stage, &format!("{}.toml", crm.tenant), &crm.file(origin))?;
    stage.check(&format!("{} has a release that serves", crm.tenant), applied.ok);
    let created = stage.jackfield_json(&["token", "create", "--tenant", crm.tenant, "--for", "agent"])?;
    let token = created["token"].as_str().context("the answer has no token")?;
    stage.tokens.insert(crm.tenant.to_owned(), token.to_owned());
    Ok(())
}

/// A request of the tenant's agent.
fn lead(stage: &Stage, crm: &Crm, outcome: usize, path: &str) -> String {
    let public = &stage.origins.public;
    format!("{public}/v1/tenants/{}/leads/{}/{path}", crm.tenant, crm.lead(outcome))
}

fn status(stage: &mut Stage, crm: &Crm) -> anyhow::Result<()> {
    let request = Request::get(lead(stage, crm, 0, "status")).bearer(stage.token(crm.tenant)?);
    let answer = stage.ask(&request)?;
    stage.check_eq(
        &format!("{}'s lead may be called", crm.name),
        &answer.json()["callable"],
        &true.into(),
    );
    Ok(())
}

/// Posts every outcome, each for a lead of its own, and reads them back.
fn outcomes(stage: &mut Stage, crm: &Crm, origin: &str) -> anyhow::Result<()> {
    let token = stage.token(crm.tenant)?.to_owned();
    let mut deliveries = vec![];
    for (n, outcome) in OUTCOMES.iter().enumerate() {
        let call = format!("CALL-{}-{}", crm.name, n + 1);
        let said = json!({ "call_metadata": { "call_id": call }, "qualification": { "outcome": outcome } });
        let request = Request::post(lead(stage, crm, n, "disposition"), said.to_string()).bearer(&token);
        // The first is shown; the others are of its kind.
        let answer = if n == 0 {
            stage.ask(&request)?
        } else {
            stage.client.send(&request)?
        };
        anyhow::ensure!(answer.status == 202, "{outcome} was not taken: {}", answer.body);
        deliveries.push(answer.text("/delivery"));
    }
    for id in &deliveries {
        let url = format!("{}/v1/tenants/{}/deliveries/{id}", stage.origins.public, crm.tenant);
        let request = Request::get(url).bearer(&token);
        clock::until(&format!("delivery {id} to be done"), PATIENCE, || {
            let answer = stage.client.send(&request)?;
            let state = answer.text("/state");
            let stuck = ["dead", "review"].contains(&state.as_str());
            anyhow::ensure!(!stuck, "delivery {id} is {state}: {}", answer.body);
            Ok((state == "done").then_some(()))
        })?;
    }
    let ledger: Value = stage.ledger(origin)?;
    let mut told = crm.told(&ledger);
    told.sort();
    let mut words: Vec<_> = crm.words.iter().map(ToString::to_string).collect();
    words.sort();
    stage.check_eq(
        &format!("{} holds all twelve outcomes, once each, in its own words", crm.name),
        &told,
        &words,
    );
    Ok(())
}
