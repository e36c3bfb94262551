//! An earlier run, and what became of its ratios. Ratios are compared, never times: a run has its reference in itself,
//! so that another machine's noise is not taken for a change.

use std::path::Path;

use anyhow::Context as _;
use comfy_table::presets::UTF8_HORIZONTAL_ONLY;
use comfy_table::{CellAlignment, ContentArrangement, Table};
use serde::Deserialize;

use crate::machine::Conditions;
use crate::rows::{Row, figure};
use crate::table::COLUMNS;

/// An earlier run, as `--json` wrote it.
#[derive(Debug, Deserialize)]
pub struct Former {
    before: Conditions,
    quick: bool,
    rows: Vec<FormerRow>,
}

/// One of its rows. JSON has no number for what is not finite.
#[derive(Debug, Deserialize)]
struct FormerRow {
    bench: String,
    deployment: String,
    measure: String,
    against: String,
    ratio: Option<f64>,
    spread: (Option<f64>, Option<f64>),
}

/// What became of the ratios of an earlier run.
#[derive(Debug)]
pub struct Comparison<'a> {
    former: &'a Former,
    pairs: Vec<(&'a Row, Option<&'a FormerRow>)>,
    /// Rows of the benchmarks that ran now which were measured then alone.
    missing: Vec<&'a FormerRow>,
}

/// How a ratio is compared with what it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Change {
    /// The rounds of one run reach into those of the other.
    WithinSpread,
    Better,
    Worse,
    /// All rounds of one are above all of the other, and which is better depends on who looks.
    Other,
    /// One of them is no number.
    Unknown,
    /// It was not measured then.
    New,
}

impl Former {
    /// Reads the file that `--json` wrote.
    ///
    /// # Errors
    /// There is none, or it holds something else.
    pub fn read(file: &Path) -> anyhow::Result<Self> {
        let text = std::fs::read(file).with_context(|| format!("{} cannot be read", file.display()))?;
        serde_json::from_slice(&text).with_context(|| format!("{} is not what --json writes", file.display()))
    }

    /// Looks for each row's former self.
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

impl FormerRow {
    fn is(&self, row: &Row) -> bool {
        (&*self.bench, &*self.deployment) == (row.bench, row.deployment)
            && (&self.measure, &self.against) == (&row.measure, &row.against)
    }
}

impl Change {
    fn of(row: &Row, then: Option<&FormerRow>) -> Self {
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
    /// Prints each row's former ratio beside the new one, and what is missing.
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
            let (old, word) = (then.and_then(|then| then.ratio), Change::of(row, *then).word());
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
            let FormerRow {
                bench,
                deployment,
                measure,
                against,
                ..
            } = then;
            println!("not measured any more: {bench}, {measure}, against {against}, on {deployment}");
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

    fn former(rows: &[Row]) -> Former {
        let conditions = crate::machine::conditions();
        serde_json::from_value(json!({ "before": conditions, "quick": false, "rows": rows })).unwrap()
    }

    #[test]
    fn a_ratio_is_another_only_when_no_round_reaches_into_the_former_ones() {
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
            .map(|(row, then)| Change::of(row, *then))
            .collect();
        assert_eq!(
            changes,
            [
                Change::Worse,
                Change::Better,
                Change::Other,
                Change::WithinSpread,
                Change::Unknown,
                Change::New
            ]
        );
        let missing: Vec<_> = compared.missing.iter().map(|then| &*then.measure).collect();
        assert_eq!(missing, ["gone"]);
    }

    #[test]
    fn what_did_not_run_is_not_missed() {
        let mut other = row("P99", "ms", &[1.0]);
        other.bench = "accept";
        let then = former(&[other]);
        assert!(then.compare(&[row("P50", "ms", &[1.0])]).missing.is_empty());
    }
}
