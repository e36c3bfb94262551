//! Groups rows to table lines: the figures of several deployments are in one line.

use crate::rows::Row;

/// One measure against one reference, on every deployment.
#[derive(Debug)]
pub struct TableLine<'a> {
    /// The row that was measured first. It has what all rows of the line share.
    pub first: &'a Row,
    rows: Vec<&'a Row>,
}

/// The lines of one benchmark.
#[derive(Debug)]
pub struct BenchTable<'a> {
    /// The benchmark.
    pub bench: &'static str,
    /// The deployments, in the order of measurement.
    pub deployments: Vec<&'static str>,
    /// The lines, in the order of measurement.
    pub entries: Vec<TableLine<'a>>,
}

impl<'a> TableLine<'a> {
    /// The row of a deployment; `None` if it was not measured.
    pub fn on(&self, deployment: &str) -> Option<&'a Row> {
        self.rows.iter().find(|row| row.deployment == deployment).copied()
    }

    /// The remarks on its rows.
    pub fn notes(&self) -> Vec<&'a str> {
        let mut notes = vec![];
        for row in &self.rows {
            if !row.note.is_empty() && !notes.contains(&&*row.note) {
                notes.push(&*row.note);
            }
        }
        notes
    }

    fn fits(&self, row: &Row) -> bool {
        let Row {
            measure, against, unit, ..
        } = self.first;
        (measure, against, *unit) == (&row.measure, &row.against, row.unit) && self.on(row.deployment).is_none()
    }
}

/// The lines of every benchmark, in the order of the benchmarks.
pub fn group(rows: &[Row]) -> Vec<BenchTable<'_>> {
    let mut all: Vec<BenchTable<'_>> = vec![];
    for row in rows {
        if let Some(lines) = all.iter_mut().find(|lines| lines.bench == row.bench) {
            lines.put(row);
        } else {
            let mut lines = BenchTable {
                bench: row.bench,
                deployments: vec![],
                entries: vec![],
            };
            lines.put(row);
            all.push(lines);
        }
    }
    all
}

impl<'a> BenchTable<'a> {
    /// Adds a row to its line. A second row of the same deployment starts a new line, so that no row hides another.
    fn put(&mut self, row: &'a Row) {
        if !self.deployments.contains(&row.deployment) {
            self.deployments.push(row.deployment);
        }
        match self.entries.iter_mut().find(|line| line.fits(row)) {
            Some(line) => line.rows.push(row),
            None => self.entries.push(TableLine {
                first: row,
                rows: vec![row],
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deployments_share_a_line() {
        let row = |bench, deployment, measure: &str, against: &str| {
            let mut row = Row::of(measure, "ms", against, &[(1.0, 2.0)]);
            (row.bench, row.deployment) = (bench, deployment);
            row
        };
        let rows = [
            row("status", "SQLite", "P50", "native"),
            row("status", "SQLite", "P50", "serve"),
            row("status", "PostgreSQL", "P50", "native"),
            row("status", "PostgreSQL", "P99", "native"),
            row("swap", "PostgreSQL", "P50", "native"),
            row("status", "SQLite", "P50", "native"),
        ];
        let all = group(&rows);
        let shown = all.iter().map(|lines| {
            let lines_of = lines.entries.iter().map(|line| {
                let there = lines.deployments.iter().map(|deployment| line.on(deployment).is_some());
                (&*line.first.measure, &*line.first.against, there.collect::<Vec<_>>())
            });
            (lines.bench, lines.deployments.clone(), lines_of.collect::<Vec<_>>())
        });
        assert_eq!(
            shown.collect::<Vec<_>>(),
            [
                (
                    "status",
                    vec!["SQLite", "PostgreSQL"],
                    vec![
                        ("P50", "native", vec![true, true]),
                        ("P50", "serve", vec![true, false]),
                        ("P99", "native", vec![false, true]),
                        ("P50", "native", vec![true, false]),
                    ]
                ),
                ("swap", vec!["PostgreSQL"], vec![("P50", "native", vec![true])]),
            ]
        );
    }
}
