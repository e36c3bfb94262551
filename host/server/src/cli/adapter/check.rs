//! `jackfield adapter check`

use std::env;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail};
use jackfield_kit::tools::user_cache;

use crate::cli::screen::{Colour, Screen, plain, progress};
use jackfield_clock::SystemClock;
use jackfield_conformance::report::{CheckResult, ConformanceCheck, ConformanceReport};
use jackfield_conformance::{ConformanceOptions, check};
use jackfield_sandbox::{Runtime, RuntimeConfig};

/// How long a call may take: the default of a write, for every call, since a double of a CRM does not wait.
const DEADLINE: Duration = Duration::from_secs(10);
/// The folder of fixtures in a project.
const FIXTURES: &str = "fixtures";

#[derive(Debug, clap::Args)]
pub struct CheckArgs {
    /// The component.
    #[arg(value_name = "FILE.wasm")]
    file: PathBuf,
    /// The folder of fixtures.
    #[arg(long, value_name = "FOLDER")]
    cassette: Option<PathBuf>,
    /// Play this fixture only: its file's name without `.json`. May be given several times.
    #[arg(long, value_name = "NAME")]
    fixture: Vec<String>,
    /// Memory that a call may take, in MiB, as `limits.memory_mib` of a tenant's file.
    #[arg(long, value_name = "MIB", default_value_t = 64, value_parser = clap::value_parser!(u32).range(1..=512))]
    memory_mib: u32,
    /// Processor time that a call may use, in milliseconds, as `limits.cpu_ms` of a tenant's file.
    #[arg(long, value_name = "MS", default_value_t = 200, value_parser = clap::value_parser!(u32).range(1..=60_000))]
    cpu_ms: u32,
    /// Show every check, not only those that need a look.
    #[arg(long)]
    all: bool,
}

impl CheckArgs {
    pub async fn run(self, screen: &Screen) -> anyhow::Result<()> {
        let file = self.file.display();
        let bytes = std::fs::read(&self.file).with_context(|| format!("cannot read {file}"))?;
        let folder = self.cassette.clone().or_else(|| beside(&self.file));
        let program = env::current_exe().context("this program does not know where it is")?;
        let config = RuntimeConfig {
            // Calls are made one after the other.
            max_instances: 4,
            warm_instances: 1,
            allow_pooling: false,
            ..RuntimeConfig::new(cache()?, program)
        };
        let runtime = Runtime::start(config, Arc::new(SystemClock))?;
        let terms = ConformanceOptions {
            memory: (self.memory_mib as usize) << 20,
            cpu: Duration::from_millis(self.cpu_ms.into()),
            deadline: DEADLINE,
            fresh_key: format!("chk-{:016x}", rand::random::<u64>()),
            only: self.fixture,
        };
        let tell = |step: &str| progress(&format!("{file}: {step}…"));
        let report = check(&runtime, &bytes, folder.as_deref(), terms, &tell).await;
        screen.tell(&report, || shown(screen, &report, self.all))?;
        match report.summary.wrong {
            0 => Ok(()),
            1 => bail!("one check went wrong"),
            wrong => bail!("{wrong} checks went wrong"),
        }
    }
}

/// The fixtures of the project whose component this is.
fn beside(file: &Path) -> Option<PathBuf> {
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty());
    let project = folder.map(|folder| folder.join("..").join(FIXTURES));
    let candidates = project.into_iter().chain([PathBuf::from(FIXTURES)]);
    candidates.into_iter().find(|folder| folder.is_dir())
}

/// Where this user's compiled adapters are kept, so that the next check begins at once.
fn cache() -> anyhow::Result<PathBuf> {
    let cache = user_cache().context("there is no folder for compiled adapters: set HOME or XDG_CACHE_HOME")?;
    Ok(cache.join("compiled"))
}

/// The report for people: what needs a look, group by group, and how it all ended.
fn shown(screen: &Screen, report: &ConformanceReport, all: bool) -> String {
    let mut text = String::new();
    let adapter = report.adapter.as_deref().unwrap_or("no adapter");
    // Writing to a text does not fail.
    let _ = writeln!(text, "{adapter} {}", report.digest);
    if let Some(cassette) = &report.cassette {
        let _ = writeln!(text, "fixtures: {}", plain(cassette));
    }
    let mut groups: Vec<&str> = vec![];
    for check in &report.checks {
        if !groups.contains(&check.group()) {
            groups.push(check.group());
        }
    }
    for group in groups {
        let of_group = report.checks.iter().filter(|check| check.group() == group);
        let (right, others): (Vec<_>, Vec<_>) = of_group.partition(|check| check.verdict == CheckResult::Right);
        let _ = writeln!(text, "\n{group}");
        if !right.is_empty() && !all {
            let _ = writeln!(text, "  {} {} right", mark(screen, CheckResult::Right), right.len());
        }
        let listed = right.into_iter().filter(|_| all).chain(others);
        for check in listed {
            text.push_str(&line(screen, check));
        }
    }
    if !report.usage.is_empty() {
        let headers = ["CALL", "CALLS", "MOST TIME", "MOST CPU", "MOST MEMORY", "MOST REQUESTS"];
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
        let _ = writeln!(text, "\n{}", screen.table(&headers, rows));
    }
    let summary = report.summary;
    let _ = write!(
        text,
        "\n{} right, {} tolerated, {} skipped, {} wrong. ",
        summary.right, summary.tolerated, summary.skipped, summary.wrong
    );
    text.push_str(match (summary.wrong, &report.cassette) {
        (0, Some(_)) => "Next: jackfield adapter push",
        (0, None) => "Next: record or write fixtures, so that its calls can be checked",
        _ => "Next: mend the wrong ones from the top; the first may be the cause of others",
    });
    text
}

fn mark(screen: &Screen, verdict: CheckResult) -> String {
    match verdict {
        CheckResult::Right => screen.coloured("ok   ", Colour::Green),
        CheckResult::Tolerated => screen.coloured("note ", Colour::Yellow),
        CheckResult::Skipped => screen.coloured("skip ", Colour::Yellow),
        CheckResult::Wrong => screen.coloured("WRONG", Colour::Red),
    }
}

fn line(screen: &Screen, check: &ConformanceCheck) -> String {
    let subject = if check.subject.is_empty() { "" } else { ": " };
    let mut text = format!(
        "  {} {}{subject}{}\n",
        mark(screen, check.verdict),
        check.id,
        plain(&check.subject)
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
            let _ = writeln!(text, "        {name}{colon}{}", plain(detail));
        }
    }
    text
}

/// Microseconds as milliseconds, for people.
fn millis(micros: u64) -> String {
    format!("{}.{:01} ms", micros / 1000, micros % 1000 / 100)
}
