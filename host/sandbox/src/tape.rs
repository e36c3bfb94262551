//! What goes between an adapter and the host in one call, taken down while it happens.
//!
//! A tape runs only in the calls of a tenant whose calls an operator records. It hears requests before the host adds
//! credentials to them and answers after redaction: what the adapter itself has in its memory, and nothing else. Time
//! stands still for an adapter that is recorded, so that the record can say what it took for now.

use std::mem;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Value, json};
use wasmtime_wasi::HostWallClock;

use super::bindings::{http, model};
use super::recorder::Session;
use super::state::Environment;
use jackfield_clock::{Clock as _, SystemClock};
use jackfield_domain::custody::recording::{Answer, Call, Exchange, Kind, LeftOut, Signed};

/// Bytes of one call: requests and answers of any ordinary one, a hundred times over.
const MAX_CALL: usize = 2 << 20;

/// The record of a call that runs.
#[derive(Debug)]
pub struct Tape {
    session: Arc<Session>,
    now: Timestamp,
    heard: Mutex<Heard>,
}

#[derive(Debug, Default)]
struct Heard {
    signed: Vec<Signed>,
    exchanges: Vec<Exchange>,
    bytes: usize,
    ended: bool,
}

impl Tape {
    /// Begins now, by the clock that guests have.
    pub fn new(session: Arc<Session>) -> Self {
        Self {
            session,
            now: SystemClock.now(),
            heard: Mutex::default(),
        }
    }

    /// The time for the guest.
    pub fn clock(&self) -> Still {
        let since = self.now.duration_since(Timestamp::UNIX_EPOCH);
        Still(Duration::try_from(since).unwrap_or_default())
    }

    fn hear(&self, bytes: usize, note: impl FnOnce(&mut Heard)) {
        let mut heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        heard.bytes = heard.bytes.saturating_add(bytes);
        if heard.bytes <= MAX_CALL {
            note(&mut heard);
        } else {
            heard.signed.clear();
            heard.exchanges.clear();
        }
    }

    /// Something was signed.
    pub fn signed(&self, name: &str, bytes: &[u8], signature: &[u8]) {
        self.hear(bytes.len(), |heard| {
            heard.signed.push(Signed {
                name: name.to_owned(),
                bytes: bytes.to_vec(),
                signature: signature.to_vec(),
            });
        });
    }

    /// A request was sent, or not, and this is what the adapter is told of it.
    pub fn exchanged(&self, request: http::Request, answer: &Result<http::Response, http::Error>) {
        let got = answer.as_ref().map_or(0, |answer| answer.body.len());
        self.hear(request.body.len() + request.url.len() + got, |heard| {
            let answer = match answer {
                Ok(answer) => Ok(Answer {
                    status: answer.status,
                    headers: pairs(&answer.headers),
                    body: answer.body.clone(),
                }),
                Err(error) => Err(case(error)),
            };
            heard.exchanges.push(Exchange {
                method: request.method,
                url: request.url,
                headers: pairs(&request.headers),
                body: request.body,
                answer,
            });
        });
    }

    /// The adapter answered. `asked` and `returns` are the fixture's.
    pub fn end(&self, environment: &Environment, kind: Kind, asked: Value, returns: Value) {
        let heard = {
            let mut heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
            let taken = mem::take(&mut *heard);
            heard.ended = true;
            taken
        };
        if heard.bytes > MAX_CALL {
            return self.session.leave_out(LeftOut::TooLarge);
        }
        let mut settings: Vec<_> = environment.settings.clone().into_iter().collect();
        settings.sort();
        let call = Call {
            kind,
            by: format!("release {}", environment.release),
            settings,
            now: self.now,
            asked,
            signed: heard.signed,
            exchanges: heard.exchanges,
            returns,
        };
        self.session.keep(&call, |fixture| {
            let network = environment.network.as_ref();
            network.is_some_and(|network| network.credentials.is_in(fixture))
        });
    }
}

impl Drop for Tape {
    fn drop(&mut self) {
        let heard = self.heard.get_mut().unwrap_or_else(PoisonError::into_inner);
        if !heard.ended {
            self.session.leave_out(LeftOut::Fault);
        }
    }
}

/// A clock that stands still.
pub struct Still(Duration);

impl HostWallClock for Still {
    fn resolution(&self) -> Duration {
        Duration::from_nanos(1)
    }

    fn now(&self) -> Duration {
        self.0
    }
}

/// `call` of a status query.
pub fn query_status(lead: &str) -> Value {
    json!({ "query_status": { "lead_id": lead } })
}

/// `call` of a write.
pub fn write_disposition(disposition: &model::Disposition, key: &str) -> Value {
    let mut given = value(disposition);
    given["outcome"] = case(&disposition.outcome);
    json!({ "write_disposition": { "disposition": given, "idempotency_key": key } })
}

/// `call` of a look-up.
pub fn find(lead: &str, key: &str) -> Value {
    json!({ "find": { "lead_id": lead, "idempotency_key": key } })
}

/// `call` of the parsing of a webhook; its body is null if it is no UTF-8 text.
pub fn parse_leads(inbound: &model::Inbound) -> Value {
    json!({ "parse_leads": {
        "content_type": inbound.content_type,
        "body": std::str::from_utf8(&inbound.body).ok(),
        "received_at": inbound.received_at,
    } })
}

/// `returns`: what the adapter answered.
pub fn returns<T: Serialize>(answer: &Result<T, model::Failure>) -> Value {
    match answer {
        Ok(given) => json!({ "ok": value(given) }),
        Err(failure) => json!({ "err": case(failure) }),
    }
}

/// The same for parsed leads.
pub fn returns_leads(answer: &Result<Vec<model::Lead>, model::Failure>) -> Value {
    let mut returns = returns(answer);
    if let (Some(given), Ok(leads)) = (returns["ok"].as_array_mut(), answer) {
        for (given, lead) in given.iter_mut().zip(leads) {
            given["call_priority"] = case(&lead.call_priority);
        }
    }
    returns
}

fn pairs(headers: &[http::Header]) -> Vec<(String, String)> {
    let pairs = headers.iter().map(|header| (header.name.clone(), header.value.clone()));
    pairs.collect()
}

/// A record as fixtures have it: names in snake case, and nothing where nothing is known.
fn value(given: &impl Serialize) -> Value {
    let mut value = serde_json::to_value(given).unwrap_or_default();
    drop_nothing(&mut value);
    value
}

fn drop_nothing(value: &mut Value) {
    match value {
        Value::Object(members) => {
            members.values_mut().for_each(drop_nothing);
            members.retain(|_, member| !member.is_null() && member.as_array().is_none_or(|items| !items.is_empty()));
        }
        Value::Array(items) => items.iter_mut().for_each(drop_nothing),
        _ => {}
    }
}

/// A case of a variant as fixtures have it: in snake case.
fn case(given: &impl Serialize) -> Value {
    match serde_json::to_value(given).unwrap_or_default() {
        Value::String(word) => snake(&word).into(),
        Value::Object(members) => {
            let cases = members.into_iter().map(|(word, given)| (snake(&word), given));
            Value::Object(cases.collect())
        }
        other => other,
    }
}

fn snake(word: &str) -> String {
    let mut snake = String::new();
    for c in word.chars() {
        if c.is_ascii_uppercase() && !snake.is_empty() {
            snake.push('_');
        }
        snake.push(c.to_ascii_lowercase());
    }
    snake
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cases_are_as_fixtures_have_them() {
        assert_eq!(case(&model::Outcome::QualifiedVisitBooked), "qualified_visit_booked");
        assert_eq!(
            case(&model::Outcome::Other("Call-Back".into())),
            json!({"other": "Call-Back"})
        );
        assert_eq!(
            case(&model::Failure::RateLimited(Some(30))),
            json!({"rate_limited": 30})
        );
        assert_eq!(case(&model::Failure::RateLimited(None)), json!({"rate_limited": null}));
        assert_eq!(case(&http::Error::NoAnswer("x".into())), json!({"no_answer": "x"}));
        assert_eq!(
            returns::<()>(&Err(model::Failure::NotFound)),
            json!({"err": "not_found"})
        );
        let none: Option<model::Receipt> = None;
        assert_eq!(returns(&Ok(none)), json!({"ok": null}));
    }
}
