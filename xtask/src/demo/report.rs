//! What was checked, step by step, and what came of it.

use super::screen::{Ink, Screen};

/// One step of the story.
#[derive(Debug)]
struct Step {
    title: &'static str,
    checks: usize,
    failed: Vec<String>,
}

/// All steps so far.
#[derive(Debug, Default)]
pub struct Report {
    steps: Vec<Step>,
}

impl Report {
    /// Begins a step and answers its number, from 1. What is noted from now on belongs to it.
    pub fn begin(&mut self, title: &'static str) -> usize {
        self.steps.push(Step {
            title,
            checks: 0,
            failed: Vec::new(),
        });
        self.steps.len()
    }

    /// Notes a check.
    pub fn note(&mut self, what: &str, holds: bool) {
        if let Some(step) = self.steps.last_mut() {
            step.checks += 1;
            step.failed.extend((!holds).then(|| what.to_owned()));
        }
    }

    /// The first failure, if there was one, in words that name the step.
    pub fn failure(&self) -> Option<String> {
        let failed = |(step, number): (&Step, usize)| {
            let what = step.failed.first()?;
            Some(format!("step {number} failed ({}): {what}", step.title))
        };
        self.steps.iter().zip(1..).find_map(failed)
    }

    /// Prints every step with what was checked in it; `titles` are all that there should have been.
    pub fn show(&self, screen: Screen, titles: &[&'static str]) {
        screen.rule("Summary");
        for (index, title) in titles.iter().enumerate() {
            let number = index + 1;
            let (mark, checks) = match self.steps.get(index) {
                None => (screen.paint(Ink::Faint, "–"), screen.paint(Ink::Faint, "not reached")),
                Some(step) if step.failed.is_empty() => (screen.paint(Ink::Good, "✓"), counted(step.checks)),
                Some(step) => {
                    let failed = format!("{} of {} failed", step.failed.len(), counted(step.checks));
                    (screen.paint(Ink::Bad, "✗"), screen.paint(Ink::Bad, &failed))
                }
            };
            println!("  {mark} {number:>2}  {title:<66} {checks}");
        }
    }

    /// How many checks there were in all.
    pub fn checks(&self) -> usize {
        self.steps.iter().map(|step| step.checks).sum()
    }
}

fn counted(checks: usize) -> String {
    format!("{checks} check{}", if checks == 1 { "" } else { "s" })
}
