//! `cargo xtask demo`: the main job, told step by step with real processes, real requests and their real answers.
//!
//! Every step checks what it shows. The first one that fails ends the story, and names itself.

mod clock;
mod http;
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

use anyhow::{Context as _, bail};

use crate::workspace::Workspace;
use processes::{KillOnDrop, Processes};
use screen::Ink;
use stage::Stage;

/// What a shell expects of a program that was interrupted.
const INTERRUPTED: i32 = 130;

/// Tells the story. With `keep`, leaves everything running afterwards until Ctrl-C.
pub fn run(workspace: &Workspace, keep: bool) -> anyhow::Result<()> {
    let processes = Processes::default();
    let _killed_whatever_happens = KillOnDrop(processes.clone());
    let interrupted = processes.clone();
    ctrlc::set_handler(move || {
        interrupted.kill_all();
        eprintln!("\nstopped: every process of the demo has been ended");
        std::process::exit(INTERRUPTED);
    })
    .context("signals cannot be handled")?;

    let mut stage = Stage::new(workspace.clone(), processes)?;
    introduce(&stage);
    let titles: Vec<_> = story::STEPS
        .iter()
        .map(|(title, _)| *title)
        .chain([story::ENDING])
        .collect();
    for (title, step) in story::STEPS {
        play(&mut stage, title, step);
        if stage.report.failure().is_some() {
            break;
        }
    }
    if keep && stage.report.failure().is_none() {
        stage.report.show(stage.screen, &titles[..story::STEPS.len()]);
        keep::run(&mut stage)?;
    }
    if stage.report.failure().is_none() {
        play(&mut stage, story::ENDING, story::end);
    }
    stage.report.show(stage.screen, &titles);
    conclude(&mut stage)
}

/// Plays one step. What stops it counts as a check that failed.
fn play(stage: &mut Stage, title: &'static str, step: story::Step) {
    let number = stage.report.begin(title);
    stage.screen.rule(&format!("{number}  {title}"));
    if let Err(error) = step(stage) {
        stage.check(&format!("{error:#}"), false);
    }
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

fn conclude(stage: &mut Stage) -> anyhow::Result<()> {
    if let Some(failure) = stage.report.failure() {
        let folder = stage.keep_folder().to_owned();
        println!(
            "\n  The data and the logs of this run are kept in {}",
            stage.workspace.shown(&folder)
        );
        bail!("{failure}");
    }
    let all = format!("All {} checks hold.", stage.report.checks());
    println!("\n  {}", stage.screen.paint(Ink::Good, &all));
    Ok(())
}
