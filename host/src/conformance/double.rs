//! Doubles of a CRM: one that takes a recording at its word, and one that only wants the same steps and can fail.

use std::sync::{Mutex, PoisonError};

use super::exchange::Exchange;
use crate::adapter::rehearsal::{Asked, Crm, Reply};

/// Expects exactly the recorded requests, in order.
#[derive(Debug)]
pub struct Strict {
    exchanges: Vec<Exchange>,
    heard: Mutex<Heard>,
}

#[derive(Debug, Default)]
struct Heard {
    next: usize,
    problem: Option<String>,
}

impl Strict {
    /// A double for one call.
    pub fn new(exchanges: Vec<Exchange>) -> Self {
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

impl Crm for Strict {
    fn answer(&self, asked: Asked) -> Reply {
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
        Reply::Denied("the fixture has another request here".into())
    }
}

/// Takes any request that is the recorded one's step, and gives the recorded answer, but for one step that fails.
#[derive(Debug)]
pub struct Loose {
    exchanges: Vec<Exchange>,
    /// The step that fails, and how.
    fault: Option<(usize, Reply)>,
    told: Mutex<Told>,
}

/// What a loose double was asked.
#[derive(Debug, Clone, Default)]
pub struct Told {
    next: usize,
    failed: Option<Asked>,
    /// All requests, in order.
    pub asked: Vec<Asked>,
    /// Requests that said again what had failed.
    pub repeats: u32,
    /// Something safe was asked between the failed request and the first of its repeats.
    pub looked_again: bool,
    /// A request that no step of the recording is like.
    pub surplus: Option<String>,
}

impl Loose {
    /// A double for one call.
    pub fn new(exchanges: Vec<Exchange>, fault: Option<(usize, Reply)>) -> Self {
        Self {
            exchanges,
            fault,
            told: Mutex::default(),
        }
    }

    /// What it was asked.
    pub fn told(&self) -> Told {
        self.told.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Crm for Loose {
    fn answer(&self, asked: Asked) -> Reply {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        told.asked.push(asked.clone());
        let step = told.next;
        let is_next = |exchange: &&Exchange| exchange.method == asked.method;
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
            return Reply::Denied("the fixture has no such request here".into());
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
