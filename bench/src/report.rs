//! The results of a run: for a terminal, as JSON, and as a page.

use jiff::Timestamp;
use serde::Serialize;

use crate::context::Context;
use crate::machine::{self, Conditions};
use crate::page;
use crate::rows::Row;
use crate::table;

/// A run.
#[derive(Debug, Serialize)]
pub struct Report {
    /// When it ended.
    pub ended: Timestamp,
    /// The host's version.
    pub version: &'static str,
    /// The machine when the run began.
    pub before: Conditions,
    /// The machine when the run ended.
    pub after: Conditions,
    /// Whether it was a quick run, from which no conclusions may be drawn.
    pub quick: bool,
    /// What could not be measured, and why.
    pub left_out: Vec<String>,
    /// The figures.
    pub rows: Vec<Row>,
}

impl Report {
    /// The report of a finished run.
    pub fn new(before: Conditions, after: Conditions, context: &Context, rows: Vec<Row>) -> Self {
        Self {
            ended: Timestamp::now(),
            version: env!("CARGO_PKG_VERSION"),
            before,
            after,
            quick: context.quick,
            left_out: context.skipped(),
            rows,
        }
    }

    /// Prints the tables and the caveats.
    pub fn print(&self) {
        print!("{}", table::shown(&self.rows));
        for line in &self.left_out {
            println!("{line}");
        }
        println!("before: {}\nafter:  {}", self.before, self.after);
        for caveat in self.caveats() {
            println!("{caveat}");
        }
    }

    /// The page of plots.
    pub fn page(&self) -> String {
        page::of(self)
    }

    /// Reasons not to draw conclusions from the run; empty if there are none.
    pub fn caveats(&self) -> Vec<String> {
        let mut caveats = vec![];
        if self.quick {
            caveats
                .push("A quick run: it shows that the benchmarks work. Draw no conclusions from its figures.".into());
        }
        caveats.extend(machine::caveats(&self.before, &self.after));
        let scattered = self.rows.iter().filter(|row| row.scattered()).count();
        if scattered > 0 {
            caveats.push(format!(
                "{scattered} of {} rows are scattered: their highest ratio is at least twice their lowest.",
                self.rows.len()
            ));
        }
        caveats
    }
}
