//! Which failure class is right for which fault, in one table.
//!
//! It follows the contract (`wit/model.wit`, `failure`) and what the host does with each class
//! (`domain::delivery::decide`). What matters is what the request that failed may have done:
//!
//! | role | the request that fails |
//! | --- | --- |
//! | asking | of `status.query`: nothing is written; any doubt must end in a failure, never in a status |
//! | finding | of `lookup.find`: nothing is written; doubt must not end in "absent", or the host writes again |
//! | preparing | of a write, before any that may change something: nothing was written yet |
//! | writing | of a write, and may change something: without an answer nobody knows whether it did |
//! | following | of a write, after one that may have changed something and was answered |
//!
//! A class in the first list is right. One in the second is tolerated: it is right under a condition that the kit
//! cannot check, and the report says which. Everything else is wrong, and the report says what the host would then do.

use super::fault::{InjectedFault, RETRY_AFTER};

/// The role of the request that fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RequestRole {
    /// Asks for a status.
    Asking,
    /// Looks for a write.
    Finding,
    /// Prepares a write.
    Preparing,
    /// Writes, and is not the last such request of its invocation: it may be a query that uses POST.
    Beginning,
    /// Writes.
    Writing,
    /// Comes after a write.
    Following,
}

/// What an invocation returned, as far as it matters here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ObservedResult {
    /// What it returns without the fault.
    Same,
    /// It succeeded, with another answer than without the fault.
    Other,
    /// `find` says that there is no such write.
    Absent,
    /// `unavailable`
    Unavailable,
    /// `unknown`
    Unknown,
    /// `rate-limited`, with a wait or without.
    RateLimited(Option<u32>),
    /// `unauthorized`
    Unauthorized,
    /// `rejected`
    Rejected,
    /// `not-found`
    NotFound,
    /// `conflict`
    Conflict,
}

/// How a result is judged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Judgement {
    /// The result is right.
    Right,
    /// The result is right under this condition.
    Tolerated(&'static str),
    /// What was expected, and what the host would do now.
    Wrong(String, &'static str),
}

use ObservedResult::{
    Absent, Conflict, NotFound, Other, RateLimited, Rejected, Same, Unauthorized, Unavailable, Unknown,
};
use RequestRole::{Asking, Beginning, Finding, Following, Preparing, Writing};

/// Conditions under which a class is tolerated.
const POST_THAT_ASKS: &str = "right only if this request changes nothing, although its method says that it may";
const EARLIER_POST: &str = "right only if the requests before this one changed nothing";
const OWN_404: &str = "right only if the answer certainly comes from the CRM: see \"A 404\" in adapters/README.md";
const CONFLICT: &str = "right only if that is what this CRM's 409 means";
const CONFLICT_DONE: &str = "right only if this CRM's 409 says that it holds this very call already";
const FORBIDDEN: &str = "right only if this CRM says 403 of single records, and not of credentials";
const GATEWAY: &str = "right only if the proxy in front of the CRM answers 502 only when it forwarded nothing";
const CAUTIOUS: &str = "the host looks the write up, or asks a person, although nothing was written";
const STATUS_ANSWERS: &str = "the adapter answers by the status alone, without what the body says about the lead; \
                              right only if this CRM says it nowhere else";
const STATUS_FINDS: &str = "the adapter takes the status alone for proof that the write is there; right only if this \
                            CRM has another status for a write that it does not know";
const NEEDS_NO_READING: &str = "the adapter went on to write without what this request should have read; right only \
                                if the write does not depend on it";
const STATUS_PROVES: &str = "the adapter takes the status alone for proof that the write was made; right only if this \
                             CRM has another status for every write that it does not make";
const NO_WAIT: &str = "the host reads Retry-After itself where an adapter names no wait";
const OWN_WAIT: &str = "nothing was asked for; the host's own waits, 1 s doubling to 60 s, are better than a guess";
const OTHER_WORDS: &str = "the answer can say this in other words";
const BEST_EFFORT: &str = "right only if the request that failed does not matter for the write";
const TOO_MUCH: &str = "an answer may have 2 MiB; the adapter could not use this one";

/// The two lists for a fault.
fn table(fault: InjectedFault, doing: RequestRole) -> (Vec<ObservedResult>, Vec<(ObservedResult, &'static str)>) {
    let reads = matches!(doing, Asking | Finding | Preparing);
    let (right, mut tolerated) = match fault {
        InjectedFault::Refused | InjectedFault::TimeoutBefore => match doing {
            Asking | Finding => (vec![Unavailable], vec![(Unknown, CAUTIOUS)]),
            Preparing | Beginning | Writing => (vec![Unavailable], vec![]),
            Following => (vec![Unknown], vec![(Unavailable, EARLIER_POST), (Same, BEST_EFFORT)]),
        },
        InjectedFault::TimeoutAfter
        | InjectedFault::Reset
        | InjectedFault::Slow
        | InjectedFault::TooLarge
        | InjectedFault::Status(500)
            if reads =>
        {
            (vec![Unknown, Unavailable], vec![])
        }
        InjectedFault::TimeoutAfter
        | InjectedFault::Reset
        | InjectedFault::Slow
        | InjectedFault::TooLarge
        | InjectedFault::Status(500) => (vec![Unknown], vec![]),
        InjectedFault::Status(502) | InjectedFault::Html if reads => (vec![Unknown, Unavailable], vec![]),
        InjectedFault::Status(502) => (vec![Unknown], vec![(Unavailable, GATEWAY)]),
        InjectedFault::Status(503) => {
            let tolerated = vec![(Unknown, CAUTIOUS), (RateLimited(None), OTHER_WORDS)];
            (vec![Unavailable], tolerated)
        }
        InjectedFault::Status(401) => (vec![Unauthorized], vec![]),
        InjectedFault::Status(403) => (vec![Unauthorized], vec![(Rejected, FORBIDDEN)]),
        InjectedFault::Status(404) => match doing {
            Finding => {
                let tolerated = vec![(Absent, OWN_404), (Rejected, OTHER_WORDS)];
                (vec![NotFound, Unknown, Unavailable], tolerated)
            }
            _ => (vec![NotFound, Unknown], vec![(Rejected, OTHER_WORDS)]),
        },
        InjectedFault::Status(409) if reads => (vec![Rejected, Unknown, Unavailable, Conflict], vec![]),
        InjectedFault::Status(409) => {
            let tolerated = vec![
                (Unknown, CONFLICT),
                (Unavailable, CONFLICT),
                (Conflict, CONFLICT),
                (Same, CONFLICT_DONE),
                (Other, CONFLICT_DONE),
            ];
            (vec![Rejected], tolerated)
        }
        InjectedFault::Throttled => (vec![RateLimited(Some(RETRY_AFTER))], vec![(RateLimited(None), NO_WAIT)]),
        InjectedFault::Status(429) => (vec![RateLimited(None)], vec![]),
        // 422, and whatever else refuses a request as it stands.
        InjectedFault::Status(_) if reads => (vec![Rejected], vec![(Unknown, OTHER_WORDS), (NotFound, OTHER_WORDS)]),
        InjectedFault::Status(_) => (vec![Rejected], vec![]),
        InjectedFault::Empty | InjectedFault::Truncated if reads => {
            let tolerated = match doing {
                Asking => vec![(Same, STATUS_ANSWERS)],
                Finding => vec![(Same, STATUS_FINDS)],
                _ => vec![
                    (Same, NEEDS_NO_READING),
                    (NotFound, OTHER_WORDS),
                    (Rejected, OTHER_WORDS),
                ],
            };
            (vec![Unknown, Unavailable], tolerated)
        }
        InjectedFault::Empty | InjectedFault::Truncated => (vec![Unknown], vec![(Same, STATUS_PROVES)]),
        InjectedFault::Html => (vec![Unknown], vec![]),
        InjectedFault::Largest => (vec![Same], vec![(Unknown, TOO_MUCH)]),
    };
    match doing {
        Beginning => tolerated.push((Unavailable, POST_THAT_ASKS)),
        Following => {
            tolerated.extend([(Unknown, CAUTIOUS), (Unavailable, EARLIER_POST)]);
            if !matches!(fault, InjectedFault::Html) {
                tolerated.push((Same, BEST_EFFORT));
            }
        }
        Asking | Finding | Preparing | Writing => {}
    }
    (right, tolerated)
}

/// Judges what an invocation returned when one of its requests failed.
pub fn judge(fault: InjectedFault, doing: RequestRole, came: ObservedResult) -> Judgement {
    let (right, tolerated) = table(fault, doing);
    if right.contains(&came) {
        return Judgement::Right;
    }
    if let Some((_, condition)) = tolerated.iter().find(|(class, _)| *class == came) {
        return Judgement::Tolerated(condition);
    }
    if fault == InjectedFault::Status(503) && matches!(came, RateLimited(_)) {
        return Judgement::Tolerated(OTHER_WORDS);
    }
    if fault == InjectedFault::Status(429) && matches!(came, RateLimited(Some(_))) {
        return Judgement::Tolerated(OWN_WAIT);
    }
    let expected: Vec<_> = right.iter().map(|class| class.words()).collect();
    Judgement::Wrong(expected.join(" or "), consequence(&right, doing, came))
}

impl ObservedResult {
    /// For people.
    pub fn words(self) -> String {
        match self {
            Same => "the same answer as without the fault".into(),
            Other => "ok, with another answer than without the fault".into(),
            Absent => "ok: there is no such write".into(),
            Unavailable => "unavailable".into(),
            Unknown => "unknown".into(),
            RateLimited(None) => "rate-limited without a wait".into(),
            RateLimited(Some(seconds)) => format!("rate-limited for {seconds} s"),
            Unauthorized => "unauthorized".into(),
            Rejected => "rejected".into(),
            NotFound => "not-found".into(),
            Conflict => "conflict".into(),
        }
    }
}

/// What the host would do with a class that is wrong.
fn consequence(right: &[ObservedResult], doing: RequestRole, came: ObservedResult) -> &'static str {
    let is = |class: ObservedResult| right.contains(&class);
    let writes = matches!(doing, Beginning | Writing | Following | Preparing);
    match came {
        Same | Other if doing == Asking => {
            "the agent would call, or not call, although the CRM gave no answer: never return a guess"
        }
        Same | Other if doing == Finding => {
            "the host would believe that the write was made, and it may be lost for good"
        }
        Same | Other => "the host would believe that the disposition is written and never send it again: it is lost",
        Absent => "the host would accept it as proof that the write was not made, and write again: a duplicate record",
        RateLimited(_) if right.iter().any(|class| matches!(class, RateLimited(_))) => {
            "the CRM asked for another wait: a shorter one asks it again too early, and a longer one delays the tenant"
        }
        _ if right.iter().any(|class| matches!(class, RateLimited(_))) => {
            "the host would not wait as the CRM asks, and would waste an attempt or stop the delivery"
        }
        _ if is(Unauthorized) => "nobody would be alerted that the credentials are refused",
        Unavailable if writes && is(Unknown) => "the host would retry a write that may have landed: a duplicate record",
        Unavailable | Unknown if is(Rejected) || is(NotFound) => {
            "the host would repeat a request that is refused every time, instead of asking a person at once"
        }
        Unknown => {
            "the host would believe that a request that was never sent may have been carried out: a needless look-up, \
             or review by a person"
        }
        Unavailable => "the host would send it again, as if nothing had been written",
        RateLimited(_) => {
            "the host would wait without counting the attempt, for up to a day, although nobody asked it to"
        }
        Conflict => "the host would try again within seconds without counting it, although no record has moved",
        Unauthorized => "an alert would be raised at once for credentials that are right",
        Rejected | NotFound => "the host would stop and ask a person at once, although a later attempt may succeed",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DOINGS: [RequestRole; 6] = [Asking, Finding, Preparing, Beginning, Writing, Following];

    #[test]
    fn losing_or_doubling_a_write_is_wrong() {
        // No row may accept a lost write as made, or a write of unknown outcome as not made.
        let lost = [
            InjectedFault::TimeoutAfter,
            InjectedFault::Reset,
            InjectedFault::Slow,
            InjectedFault::Status(500),
            InjectedFault::Html,
            InjectedFault::TooLarge,
        ];
        for fault in lost {
            for came in [Same, Other, Unavailable, Rejected, NotFound] {
                let judged = judge(fault, Writing, came);
                assert!(matches!(judged, Judgement::Wrong(..)), "{fault:?} {came:?}: {judged:?}");
            }
            assert_eq!(judge(fault, Writing, Unknown), Judgement::Right, "{fault:?}");
            for came in [Absent, Same, Other] {
                assert!(
                    matches!(judge(fault, Finding, came), Judgement::Wrong(..)),
                    "{fault:?} {came:?}"
                );
            }
        }
    }

    #[test]
    fn every_fault_has_a_right_result() {
        for fault in InjectedFault::ALL {
            for doing in DOINGS {
                assert!(!table(fault, doing).0.is_empty(), "{fault:?} {doing:?}");
            }
        }
    }

    #[test]
    fn table_of_writes() {
        let words = |classes: Vec<ObservedResult>| {
            classes
                .into_iter()
                .map(ObservedResult::words)
                .collect::<Vec<_>>()
                .join(", ")
        };
        let rows = InjectedFault::ALL.map(|fault| {
            let (right, tolerated) = table(fault, Writing);
            let tolerated = words(tolerated.into_iter().map(|(class, _)| class).collect());
            let row = format!("{}: {}", fault.word(), words(right));
            if tolerated.is_empty() {
                row
            } else {
                format!("{row} (or {tolerated})")
            }
        });
        insta::assert_snapshot!(rows.join("\n"), @r"
        connection-refused: unavailable
        timeout-before-sending: unavailable
        timeout-after-sending: unknown
        connection-reset: unknown
        slow-answer: unknown
        http-401: unauthorized
        http-403: unauthorized (or rejected)
        http-404: not-found, unknown (or rejected)
        http-409: rejected (or unknown, unavailable, conflict, the same answer as without the fault, ok, with another answer than without the fault)
        http-422: rejected
        http-429-retry-after: rate-limited for 7 s (or rate-limited without a wait)
        http-429: rate-limited without a wait
        http-500: unknown
        http-502: unknown (or unavailable)
        http-503: unavailable (or unknown, rate-limited without a wait)
        empty-body: unknown (or the same answer as without the fault)
        truncated-body: unknown (or the same answer as without the fault)
        html-body: unknown
        largest-body: the same answer as without the fault (or unknown)
        too-large-body: unknown
        ");
    }
}
