//! The page of plots: one file without scripts or network requests. For each benchmark it shows the ratios, the host's
//! figure beside the reference's, and all figures in a table.

mod figures;
mod markup;
mod plot;
mod scale;

use crate::machine::Conditions;
use crate::report::Report;
use crate::rows::Row;
use crate::table_lines::{self, BenchTable};
use markup::{Element, element};

const STYLE: &str = include_str!("page.css");

/// The page of a run.
pub fn of(report: &Report) -> String {
    let all = table_lines::group(&report.rows);
    let title = "Benchmarks of Jackfield and the alternatives to it";
    let head = element("head")
        .child(element("meta").with("charset", "utf-8"))
        .child(
            element("meta")
                .with("name", "viewport")
                .with("content", "width=device-width, initial-scale=1"),
        )
        .child(
            element("meta")
                .with("name", "color-scheme")
                .with("content", "light dark"),
        )
        .child(element("title").text(title))
        .child(element("style").text(STYLE));
    let main = element("main")
        .child(opening(report, title))
        .children(caveats(report))
        .child(summary(&all))
        .child(machine(&report.before, &report.after))
        .children(skipped(report))
        .children((!all.is_empty()).then(key))
        .children(all.iter().map(section));
    let html = element("html")
        .with("lang", "en")
        .child(head)
        .child(element("body").child(main));
    format!("<!DOCTYPE html>\n{html}\n")
}

fn opening(report: &Report, title: &str) -> Element {
    let when = report.ended.strftime("%Y-%m-%d %H:%M UTC").to_string();
    element("header").child(element("h1").text(title)).child(
        element("p")
            .with("class", "quiet")
            .text(format!("Version {}, measured until ", report.version))
            .child(element("time").with("datetime", report.ended).text(when))
            .text(
                ". Each figure and its reference were measured in the same run, alternating. No goal is an absolute \
                 time.",
            ),
    )
}

/// The caveats of the run, if any.
fn caveats(report: &Report) -> Option<Element> {
    let caveats = report.caveats();
    let list = element("ul").children(caveats.iter().map(|caveat| element("li").text(caveat)));
    let title = element("h2").text("⚠ Caveats of this run");
    (!caveats.is_empty()).then(|| element("aside").with("class", "caveats").child(title).child(list))
}

/// How many goals were reached, and which were missed.
fn summary(all: &[BenchTable<'_>]) -> Element {
    let mut counts = [0; 3];
    let mut missed = vec![];
    for lines in all {
        for (number, line) in lines.entries.iter().enumerate() {
            for row in lines.deployments.iter().filter_map(|deployment| line.on(deployment)) {
                let outcome = Outcome::of(row);
                counts[outcome as usize] += 1;
                if outcome == Outcome::Missed {
                    let link = element("a").with("href", format!("#{}", anchor(lines.bench, number)));
                    let said = format!("{}, {} against {}", lines.bench, row.measure, row.against);
                    let ratio = format!(": {}", plot::verdict(row).trim_start_matches("missed: "));
                    let line = element("li").child(link.text(said));
                    missed.push(line.text(format!(" ({})", row.deployment)).text(ratio));
                }
            }
        }
    }
    let count = |outcome: Outcome, of: &str| {
        element("li")
            .with("class", outcome.class())
            .child(
                element("span")
                    .with("class", "sign")
                    .with("aria-hidden", "true")
                    .text(outcome.sign()),
            )
            .child(element("b").text(counts[outcome as usize].to_string()))
            .text(format!(" {of}"))
    };
    let section = element("section")
        .with("class", "summary")
        .with("aria-label", "Goals")
        .child(
            element("ul")
                .with("class", "counts")
                .child(count(Outcome::Reached, "goals reached"))
                .child(count(Outcome::Missed, "goals missed"))
                .child(count(Outcome::NoGoal, "rows without a goal")),
        );
    if missed.is_empty() {
        section
    } else {
        section
            .child(element("h2").text("Missed"))
            .child(element("ul").children(missed))
    }
}

/// The machine before and after the run.
fn machine(before: &Conditions, after: &Conditions) -> Element {
    let syncs = |conditions: &Conditions| {
        let rate = conditions.fdatasync_per_second;
        rate.map_or_else(|| "unknown".into(), |rate| format!("{rate:.0}/s"))
    };
    let row = |name: &str, values: [String; 2]| {
        element("tr")
            .child(element("th").with("scope", "row").text(name))
            .children(values.map(|value| element("td").text(value)))
    };
    let column = |name: &str| element("th").with("scope", "col").text(name);
    let about = format!(
        "{} cores ({}), {} GiB, Linux {}",
        before.cores, before.processor, before.memory_gib, before.kernel
    );
    element("section")
        .child(element("h2").text("The machine"))
        .child(element("p").text(about))
        .child(
            element("table")
                .with("class", "machine")
                .child(
                    element("thead").child(
                        element("tr")
                            .child(column(""))
                            .child(column("before the run"))
                            .child(column("after it")),
                    ),
                )
                .child(
                    element("tbody")
                        .child(row(
                            "load of 1, 5 and 15 minutes",
                            [before.load.clone(), after.load.clone()],
                        ))
                        .child(row("fdatasync", [syncs(before), syncs(after)])),
                ),
        )
}

fn skipped(report: &Report) -> Option<Element> {
    let list = element("ul").children(report.left_out.iter().map(|line| element("li").text(line)));
    let section = element("section").child(element("h2").text("Skipped")).child(list);
    (!report.left_out.is_empty()).then_some(section)
}

/// How to read a plot.
fn key() -> Element {
    let mark = |outcome: Outcome, said: &str| element("li").child(plot::sample(outcome)).text(said);
    element("section")
        .with("class", "key")
        .child(element("h2").text("How to read the plots"))
        .child(
            element("ul")
                .child(mark(Outcome::Reached, "goal reached"))
                .child(mark(Outcome::Missed, "goal missed"))
                .child(mark(Outcome::NoGoal, "no goal"))
                .child(
                    element("li")
                        .child(plot::sample_goal())
                        .text("goal; shaded where it is reached"),
                )
                .child(
                    element("li")
                        .child(plot::sample_even())
                        .text("1: as much as the reference"),
                ),
        )
        .child(element("p").with("class", "quiet").text(
            "Each mark is the median of the rounds' ratios, ours over the reference's; its whisker goes from the \
             lowest round to the highest. Bars compare two figures of one line; the longer is as long as there is \
             room.",
        ))
}

fn section(lines: &BenchTable<'_>) -> Element {
    let (title, about) = about(lines.bench);
    element("section")
        .with("class", "bench")
        .with("id", lines.bench)
        .child(element("h2").text(title))
        .child(element("p").with("class", "quiet").text(about))
        .child(plot::of(lines))
        .child(figures::of(lines))
}

/// The title of a benchmark and what it compares.
fn about(bench: &'static str) -> (&'static str, &'static str) {
    match bench {
        "status" => (
            "Status query",
            "Whether a lead may be called, through the whole host, against a native proxy and wasmtime serve.",
        ),
        "accept" => (
            "Durable accept",
            "Leads and dispositions, committed to disk before the response.",
        ),
        "writeback" => (
            "Write-back",
            "From the report of a call until the CRM has stored it, against common job queues.",
        ),
        "call" => (
            "Adapter invocation",
            "The cost of the sandbox alone, without network or storage, against bare wasmtime and Extism.",
        ),
        "swap" => (
            "Swap",
            "From applying a tenant file to the first invocation on its new release, and the effect on other requests.",
        ),
        "tenants" => (
            "Scale in tenants",
            "Memory, start-up, latency and idle processor time with many tenants.",
        ),
        "isolation" => (
            "Isolation",
            "A tenant's P99 beside misbehaving neighbours against its P99 alone.",
        ),
        other => (other, ""),
    }
}

/// The anchor of a line on the page.
fn anchor(bench: &str, line: usize) -> String {
    format!("{bench}-{line}")
}

/// The outcome of a goal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Reached,
    Missed,
    NoGoal,
}

impl Outcome {
    fn of(row: &Row) -> Self {
        match row.reached() {
            Some(true) => Self::Reached,
            Some(false) => Self::Missed,
            None => Self::NoGoal,
        }
    }

    const fn class(self) -> &'static str {
        match self {
            Self::Reached => "reached",
            Self::Missed => "missed",
            Self::NoGoal => "none",
        }
    }

    const fn word(self) -> &'static str {
        match self {
            Self::Reached => "reached",
            Self::Missed => "missed",
            Self::NoGoal => "no goal",
        }
    }

    const fn sign(self) -> &'static str {
        match self {
            Self::Reached => "✓",
            Self::Missed => "✗",
            Self::NoGoal => "○",
        }
    }
}

#[cfg(test)]
mod tests;
