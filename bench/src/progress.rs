//! Displays progress: one updated line on a terminal, otherwise a line for each step.

use std::io::{IsTerminal as _, Write as _};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

/// The progress display. It writes to stderr, so that stdout contains only the results.
#[derive(Debug)]
pub struct Progress {
    began: Instant,
    terminal: bool,
    steps: AtomicUsize,
}

impl Progress {
    /// Starts the clock.
    pub fn new() -> Self {
        Self {
            began: Instant::now(),
            terminal: std::io::stderr().is_terminal(),
            steps: AtomicUsize::new(0),
        }
    }

    /// Displays a step, such as `status · Rust · 64 at once · round 2 of 5 · native`.
    pub fn step(&self, what: &str) {
        let step = self.steps.fetch_add(1, Ordering::Relaxed) + 1;
        let seconds = self.began.elapsed().as_secs();
        let line = format!("{:02}:{:02}  step {step}  {what}", seconds / 60, seconds % 60);
        let mut stderr = std::io::stderr().lock();
        // A failed display is no reason to stop the benchmark.
        let _ = if self.terminal {
            write!(stderr, "\r\x1b[2K{line}").and_then(|()| stderr.flush())
        } else {
            writeln!(stderr, "{line}")
        };
    }

    /// Clears the display.
    pub fn done(&self) {
        if self.terminal {
            eprint!("\r\x1b[2K");
        }
    }
}
