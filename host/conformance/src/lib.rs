//! The conformance kit: is a component a good adapter? Answered without a server, a network or a CRM.
//!
//! 1. The component itself: format, imports, exports, version of the contract (`component.…`).
//! 2. What `describe` says, and whether it says so every time (`describe.…`).
//! 3. Every fixture of the cassette, played as it was recorded (`replay.…`).
//! 4. One call of each kind, with faults at the HTTP seam (`fault.…`): `fault.rs` has the faults, `expectation.rs` the
//!    failure classes that are right.
//! 5. What a write must do besides (`write.…`), personal data (`privacy.…`), and use of time and memory (`limits.…`).
//!
//! What is deliberately not here: the sandbox (`adapter::rehearsal`), which is the one of service, and how a report is
//! shown (`cli`).

mod cassette;
mod double;
mod exchange;
mod expectation;
mod fault;
mod matrix;
mod pointed;
mod privacy;
mod replay;
pub mod report;
mod settings;
mod write;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use cassette::{Cassette, Fixture};
use jackfield_domain::delivery::failure::{Fault, FaultCause};
use jackfield_domain::id::Digest;
use jackfield_sandbox::rehearsal::{Crm, Line, Rehearsal, Rehearsed, Returned, Stage};
use jackfield_sandbox::{PackageError, Runtime};
use privacy::Personal;
use report::{Check, Report, Summary, Usage, Used};

/// What `describe` says is what the contract allows.
const DESCRIBED: &str = "describe.valid";

/// What a check is held against.
#[derive(Debug, Clone)]
pub struct Terms {
    /// Bytes of linear memory of a call.
    pub memory: usize,
    /// Processor time of a call.
    pub cpu: Duration,
    /// How long a call may take.
    pub deadline: Duration,
    /// A text that no fixture has, of small letters, digits and dashes: the idempotency key of made-up writes.
    pub fresh_key: String,
    /// Names of fixtures to play; all if it is empty.
    pub only: Vec<String>,
}

/// Checks a component. `tell` hears what is being done.
pub async fn check(
    runtime: &Runtime,
    bytes: &[u8],
    folder: Option<&Path>,
    terms: Terms,
    tell: &(dyn Fn(&str) + Sync),
) -> Report {
    let digest = Digest::of(bytes).to_string();
    let shown = folder.map(|folder| folder.display().to_string());
    tell("compiling; a heavy language takes some seconds, once");
    let rehearsal = match runtime.rehearsal(bytes).await {
        Ok(rehearsal) => rehearsal,
        Err(error) => {
            let checks = not_rehearsed(&error);
            return Report {
                adapter: None,
                digest,
                cassette: shown,
                summary: Summary::of(&checks),
                checks,
                usage: vec![],
            };
        }
    };
    let mut kit = Kit {
        rehearsal: &rehearsal,
        terms,
        checks: vec![Check::right("component.valid", ""), Check::right(DESCRIBED, "")],
        usage: BTreeMap::new(),
    };
    kit.describe_again().await;
    match folder.map(Cassette::read) {
        None => kit.add(Check::skipped("cassette.folder", "", NO_FIXTURES)),
        Some(Err(error)) => {
            let check = Check::wrong("cassette.folder", "", "a folder of fixtures", error.to_string());
            kit.add(check);
        }
        Some(Ok(cassette)) => kit.run(cassette, tell).await,
    }
    let inspected = rehearsal.inspected();
    let usage = kit.usage.into_iter().map(|(call, (calls, most))| Usage {
        call: call.to_owned(),
        calls,
        most,
    });
    Report {
        adapter: Some(format!("{}@{}", inspected.name, inspected.version)),
        digest,
        cassette: shown,
        summary: Summary::of(&kit.checks),
        usage: usage.collect(),
        checks: kit.checks,
    }
}

/// Why no call was made.
const NO_FIXTURES: &str = "there are no fixtures, so no call was made: write some, or make them of real exchanges with \
                           `jackfield adapter record`, and name their folder with --cassette";

/// A check under way.
struct Kit<'a> {
    rehearsal: &'a Rehearsal,
    terms: Terms,
    checks: Vec<Check>,
    usage: BTreeMap<&'static str, (u32, Used)>,
}

impl Kit<'_> {
    async fn run(&mut self, cassette: Cassette, tell: &(dyn Fn(&str) + Sync)) {
        for (file, why) in &cassette.broken {
            let check = Check::wrong("cassette.fixture", file, "a fixture", why);
            self.add(check.because("the format is described in adapters/README.md"));
        }
        let only = self.terms.only.clone();
        let chosen = |fixture: &Fixture| only.is_empty() || only.contains(&fixture.name);
        let fixtures: Vec<_> = cassette.fixtures.into_iter().filter(chosen).collect();
        if fixtures.is_empty() && cassette.broken.is_empty() {
            let folder = cassette.folder.display();
            self.add(if only.is_empty() {
                Check::skipped(
                    "cassette.folder",
                    "",
                    format!("{folder} holds no .json file: {NO_FIXTURES}"),
                )
            } else {
                Check::wrong(
                    "cassette.fixture",
                    only.join(", "),
                    format!("a fixture in {folder}"),
                    "none of that name",
                )
            });
        }
        tell(&format!("playing {} fixtures", fixtures.len()));
        for fixture in &fixtures {
            self.settings_fit(fixture);
        }
        for fixture in &fixtures {
            self.replay(fixture).await;
        }
        self.matrix(&fixtures, tell).await;
        for (id, subject) in [("privacy.log", "every call"), ("limits.use", "every call")] {
            let group = id.split('.').next().unwrap_or_default();
            if !fixtures.is_empty() && !self.checks.iter().any(|check| check.group() == group) {
                self.add(Check::right(id, subject));
            }
        }
    }

    fn add(&mut self, check: Check) {
        self.checks.push(check);
    }

    /// Makes a call on a fixture's stage.
    async fn play(&mut self, fixture: &Fixture, line: Line, crm: Arc<dyn Crm>) -> (Rehearsed, Used) {
        let call = call(&line);
        let stage = Stage {
            settings: fixture.settings.clone(),
            keys: fixture.keys.clone(),
            now: fixture.now,
            memory: self.terms.memory,
            cpu: self.terms.cpu,
            deadline: self.terms.deadline,
            crm,
        };
        let rehearsed = self.rehearsal.play(&stage, line).await;
        let micros = |time: Duration| u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        let used = Used {
            requests: rehearsed.requests,
            wall_us: micros(rehearsed.took),
            cpu_us: micros(rehearsed.cpu),
            memory: rehearsed.memory as u64,
        };
        let (calls, most) = self.usage.entry(call).or_default();
        *calls += 1;
        *most = most.most(used);
        if rehearsed.refused.iter().any(|(word, _)| *word == "not-granted") {
            let came = "a request to an origin that `describe` does not name";
            let check = Check::wrong(settings::ORIGINS, call, "requests to described origins only", came);
            let check = settings::because_of_egress(check);
            // It is the same mistake however many calls make it.
            if !self.checks.contains(&check) {
                self.add(check);
            }
        }
        (rehearsed, used)
    }

    /// Looks for personal data in all that a call wrote and that people are shown.
    fn watch_words(&mut self, fixture: &Fixture, subject: &str, rehearsed: &Rehearsed) {
        let personal = Personal::of(fixture);
        let found = |texts: Vec<&str>| texts.into_iter().find_map(|text| personal.found_in(text));
        let (mut detail, mut refused, mut reference) = (vec![], vec![], vec![]);
        match &rehearsed.outcome {
            Err(fault) => detail.push(fault.detail.as_str()),
            Ok(Err(failure)) => refused = privacy::shown(failure),
            Ok(Ok(Returned::Receipt(receipt) | Returned::Found(Some(receipt)))) => {
                reference.push(receipt.reference.as_str());
            }
            Ok(Ok(_)) => {}
        }
        let written = rehearsed.written.iter().map(String::as_str).chain(detail).collect();
        let places = [
            (
                "privacy.log",
                written,
                "log lines, standard output and standard error",
                "wit/imports.wit: log.field",
            ),
            (
                "privacy.rejection",
                refused,
                "a rejection",
                "wit/model.wit: rejection.message",
            ),
            (
                "privacy.reference",
                reference,
                "a receipt's reference",
                "wit/model.wit: receipt.reference",
            ),
        ];
        for (id, texts, place, see) in places {
            let Some(what) = found(texts) else { continue };
            let call = call(&fixture.line);
            // One entry for a kind of call: the same line is written by most of its calls.
            if !self
                .checks
                .iter()
                .any(|check| check.id == id && check.subject.starts_with(call))
            {
                let came = format!("{what}, in {place}");
                let check = Check::wrong(id, format!("{call}, {subject}"), "ids and classes only", came);
                self.add(
                    check
                        .because("names, numbers and texts of a lead would end where operators and machines read them")
                        .see(see),
                );
            }
        }
    }
}

/// Why no call can be made at all.
fn not_rehearsed(error: &PackageError) -> Vec<Check> {
    const VALID: &str = "component.valid";
    let why = error.to_string();
    if matches!(error, PackageError::Describe(_) | PackageError::Description(_)) {
        let check = Check::wrong(DESCRIBED, "", "a description that the contract allows", why);
        return vec![Check::right(VALID, ""), check.see("wit/exports.wit: about.describe")];
    }
    let check = Check::wrong(VALID, "", "an adapter that this host runs", why);
    vec![check.see("wit/world.wit")]
}

/// The contract's name of a call.
const fn call(line: &Line) -> &'static str {
    match line {
        Line::QueryStatus { .. } => "status.query",
        Line::WriteDisposition { .. } => "dispositions.write",
        Line::Find { .. } => "lookup.find",
        Line::ParseLeads { .. } => "leads.parse",
    }
}

/// The check of a call that was stopped. One that used up its time or memory has a name of its own, wherever that is.
fn stopped(id: &str, subject: &str, fault: &Fault, expected: &str) -> Check {
    let (id, why) = match fault.cause {
        FaultCause::CpuDeadline => (
            "limits.cpu",
            "it computes without end, or more than a release allows (cpu_ms)",
        ),
        FaultCause::WallClock => ("limits.time", "it hangs: a call must end whatever the CRM does"),
        FaultCause::MemoryCap => (
            "limits.memory",
            "it takes memory without end, or more than a release allows (memory_mib)",
        ),
        FaultCause::Stack => (id, "it recurses without end"),
        FaultCause::BadOutput => (id, "the host takes only what the contract allows"),
        FaultCause::Trap | FaultCause::Host => (
            id,
            "a fault is repeated like an unknown outcome, and tells an operator less than a failure does: catch the \
             error, and return the failure that it is",
        ),
    };
    Check::wrong(
        id,
        subject,
        expected,
        format!("a fault ({}): {}", fault.cause, fault.detail),
    )
    .because(why)
}
