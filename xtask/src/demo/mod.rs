//! `cargo xtask demo`: the main job, told step by step with real processes, real requests and their real answers.
//!
//! Every step checks what it shows. The first one that fails ends the story, and names itself.

mod clock;
mod crms;
mod folder;
mod http;
mod interrupt;
mod json;
mod keep;
mod next_version;
mod processes;
mod report;
mod screen;
mod sign;
mod stage;
mod story;
mod tenants;

use anyhow::bail;

use crate::workspace::Workspace;
use interrupt::Interrupt;
use processes::{KillOnDrop, Processes};
use screen::Ink;
use stage::Stage;

/// Tells the story. With `all`, also that of the adapters in other languages. With `keep`, leaves everything running
/// afterwards until Ctrl-C.
pub fn run(workspace: &Workspace, all: bool, keep: bool) -> anyhow::Result<()> {
    let processes = Processes::default();
    let _killed_whatever_happens = KillOnDrop(processes.clone());
    let interrupt = Interrupt::handle(processes.clone())?;

    let mut stage = Stage::new(workspace.clone(), processes)?;
    let mut steps = story::STEPS.to_vec();
    if all {
        stage.add_crms()?;
        steps.push(story::LANGUAGES);
    }
    introduce(&stage);
    let told = steps.iter().all(|(title, step)| play(&mut stage, title, *step));
    let mut titles: Vec<_> = steps.iter().map(|(title, _)| *title).collect();
    if told && keep {
        stage.report.show(stage.screen, &titles);
        keep::run(&stage, &interrupt)?;
    }
    if told {
        play(&mut stage, story::ENDING, story::end);
    }
    titles.push(story::ENDING);
    stage.report.show(stage.screen, &titles);
    conclude(&stage)
}

/// Plays one step, and answers whether all that it checked holds. What stops it counts as a check that failed.
fn play(stage: &mut Stage, title: &'static str, step: story::Step) -> bool {
    let number = stage.report.begin(title);
    stage.screen.rule(&format!("{number}  {title}"));
    if let Err(error) = step(stage) {
        stage.check(&format!("{error:#}"), false);
    }
    stage.report.failure().is_none()
}

fn introduce(stage: &Stage) {
    let screen = stage.screen;
    println!(
        "\n  {}",
        screen.paint(
            Ink::Strong,
            "Jackfield: one host between a calling platform and the CRMs of many customers"
        )
    );
    screen.say(
        "Two developer groups use one host. Each has a CRM of its own and one small adapter for it, a WebAssembly \
         component. What follows happens for real, on this machine: → is a request, ← its answer, $ a command of the \
         operator, ✓ a check. CRMs and calling platform are fakes, but strict ones.",
    );
}

fn conclude(stage: &Stage) -> anyhow::Result<()> {
    if let Some(failure) = stage.report.failure() {
        let folder = stage.workspace.shown(&stage.folder);
        println!("\n  The data and the logs of this run are in {folder}, until the next one.");
        bail!("{failure}");
    }
    folder::remove(&stage.folder)?;
    let all = format!("All {} checks hold.", stage.report.checks());
    println!("\n  {}", stage.screen.paint(Ink::Good, &all));
    Ok(())
}
