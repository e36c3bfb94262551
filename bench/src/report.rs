//! All that a run found out: on the terminal, as JSON, and as a page.

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
    /// The machine as the run began.
    pub before: Conditions,
    /// The machine as it ended.
    pub after: Conditions,
    /// Whether it was a quick run, which nobody should conclude from.
    pub quick: bool,
    /// What could not be measured, and why.
    pub left_out: Vec<String>,
    /// The figures.
    pub rows: Vec<Row>,
}

impl Report {
    /// Of a run that is over.
    pub fn new(before: Conditions, after: Conditions, context: &Context, rows: Vec<Row>) -> Self {
        Self {
            ended: Timestamp::now(),
            version: env!("CARGO_PKG_VERSION"),
            before,
            after,
            quick: context.quick,
            left_out: context.left_out(),
            rows,
        }
    }

    /// Prints the tables, and what there is to know about them.
    pub fn print(&self) {
        print!("{}", table::shown(&self.rows));
        for line in &self.left_out {
            println!("{line}");
        }
        println!("before: {}\nafter:  {}", self.before, self.after);
        for doubt in self.doubts() {
            println!("{doubt}");
        }
    }

    /// The page of plots.
    pub fn page(&self) -> String {
        page::of(self)
    }

    /// Why nobody should conclude from it; nothing if there is no reason.
    pub fn doubts(&self) -> Vec<String> {
        let mut doubts = vec![];
        if self.quick {
            doubts.push("A quick run: to see that it works, not to conclude from.".into());
        }
        doubts.extend(machine::doubts(&self.before, &self.after));
        let scattered = self.rows.iter().filter(|row| row.scattered()).count();
        if scattered > 0 {
            doubts.push(format!(
                "Of {} rows, {scattered} scatter: their highest ratio is at least twice their lowest.",
                self.rows.len()
            ));
        }
        doubts
    }
}
