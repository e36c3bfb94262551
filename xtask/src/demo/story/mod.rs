//! The story, in order. One file a theme.

mod dispositions;
mod languages;
mod leads;
mod opening;
mod outage;
mod refusals;
mod status;
mod swap;

pub use dispositions::no_answer;

use anyhow::{Context as _, ensure};

use super::stage::{HOST, Stage};

/// A step: shows something and checks it. An error is a step that could not go on.
pub type Step = fn(&mut Stage) -> anyhow::Result<()>;

/// All steps but the last, with their titles.
pub const STEPS: [(&str, Step); 13] = [
    ("Two CRMs, a calling platform and the host start", opening::start),
    ("Both adapters are compiled to components and pushed", opening::push),
    ("Two tenants are bound to their adapters", opening::bind),
    ("Signed leads arrive and are pushed to the agent", leads::arrive),
    (
        "A replayed lead changes nothing, a forged one is refused",
        leads::replay_and_forge,
    ),
    ("Before a call: may this lead be called?", status::query),
    ("After a call: the disposition lands in the CRM", dispositions::land),
    ("The same disposition again changes nothing", dispositions::repeat),
    (
        "The CRM goes down: retried, then a dead letter with an alert",
        outage::down,
    ),
    ("The CRM comes back: a replay delivers exactly once", outage::back),
    (
        "The adapter is swapped under load, and no request fails",
        swap::under_load,
    ),
    (
        "Broken versions are refused, and the old one serves on",
        refusals::broken,
    ),
    ("Rollback", refusals::rollback),
];

/// The step that `--all` adds.
pub const LANGUAGES: (&str, Step) = ("In any language: the same contract, other CRMs", languages::speak);

/// The title of the last step.
pub const ENDING: &str = "The host drains and stops";

/// The last step.
pub fn end(stage: &mut Stage) -> anyhow::Result<()> {
    let host = stage.processes.id(HOST).context("the host does not run")?;
    stage.screen.command(&format!("kill -TERM {host}"));
    let status = stage.processes.stop(HOST)?;
    stage.check_eq(
        "SIGTERM drains the host, and it exits with code 0",
        &status.code(),
        &Some(0),
    );
    stage.processes.kill_all();
    ensure!(
        stage
            .client
            .send(&super::http::Request::get(&stage.origins.public))
            .is_err(),
        "something still listens"
    );
    Ok(())
}
