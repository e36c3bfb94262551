//! How long each part of a command took, printed at its end.

use std::time::{Duration, Instant};

/// The parts measured so far, in order.
#[derive(Debug, Default)]
pub struct Timings(Vec<(String, Duration)>);

impl Timings {
    /// Runs a part and records how long it took.
    pub fn measure<T>(&mut self, part: &str, run: impl FnOnce() -> T) -> T {
        let started = now();
        let result = run();
        self.record(part, started.elapsed());
        result
    }

    /// Records how long a part took.
    pub fn record(&mut self, part: &str, length: Duration) {
        self.0.push((part.to_owned(), length));
    }

    /// Adds the parts of another list.
    pub fn append(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    /// Prints the parts.
    pub fn print(&self) {
        crate::workspace::header("timings");
        for (part, length) in &self.0 {
            println!("   {:>6.1} s  {part}", length.as_secs_f64());
        }
    }
}

/// The current instant.
#[expect(clippy::disallowed_methods, reason = "real durations of real commands")]
pub fn now() -> Instant {
    Instant::now()
}
