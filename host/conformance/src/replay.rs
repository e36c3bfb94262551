//! Every fixture, played through the component as it was recorded.

use std::sync::Arc;

use super::ConformanceRun;
use super::cassette::Fixture;
use super::double::StrictCrm;
use super::mismatch::difference;
use super::report::{CheckResult, ConformanceCheck};
use super::stopped;
use jackfield_domain::custody::fixture::{ExportInput, result_to_json};
use jackfield_domain::custody::recording::SignatureTexts;

const REPLAY: &str = "replay.fixture";
/// What to do about a signature that the fixture has of an earlier request.
const SIGN_AGAIN: &str = "only the signature differs: `jackfield adapter sign` writes it into the fixture, after you \
                          have checked that the rest is what you want";

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
            let check = check.because("export it, or remove the fixture");
            self.add(check.see(fixture.source.place("/call")));
            return;
        }
        let crm = Arc::new(StrictCrm::new(fixture.exchanges.clone()));
        let played = self.play(fixture, fixture.input.clone(), crm.clone()).await;
        let rehearsed = &played.result;
        self.check_privacy(fixture, subject, rehearsed);
        let expected = result_to_json(&fixture.returns);
        let check = match &rehearsed.outcome {
            Err(fault) => stopped(REPLAY, subject, fault, &expected.to_string()).see(fixture.source.place("")),
            Ok(returned) => {
                let came = match (returned, &fixture.returns) {
                    (Err(came), Err(expected)) => result_to_json(&Err(came.compared_with(expected))),
                    _ => result_to_json(returned),
                };
                let other = difference(&expected, &came);
                // A wrong request makes the result wrong too; the request says more.
                match (crm.deviation(&SignatureTexts::of(&rehearsed.signatures)), other) {
                    (Some(deviation), _) => {
                        let check = ConformanceCheck::wrong(REPLAY, subject, "the recorded requests", deviation.text);
                        let check = check.see(fixture.source.place(&deviation.pointer));
                        if deviation.only_signed {
                            check.because(SIGN_AGAIN)
                        } else {
                            check
                        }
                    }
                    (None, Some(difference)) => {
                        ConformanceCheck::wrong(REPLAY, subject, expected.to_string(), came.to_string())
                            .because(difference)
                            .see(fixture.source.place("/returns"))
                    }
                    (None, None) => ConformanceCheck::right(REPLAY, subject),
                }
            }
        };
        let check = match check.why {
            None if check.verdict == CheckResult::Wrong => {
                check.because(format!("the fixture shows: {}", fixture.about))
            }
            _ => check,
        };
        let check = self.explained(check, fixture, &played);
        self.add(check.using(played.used));
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
