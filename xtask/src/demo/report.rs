//! The checks of each step and their results.

use super::terminal::{Terminal, TextStyle};

/// The results of one step.
#[derive(Debug)]
struct StepResult {
    title: &'static str,
    checks: usize,
    failed: Vec<String>,
}

/// The results of all steps so far.
#[derive(Debug, Default)]
pub struct Report {
    steps: Vec<StepResult>,
}

impl Report {
    /// Starts a step and returns its number, counted from 1. Later checks belong to this step.
    pub fn start_step(&mut self, title: &'static str) -> usize {
        self.steps.push(StepResult {
            title,
            checks: 0,
            failed: Vec::new(),
        });
        self.steps.len()
    }

    /// Records a check.
    pub fn record(&mut self, what: &str, passed: bool) {
        if let Some(step) = self.steps.last_mut() {
            step.checks += 1;
            step.failed.extend((!passed).then(|| what.to_owned()));
        }
    }

    /// The first failure, if any, with its step.
    pub fn failure(&self) -> Option<String> {
        let failed = |(step, number): (&StepResult, usize)| {
            let what = step.failed.first()?;
            Some(format!("step {number} failed ({}): {what}", step.title))
        };
        self.steps.iter().zip(1..).find_map(failed)
    }

    /// Prints every step with its checks. `titles` lists all planned steps.
    pub fn print(&self, terminal: Terminal, titles: &[&'static str]) {
        terminal.heading("Summary");
        for (index, title) in titles.iter().enumerate() {
            let number = index + 1;
            let (mark, checks) = match self.steps.get(index) {
                None => (
                    terminal.paint(TextStyle::Faint, "–"),
                    terminal.paint(TextStyle::Faint, "not reached"),
                ),
                Some(step) if step.failed.is_empty() => {
                    (terminal.paint(TextStyle::Good, "✓"), check_count(step.checks))
                }
                Some(step) => {
                    let failed = format!("{} of {} failed", step.failed.len(), check_count(step.checks));
                    (
                        terminal.paint(TextStyle::Bad, "✗"),
                        terminal.paint(TextStyle::Bad, &failed),
                    )
                }
            };
            println!("  {mark} {number:>2}  {title:<66} {checks}");
        }
    }

    /// The total number of checks.
    pub fn checks(&self) -> usize {
        self.steps.iter().map(|step| step.checks).sum()
    }
}

fn check_count(checks: usize) -> String {
    format!("{checks} check{}", if checks == 1 { "" } else { "s" })
}
