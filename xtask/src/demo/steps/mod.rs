//! The steps in order, one file for each topic.

mod dispositions;
mod languages;
mod leads;
mod outage;
mod rejections;
mod startup;
mod status;
mod swap;

pub use dispositions::no_answer;

use anyhow::{Context as _, ensure};

use super::context::{DemoContext, HOST};

/// A step shows something and checks it. An error means that it could not continue.
pub type Step = fn(&mut DemoContext) -> anyhow::Result<()>;

/// All steps but the last, with their titles.
pub const STEPS: [(&str, Step); 13] = [
    ("Two CRMs, a calling platform and the host start", startup::start),
    ("Both adapters are compiled to components and pushed", startup::push),
    ("Two tenants get releases with their adapters", startup::create_tenants),
    ("Signed leads arrive and are pushed to the agent", leads::arrive),
    (
        "A repeated lead changes nothing, a forged one is refused",
        leads::replay_and_forge,
    ),
    ("Before a call: may this lead be called?", status::query),
    ("After a call: the disposition reaches the CRM", dispositions::deliver),
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
        "Broken versions are refused, and the old one keeps serving",
        rejections::broken,
    ),
    ("Rollback", rejections::rollback),
];

/// The step that `--all` adds.
pub const LANGUAGES: (&str, Step) = ("Other languages: the same contract, other CRMs", languages::run);

/// The title of the last step.
pub const LAST_TITLE: &str = "The host drains and stops";

/// The last step.
pub fn stop(demo: &mut DemoContext) -> anyhow::Result<()> {
    let host = demo.processes.id(HOST).context("the host is not running")?;
    demo.terminal.command(&format!("kill -TERM {host}"));
    let status = demo.processes.stop(HOST)?;
    demo.check_eq(
        "SIGTERM drains the host, and it exits with code 0",
        &status.code(),
        &Some(0),
    );
    demo.processes.kill_all();
    ensure!(
        demo.client
            .send(&super::http::Request::get(&demo.origins.public))
            .is_err(),
        "something still listens on the host's address"
    );
    Ok(())
}
