//! The conformance kit: whether a component is a good adapter, found out without a server, a network or a CRM.
//!
//! 1. The component itself: format, imports, exports, version of the contract (`component.…`).
//! 2. What `describe` says, and whether it says so every time (`describe.…`).
//! 3. Every fixture of the cassette, played as it was recorded (`replay.…`).
//! 4. One invocation of each export, with faults injected into its requests (`fault.…`): `fault.rs` has the faults,
//!    `expectation.rs` the failure classes that are right.
//! 5. What else a write must do (`write.…`), personal data (`privacy.…`), and use of time and memory (`limits.…`).
//!
//! Deliberately not here: the sandbox (`jackfield_sandbox::rehearsal`), which is the same as in service, and how a
//! report is shown (`cli`).

mod cassette;
mod contract;
mod double;
mod exchange;
mod expectation;
mod fault;
mod matrix;
mod mismatch;
mod played;
mod privacy;
mod replay;
pub mod report;
mod settings;
mod sign;
mod source;
mod write;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

pub use sign::{SignError, SignedFixture, sign};

use cassette::{Cassette, Fixture};
use contract::ContractPlace;
use jackfield_domain::custody::fixture::{ExportInput, ExportOutput};
use jackfield_domain::delivery::failure::{Fault, FaultCause};
use jackfield_domain::id::Digest;
use jackfield_sandbox::rehearsal::{CrmDouble, Rehearsal, RehearsalResult, RehearsalSetup};
use jackfield_sandbox::{PackageError, Runtime};
use played::{PlayedInvocation, RecordingDouble};
use privacy::PersonalData;
use report::{CheckResult, ConformanceCheck, ConformanceReport, ConformanceSummary, ExportUsage, ResourceUsage};

/// `describe` returns what the contract allows.
const DESCRIBED: &str = "describe.valid";

/// The limits of the invocations, and what is checked.
#[derive(Debug, Clone)]
pub struct ConformanceOptions {
    /// Bytes of linear memory of an invocation.
    pub memory: usize,
    /// Processor time of an invocation.
    pub cpu: Duration,
    /// The deadline of an invocation.
    pub deadline: Duration,
    /// A text that no fixture has, of lower-case letters, digits and dashes: the idempotency key of made-up writes.
    pub fresh_key: String,
    /// Names of fixtures to play; all if it is empty.
    pub only: Vec<String>,
}

/// Checks a component. `tell` gets a line about each step.
pub async fn check(
    runtime: &Runtime,
    bytes: &[u8],
    folder: Option<&Path>,
    options: ConformanceOptions,
    tell: &(dyn Fn(&str) + Sync),
) -> ConformanceReport {
    let digest = Digest::of(bytes).to_string();
    let shown = folder.map(|folder| folder.display().to_string());
    tell("compiling; a heavy language takes some seconds, once");
    let rehearsal = match runtime.rehearsal(bytes).await {
        Ok(rehearsal) => rehearsal,
        Err(error) => {
            let checks = not_rehearsed(&error);
            return ConformanceReport {
                adapter: None,
                digest,
                cassette: shown,
                summary: ConformanceSummary::of(&checks),
                checks,
                usage: vec![],
            };
        }
    };
    let mut run = ConformanceRun::new(&rehearsal, options);
    run.add(ConformanceCheck::right("component.valid", ""));
    run.add(ConformanceCheck::right(DESCRIBED, ""));
    run.describe_again().await;
    match folder.map(Cassette::read) {
        None => run.add(ConformanceCheck::skipped("cassette.folder", "", NO_FIXTURES)),
        Some(Err(error)) => {
            let check = ConformanceCheck::wrong("cassette.folder", "", "a folder of fixtures", error.to_string());
            run.add(check);
        }
        Some(Ok(cassette)) => run.check_cassette(cassette, tell).await,
    }
    let record = rehearsal.record();
    let usage = run.usage.into_iter().map(|(export, (invocations, most))| ExportUsage {
        call: export.to_owned(),
        calls: invocations,
        most,
    });
    ConformanceReport {
        adapter: Some(format!("{}@{}", record.name, record.version)),
        digest,
        cassette: shown,
        summary: ConformanceSummary::of(&run.checks),
        usage: usage.collect(),
        checks: run.checks,
    }
}

/// Why nothing was invoked.
const NO_FIXTURES: &str = "no fixtures, so nothing was invoked: write some, or make them of real exchanges with \
                           `jackfield adapter record`, and name their folder with --cassette";

/// A run of all checks on one component.
struct ConformanceRun<'a> {
    rehearsal: &'a Rehearsal,
    options: ConformanceOptions,
    checks: Vec<ConformanceCheck>,
    usage: BTreeMap<&'static str, (u32, ResourceUsage)>,
}

impl<'a> ConformanceRun<'a> {
    const fn new(rehearsal: &'a Rehearsal, options: ConformanceOptions) -> Self {
        Self {
            rehearsal,
            options,
            checks: vec![],
            usage: BTreeMap::new(),
        }
    }

    /// Whether the options name this fixture, or none.
    fn is_chosen(&self, fixture: &Fixture) -> bool {
        self.options.only.is_empty() || self.options.only.contains(&fixture.name)
    }

    async fn check_cassette(&mut self, cassette: Cassette, tell: &(dyn Fn(&str) + Sync)) {
        for (file, why) in &cassette.broken {
            let check = ConformanceCheck::wrong("cassette.fixture", file, "a fixture", why);
            self.add(check.because("the format is described in adapters/README.md"));
        }
        let only = self.options.only.clone();
        let fixtures = cassette.fixtures.into_iter().filter(|fixture| self.is_chosen(fixture));
        let fixtures: Vec<_> = fixtures.collect();
        if fixtures.is_empty() && cassette.broken.is_empty() {
            let folder = cassette.folder.display();
            self.add(if only.is_empty() {
                ConformanceCheck::skipped(
                    "cassette.folder",
                    "",
                    format!("{folder} holds no .json file: {NO_FIXTURES}"),
                )
            } else {
                ConformanceCheck::wrong(
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
        for (id, subject) in [("privacy.log", "every invocation"), ("limits.use", "every invocation")] {
            let group = id.split('.').next().unwrap_or_default();
            if !fixtures.is_empty() && !self.checks.iter().any(|check| check.group() == group) {
                self.add(ConformanceCheck::right(id, subject));
            }
        }
    }

    fn add(&mut self, check: ConformanceCheck) {
        self.checks.push(check);
    }

    /// Invokes an export in the setup of a fixture.
    async fn play(&mut self, fixture: &Fixture, input: ExportInput, crm: Arc<dyn CrmDouble>) -> PlayedInvocation {
        let export = export(&input);
        let crm = Arc::new(RecordingDouble::new(crm));
        let setup = RehearsalSetup {
            settings: fixture.settings.clone(),
            country: fixture.country,
            keys: fixture.keys.clone(),
            now: fixture.now,
            memory: self.options.memory,
            cpu: self.options.cpu,
            deadline: self.options.deadline,
            crm: crm.clone(),
        };
        let rehearsed = self.rehearsal.play(&setup, input.clone()).await;
        let micros = |time: Duration| u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        let used = ResourceUsage {
            requests: rehearsed.requests,
            wall_us: micros(rehearsed.took),
            cpu_us: micros(rehearsed.cpu),
            memory: rehearsed.memory as u64,
        };
        let (invocations, most) = self.usage.entry(export).or_default();
        *invocations += 1;
        *most = most.most(used);
        if rehearsed.refused.iter().any(|(word, _)| *word == "not-granted") {
            let came = "a request to an origin that `describe` does not name";
            let check = ConformanceCheck::wrong(settings::ORIGINS, export, "requests to described origins only", came);
            let check = settings::because_of_egress(check);
            // It is the same mistake in however many invocations.
            if !self.checks.contains(&check) {
                self.add(check);
            }
        }
        PlayedInvocation {
            result: rehearsed,
            used,
            input,
            exchanged: crm.exchanged(),
        }
    }

    /// Adds to a wrong check what was exchanged.
    fn explained(&self, check: ConformanceCheck, fixture: &Fixture, played: &PlayedInvocation) -> ConformanceCheck {
        if check.verdict == CheckResult::Wrong {
            check.with_exchanges(played.shown(fixture, &self.options.fresh_key))
        } else {
            check
        }
    }

    /// Looks for personal data in everything that an invocation wrote and in everything that people are shown.
    fn check_privacy(&mut self, fixture: &Fixture, subject: &str, rehearsed: &RehearsalResult) {
        let personal = PersonalData::of(fixture);
        let found = |texts: Vec<&str>| texts.into_iter().find_map(|text| personal.found_in(text));
        let (mut detail, mut refused, mut reference) = (vec![], vec![], vec![]);
        match &rehearsed.outcome {
            Err(fault) => detail.push(fault.detail.as_str()),
            Ok(Err(failure)) => refused = privacy::shown(failure),
            Ok(Ok(ExportOutput::Receipt(receipt) | ExportOutput::Found(Some(receipt)))) => {
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
                ContractPlace::LOG,
            ),
            ("privacy.rejection", refused, "a rejection", ContractPlace::REJECTION),
            (
                "privacy.reference",
                reference,
                "a receipt's reference",
                ContractPlace::RECEIPT,
            ),
        ];
        for (id, texts, place, see) in places {
            let Some(what) = found(texts) else { continue };
            let export = export(&fixture.input);
            // One entry for each export: most of its invocations write the same line.
            if !self
                .checks
                .iter()
                .any(|check| check.id == id && check.subject.starts_with(export))
            {
                let came = format!("{what}, in {place}");
                let check = ConformanceCheck::wrong(id, format!("{export}, {subject}"), "ids and classes only", came);
                self.add(
                    check
                        .because(
                            "names, numbers and texts of a lead would end up where operators and machines read them",
                        )
                        .see(see),
                );
            }
        }
    }
}

/// Why nothing can be invoked at all.
fn not_rehearsed(error: &PackageError) -> Vec<ConformanceCheck> {
    const VALID: &str = "component.valid";
    let why = error.to_string();
    if matches!(error, PackageError::Describe(_) | PackageError::Description(_)) {
        let check = ConformanceCheck::wrong(DESCRIBED, "", "a description that the contract allows", why);
        return vec![ConformanceCheck::right(VALID, ""), check.see(ContractPlace::DESCRIBE)];
    }
    let check = ConformanceCheck::wrong(VALID, "", "an adapter that this host runs", why);
    vec![check.see(ContractPlace::WORLD)]
}

/// The contract's name of an export.
const fn export(input: &ExportInput) -> &'static str {
    match input {
        ExportInput::QueryStatus { .. } => "status.query",
        ExportInput::WriteDisposition { .. } => "dispositions.write",
        ExportInput::Find { .. } => "lookup.find",
        ExportInput::ParseLeads { .. } => "leads.parse",
    }
}

/// The check of an invocation that was stopped. One that used up its time or memory has a check of its own.
fn stopped(id: &str, subject: &str, fault: &Fault, expected: &str) -> ConformanceCheck {
    let (id, why) = match fault.cause {
        FaultCause::CpuDeadline => (
            "limits.cpu",
            "it computes endlessly, or more than a release allows (cpu_ms)",
        ),
        FaultCause::WallClock => ("limits.time", "it hangs: an invocation must end whatever the CRM does"),
        FaultCause::MemoryCap | FaultCause::MemoryBudget => (
            "limits.memory",
            "it allocates memory endlessly, or more than a release allows (memory_mib)",
        ),
        FaultCause::Stack => (id, "it recurses endlessly"),
        FaultCause::SecretEcho => (
            id,
            "it asks the CRM for something that shows the credentials of the request",
        ),
        FaultCause::BadOutput => (id, "the host accepts only what the contract allows"),
        FaultCause::Trap | FaultCause::Host => (
            id,
            "a fault is retried like an unknown outcome, and tells an operator less than a failure does: catch the \
             error, and return a failure",
        ),
    };
    ConformanceCheck::wrong(
        id,
        subject,
        expected,
        format!("a fault ({}): {}", fault.cause, fault.detail),
    )
    .because(why)
}
