//! `jackfield adapter check`

use std::fmt::Write as _;
use std::path::Path;

use anyhow::bail;
use jackfield_kit::build::{self, BuildError, FOLDER};
use jackfield_kit::languages::Language;
use jackfield_kit::progress::Progress;
use jackfield_kit::project::Project;
use jackfield_kit::tools::Tools;
use serde_json::Value;

use super::rehearsal::RehearsalArgs;
use crate::cli::output::{Colour, Output, printable, progress};
use jackfield_conformance::check;
use jackfield_conformance::report::{CheckResult, ConformanceCheck, ConformanceReport};

#[derive(Debug, clap::Args)]
pub struct CheckAdapterArgs {
    #[command(flatten)]
    rehearsal: RehearsalArgs,
    /// Show every check, not only those whose result is not right.
    #[arg(long)]
    all: bool,
}

impl CheckAdapterArgs {
    pub async fn run(self, output: &Output) -> anyhow::Result<()> {
        let file = self.rehearsal.file.display();
        let bytes = self.rehearsal.component()?;
        let folder = self.rehearsal.cassette();
        let runtime = RehearsalArgs::runtime()?;
        let report_step = |step: &str| progress(&format!("{file}: {step}…"));
        let options = self.rehearsal.options();
        let every = options.only.is_empty();
        let mut report = check(&runtime, &bytes, folder.as_deref(), options, &report_step).await;
        if every && let Some(native) = native_tests(&self.rehearsal.file, &report_step) {
            report.add(native);
        }
        output.print_result(&report, || render(output, &report, self.all))?;
        match report.summary.wrong {
            0 => Ok(()),
            1 => bail!("one check went wrong"),
            wrong => bail!("{wrong} checks went wrong"),
        }
    }
}

/// The native tests of the project in C that the component belongs to: only a native program can have the address
/// sanitizer. None for other languages, and without tests.
fn native_tests(file: &Path, report_step: &dyn Fn(&str)) -> Option<ConformanceCheck> {
    const ID: &str = "native.tests";
    let folder = file.parent()?.join("..");
    let project = Project::open(&folder).ok()?;
    if project.manifest().language != Language::C || !project.root().join("tests").is_dir() {
        return None;
    }
    let progress = Progress::new(report_step);
    let tested = Tools::of_user().and_then(|tools| build::test(&project, &folder.join(FOLDER), &tools, &progress));
    Some(match tested {
        Ok(_) => ConformanceCheck::right(ID, "tests"),
        Err(BuildError::Failed { command, output }) => ConformanceCheck::wrong(
            ID,
            command,
            "it compiles, and ends without a complaint",
            first_words(&output),
        )
        .because("see all of it with `jackfield adapter test`"),
        Err(error) => ConformanceCheck::skipped(ID, "tests", error.to_string()),
    })
}

/// The first lines of a compiler's or a sanitizer's complaint that say something.
fn first_words(output: &str) -> String {
    let lines = output
        .lines()
        .map(str::trim)
        .filter(|line| line.contains(char::is_alphabetic));
    lines.take(2).collect::<Vec<_>>().join("; ")
}

/// The report for people: the checks whose result is not right, by group, and a summary.
fn render(output: &Output, report: &ConformanceReport, all: bool) -> String {
    let mut text = String::new();
    let adapter = report.adapter.as_deref().unwrap_or("no adapter");
    // Writing to a `String` cannot fail.
    let _ = writeln!(text, "{adapter} {}", report.digest);
    if let Some(cassette) = &report.cassette {
        let _ = writeln!(text, "fixtures: {}", printable(cassette));
    }
    let mut groups: Vec<&str> = vec![];
    for check in &report.checks {
        if !groups.contains(&check.group()) {
            groups.push(check.group());
        }
    }
    for group in groups {
        let checks = report.checks.iter().filter(|check| check.group() == group);
        let (right, others): (Vec<_>, Vec<_>) = checks.partition(|check| check.verdict == CheckResult::Right);
        let _ = writeln!(text, "\n{group}");
        if !right.is_empty() && !all {
            let _ = writeln!(text, "  {} {} right", mark(output, CheckResult::Right), right.len());
        }
        let listed = right.into_iter().filter(|_| all).chain(others);
        for check in listed {
            text.push_str(&render_check(output, check));
        }
    }
    if !report.usage.is_empty() {
        let headers = [
            "EXPORT",
            "INVOCATIONS",
            "MOST TIME",
            "MOST CPU",
            "MOST MEMORY",
            "MOST REQUESTS",
        ];
        let rows = report.usage.iter().map(|usage| {
            let most = usage.most;
            vec![
                usage.call.clone(),
                usage.calls.to_string(),
                millis(most.wall_us),
                millis(most.cpu_us),
                super::size(most.memory),
                most.requests.to_string(),
            ]
        });
        let _ = writeln!(text, "\n{}", output.table(&headers, rows));
    }
    let summary = report.summary;
    let _ = write!(
        text,
        "\n{} right, {} tolerated, {} skipped, {} wrong. ",
        summary.right, summary.tolerated, summary.skipped, summary.wrong
    );
    text.push_str(match (summary.wrong, &report.cassette) {
        (0, Some(_)) => "Next: jackfield adapter push",
        (0, None) => "Next: record or write fixtures, so that invocations can be checked",
        _ => "Next: fix what is wrong, from the top; the first may have caused others",
    });
    text
}

fn mark(output: &Output, verdict: CheckResult) -> String {
    match verdict {
        CheckResult::Right => output.coloured("ok   ", Colour::Green),
        CheckResult::Tolerated => output.coloured("note ", Colour::Yellow),
        CheckResult::Skipped => output.coloured("skip ", Colour::Yellow),
        CheckResult::Wrong => output.coloured("WRONG", Colour::Red),
    }
}

fn render_check(output: &Output, check: &ConformanceCheck) -> String {
    let subject = if check.subject.is_empty() { "" } else { ": " };
    let mut text = format!(
        "  {} {}{subject}{}\n",
        mark(output, check.verdict),
        check.id,
        printable(&check.subject)
    );
    let details = [
        ("expected", &check.expected),
        ("came", &check.came),
        ("", &check.why),
        ("see", &check.see),
    ];
    for (name, detail) in details {
        if let Some(detail) = detail {
            let colon = if name.is_empty() { "" } else { ": " };
            let _ = writeln!(text, "        {name}{colon}{}", printable(detail));
        }
    }
    if !check.exchanges.is_empty() {
        text.push_str("        exchanged:\n");
    }
    for (index, exchange) in check.exchanges.iter().enumerate() {
        text.push_str(&render_exchange(index + 1, exchange));
    }
    text
}

/// A request and its reply, each on a line: the members of a fixture.
fn render_exchange(number: usize, exchange: &Value) -> String {
    let request = &exchange["request"];
    let shown = |member: &Value| member.as_str().map_or_else(|| member.to_string(), str::to_owned);
    let body = |message: &Value| {
        let body = ["json", "form", "text"].into_iter().find_map(|name| message.get(name));
        body.map(|body| format!(" {}", shown(body))).unwrap_or_default()
    };
    let headers = |message: &Value| match message["headers"].as_object() {
        Some(headers) if !headers.is_empty() => format!(" {}", message["headers"]),
        _ => String::new(),
    };
    let sent = format!(
        "{} {}{}{}",
        shown(&request["method"]),
        shown(&request["url"]),
        headers(request),
        body(request)
    );
    let answer = &exchange["answer"];
    let got = if answer.is_null() {
        format!("no answer: {}", exchange["fails"])
    } else {
        format!("{}{}{}", answer["status"], headers(answer), body(answer))
    };
    format!(
        "          {number}. {}\n             {}\n",
        printable(&sent),
        printable(&got)
    )
}

/// Microseconds as milliseconds, for people.
fn millis(micros: u64) -> String {
    format!("{}.{:01} ms", micros / 1000, micros % 1000 / 100)
}
