//! Rows in lines: what was measured of several deployments stands side by side.

use crate::rows::Row;

/// What was measured in one way against one reference, on every deployment.
#[derive(Debug)]
pub struct Line<'a> {
    /// The row that was measured first: what the others have in common with it stands in it.
    pub first: &'a Row,
    rows: Vec<&'a Row>,
}

/// The lines of one benchmark.
#[derive(Debug)]
pub struct Lines<'a> {
    /// The benchmark.
    pub bench: &'static str,
    /// The deployments, in the order in which they were measured.
    pub deployments: Vec<&'static str>,
    /// The lines, in the order in which they were measured.
    pub entries: Vec<Line<'a>>,
}

impl<'a> Line<'a> {
    /// The row of a deployment; none where it was not measured.
    pub fn on(&self, deployment: &str) -> Option<&'a Row> {
        self.rows.iter().find(|row| row.deployment == deployment).copied()
    }

    /// What else there is to say of its rows.
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

/// The lines of every benchmark, in the order in which they ran.
pub fn of(rows: &[Row]) -> Vec<Lines<'_>> {
    let mut all: Vec<Lines<'_>> = vec![];
    for row in rows {
        if let Some(lines) = all.iter_mut().find(|lines| lines.bench == row.bench) {
            lines.put(row);
        } else {
            let mut lines = Lines {
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

impl<'a> Lines<'a> {
    /// Puts a row into the line that it belongs to. A second one of the same deployment begins a line of its own, so
    /// that none hides another.
    fn put(&mut self, row: &'a Row) {
        if !self.deployments.contains(&row.deployment) {
            self.deployments.push(row.deployment);
        }
        match self.entries.iter_mut().find(|line| line.fits(row)) {
            Some(line) => line.rows.push(row),
            None => self.entries.push(Line {
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
    fn deployments_are_columns_of_a_line() {
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
        let all = of(&rows);
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
