//! `cargo xtask demo`: the main job, step by step, with real processes, requests and responses.
//!
//! Every step checks what it shows. The demo ends at the first step that fails and names it.

mod clock;
mod context;
mod crms;
mod http;
mod interrupt;
mod json;
mod keep_running;
mod next_keystone;
mod processes;
mod report;
mod run_folder;
mod sign;
mod steps;
mod tenants;
mod terminal;

use anyhow::bail;

use crate::workspace::Workspace;
use context::DemoContext;
use interrupt::Interrupt;
use processes::{KillOnDrop, Processes};
use terminal::TextStyle;

/// Runs the demo. `all` also shows the adapters in other languages. `keep` leaves everything running until Ctrl-C.
pub fn run(workspace: &Workspace, all: bool, keep: bool) -> anyhow::Result<()> {
    let processes = Processes::default();
    let _kill_on_exit = KillOnDrop(processes.clone());
    let interrupt = Interrupt::handle(processes.clone())?;

    let mut demo = DemoContext::new(workspace.clone(), processes)?;
    let mut steps = steps::STEPS.to_vec();
    if all {
        demo.add_crms()?;
        steps.push(steps::LANGUAGES);
    }
    print_introduction(&demo);
    let succeeded = steps.iter().all(|(title, step)| run_step(&mut demo, title, *step));
    let mut titles: Vec<_> = steps.iter().map(|(title, _)| *title).collect();
    if succeeded && keep {
        demo.report.print(demo.terminal, &titles);
        keep_running::run(&demo, &interrupt)?;
    }
    if succeeded {
        run_step(&mut demo, steps::LAST_TITLE, steps::stop);
    }
    titles.push(steps::LAST_TITLE);
    demo.report.print(demo.terminal, &titles);
    finish(&demo)
}

/// Runs one step and returns whether all its checks passed. An error counts as a failed check.
fn run_step(demo: &mut DemoContext, title: &'static str, step: steps::Step) -> bool {
    let number = demo.report.start_step(title);
    demo.terminal.heading(&format!("{number}  {title}"));
    if let Err(error) = step(demo) {
        demo.check(&format!("{error:#}"), false);
    }
    demo.report.failure().is_none()
}

fn print_introduction(demo: &DemoContext) {
    let terminal = demo.terminal;
    println!(
        "\n  {}",
        terminal.paint(
            TextStyle::Strong,
            "Jackfield: one host between a calling platform and the CRMs of many customers"
        )
    );
    terminal.paragraph(
        "Two property developers share one host. Each has its own CRM and a small adapter for it, a WebAssembly \
         component. Everything below really runs on this machine: → is a request, ← its response, $ an operator's \
         command, ✓ a check. The CRMs and the calling platform are strict fakes.",
    );
}

fn finish(demo: &DemoContext) -> anyhow::Result<()> {
    if let Some(failure) = demo.report.failure() {
        let folder = demo.workspace.shown(&demo.folder);
        println!("\n  The data and logs of this run stay in {folder} until the next run.");
        bail!("{failure}");
    }
    run_folder::remove(&demo.folder)?;
    let all = format!("All {} checks passed.", demo.report.checks());
    println!("\n  {}", demo.terminal.paint(TextStyle::Good, &all));
    Ok(())
}
