//! What every benchmark is handed.

use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use crate::progress::Progress;

/// What every benchmark is handed.
#[derive(Debug)]
pub struct Context {
    /// The host's binary.
    pub host: PathBuf,
    /// Fewer and shorter rounds.
    pub quick: bool,
    /// Tells what runs.
    pub progress: Progress,
    /// So many rounds, whatever a benchmark would make.
    rounds: Option<usize>,
    left_out: Mutex<Vec<String>>,
}

impl Context {
    /// For the benchmarks of one run.
    pub fn new(host: PathBuf, quick: bool, rounds: Option<usize>) -> Self {
        Self {
            host,
            quick,
            rounds,
            progress: Progress::new(),
            left_out: Mutex::default(),
        }
    }

    /// Something cannot be measured here; the run goes on without it and says so at its end.
    pub fn leave_out(&self, what: &str, why: impl std::fmt::Display) {
        let line = format!("{what} is left out: {why}");
        self.progress.step(&line);
        let mut left_out = self.left_out.lock().unwrap_or_else(PoisonError::into_inner);
        if !left_out.contains(&line) {
            left_out.push(line);
        }
    }

    /// What was left out, and why.
    pub fn left_out(&self) -> Vec<String> {
        self.left_out.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// As many rounds as were asked for; without that `full` ones, or one in a quick run.
    pub const fn rounds(&self, full: usize) -> usize {
        match self.rounds {
            Some(rounds) => rounds,
            None if self.quick => 1,
            None => full,
        }
    }
}
