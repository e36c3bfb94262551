//! Every fixture, played through the component as it was recorded.

use std::sync::Arc;

use super::ConformanceRun;
use super::cassette::Fixture;
use super::double::StrictCrm;
use super::exchange::difference;
use super::report::{CheckResult, ConformanceCheck};
use super::stopped;
use jackfield_domain::custody::fixture::{ExportInput, result_to_json};

const REPLAY: &str = "replay.fixture";

impl ConformanceRun<'_> {
    /// Plays a fixture as it was recorded.
    pub(super) async fn replay(&mut self, fixture: &Fixture) {
        let subject = fixture.name.as_str();
        if let Some(missing) = self.lacks(&fixture.input) {
            let check = ConformanceCheck::wrong(
                REPLAY,
                subject,
                format!("an adapter that exports `{missing}`"),
                "the component does not export it",
            );
            self.add(check.because("export it, or remove the fixture"));
            return;
        }
        let crm = Arc::new(StrictCrm::new(fixture.exchanges.clone()));
        let (rehearsed, used) = self.play(fixture, fixture.input.clone(), crm.clone()).await;
        self.check_privacy(fixture, subject, &rehearsed);
        let expected = result_to_json(&fixture.returns);
        let check = match &rehearsed.outcome {
            Err(fault) => stopped(REPLAY, subject, fault, &expected.to_string()),
            Ok(returned) => {
                let came = match (returned, &fixture.returns) {
                    (Err(came), Err(expected)) => result_to_json(&Err(came.compared_with(expected))),
                    _ => result_to_json(returned),
                };
                let other = difference("", &expected, &came);
                // A wrong request makes the result wrong too; the request says more.
                match (crm.problem(), other) {
                    (Some(problem), _) => ConformanceCheck::wrong(REPLAY, subject, "the recorded requests", problem),
                    (None, Some(difference)) => {
                        ConformanceCheck::wrong(REPLAY, subject, expected.to_string(), came.to_string())
                            .because(difference)
                    }
                    (None, None) => ConformanceCheck::right(REPLAY, subject),
                }
            }
        };
        self.add(
            match check.why {
                None if check.verdict == CheckResult::Wrong => {
                    check.because(format!("the fixture shows: {}", fixture.about))
                }
                _ => check,
            }
            .using(used),
        );
    }

    /// The optional export that a fixture needs and the component does not have.
    pub(super) fn lacks(&self, input: &ExportInput) -> Option<&'static str> {
        let record = self.rehearsal.record();
        match input {
            ExportInput::Find { .. } if !record.lookup => Some("lookup"),
            ExportInput::ParseLeads { .. } if !record.parses_leads => Some("leads"),
            _ => None,
        }
    }
}
