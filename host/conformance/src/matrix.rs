//! One successful invocation of each export, repeated with every fault in each of its requests.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::cassette::Fixture;
use super::contract::ContractPlace;
use super::double::{LenientCrm, request_pointer};
use super::exchange::ExpectedExchange;
use super::expectation::{Judgement, ObservedResult, RequestRole, judge};
use super::fault::InjectedFault;
use super::played::PlayedInvocation;
use super::report::{CheckResult, ConformanceCheck};
use super::{ConformanceRun, export, privacy, stopped};
use jackfield_domain::custody::fixture::{ExportInput, ExportOutput, ExportResult, FixtureFailure, result_to_json};
use jackfield_domain::delivery::failure::FaultCause;
use jackfield_sandbox::rehearsal::{CrmReply, RehearsalResult};

/// Fixtures of one export whose requests differ; more would only repeat.
const MAX_FIXTURES: usize = 3;
/// Invocations that may use up their time before the rest of an export's checks is skipped.
const MAX_HANGS: u32 = 2;
/// Shorter ids occur in other words, so they cannot be replaced in a recording.
const MIN_KEY: usize = 3;

/// Invocations that end like this took long, and others will too.
const USED_UP: [FaultCause; 3] = [FaultCause::WallClock, FaultCause::CpuDeadline, FaultCause::MemoryCap];

const RETRY: &str = "write.once";

impl ConformanceRun<'_> {
    /// Plays every export with faults.
    pub(super) async fn matrix(&mut self, fixtures: &[Fixture], tell: &(dyn Fn(&str) + Sync)) {
        let errors = errors(fixtures);
        for name in ["status.query", "dispositions.write", "lookup.find", "leads.parse"] {
            let of_kind: Vec<_> = fixtures
                .iter()
                .filter(|fixture| export(&fixture.input) == name)
                .collect();
            if name == "leads.parse" {
                if let Some(fixture) = of_kind.first().filter(|fixture| self.lacks(&fixture.input).is_none()) {
                    self.bad_webhooks(fixture).await;
                }
                continue;
            }
            let distinct = distinct_fixtures(&of_kind);
            if distinct.is_empty() && (name != "lookup.find" || self.rehearsal.record().lookup) {
                let why = "no fixture of this export succeeds over HTTP, so no fault can be injected: record one";
                self.add(ConformanceCheck::skipped("fault.matrix", name, why));
            }
            for fixture in distinct {
                if self.lacks(&fixture.input).is_some() {
                    continue;
                }
                tell(&format!("{name}, {}: injecting faults", fixture.name));
                let Some(fixture) = self.playable(fixture).await else {
                    continue;
                };
                if let ExportInput::WriteDisposition { .. } = fixture.input {
                    self.key_is_passed_on(&fixture).await;
                }
                self.inject(&fixture, &errors).await;
            }
        }
    }

    /// The fixture with a fresh key and made-up personal data, if the adapter accepts them; with less of it otherwise.
    async fn playable(&mut self, fixture: &Fixture) -> Option<Fixture> {
        let fresh = self.options.fresh_key.clone();
        let rekeyed = with_key(fixture, &fresh);
        let mut canaries = rekeyed.clone();
        if let ExportInput::WriteDisposition { disposition, .. } = &mut canaries.input {
            **disposition = privacy::with_canaries((**disposition).clone());
        }
        for variant in [canaries, rekeyed, fixture.clone()] {
            let crm = Arc::new(LenientCrm::new(variant.exchanges.clone(), None));
            let played = self.play(&variant, variant.input.clone(), crm.clone()).await;
            self.check_privacy(&variant, &variant.name, &played.result);
            let log = crm.log();
            if let Ok(Ok(returned)) = played.result.outcome
                && log.surplus.is_none()
                && log.requests.len() == variant.exchanges.len()
            {
                let mut variant = variant;
                variant.returns = Ok(returned);
                return Some(variant);
            }
        }
        let why = "the recorded invocation does not succeed, so no fault is injected: see `replay` above";
        self.add(ConformanceCheck::skipped(
            "fault.matrix",
            format!("{}, {}", export(&fixture.input), fixture.name),
            why,
        ));
        None
    }

    async fn inject(&mut self, fixture: &Fixture, errors: &BTreeMap<u16, CrmReply>) {
        let name = export(&fixture.input);
        let mut hangs = 0;
        for at in 0..fixture.exchanges.len() {
            let role = role(fixture, at);
            for fault in InjectedFault::ALL {
                let id = format!("fault.{}", fault.word());
                let place = match fixture.exchanges.len() {
                    1 => String::new(),
                    of => format!(", request {} of {of}", at + 1),
                };
                let subject = format!("{name}, {}{place}", fixture.name);
                if hangs >= MAX_HANGS {
                    self.add(ConformanceCheck::skipped(
                        id,
                        subject,
                        "invocations of this export hang: see `limits` above",
                    ));
                    continue;
                }
                let Some(reply) = fault.reply(&fixture.exchanges[at], errors) else {
                    continue;
                };
                let crm = Arc::new(LenientCrm::new(fixture.exchanges.clone(), Some((at, reply))));
                let played = self.play(fixture, fixture.input.clone(), crm.clone()).await;
                let rehearsed = &played.result;
                self.check_privacy(fixture, &format!("{}, {}", fixture.name, fault.word()), rehearsed);
                if rehearsed
                    .outcome
                    .as_ref()
                    .is_err_and(|fault| USED_UP.contains(&fault.cause))
                {
                    hangs += 1;
                }
                let log = crm.log();
                // A conflict of versions is resolved by reading again and writing what was refused.
                let resolves = fault == InjectedFault::Status(409) && log.looked_again;
                let repeats = log.repeats > 0 && !resolves;
                if repeats {
                    self.repeated(fixture, &subject, (fault, role), log.repeats, &played);
                }
                let check = if resolves && rehearsed.outcome.as_ref().ok() == Some(&fixture.returns) {
                    ConformanceCheck::right(id, subject)
                } else {
                    judged(fixture, &id, &subject, (fault, role), rehearsed, repeats)
                };
                let check = match check.verdict {
                    CheckResult::Wrong => {
                        let failed = fixture.source.place(&request_pointer(at));
                        self.explained(check.see_also(&failed), fixture, &played)
                    }
                    _ => check,
                };
                self.add(check.using(played.used));
            }
        }
        if !self
            .checks
            .iter()
            .any(|check| check.id == RETRY && check.subject.starts_with(name))
        {
            self.add(ConformanceCheck::right(RETRY, format!("{name}, {}", fixture.name)));
        }
    }

    /// Reports once for each export that it repeats requests.
    fn repeated(
        &mut self,
        fixture: &Fixture,
        subject: &str,
        (fault, role): (InjectedFault, RequestRole),
        repeats: u32,
        played: &PlayedInvocation,
    ) {
        let name = export(&fixture.input);
        if self
            .checks
            .iter()
            .any(|check| check.id == RETRY && check.subject.starts_with(name))
        {
            return;
        }
        let came = format!("{repeats} more of the same request after {}", fault.word());
        let check = if matches!(
            role,
            RequestRole::Asking | RequestRole::Finding | RequestRole::Preparing
        ) {
            let why = "it asks the CRM again by itself; the host does that, with pauses that protect the CRM";
            ConformanceCheck::tolerated(RETRY, subject, why)
        } else {
            let why = "the adapter retries by itself: the first request may have landed, and only the host knows \
                       whether it may be repeated, and when";
            ConformanceCheck::wrong(RETRY, subject, "one request: the host repeats, not the adapter", came).because(why)
        };
        let check = self.explained(check.see(ContractPlace::WRITE), fixture, played);
        self.add(check);
    }

    /// Invalid webhooks: whatever arrives, an adapter must reject it with a failure of the contract.
    async fn bad_webhooks(&mut self, fixture: &Fixture) {
        let ExportInput::ParseLeads {
            content_type,
            body,
            received_at,
        } = &fixture.input
        else {
            return;
        };
        let half = body.chars().take(body.chars().count() / 2).collect();
        let page = "<html><body>Bad gateway</body></html>".to_owned();
        for (word, body) in [
            ("empty-body", String::new()),
            ("truncated-body", half),
            ("html-body", page),
        ] {
            let input = ExportInput::ParseLeads {
                content_type: content_type.clone(),
                body,
                received_at: received_at.clone(),
            };
            let played = self.play(fixture, input, Arc::new(LenientCrm::new(vec![], None))).await;
            let (id, subject) = (format!("fault.{word}"), "leads.parse");
            let expected = "rejected, or the leads that are there";
            let check = match &played.result.outcome {
                Err(stop) => stopped(&id, subject, stop, expected),
                Ok(Ok(_) | Err(FixtureFailure::Rejected(_))) => ConformanceCheck::right(id, subject),
                Ok(failed) => ConformanceCheck::wrong(id, subject, expected, result_to_json(failed).to_string())
                    .because("the host would parse the same bytes again, with the same result")
                    .see(ContractPlace::PARSE),
            };
            self.add(check.using(played.used));
        }
    }
}

/// Judges how an invocation with an injected fault ended.
fn judged(
    fixture: &Fixture,
    id: &str,
    subject: &str,
    (fault, role): (InjectedFault, RequestRole),
    rehearsed: &RehearsalResult,
    repeats: bool,
) -> ConformanceCheck {
    let returned = match &rehearsed.outcome {
        Ok(returned) => returned,
        Err(stop) => {
            let check = stopped(id, subject, stop, "a failure of the contract");
            return check.see(ContractPlace::FAILURE);
        }
    };
    let came = came(&fixture.returns, returned);
    match judge(fault, role, came) {
        Judgement::Right => ConformanceCheck::right(id, subject),
        Judgement::Tolerated(why) => {
            let mut check = ConformanceCheck::tolerated(id, subject, why);
            check.came = Some(came.words());
            check
        }
        // The repeat was answered, so the result says nothing about the fault.
        Judgement::Wrong(..) if repeats && matches!(came, ObservedResult::Same | ObservedResult::Other) => {
            ConformanceCheck::skipped(
                id,
                subject,
                format!("the adapter repeats the request by itself: see `{RETRY}`"),
            )
        }
        Judgement::Wrong(expected, why) => {
            let shown = match came {
                ObservedResult::Other => result_to_json(returned).to_string(),
                came => came.words(),
            };
            ConformanceCheck::wrong(id, subject, expected, shown)
                .because(why)
                .see(ContractPlace::FAILURE)
        }
    }
}

/// The cassette's error answers by status, so that injected faults look like the CRM's own. Only answers that lead to
/// the failure that their status suggests: a SOAP service says "no such lead" with 500.
fn errors(fixtures: &[Fixture]) -> BTreeMap<u16, CrmReply> {
    let mut errors = BTreeMap::new();
    for fixture in fixtures {
        for (at, exchange) in fixture.exchanges.iter().enumerate() {
            if let CrmReply::Answer { status, .. } = &exchange.reply
                && *status >= 400
                // The 404 of a look-up is the CRM's proof of absence, and not a fault.
                && *status != 404
                && let ended = came(&fixture.returns, &fixture.returns)
                && let Judgement::Right = judge(InjectedFault::Status(*status), role(fixture, at), ended)
            {
                errors.entry(*status).or_insert_with(|| exchange.reply.clone());
            }
        }
    }
    errors
}

/// Fixtures that succeed over HTTP, one for each sequence of methods.
fn distinct_fixtures<'f>(fixtures: &[&'f Fixture]) -> Vec<&'f Fixture> {
    let mut seen = BTreeSet::new();
    // A recording may resolve a conflict: read, refused, read again, written.
    let is_answered = |reply: &CrmReply| {
        matches!(
            reply,
            CrmReply::Answer {
                status: 200..=299 | 409 | 412,
                ..
            }
        )
    };
    let good = fixtures.iter().copied().filter(|fixture| {
        let found_nothing = matches!(fixture.returns, Ok(ExportOutput::Found(None)));
        let answered = fixture.exchanges.iter().all(|exchange| is_answered(&exchange.reply));
        fixture.returns.is_ok() && !found_nothing && answered && !fixture.exchanges.is_empty()
    });
    good.filter(|fixture| {
        let steps = fixture.exchanges.iter();
        seen.insert(steps.map(|exchange| exchange.method.clone()).collect::<Vec<_>>())
    })
    .take(MAX_FIXTURES)
    .collect()
}

/// The same fixture with another key.
pub(super) fn with_key(fixture: &Fixture, fresh: &str) -> Fixture {
    let mut changed = fixture.clone();
    let old = match &mut changed.input {
        ExportInput::WriteDisposition {
            disposition,
            idempotency_key,
        } => {
            fresh.clone_into(&mut disposition.call_id);
            std::mem::replace(idempotency_key, fresh.to_owned())
        }
        ExportInput::Find { idempotency_key, .. } => std::mem::replace(idempotency_key, fresh.to_owned()),
        ExportInput::QueryStatus { .. } | ExportInput::ParseLeads { .. } => return changed,
    };
    if old.len() >= MIN_KEY {
        let exchanges = changed.exchanges.into_iter();
        changed.exchanges = exchanges.map(|exchange| exchange.with(&old, fresh)).collect();
    }
    changed
}

/// The role of the request at an index of a fixture's exchanges.
fn role(fixture: &Fixture, at: usize) -> RequestRole {
    match fixture.input {
        ExportInput::QueryStatus { .. } | ExportInput::ParseLeads { .. } => return RequestRole::Asking,
        ExportInput::Find { .. } => return RequestRole::Finding,
        ExportInput::WriteDisposition { .. } => {}
    }
    let changes = |range: &[ExpectedExchange]| range.iter().any(ExpectedExchange::may_change);
    let (before, after) = (&fixture.exchanges[..at], &fixture.exchanges[at + 1..]);
    if changes(before) {
        RequestRole::Following
    } else if fixture.exchanges[at].is_safe() {
        RequestRole::Preparing
    } else if changes(after) {
        RequestRole::Beginning
    } else {
        RequestRole::Writing
    }
}

/// What an invocation returned, compared with what it returned without a fault.
fn came(good: &ExportResult, returned: &ExportResult) -> ObservedResult {
    match returned {
        Ok(_) if returned == good => ObservedResult::Same,
        Ok(ExportOutput::Found(None)) => ObservedResult::Absent,
        Ok(_) => ObservedResult::Other,
        Err(FixtureFailure::Unavailable(_)) => ObservedResult::Unavailable,
        Err(FixtureFailure::Unknown(_)) => ObservedResult::Unknown,
        Err(FixtureFailure::RateLimited(seconds)) => ObservedResult::RateLimited(*seconds),
        Err(FixtureFailure::Unauthorized(_)) => ObservedResult::Unauthorized,
        Err(FixtureFailure::Rejected(_)) => ObservedResult::Rejected,
        Err(FixtureFailure::NotFound) => ObservedResult::NotFound,
        Err(FixtureFailure::Conflict(_)) => ObservedResult::Conflict,
    }
}
