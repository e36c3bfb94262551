//! The result: rows of a measure, ours, its reference, their ratio and its spread.

use comfy_table::presets::UTF8_HORIZONTAL_ONLY;
use comfy_table::{CellAlignment, Table};
use serde::Serialize;

/// One measure.
#[derive(Debug, Serialize)]
pub struct Row {
    /// What was measured, with its unit.
    pub measure: String,
    /// The figure: the median of the rounds.
    pub ours: f64,
    /// What it is compared with: the median of the rounds.
    pub reference: f64,
    /// The median of the rounds' ratios.
    pub ratio: f64,
    /// The lowest and the highest of the rounds' ratios.
    pub spread: (f64, f64),
    /// What the ratio should be at most.
    pub at_most: f64,
    /// What else there is to say.
    pub note: String,
}

impl Row {
    /// A row of rounds, each with our figure and the reference's.
    pub fn of(measure: impl Into<String>, rounds: &[(f64, f64)], at_most: f64, note: impl Into<String>) -> Self {
        let ratios: Vec<_> = rounds.iter().map(|(ours, reference)| ours / reference).collect();
        Self {
            measure: measure.into(),
            ours: median(rounds.iter().map(|round| round.0)),
            reference: median(rounds.iter().map(|round| round.1)),
            ratio: median(ratios.iter().copied()),
            spread: (
                ratios.iter().copied().fold(f64::INFINITY, f64::min),
                ratios.iter().copied().fold(0.0, f64::max),
            ),
            at_most,
            note: note.into(),
        }
    }
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<_> = values.collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

/// Prints the rows as a table.
pub fn print(rows: &[Row]) {
    let mut table = Table::new();
    table.load_style(UTF8_HORIZONTAL_ONLY);
    table.set_header(["measure", "ours", "reference", "ratio", "spread", "goal", ""]);
    for row in rows {
        table.add_row([
            row.measure.clone(),
            format!("{:.2}", row.ours),
            format!("{:.2}", row.reference),
            format!("{:.2}", row.ratio),
            format!("{:.2}–{:.2}", row.spread.0, row.spread.1),
            format!("≤ {}", row.at_most),
            row.note.clone(),
        ]);
    }
    for column in 1..6 {
        if let Some(column) = table.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    println!("{table}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_has_the_medians_and_the_spread_of_the_ratios() {
        let row = Row::of("x", &[(3.0, 2.0), (1.0, 2.0), (2.0, 1.0)], 1.5, "");
        assert!((row.ours - 2.0).abs() < 1e-9 && (row.reference - 2.0).abs() < 1e-9);
        assert!((row.ratio - 1.5).abs() < 1e-9);
        assert_eq!(row.spread, (0.5, 2.0));
    }
}
