//! Doubles of a CRM: one that takes a recording at its word, and one that only wants the same steps and can fail.

use std::sync::{Mutex, PoisonError};

use super::exchange::FixtureExchange;
use jackfield_sandbox::rehearsal::{CrmDouble, CrmReply, CrmRequest};

/// Expects exactly the recorded requests, in order.
#[derive(Debug)]
pub struct StrictCrm {
    exchanges: Vec<FixtureExchange>,
    heard: Mutex<Heard>,
}

#[derive(Debug, Default)]
struct Heard {
    next: usize,
    problem: Option<String>,
}

impl StrictCrm {
    /// A double for one call.
    pub fn new(exchanges: Vec<FixtureExchange>) -> Self {
        Self {
            exchanges,
            heard: Mutex::default(),
        }
    }

    /// What was not as it was recorded, if something was not.
    pub fn problem(&self) -> Option<String> {
        let heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        heard.problem.clone().or_else(|| {
            let missing = self.exchanges.get(heard.next)?;
            let number = heard.next + 1;
            Some(format!(
                "request {number} was not made: {} {}",
                missing.method, missing.url
            ))
        })
    }
}

impl CrmDouble for StrictCrm {
    fn answer(&self, asked: CrmRequest) -> CrmReply {
        let mut heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        let problem = match self.exchanges.get(heard.next) {
            Some(exchange) => match exchange.mismatch(&asked) {
                None => {
                    heard.next += 1;
                    return exchange.reply.clone();
                }
                Some(problem) => format!("request {}: {problem}", heard.next + 1),
            },
            None => format!("a request that is not in the fixture: {} {}", asked.method, asked.url),
        };
        heard.problem.get_or_insert(problem);
        CrmReply::Denied("the fixture has another request here".into())
    }
}

/// Takes any request that is the recorded one's step, and gives the recorded answer, but for one step that fails.
#[derive(Debug)]
pub struct LenientCrm {
    exchanges: Vec<FixtureExchange>,
    /// The step that fails, and how.
    fault: Option<(usize, CrmReply)>,
    told: Mutex<LenientLog>,
}

/// What a loose double was asked.
#[derive(Debug, Clone, Default)]
pub struct LenientLog {
    next: usize,
    failed: Option<CrmRequest>,
    /// All requests, in order.
    pub asked: Vec<CrmRequest>,
    /// Requests that said again what had failed.
    pub repeats: u32,
    /// Something safe was asked between the failed request and the first of its repeats.
    pub looked_again: bool,
    /// A request that no step of the recording is like.
    pub surplus: Option<String>,
}

impl LenientCrm {
    /// A double for one call.
    pub fn new(exchanges: Vec<FixtureExchange>, fault: Option<(usize, CrmReply)>) -> Self {
        Self {
            exchanges,
            fault,
            told: Mutex::default(),
        }
    }

    /// What it was asked.
    pub fn told(&self) -> LenientLog {
        self.told.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl CrmDouble for LenientCrm {
    fn answer(&self, asked: CrmRequest) -> CrmReply {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        told.asked.push(asked.clone());
        let step = told.next;
        let is_next = |exchange: &&FixtureExchange| exchange.method == asked.method;
        if let (Some(failed), Some((at, _))) = (told.failed.clone(), &self.fault) {
            let same_place = (&failed.method, &failed.url) == (&asked.method, &asked.url);
            let next_is_there = self
                .exchanges
                .get(step)
                .is_some_and(|next| (&next.method, &next.url) == (&asked.method, &asked.url));
            // The same words again, or others at the same place where no further step of the recording goes.
            if same_place && (failed.body == asked.body || !next_is_there) {
                told.repeats += 1;
                return self.exchanges[*at].reply.clone();
            }
            let known = self
                .exchanges
                .iter()
                .find(|exchange| (&exchange.method, &exchange.url) == (&asked.method, &asked.url));
            if let Some(known) = known.filter(|_| !next_is_there) {
                told.looked_again |= told.repeats == 0 && known.is_safe();
                return known.reply.clone();
            }
        }
        let Some(exchange) = self.exchanges.get(step).filter(is_next) else {
            told.surplus.get_or_insert(format!("{} {}", asked.method, asked.url));
            return CrmReply::Denied("the fixture has no such request here".into());
        };
        told.next += 1;
        match &self.fault {
            Some((at, reply)) if *at == step => {
                told.failed = Some(asked);
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
    use crate::pointed::JsonCursor;

    fn exchange(method: &str, path: &str, body: &Value) -> FixtureExchange {
        let url = format!("https://crm.example{path}");
        let given = json!({
            "request": {"method": method, "url": url, "json": body},
            "answer": {"status": 200, "json": {"for": path}},
        });
        FixtureExchange::read(&JsonCursor::root(&given)).unwrap()
    }

    fn asked(method: &str, path: &str, body: &Value) -> CrmRequest {
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
    fn what_failed_and_is_said_again_is_a_repeat() {
        let write = json!({"call": 1});
        let crm = LenientCrm::new(vec![exchange("POST", "/rows", &write)], Some((0, LOST)));
        assert_eq!(crm.answer(asked("POST", "/rows", &write)), LOST);
        assert!(is_good(&crm.answer(asked("POST", "/rows", &write))));
        // Another time in the body does not make another request of it.
        assert!(is_good(&crm.answer(asked(
            "POST",
            "/rows",
            &json!({"call": 1, "at": 2})
        ))));
        let told = crm.told();
        assert_eq!((told.repeats, told.looked_again, told.surplus), (2, false, None));
    }

    #[test]
    fn the_next_step_at_the_same_place_is_no_repeat() {
        let (query, mutation) = (json!({"query": "query { lead }"}), json!({"query": "mutation { add }"}));
        let steps = [&query, &mutation].map(|body| exchange("POST", "/graphql", body));
        assert_eq!(steps.each_ref().map(FixtureExchange::is_safe), [true, false]);
        let crm = LenientCrm::new(steps.to_vec(), Some((0, LOST)));
        assert_eq!(crm.answer(asked("POST", "/graphql", &query)), LOST);
        assert!(is_good(&crm.answer(asked("POST", "/graphql", &mutation))));
        assert_eq!(crm.told().repeats, 0);
    }

    #[test]
    fn a_conflict_may_be_resolved_by_reading_again() {
        let write = json!({"version": 1});
        let steps = vec![
            exchange("GET", "/leads/1", &json!(null)),
            exchange("PUT", "/leads/1", &write),
        ];
        let crm = LenientCrm::new(steps, Some((1, LOST)));
        assert!(is_good(&crm.answer(asked("GET", "/leads/1", &json!(null)))));
        assert_eq!(crm.answer(asked("PUT", "/leads/1", &write)), LOST);
        assert!(is_good(&crm.answer(asked("GET", "/leads/1", &json!(null)))));
        assert!(is_good(&crm.answer(asked("PUT", "/leads/1", &write))));
        let told = crm.told();
        assert_eq!((told.repeats, told.looked_again), (1, true));
    }

    #[test]
    fn what_is_not_recorded_stays_without_an_answer() {
        let crm = LenientCrm::new(vec![exchange("GET", "/leads/1", &json!(null))], None);
        let reply = crm.answer(asked("DELETE", "/leads/1", &json!(null)));
        assert!(matches!(reply, CrmReply::Denied(_)));
        assert_eq!(
            crm.told().surplus.as_deref(),
            Some("DELETE https://crm.example/leads/1")
        );
    }
}
