//! Doubles of a CRM: a strict one that expects the recorded requests exactly, and a lenient one that expects only the
//! same steps and can fail.

use std::sync::Mutex;

use super::exchange::ExpectedExchange;
use jackfield_clock::lock;
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
    problem: Option<String>,
}

impl StrictCrm {
    /// A double for one invocation.
    pub fn new(exchanges: Vec<ExpectedExchange>) -> Self {
        Self {
            exchanges,
            progress: Mutex::default(),
        }
    }

    /// How the requests differed from the recording, if they did.
    pub fn problem(&self) -> Option<String> {
        let progress = lock(&self.progress);
        progress.problem.clone().or_else(|| {
            let missing = self.exchanges.get(progress.next)?;
            let number = progress.next + 1;
            Some(format!(
                "request {number} was not made: {} {}",
                missing.method, missing.url
            ))
        })
    }
}

impl CrmDouble for StrictCrm {
    fn answer(&self, request: CrmRequest) -> CrmReply {
        let mut progress = lock(&self.progress);
        let problem = match self.exchanges.get(progress.next) {
            Some(exchange) => match exchange.mismatch(&request) {
                None => {
                    progress.next += 1;
                    return exchange.reply.clone();
                }
                Some(problem) => format!("request {}: {problem}", progress.next + 1),
            },
            None => format!(
                "a request that is not in the fixture: {} {}",
                request.method, request.url
            ),
        };
        progress.problem.get_or_insert(problem);
        CrmReply::Denied("the fixture has another request here".into())
    }
}

/// Accepts any request with the method of the recorded step, and gives the recorded answer, except for one step that
/// fails.
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
}

impl CrmDouble for LenientCrm {
    fn answer(&self, request: CrmRequest) -> CrmReply {
        let mut log = lock(&self.log);
        log.requests.push(request.clone());
        let step = log.next;
        let is_next = |exchange: &&ExpectedExchange| exchange.method == request.method;
        if let (Some(failed), Some((at, _))) = (log.failed.clone(), &self.fault) {
            let same_place = (&failed.method, &failed.url) == (&request.method, &request.url);
            let next_is_there = self
                .exchanges
                .get(step)
                .is_some_and(|next| (&next.method, &next.url) == (&request.method, &request.url));
            // The same request again, or another body for a URL that no later step of the recording requests.
            if same_place && (failed.body == request.body || !next_is_there) {
                log.repeats += 1;
                return self.exchanges[*at].reply.clone();
            }
            let known = self
                .exchanges
                .iter()
                .find(|exchange| (&exchange.method, &exchange.url) == (&request.method, &request.url));
            if let Some(known) = known.filter(|_| !next_is_there) {
                log.looked_again |= log.repeats == 0 && known.is_safe();
                return known.reply.clone();
            }
        }
        let Some(exchange) = self.exchanges.get(step).filter(is_next) else {
            log.surplus.get_or_insert(format!("{} {}", request.method, request.url));
            return CrmReply::Denied("the fixture has no such request here".into());
        };
        log.next += 1;
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
    fn unrecorded_requests_are_denied() {
        let crm = LenientCrm::new(vec![exchange("GET", "/leads/1", &json!(null))], None);
        let reply = crm.answer(request("DELETE", "/leads/1", &json!(null)));
        assert!(matches!(reply, CrmReply::Denied(_)));
        assert_eq!(crm.log().surplus.as_deref(), Some("DELETE https://crm.example/leads/1"));
    }
}
