//! The results: one entry for each check, in the order in which the checks were made.
//!
//! The JSON form is stable: members may be added, and existing ones keep their names and meanings.

use serde::Serialize;
use serde_json::Value;

/// How a check ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum CheckResult {
    /// As the contract asks.
    Right,
    /// Defensible; `why` says under which condition.
    Tolerated,
    /// Not made; `why` says for what reason.
    Skipped,
    /// Not as the contract asks.
    Wrong,
}

/// One check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ConformanceCheck {
    /// What is checked: a stable word with its group before the first dot, such as `fault.http-500`.
    pub id: String,
    /// What was checked: a fixture, an export, or empty for the whole component.
    pub subject: String,
    /// How it ended.
    pub verdict: CheckResult,
    /// What was expected; none if it is right.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expected: Option<String>,
    /// The actual result; none if it is right.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub came: Option<String>,
    /// Why it matters, or what to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// Where the fixture or the contract says so: files with their lines.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub see: Option<String>,
    /// The requests of the invocation and their replies, in order and in the form of a fixture, if it is wrong. Tokens
    /// and personal data are masked.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub exchanges: Vec<Value>,
    /// What the invocation used, if the check was one invocation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub used: Option<ResourceUsage>,
}

/// What one invocation used, or the most that any of several used.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct ResourceUsage {
    /// Requests that it made.
    pub requests: u32,
    /// How long it took, in microseconds. The double of the CRM takes no time.
    pub wall_us: u64,
    /// Processor time, in microseconds.
    pub cpu_us: u64,
    /// Linear memory, in bytes.
    pub memory: u64,
}

/// What the invocations of one export used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ExportUsage {
    /// `status.query`, `dispositions.write`, `lookup.find` or `leads.parse`.
    pub call: String,
    /// How often it was invoked.
    pub calls: u32,
    /// The most that any of them used.
    pub most: ResourceUsage,
}

/// The number of checks with each result.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct ConformanceSummary {
    /// As the contract asks.
    pub right: u32,
    /// Defensible.
    pub tolerated: u32,
    /// Not made.
    pub skipped: u32,
    /// Not as the contract asks.
    pub wrong: u32,
}

/// Everything that was found out about a component.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ConformanceReport {
    /// `name@version`, if the component describes itself.
    pub adapter: Option<String>,
    /// Of the component's bytes.
    pub digest: String,
    /// The folder of fixtures, if there is one.
    pub cassette: Option<String>,
    /// Counts.
    pub summary: ConformanceSummary,
    /// Every check.
    pub checks: Vec<ConformanceCheck>,
    /// What the invocations used.
    pub usage: Vec<ExportUsage>,
}

impl ConformanceCheck {
    fn new(id: impl Into<String>, subject: impl Into<String>, verdict: CheckResult) -> Self {
        Self {
            id: id.into(),
            subject: subject.into(),
            verdict,
            expected: None,
            came: None,
            why: None,
            see: None,
            exchanges: vec![],
            used: None,
        }
    }

    /// A check with the right result.
    pub fn right(id: impl Into<String>, subject: impl Into<String>) -> Self {
        Self::new(id, subject, CheckResult::Right)
    }

    /// A check that was not made.
    pub fn skipped(id: impl Into<String>, subject: impl Into<String>, why: impl Into<String>) -> Self {
        Self::new(id, subject, CheckResult::Skipped).because(why)
    }

    /// A check with a tolerated result.
    pub fn tolerated(id: impl Into<String>, subject: impl Into<String>, why: impl Into<String>) -> Self {
        Self::new(id, subject, CheckResult::Tolerated).because(why)
    }

    /// A check with a wrong result.
    pub fn wrong(
        id: impl Into<String>,
        subject: impl Into<String>,
        expected: impl Into<String>,
        came: impl Into<String>,
    ) -> Self {
        let mut check = Self::new(id, subject, CheckResult::Wrong);
        check.expected = Some(expected.into());
        check.came = Some(came.into());
        check
    }

    /// Says why it matters.
    #[must_use]
    pub fn because(mut self, why: impl Into<String>) -> Self {
        self.why = Some(why.into());
        self
    }

    /// Says where the fixture or the contract says so.
    #[must_use]
    pub fn see(mut self, place: impl Into<String>) -> Self {
        self.see = Some(place.into());
        self
    }

    /// Says where the fixture says so, besides the contract.
    #[must_use]
    pub fn see_also(mut self, place: &str) -> Self {
        self.see = Some(
            self.see
                .map_or_else(|| place.to_owned(), |see| format!("{place}; {see}")),
        );
        self
    }

    /// Says what was exchanged with the CRM.
    #[must_use]
    pub fn with_exchanges(mut self, exchanges: Vec<Value>) -> Self {
        self.exchanges = exchanges;
        self
    }

    /// Says what the invocation used.
    #[must_use]
    pub const fn using(mut self, used: ResourceUsage) -> Self {
        self.used = Some(used);
        self
    }

    /// The group: the part of the id before its first dot.
    #[must_use]
    pub fn group(&self) -> &str {
        self.id.split('.').next().unwrap_or_default()
    }
}

impl ResourceUsage {
    /// The greater of each of two invocations' values.
    #[must_use]
    pub fn most(self, other: Self) -> Self {
        Self {
            requests: self.requests.max(other.requests),
            wall_us: self.wall_us.max(other.wall_us),
            cpu_us: self.cpu_us.max(other.cpu_us),
            memory: self.memory.max(other.memory),
        }
    }
}

impl ConformanceReport {
    /// Adds a check that was made outside of the sandbox.
    pub fn add(&mut self, check: ConformanceCheck) {
        self.checks.push(check);
        self.summary = ConformanceSummary::of(&self.checks);
    }
}

impl ConformanceSummary {
    /// Counts.
    #[must_use]
    pub fn of(checks: &[ConformanceCheck]) -> Self {
        let count = |verdict| {
            let found = checks.iter().filter(|check| check.verdict == verdict).count();
            u32::try_from(found).unwrap_or(u32::MAX)
        };
        Self {
            right: count(CheckResult::Right),
            tolerated: count(CheckResult::Tolerated),
            skipped: count(CheckResult::Skipped),
            wrong: count(CheckResult::Wrong),
        }
    }
}
