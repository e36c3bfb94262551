//! The rows as tables for a terminal.

use std::fmt::Write as _;

use comfy_table::presets::UTF8_HORIZONTAL_ONLY;
use comfy_table::{CellAlignment, ColumnConstraint, ContentArrangement, Table};

use crate::rows::{Row, figure};
use crate::table_lines::{self, BenchTable};

/// The width if it cannot be detected: for a file, a pipe or CI.
pub const COLUMNS: u16 = 120;
/// Columns before those of the deployments: measure, unit, against, goal.
const LEADING: usize = 4;

/// One table for each benchmark, each followed by its remarks.
pub fn shown(rows: &[Row]) -> String {
    let mut text = String::new();
    for lines in table_lines::group(rows) {
        let (mut table, notes) = table(&lines);
        if table.width().is_none() {
            table.set_width(COLUMNS);
        }
        // Writing to a `String` cannot fail.
        let _ = writeln!(text, "{table}");
        for (number, note) in notes.iter().enumerate() {
            let _ = writeln!(text, " [{}] {note}", number + 1);
        }
        text += "\n";
    }
    text
}

/// A table and its remarks. A single deployment has a column for each figure and no name. Several deployments have one
/// column for both figures and one for the ratio, so that lines do not get too long.
fn table<'a>(lines: &BenchTable<'a>) -> (Table, Vec<&'a str>) {
    let alone = lines.deployments.len() == 1;
    let mut table = Table::new();
    table.load_style(UTF8_HORIZONTAL_ONLY);
    table.set_content_arrangement(ContentArrangement::Dynamic);
    let mut header: Vec<String> = [lines.bench, "unit", "against", "goal"].map(Into::into).into();
    for deployment in &lines.deployments {
        if alone {
            header.extend(["ours", "reference", "ratio", "spread", ""].map(Into::into));
        } else {
            header.extend([format!("{deployment}\nours\nreference"), "\nratio\nspread".into()]);
        }
    }
    table.set_header(header);
    let mut notes = vec![];
    for line in &lines.entries {
        let mut measure = line.first.measure.clone();
        for note in line.notes() {
            let number = notes.iter().position(|known| *known == note).unwrap_or_else(|| {
                notes.push(note);
                notes.len() - 1
            });
            let _ = write!(measure, " [{}]", number + 1);
        }
        let goal = line.first.goal.map(|goal| goal.to_string()).unwrap_or_default();
        let mut cells = vec![measure, line.first.unit.to_owned(), line.first.against.clone(), goal];
        for deployment in &lines.deployments {
            let row = line.on(deployment);
            if alone {
                cells.extend(row.map_or_else(Default::default, apart));
            } else {
                cells.extend(row.map_or_else(Default::default, together));
            }
        }
        table.add_row(cells);
    }
    for column in LEADING..table.column_count() {
        if let Some(column) = table.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Right);
            // Words may wrap, numbers must not.
            column.set_constraint(ColumnConstraint::ContentWidth);
        }
    }
    (table, notes)
}

fn apart(row: &Row) -> [String; 5] {
    let spread = format!("{}–{}", figure(row.spread.0), figure(row.spread.1));
    [
        figure(row.ours),
        figure(row.reference),
        figure(row.ratio),
        spread,
        verdict(row).into(),
    ]
}

fn together(row: &Row) -> [String; 2] {
    let [ours, reference, ratio, spread, verdict] = apart(row);
    [format!("{ours}\n{reference}"), format!("{ratio} {verdict}\n{spread}")]
}

/// Whether the goal was reached, as a word.
fn verdict(row: &Row) -> &'static str {
    match row.reached() {
        Some(true) => "yes",
        Some(false) => "NO",
        None => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rows::Goal;

    fn rows(deployments: &[&'static str]) -> Vec<Row> {
        let rows = deployments.iter().flat_map(|deployment| {
            ["a native proxy", "wasmtime serve"].map(|against| {
                let measure = "P99 of status queries, 1,000 at once, a CRM that takes 50 ms";
                let row = Row::of(
                    measure,
                    "calls/s",
                    against,
                    &[(28_123.0, 61_234.0), (29_000.0, 61_000.0)],
                );
                let mut row = row.goal(Goal::RatioAtLeast(0.5)).note("the same for both");
                (row.bench, row.deployment) = ("status", deployment);
                row
            })
        });
        rows.collect()
    }

    #[test]
    fn numbers_do_not_wrap() {
        for deployments in [
            &["SQLite"][..],
            &["SQLite", "PostgreSQL"],
            &["SQLite", "PostgreSQL", "three hosts"],
        ] {
            let text = shown(&rows(deployments));
            assert!(
                text.lines().all(|line| line.chars().count() <= COLUMNS.into()),
                "{text}"
            );
            for whole in ["28,562", "61,117", "0.47", "0.46–0.48", "NO"] {
                let count = text.matches(whole).count();
                assert!(
                    count >= 2 * deployments.len(),
                    "{whole} is there {count} times:\n{text}"
                );
            }
            assert!(
                deployments.len() == 1 || deployments.iter().all(|name| text.contains(name)),
                "{text}"
            );
        }
    }

    #[test]
    fn repeated_note_is_printed_once() {
        let text = shown(&rows(&["SQLite", "PostgreSQL"]));
        assert_eq!(text.matches("the same for both").count(), 1, "{text}");
        assert!(text.contains(" [1] the same for both"), "{text}");
    }
}
