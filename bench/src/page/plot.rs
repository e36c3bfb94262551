//! The plot of a benchmark: the ratios of each line on one scale, and the host's figure beside the reference's.
//! Positions on the scale are percentages, so that the page adapts to the window's width; marks keep their shapes.

use super::markup::{Element, element};
use super::scale::Scale;
use super::{Outcome, anchor};
use crate::rows::{Goal, Row, figure};
use crate::table_lines::{BenchTable, TableLine};

/// The plot of a benchmark.
pub fn of(lines: &BenchTable<'_>) -> Element {
    let rows = || {
        lines
            .entries
            .iter()
            .flat_map(|line| lines.deployments.iter().filter_map(|name| line.on(name)))
    };
    let scale = Scale::of(rows().flat_map(|row| {
        let Row { ratio, spread, .. } = row;
        [*ratio, spread.0, spread.1].into_iter().chain(row.goal_as_ratio())
    }));
    let how = if scale.logarithmic { ", each step a factor" } else { "" };
    let caption = format!("Ratio of ours to the reference{how}; and both figures");
    element("figure")
        .with("class", "plot")
        .child(element("figcaption").text(caption))
        .child(axis(&scale))
        .children(lines.entries.iter().enumerate().map(|(number, line)| {
            let runs = lines.deployments.iter().enumerate().filter_map(|(column, deployment)| {
                let row = line.on(deployment)?;
                let name = (lines.deployments.len() > 1).then_some(*deployment);
                Some(run(
                    row,
                    name,
                    &scale,
                    &format!("{}-{column}", anchor(lines.bench, number)),
                ))
            });
            element("div")
                .with("class", "line")
                .with("id", anchor(lines.bench, number))
                .child(label(line))
                .child(element("div").with("class", "runs").children(runs))
        }))
        .child(axis(&scale))
}

/// The numbers of the scale, for sighted readers only: every line states its ratio as text.
fn axis(scale: &Scale) -> Element {
    let numbers = scale.ticks().into_iter().map(|tick| {
        element("text")
            .with("x", percent(scale, tick.ratio))
            .with("y", "1.1em")
            .with("text-anchor", "middle")
            .text(tick.label)
    });
    let svg = element("svg").with("class", "scale").children(numbers);
    element("div")
        .with("class", "line axis")
        .with("aria-hidden", "true")
        .child(cell("label"))
        .child(
            cell("runs").child(
                cell("run")
                    .child(cell("strip").child(svg))
                    .child(cell("said"))
                    .child(cell("bars")),
            ),
        )
}

fn cell(class: &str) -> Element {
    element("div").with("class", class)
}

fn label(line: &TableLine<'_>) -> Element {
    let against = element("span")
        .text("against ")
        .child(element("em").text(&line.first.against));
    let notes = line.notes().into_iter().map(|note| element("small").text(note));
    cell("label")
        .child(element("b").text(&line.first.measure))
        .child(against)
        .children(notes)
}

/// A row: its ratio, the outcome of its goal, its figures.
fn run(row: &Row, deployment: Option<&str>, scale: &Scale, id: &str) -> Element {
    let outcome = Outcome::of(row);
    let number = element("p").child(element("b").text(figure(row.ratio))).child(
        element("span")
            .with("class", "quiet")
            .text(format!(" ({})", spread(row))),
    );
    let said = cell("said")
        .children(deployment.map(|name| element("p").with("class", "deployment").text(name)))
        .child(number)
        .child(
            element("p")
                .with("class", "verdict")
                .child(
                    element("span")
                        .with("class", "sign")
                        .with("aria-hidden", "true")
                        .text(outcome.sign()),
                )
                .text(format!(" {}", verdict(row))),
        );
    cell(&format!("run {}", outcome.class()))
        .child(cell("strip").child(strip(row, scale, id)))
        .child(said)
        .child(bars(row))
}

/// The outcome of a row's goal in words.
pub fn verdict(row: &Row) -> String {
    let Some(goal) = row.goal else {
        return "no goal".into();
    };
    let is = match goal {
        Goal::RatioAtLeast(_) | Goal::RatioAtMost(_) => String::new(),
        Goal::AddedAtMost(_) => format!(", was {} {}", figure(row.added), row.unit),
        Goal::Exactly(_) => format!(", was {}", figure(row.ours)),
    };
    let reached = if row.reached() == Some(true) {
        "reached"
    } else {
        "missed"
    };
    format!("{reached}: {goal}{is}")
}

fn spread(row: &Row) -> String {
    format!("{}–{}", figure(row.spread.0), figure(row.spread.1))
}

/// A row's position on the scale.
fn strip(row: &Row, scale: &Scale, id: &str) -> Element {
    let outcome = Outcome::of(row);
    let title = format!("{} against {}: {}", row.measure, row.against, figure(row.ratio));
    let described = format!(
        "The median ratio of {} is {}, from {} to {}; {}.",
        rounds(row.rounds),
        figure(row.ratio),
        figure(row.spread.0),
        figure(row.spread.1),
        verdict(row)
    );
    let (title_id, described_id) = (format!("{id}-title"), format!("{id}-desc"));
    let mut svg = element("svg")
        .with("class", "scale")
        .with("role", "img")
        .with("aria-labelledby", format!("{title_id} {described_id}"))
        .child(element("title").with("id", title_id).text(title))
        .child(element("desc").with("id", described_id).text(described))
        .children(good(row, scale))
        .children(scale.ticks().iter().map(|tick| upright(scale, tick.ratio, "grid")))
        .child(upright(scale, 1.0, "even"))
        .children(goal(row, scale));
    if row.rounds > 1 && row.spread.0.is_finite() {
        svg = svg
            .child(
                element("line")
                    .with("class", "whisker")
                    .with("x1", percent(scale, row.spread.0))
                    .with("x2", percent(scale, row.spread.1))
                    .with("y1", "50%")
                    .with("y2", "50%"),
            )
            .children([row.spread.0, row.spread.1].map(|end| {
                let cap = element("path").with("class", "whisker").with("d", "M0,-4V4");
                at(scale, end).child(cap)
            }));
    }
    if row.ratio.is_nan() {
        return svg;
    }
    let mark = if scale.holds(row.ratio) {
        mark(outcome)
    } else if row.ratio < 1.0 {
        arrow(outcome, "M13,-7 1,0 13,7Z")
    } else {
        arrow(outcome, "M-13,-7 -1,0 -13,7Z")
    };
    svg.child(at(scale, row.ratio).child(mark))
}

fn rounds(count: usize) -> String {
    if count == 1 {
        "1 round".into()
    } else {
        format!("{count} rounds")
    }
}

/// The range in which the goal is reached.
fn good(row: &Row, scale: &Scale) -> Option<Element> {
    let goal = scale.percent(row.goal_as_ratio()?);
    let (from, to) = match row.goal? {
        Goal::RatioAtLeast(_) => (goal, 100.0),
        Goal::RatioAtMost(_) | Goal::AddedAtMost(_) => (0.0, goal),
        Goal::Exactly(_) => return None,
    };
    Some(
        element("rect")
            .with("class", "good")
            .with("x", format!("{from:.2}%"))
            .with("y", "0")
            .with("width", format!("{:.2}%", to - from))
            .with("height", "100%"),
    )
}

/// The goal's line, with a flag on the side on which it is reached.
fn goal(row: &Row, scale: &Scale) -> Option<Element> {
    let goal = row.goal_as_ratio().filter(|goal| scale.holds(*goal))?;
    let flag = match row.goal? {
        Goal::RatioAtLeast(_) => "M0,0H7L0,7Z",
        Goal::RatioAtMost(_) | Goal::AddedAtMost(_) => "M0,0H-7L0,7Z",
        Goal::Exactly(_) => "M-5,0H5L0,7Z",
    };
    let flag = at_height(scale, goal, "0").child(element("path").with("class", "flag").with("d", flag));
    Some(element("g").child(upright(scale, goal, "goal")).child(flag))
}

fn upright(scale: &Scale, ratio: f64, class: &str) -> Element {
    element("line")
        .with("class", class)
        .with("x1", percent(scale, ratio))
        .with("x2", percent(scale, ratio))
        .with("y1", "0")
        .with("y2", "100%")
}

/// The space for shapes around a ratio, in pixels.
fn at(scale: &Scale, ratio: f64) -> Element {
    at_height(scale, ratio, "50%")
}

fn at_height(scale: &Scale, ratio: f64, height: &str) -> Element {
    element("svg")
        .with("class", "place")
        .with("x", percent(scale, ratio))
        .with("y", height)
        .with("width", "1")
        .with("height", "1")
        .with("overflow", "visible")
}

fn percent(scale: &Scale, ratio: f64) -> String {
    format!("{:.2}%", scale.percent(ratio))
}

/// Each outcome has its own shape, so that colour is not the only distinction.
fn mark(outcome: Outcome) -> Element {
    let shape = match outcome {
        Outcome::Reached => element("circle").with("r", "6"),
        Outcome::Missed => element("path").with("d", "M0,-7.5 7.5,0 0,7.5 -7.5,0Z"),
        Outcome::NoGoal => element("circle").with("r", "5"),
    };
    shape.with("class", format!("mark {}", outcome.class()))
}

/// An arrow for a ratio beyond an end of the scale.
fn arrow(outcome: Outcome, path: &str) -> Element {
    let class = format!("mark {}", outcome.class());
    element("path").with("d", path).with("class", class)
}

/// A mark for the legend.
pub fn sample(outcome: Outcome) -> Element {
    let whisker = element("path")
        .with("class", "whisker")
        .with("d", "M-14,0H14M-14,-4V4M14,-4V4");
    sampled(outcome.class()).child(whisker).child(mark(outcome))
}

/// A goal for the legend.
pub fn sample_goal() -> Element {
    let good = element("rect").with("class", "good").with("x", "-16").with("y", "-9");
    sampled("")
        .child(good.with("width", "16").with("height", "18"))
        .child(element("path").with("class", "goal").with("d", "M0,-9V9"))
        .child(element("path").with("class", "flag").with("d", "M0,-9H-7L0,-2Z"))
}

/// The line at 1 for the legend.
pub fn sample_even() -> Element {
    sampled("").child(element("path").with("class", "even").with("d", "M0,-9V9"))
}

fn sampled(class: &str) -> Element {
    element("svg")
        .with("class", format!("sample {class}"))
        .with("viewBox", "-18 -10 36 20")
        .with("aria-hidden", "true")
}

/// The host's figure and the reference's. The bars show the numbers beside them.
fn bars(row: &Row) -> Element {
    let longest = row.ours.max(row.reference);
    let bar = |class: &str, name: &str, value: f64| {
        let long = if longest > 0.0 {
            value.max(0.0) / longest * 100.0
        } else {
            0.0
        };
        let rect = element("rect")
            .with("width", format!("{long:.2}%"))
            .with("height", "100%")
            .with("rx", "2");
        [
            element("span").with("class", "name").text(name),
            element("svg")
                .with("class", class)
                .with("aria-hidden", "true")
                .child(rect),
            element("span")
                .with("class", "value")
                .text(format!("{} {}", figure(value), row.unit).trim_end()),
        ]
    };
    cell("bars")
        .children(bar("ours", "ours", row.ours))
        .children(bar("reference", "reference", row.reference))
}
