//! An earlier run, and the comparison of its ratios with this run's. Only ratios are compared, never times: each run
//! measures its own references, so that another machine's speed does not look like a change.

use std::path::Path;

use anyhow::Context as _;
use comfy_table::presets::UTF8_HORIZONTAL_ONLY;
use comfy_table::{CellAlignment, ContentArrangement, Table};
use serde::Deserialize;

use crate::machine::Conditions;
use crate::rows::{Row, figure};
use crate::table::COLUMNS;

/// An earlier run, as written by `--json`.
#[derive(Debug, Deserialize)]
pub struct PreviousRun {
    before: Conditions,
    quick: bool,
    rows: Vec<PreviousRow>,
}

/// A row of an earlier run. JSON cannot represent numbers that are not finite.
#[derive(Debug, Deserialize)]
struct PreviousRow {
    bench: String,
    deployment: String,
    measure: String,
    against: String,
    ratio: Option<f64>,
    spread: (Option<f64>, Option<f64>),
}

/// The comparison of a run with an earlier one.
#[derive(Debug)]
pub struct Comparison<'a> {
    former: &'a PreviousRun,
    pairs: Vec<(&'a Row, Option<&'a PreviousRow>)>,
    /// Rows of the earlier run that this run's benchmarks did not measure.
    missing: Vec<&'a PreviousRow>,
}

/// The change of a ratio.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum RatioChange {
    /// The ranges of the rounds' ratios overlap.
    WithinSpread,
    Better,
    Worse,
    /// The ranges do not overlap, and which one is better depends on the reader.
    Other,
    /// One of the ratios is not a finite number.
    Unknown,
    /// The earlier run did not measure it.
    New,
}

impl PreviousRun {
    /// Reads a file that `--json` wrote.
    ///
    /// # Errors
    /// The file cannot be read or has another format.
    pub fn read(file: &Path) -> anyhow::Result<Self> {
        let text = std::fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
        serde_json::from_slice(&text).with_context(|| format!("{} is not a file that --json wrote", file.display()))
    }

    /// Finds the earlier row for each row.
    pub fn compare<'a>(&'a self, rows: &'a [Row]) -> Comparison<'a> {
        let pairs = rows.iter().map(|row| (row, self.rows.iter().find(|then| then.is(row))));
        let ran = |bench: &str| rows.iter().any(|row| row.bench == bench);
        let missing = self.rows.iter().filter(|then| ran(&then.bench));
        Comparison {
            former: self,
            pairs: pairs.collect(),
            missing: missing.filter(|then| !rows.iter().any(|row| then.is(row))).collect(),
        }
    }
}

impl PreviousRow {
    fn is(&self, row: &Row) -> bool {
        (&*self.bench, &*self.deployment) == (row.bench, row.deployment)
            && (&self.measure, &self.against) == (&row.measure, &row.against)
    }
}

impl RatioChange {
    fn of(row: &Row, then: Option<&PreviousRow>) -> Self {
        let Some(then) = then else { return Self::New };
        let ((Some(least), Some(most)), true) = (then.spread, row.ratio.is_finite()) else {
            return Self::Unknown;
        };
        let more = if row.spread.0 > most {
            true
        } else if row.spread.1 < least {
            false
        } else {
            return Self::WithinSpread;
        };
        match row.more_is_better() {
            Some(better) if better == more => Self::Better,
            Some(_) => Self::Worse,
            None => Self::Other,
        }
    }

    const fn word(self) -> &'static str {
        match self {
            Self::WithinSpread => "within the spread",
            Self::Better => "better",
            Self::Worse => "WORSE",
            Self::Other => "different",
            Self::Unknown => "not comparable",
            Self::New => "new",
        }
    }
}

impl Comparison<'_> {
    /// Prints each row's earlier ratio beside the new one, then the missing rows.
    pub fn print(&self) {
        let mut table = Table::new();
        table.load_style(UTF8_HORIZONTAL_ONLY);
        table.set_content_arrangement(ContentArrangement::Dynamic);
        if table.width().is_none() {
            table.set_width(COLUMNS);
        }
        table.set_header([
            "bench",
            "measure",
            "against",
            "deployment",
            "ratio then",
            "ratio now",
            "",
        ]);
        for (row, then) in &self.pairs {
            let (old, word) = (then.and_then(|then| then.ratio), RatioChange::of(row, *then).word());
            table.add_row([
                row.bench,
                &row.measure,
                &row.against,
                row.deployment,
                &old.map_or_else(|| "–".into(), figure),
                &figure(row.ratio),
                word,
            ]);
        }
        for column in [4, 5] {
            if let Some(column) = table.column_mut(column) {
                column.set_cell_alignment(CellAlignment::Right);
            }
        }
        println!("{table}");
        for then in &self.missing {
            let PreviousRow {
                bench,
                deployment,
                measure,
                against,
                ..
            } = then;
            println!("no longer measured: {bench}, {measure}, against {against}, on {deployment}");
        }
        let quick = if self.former.quick { ", a quick run" } else { "" };
        println!("then:   {}{quick}", self.former.before);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn row(measure: &str, unit: &'static str, ratios: &[f64]) -> Row {
        let rounds: Vec<_> = ratios.iter().map(|ratio| (*ratio, 1.0)).collect();
        let mut row = Row::of(measure, unit, "native", &rounds);
        (row.bench, row.deployment) = ("status", "SQLite");
        row
    }

    fn former(rows: &[Row]) -> PreviousRun {
        let conditions = crate::machine::conditions();
        serde_json::from_value(json!({ "before": conditions, "quick": false, "rows": rows })).unwrap()
    }

    #[test]
    fn overlapping_ratios_are_unchanged() {
        let then = former(&[
            row("P50", "ms", &[1.0, 1.2]),
            row("rate", "calls/s", &[1.0, 1.2]),
            row("failures", "", &[1.0, 1.2]),
            row("steady", "ms", &[1.0, 1.2]),
            row("endless", "ms", &[f64::INFINITY]),
            row("gone", "ms", &[1.0]),
        ]);
        let now = [
            row("P50", "ms", &[1.3, 1.5]),
            row("rate", "calls/s", &[1.3, 1.5]),
            row("failures", "", &[0.1]),
            row("steady", "ms", &[1.19, 3.0]),
            row("endless", "ms", &[1.0]),
            row("added", "ms", &[1.0]),
        ];
        let compared = then.compare(&now);
        let changes: Vec<_> = compared
            .pairs
            .iter()
            .map(|(row, then)| RatioChange::of(row, *then))
            .collect();
        assert_eq!(
            changes,
            [
                RatioChange::Worse,
                RatioChange::Better,
                RatioChange::Other,
                RatioChange::WithinSpread,
                RatioChange::Unknown,
                RatioChange::New
            ]
        );
        let missing: Vec<_> = compared.missing.iter().map(|then| &*then.measure).collect();
        assert_eq!(missing, ["gone"]);
    }

    #[test]
    fn skipped_benchmarks_are_not_missing() {
        let mut other = row("P99", "ms", &[1.0]);
        other.bench = "accept";
        let then = former(&[other]);
        assert!(then.compare(&[row("P50", "ms", &[1.0])]).missing.is_empty());
    }
}
