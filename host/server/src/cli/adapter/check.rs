//! `jackfield adapter check`

use std::env;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, bail};
use jackfield_kit::build::{self, BuildError, FOLDER};
use jackfield_kit::languages::Language;
use jackfield_kit::progress::Progress;
use jackfield_kit::project::Project;
use jackfield_kit::tools::{Tools, user_cache};

use crate::cli::output::{Colour, Output, printable, progress};
use jackfield_clock::SystemClock;
use jackfield_conformance::report::{CheckResult, ConformanceCheck, ConformanceReport};
use jackfield_conformance::{ConformanceOptions, check};
use jackfield_domain::tenant::release::LimitsSpec;
use jackfield_sandbox::{Runtime, RuntimeConfig};

/// The folder of fixtures in a project.
const FIXTURES: &str = "fixtures";

#[derive(Debug, clap::Args)]
pub struct CheckAdapterArgs {
    /// The component.
    #[arg(value_name = "FILE.wasm")]
    file: PathBuf,
    /// The folder of fixtures.
    #[arg(long, value_name = "FOLDER")]
    cassette: Option<PathBuf>,
    /// Play this fixture only: its file's name without `.json`. The option may be repeated.
    #[arg(long, value_name = "NAME")]
    fixture: Vec<String>,
    /// Memory that an invocation may use, in MiB, like `limits.memory_mib` of a tenant's file.
    #[arg(
        long,
        value_name = "MIB",
        default_value_t = LimitsSpec::default().memory_mib,
        value_parser = clap::value_parser!(u32).range(1..=i64::from(LimitsSpec::MAX_MEMORY_MIB))
    )]
    memory_mib: u32,
    /// Processor time that an invocation may use, in milliseconds, like `limits.cpu_ms` of a tenant's file.
    #[arg(
        long,
        value_name = "MS",
        default_value_t = LimitsSpec::default().cpu_ms,
        value_parser = clap::value_parser!(u32).range(1..=i64::from(LimitsSpec::MAX_CPU_MS))
    )]
    cpu_ms: u32,
    /// Show every check, not only those whose result is not right.
    #[arg(long)]
    all: bool,
}

impl CheckAdapterArgs {
    pub async fn run(self, output: &Output) -> anyhow::Result<()> {
        let file = self.file.display();
        let bytes = std::fs::read(&self.file).with_context(|| format!("cannot read {file}"))?;
        let folder = self.cassette.clone().or_else(|| default_cassette(&self.file));
        let program = env::current_exe().context("cannot find the path of this program")?;
        let config = RuntimeConfig {
            // The checks invoke the adapter once at a time.
            max_instances: 4,
            warm_instances: 1,
            allow_pooling: false,
            ..RuntimeConfig::new(cache()?, program)
        };
        let limits = LimitsSpec {
            memory_mib: self.memory_mib,
            cpu_ms: self.cpu_ms,
            ..LimitsSpec::default()
        };
        let runtime = Runtime::start(config, Arc::new(SystemClock))?;
        let options = ConformanceOptions {
            memory: limits.memory(),
            cpu: limits.cpu(),
            // For every invocation: the fake CRM does not wait.
            deadline: limits.write_deadline(),
            fresh_key: format!("chk-{:016x}", rand::random::<u64>()),
            only: self.fixture,
        };
        let report_step = |step: &str| progress(&format!("{file}: {step}…"));
        let every = options.only.is_empty();
        let mut report = check(&runtime, &bytes, folder.as_deref(), options, &report_step).await;
        if every && let Some(native) = native_tests(&self.file, &report_step) {
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

/// The fixtures of the project that the component belongs to, or those in the current folder.
fn default_cassette(file: &Path) -> Option<PathBuf> {
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty());
    let project = folder.map(|folder| folder.join("..").join(FIXTURES));
    let candidates = project.into_iter().chain([PathBuf::from(FIXTURES)]);
    candidates.into_iter().find(|folder| folder.is_dir())
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

/// The folder for this user's compiled adapters, so that the next check of a component need not compile it.
fn cache() -> anyhow::Result<PathBuf> {
    let cache = user_cache().context("there is no folder for compiled adapters: set HOME or XDG_CACHE_HOME")?;
    Ok(cache.join("compiled"))
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
    text
}

/// Microseconds as milliseconds, for people.
fn millis(micros: u64) -> String {
    format!("{}.{:01} ms", micros / 1000, micros % 1000 / 100)
}
