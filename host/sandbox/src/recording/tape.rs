//! The record of one invocation: everything that passes between the adapter and the host, recorded as it happens.
//!
//! Only tenants whom an operator records have tapes. A tape gets requests before the host adds credentials and answers
//! after it has searched them for secrets: what the adapter itself has in its memory, and nothing else. The guest's
//! clock stands still while it is recorded, so that the fixture can say what time it was.

use std::collections::BTreeMap;
use std::mem;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;

use super::session::RecordingSession;
use crate::contract::bindings::http;
use jackfield_clock::{Clock as _, SystemClock, lock};
use jackfield_domain::custody::fixture::{ExportInput, ExportResult};
use jackfield_domain::custody::recording::{
    OmissionReason, RecordedExchange, RecordedInvocation, RecordedResponse, RecordedSignature,
};
use jackfield_domain::phone::Country;

/// Bytes of one invocation: a hundred times the requests and answers of an ordinary one.
const MAX_BYTES: usize = 2 << 20;

/// The record of an invocation in progress.
#[derive(Debug)]
pub struct Tape {
    session: Arc<RecordingSession>,
    now: Timestamp,
    recorded: Mutex<Recorded>,
}

#[derive(Debug, Default)]
struct Recorded {
    signed: Vec<RecordedSignature>,
    exchanges: Vec<RecordedExchange>,
    bytes: usize,
    finished: bool,
}

/// How an invocation ended, and what it was given.
pub struct InvocationEnding<'a> {
    /// The number of the release.
    pub release: &'a str,
    /// Its settings.
    pub settings: BTreeMap<String, String>,
    /// The country of telephone numbers without a country code.
    pub country: Option<Country>,
    /// What was invoked and what it returned, or why a fixture cannot say it.
    pub invocation: Result<(ExportInput, ExportResult), OmissionReason>,
}

impl Tape {
    /// A tape that starts now, by the clock that guests have.
    pub fn new(session: Arc<RecordingSession>) -> Self {
        Self {
            session,
            now: SystemClock.now(),
            recorded: Mutex::default(),
        }
    }

    /// The time that the guest's clock shows, throughout.
    pub const fn now(&self) -> Timestamp {
        self.now
    }

    fn record(&self, bytes: usize, change: impl FnOnce(&mut Recorded)) {
        let mut recorded = lock(&self.recorded);
        recorded.bytes = recorded.bytes.saturating_add(bytes);
        if recorded.bytes <= MAX_BYTES {
            change(&mut recorded);
        } else {
            recorded.signed.clear();
            recorded.exchanges.clear();
        }
    }

    /// Records that the host signed `bytes` for the guest.
    pub fn record_signature(&self, name: &str, bytes: &[u8], signature: &[u8]) {
        self.record(bytes.len(), |recorded| {
            recorded.signed.push(RecordedSignature {
                name: name.to_owned(),
                bytes: bytes.to_vec(),
                signature: signature.to_vec(),
            });
        });
    }

    /// Records a request, whether or not it was sent, and what the adapter gets for it.
    pub fn record_exchange(&self, request: http::Request, answer: &Result<http::Response, http::Error>) {
        let received = answer.as_ref().map_or(0, |answer| answer.body.len());
        self.record(request.body.len() + request.url.len() + received, |recorded| {
            let answer = match answer {
                Ok(answer) => Ok(RecordedResponse {
                    status: answer.status,
                    headers: pairs(&answer.headers),
                    body: answer.body.clone(),
                }),
                Err(error) => Err(error.into()),
            };
            recorded.exchanges.push(RecordedExchange {
                method: request.method,
                url: request.url,
                headers: pairs(&request.headers),
                body: request.body,
                answer,
            });
        });
    }

    /// Adds the invocation to the session, unless `holds_secret` finds something in its fixture that nobody may see.
    pub fn finish(&self, ending: InvocationEnding<'_>, holds_secret: impl FnOnce(&[u8]) -> bool) {
        let recorded = {
            let mut recorded = lock(&self.recorded);
            let so_far = mem::take(&mut *recorded);
            recorded.finished = true;
            so_far
        };
        if recorded.bytes > MAX_BYTES {
            return self.session.omit(OmissionReason::TooLarge);
        }
        let (call, returns) = match ending.invocation {
            Ok(invocation) => invocation,
            Err(why) => return self.session.omit(why),
        };
        let invocation = RecordedInvocation {
            by: format!("release {}", ending.release),
            settings: ending.settings,
            country: ending.country,
            now: self.now,
            call,
            signed: recorded.signed,
            exchanges: recorded.exchanges,
            returns,
        };
        self.session.add(&invocation, holds_secret);
    }
}

impl Drop for Tape {
    fn drop(&mut self) {
        let recorded = self.recorded.get_mut().unwrap_or_else(PoisonError::into_inner);
        if !recorded.finished {
            self.session.omit(OmissionReason::Fault);
        }
    }
}

fn pairs(headers: &[http::Header]) -> Vec<(String, String)> {
    let pairs = headers.iter().map(|header| (header.name.clone(), header.value.clone()));
    pairs.collect()
}
