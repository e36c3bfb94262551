//! Settings and state that all benchmarks share.

use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use crate::progress::Progress;

/// Settings and state that all benchmarks share.
#[derive(Debug)]
pub struct Context {
    /// The host's binary.
    pub host: PathBuf,
    /// Fewer and shorter rounds.
    pub quick: bool,
    /// Displays the current step.
    pub progress: Progress,
    /// Overrides each benchmark's number of rounds.
    rounds: Option<usize>,
    skipped: Mutex<Vec<String>>,
}

impl Context {
    /// The context of one run.
    pub fn new(host: PathBuf, quick: bool, rounds: Option<usize>) -> Self {
        Self {
            host,
            quick,
            rounds,
            progress: Progress::new(),
            skipped: Mutex::default(),
        }
    }

    /// Records that something cannot be measured here. The run continues, and the report says so.
    pub fn skip(&self, what: &str, why: impl std::fmt::Display) {
        let line = format!("{what} is skipped: {why}");
        self.progress.step(&line);
        let mut skipped = self.skipped.lock().unwrap_or_else(PoisonError::into_inner);
        if !skipped.contains(&line) {
            skipped.push(line);
        }
    }

    /// What was skipped, and why.
    pub fn skipped(&self) -> Vec<String> {
        self.skipped.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The number of rounds: as requested, otherwise `full`, or one in a quick run.
    pub const fn rounds(&self, full: usize) -> usize {
        match self.rounds {
            Some(rounds) => rounds,
            None if self.quick => 1,
            None => full,
        }
    }
}
