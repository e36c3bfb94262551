//! Doubles of a CRM: a strict one that expects the recorded requests exactly, and a lenient one that expects only the
//! same steps and can fail.

use std::sync::Mutex;

use super::exchange::{ExpectedExchange, split_query};
use jackfield_clock::lock;
use jackfield_domain::custody::recording::SignatureTexts;
use jackfield_sandbox::rehearsal::{CrmDouble, CrmReply, CrmRequest};

/// Expects exactly the recorded requests, in order.
#[derive(Debug)]
pub struct StrictCrm {
    exchanges: Vec<ExpectedExchange>,
    progress: Mutex<StrictProgress>,
}

#[derive(Debug, Default)]
struct StrictProgress {
    next: usize,
    /// The first request that is not the recorded one.
    deviating: Option<CrmRequest>,
}

/// How the requests differ from a recording.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deviation {
    /// For people.
    pub text: String,
    /// JSON pointer to the place in the fixture.
    pub pointer: String,
    /// Nothing but signatures differs.
    pub only_signed: bool,
}

impl StrictCrm {
    /// A double for one invocation.
    pub fn new(exchanges: Vec<ExpectedExchange>) -> Self {
        Self {
            exchanges,
            progress: Mutex::default(),
        }
    }

    /// How the requests differed from the recording, if they did. `signatures` are those that the invocation made.
    pub fn deviation(&self, signatures: &SignatureTexts) -> Option<Deviation> {
        let progress = lock(&self.progress);
        let (index, number) = (progress.next, progress.next + 1);
        let deviation = |text, pointer| Deviation {
            text,
            pointer,
            only_signed: false,
        };
        match (self.exchanges.get(index), &progress.deviating) {
            (None, None) => None,
            (Some(missing), None) => {
                let text = format!("request {number} was not made: {} {}", missing.method, missing.url);
                Some(deviation(text, request_pointer(index)))
            }
            (Some(exchange), Some(request)) => {
                let mismatch = exchange.mismatch(request, signatures)?;
                Some(Deviation {
                    text: format!("request {number}: {}", mismatch.text),
                    pointer: format!("{}{}", request_pointer(index), mismatch.pointer),
                    only_signed: mismatch.only_signed,
                })
            }
            (None, Some(request)) => {
                let text = format!(
                    "a request that is not in the fixture: {} {}",
                    request.method, request.url
                );
                Some(deviation(text, "/exchanges".to_owned()))
            }
        }
    }
}

/// The JSON pointer to a request in a fixture.
pub fn request_pointer(index: usize) -> String {
    format!("/exchanges/{index}/request")
}

impl CrmDouble for StrictCrm {
    fn answer(&self, request: CrmRequest) -> CrmReply {
        let mut progress = lock(&self.progress);
        let next = self
            .exchanges
            .get(progress.next)
            .filter(|_| progress.deviating.is_none());
        let same = next.filter(|exchange| exchange.mismatch(&request, &SignatureTexts::default()).is_none());
        if let Some(exchange) = same {
            progress.next += 1;
            return exchange.reply.clone();
        }
        progress.deviating.get_or_insert(request);
        CrmReply::Denied("the fixture has another request here".into())
    }
}

/// Accepts any request with the method of the recorded step, and gives the recorded answer, except for one step that
/// fails.
///
/// After that, what the recording has next is played in order, so that an adapter may read again and write again where
/// the recording does. A request that the recording does not have next is a repeat of the one that failed, or asks
/// again for what was read before.
#[derive(Debug)]
pub struct LenientCrm {
    exchanges: Vec<ExpectedExchange>,
    /// The step that fails, and how.
    fault: Option<(usize, CrmReply)>,
    log: Mutex<LenientLog>,
}

/// The requests that a lenient double got.
#[derive(Debug, Clone, Default)]
pub struct LenientLog {
    next: usize,
    failed: Option<CrmRequest>,
    /// All requests, in order.
    pub requests: Vec<CrmRequest>,
    /// Requests that repeated the one that had failed.
    pub repeats: u32,
    /// A safe request was made between the failed request and its first repeat.
    pub looked_again: bool,
    /// A request that no step of the recording matches.
    pub surplus: Option<String>,
}

impl LenientCrm {
    /// A double for one invocation.
    pub fn new(exchanges: Vec<ExpectedExchange>, fault: Option<(usize, CrmReply)>) -> Self {
        Self {
            exchanges,
            fault,
            log: Mutex::default(),
        }
    }

    /// The requests that it got.
    pub fn log(&self) -> LenientLog {
        lock(&self.log).clone()
    }

    /// The reply to a request after the one that failed, unless the recording has the request next.
    fn reply_out_of_order(&self, log: &mut LenientLog, request: &CrmRequest) -> Option<CrmReply> {
        let (failed, (at, _)) = (log.failed.as_ref()?, self.fault.as_ref()?);
        let next = self.exchanges.get(log.next);
        let is_next = next.is_some_and(|next| next.is_for(request));
        let is_again = (&failed.method, split_query(&failed.url).0) == (&request.method, split_query(&request.url).0);
        // Where the recording makes the same request twice, the second one is no repeat.
        let is_same = is_again
            && failed.body == request.body
            && !next.is_some_and(|next| next.has_request_of(&self.exchanges[*at]));
        if is_next && !is_same {
            return None;
        }
        if is_again {
            log.repeats += 1;
            return Some(self.exchanges[*at].reply.clone());
        }
        // The last answer that was read there, or the first that the recording has.
        let (before, after) = self.exchanges.split_at(log.next);
        let known = before
            .iter()
            .rev()
            .chain(after)
            .find(|exchange| exchange.is_for(request))?;
        log.looked_again |= log.repeats == 0 && known.is_safe();
        Some(known.reply.clone())
    }
}

impl CrmDouble for LenientCrm {
    fn answer(&self, request: CrmRequest) -> CrmReply {
        let mut log = lock(&self.log);
        log.requests.push(request.clone());
        if let Some(reply) = self.reply_out_of_order(&mut log, &request) {
            return reply;
        }
        let step = log.next;
        let is_next = |exchange: &&ExpectedExchange| exchange.method == request.method;
        let Some(exchange) = self.exchanges.get(step).filter(is_next) else {
            log.surplus.get_or_insert(format!("{} {}", request.method, request.url));
            return CrmReply::Denied("the fixture has no such request here".into());
        };
        log.next += 1;
        log.looked_again |= log.failed.is_some() && log.repeats == 0 && exchange.is_safe();
        match &self.fault {
            Some((at, reply)) if *at == step => {
                log.failed = Some(request);
                reply.clone()
            }
            _ => exchange.reply.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use jackfield_domain::custody::fixture::{
        FixtureAnswer, FixtureAnswerBody, FixtureExchange, FixtureRequest, FixtureRequestBody,
    };

    fn exchange(method: &str, path: &str, body: &Value) -> ExpectedExchange {
        let request = FixtureRequest {
            method: method.into(),
            url: format!("https://crm.example{path}"),
            headers: [].into(),
            body: FixtureRequestBody::Json(body.clone()),
        };
        let answer = FixtureAnswer {
            status: 200,
            headers: [].into(),
            body: FixtureAnswerBody::Json(json!({"for": path})),
        };
        let reply = Ok(answer);
        FixtureExchange { request, reply }.into()
    }

    fn request(method: &str, path: &str, body: &Value) -> CrmRequest {
        CrmRequest {
            method: method.into(),
            url: format!("https://crm.example{path}"),
            headers: vec![],
            body: body.to_string().into_bytes(),
        }
    }

    fn is_good(reply: &CrmReply) -> bool {
        matches!(reply, CrmReply::Answer { status: 200, .. })
    }

    const LOST: CrmReply = CrmReply::TooSlow;

    #[test]
    fn the_same_request_again_is_a_repeat() {
        let write = json!({"call": 1});
        let crm = LenientCrm::new(vec![exchange("POST", "/rows", &write)], Some((0, LOST)));
        assert_eq!(crm.answer(request("POST", "/rows", &write)), LOST);
        assert!(is_good(&crm.answer(request("POST", "/rows", &write))));
        // It is the same request with another timestamp in the body.
        assert!(is_good(&crm.answer(request(
            "POST",
            "/rows",
            &json!({"call": 1, "at": 2})
        ))));
        let log = crm.log();
        assert_eq!((log.repeats, log.looked_again, log.surplus), (2, false, None));
    }

    #[test]
    fn the_next_step_is_not_a_repeat() {
        let (query, mutation) = (json!({"query": "query { lead }"}), json!({"query": "mutation { add }"}));
        let steps = [&query, &mutation].map(|body| exchange("POST", "/graphql", body));
        assert_eq!(steps.each_ref().map(ExpectedExchange::is_safe), [true, false]);
        let crm = LenientCrm::new(steps.to_vec(), Some((0, LOST)));
        assert_eq!(crm.answer(request("POST", "/graphql", &query)), LOST);
        assert!(is_good(&crm.answer(request("POST", "/graphql", &mutation))));
        assert_eq!(crm.log().repeats, 0);
    }

    #[test]
    fn a_conflict_may_be_resolved() {
        let write = json!({"version": 1});
        let steps = vec![
            exchange("GET", "/leads/1", &json!(null)),
            exchange("PUT", "/leads/1", &write),
        ];
        let crm = LenientCrm::new(steps, Some((1, LOST)));
        assert!(is_good(&crm.answer(request("GET", "/leads/1", &json!(null)))));
        assert_eq!(crm.answer(request("PUT", "/leads/1", &write)), LOST);
        assert!(is_good(&crm.answer(request("GET", "/leads/1", &json!(null)))));
        assert!(is_good(&crm.answer(request("PUT", "/leads/1", &write))));
        let log = crm.log();
        assert_eq!((log.repeats, log.looked_again), (1, true));
    }

    #[test]
    fn steps_after_a_fault_play_in_order() {
        // The recording resolves a conflict: read, refused, read again, written.
        let answers = [
            json!({"revision": 1}),
            json!({"error": "E409"}),
            json!({"revision": 2}),
            json!({}),
        ];
        let none = json!(null);
        let write = |revision| json!({"call": 1, "revision": revision});
        let bodies = [none.clone(), write(1), none.clone(), write(2)];
        let steps = || {
            let requests = [
                ("GET", "/leads/1"),
                ("POST", "/rows"),
                ("GET", "/leads/1"),
                ("POST", "/rows"),
            ];
            let steps = requests.into_iter().zip(&bodies).zip(&answers);
            steps
                .map(|(((method, path), body), answer)| {
                    let mut step = exchange(method, path, body);
                    step.reply = said(answer);
                    step
                })
                .collect::<Vec<_>>()
        };
        let get = || request("GET", "/leads/1", &none);
        // The first read fails and is repeated: the recording goes on from there.
        let crm = LenientCrm::new(steps(), Some((0, LOST)));
        assert_eq!(crm.answer(get()), LOST);
        assert_eq!(crm.answer(get()), said(&answers[0]));
        assert_eq!(crm.answer(request("POST", "/rows", &bodies[1])), said(&answers[1]));
        assert_eq!(crm.answer(get()), said(&answers[2]));
        assert_eq!(crm.answer(request("POST", "/rows", &bodies[3])), said(&answers[3]));
        assert_eq!((crm.log().repeats, crm.log().surplus), (1, None));
        // The first write fails: what is read next is the moved record, and the second write is no repeat.
        let crm = LenientCrm::new(steps(), Some((1, LOST)));
        assert_eq!(crm.answer(get()), said(&answers[0]));
        assert_eq!(crm.answer(request("POST", "/rows", &bodies[1])), LOST);
        assert_eq!(crm.answer(get()), said(&answers[2]));
        assert_eq!(crm.answer(request("POST", "/rows", &bodies[3])), said(&answers[3]));
        let log = crm.log();
        assert_eq!((log.repeats, log.looked_again), (0, true));
        // Sent again at once, it is one.
        let crm = LenientCrm::new(steps(), Some((1, LOST)));
        assert_eq!(crm.answer(get()), said(&answers[0]));
        assert_eq!(crm.answer(request("POST", "/rows", &bodies[1])), LOST);
        assert_eq!(crm.answer(request("POST", "/rows", &bodies[1])), said(&answers[1]));
        assert_eq!(crm.log().repeats, 1);
    }

    fn said(answer: &Value) -> CrmReply {
        CrmReply::Answer {
            status: 200,
            headers: [].into(),
            body: answer.to_string().into_bytes(),
        }
    }

    #[test]
    fn unrecorded_requests_are_denied() {
        let crm = LenientCrm::new(vec![exchange("GET", "/leads/1", &json!(null))], None);
        let reply = crm.answer(request("DELETE", "/leads/1", &json!(null)));
        assert!(matches!(reply, CrmReply::Denied(_)));
        assert_eq!(crm.log().surplus.as_deref(), Some("DELETE https://crm.example/leads/1"));
    }
}
