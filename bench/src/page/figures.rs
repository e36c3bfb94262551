//! The table of a benchmark's figures. Each deployment is a group of columns.

use super::Outcome;
use super::markup::{Element, element};
use crate::rows::figure;
use crate::table_lines::{BenchTable, TableLine};

/// Columns before those of the deployments.
const LEADING: [&str; 4] = ["measure", "against", "unit", "goal"];
/// Columns of a deployment; all but the last contain numbers.
const EACH: [&str; 6] = ["ours", "reference", "ratio", "lowest–highest", "rounds", "outcome"];

/// The table of a benchmark.
pub fn of(lines: &BenchTable<'_>) -> Element {
    let alone = lines.deployments.len() == 1;
    let column = |name: &str| element("th").with("scope", "col").text(name);
    let mut above = element("tr")
        .with("class", "deployments")
        .child(element("td").with("colspan", LEADING.len()));
    let mut names = element("tr").children(LEADING.map(column));
    for deployment in &lines.deployments {
        above = above.child(
            element("th")
                .with("scope", "colgroup")
                .with("colspan", EACH.len())
                .text(*deployment),
        );
        names = names.children(EACH.map(|name| match name {
            "outcome" => column(name),
            number => column(number).with("class", "number"),
        }));
    }
    let head = element("thead").children((!alone).then_some(above)).child(names);
    let deployed = if alone {
        format!(" on {}", lines.deployments.join(""))
    } else {
        String::new()
    };
    let table = element("table")
        .child(element("caption").text(format!("Figures of {}{deployed}", lines.bench)))
        .child(head)
        .child(element("tbody").children(lines.entries.iter().map(|line| row(lines, line))));
    element("details")
        .with("open", "")
        .child(element("summary").text("All figures"))
        .child(
            element("div")
                .with("class", "scroll")
                .with("tabindex", "0")
                .child(table),
        )
}

fn row(lines: &BenchTable<'_>, line: &TableLine<'_>) -> Element {
    let text = |text: &str| element("td").text(text);
    let number = |text: String| element("td").with("class", "number").text(text);
    let goal = line.first.goal.map(|goal| goal.to_string()).unwrap_or_default();
    let mut cells = element("tr")
        .child(element("th").with("scope", "row").text(&line.first.measure))
        .child(text(&line.first.against))
        .child(text(line.first.unit))
        .child(text(&goal));
    for deployment in &lines.deployments {
        let Some(row) = line.on(deployment) else {
            cells = cells.child(
                element("td")
                    .with("colspan", EACH.len())
                    .with("class", "quiet")
                    .text("not measured"),
            );
            continue;
        };
        cells = cells
            .child(number(figure(row.ours)))
            .child(number(figure(row.reference)))
            .child(number(figure(row.ratio)))
            .child(number(format!("{}–{}", figure(row.spread.0), figure(row.spread.1))))
            .child(number(row.rounds.to_string()))
            .child(text(Outcome::of(row).word()));
    }
    cells
}
