//! An invocation that was played, and what it exchanged with the double of the CRM.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use serde_json::Value;

use super::cassette::Fixture;
use super::report::ResourceUsage;
use jackfield_clock::lock;
use jackfield_domain::custody::fixture::{ExportInput, FixtureFailure, FixtureSendError};
use jackfield_domain::custody::recording::{RecordedExchange, RecordedInvocation, RecordedResponse, fixture};
use jackfield_sandbox::rehearsal::{CrmDouble, CrmReply, CrmRequest, RehearsalResult};

/// Most bytes of a body that a report shows.
const MAX_SHOWN: usize = 2000;

/// A request and its reply.
pub type Exchanged = (CrmRequest, CrmReply);

/// An invocation that was played.
#[derive(Debug)]
pub struct PlayedInvocation {
    /// How it ended.
    pub result: RehearsalResult,
    /// What it used.
    pub used: ResourceUsage,
    /// What was invoked.
    pub input: ExportInput,
    /// Its requests, in order.
    pub exchanged: Vec<Exchanged>,
}

impl PlayedInvocation {
    /// The requests and replies in the form of a fixture. Tokens and personal data are masked as in a recording, and
    /// long bodies are cut. `salt` makes the replacements unguessable.
    pub fn shown(&self, played: &Fixture, salt: &str) -> Vec<Value> {
        let returns = match &self.result.outcome {
            Ok(returned) => returned.clone(),
            Err(_) => Err(FixtureFailure::Unknown(None)),
        };
        let invocation = RecordedInvocation {
            by: String::new(),
            settings: BTreeMap::new(),
            country: played.country,
            now: played.now,
            call: self.input.clone(),
            signed: vec![],
            exchanges: self.exchanged.iter().map(recorded).collect(),
            returns,
        };
        // Every body is text here, and no signature is looked for, so nothing prevents a fixture.
        let fixture = fixture(&invocation, salt.as_bytes(), true).unwrap_or_default();
        fixture["exchanges"].as_array().cloned().unwrap_or_default()
    }
}

/// A request and its reply as recordings have them.
fn recorded((request, reply): &Exchanged) -> RecordedExchange {
    let answer = match reply {
        CrmReply::Answer { status, headers, body } => Ok(RecordedResponse {
            status: *status,
            headers: headers.clone().into_iter().collect(),
            body: cut(body),
        }),
        CrmReply::Denied(why) => Err(FixtureSendError::Denied(why.clone())),
        CrmReply::Unreachable(why) => Err(FixtureSendError::Unreachable(why.clone())),
        CrmReply::NoAnswer(why) => Err(FixtureSendError::NoAnswer(why.clone())),
        CrmReply::TooLarge(why) => Err(FixtureSendError::TooLarge(why.clone())),
        CrmReply::TooSlow => Err(FixtureSendError::NoAnswer("no complete answer in time".into())),
    };
    RecordedExchange {
        method: request.method.clone(),
        url: request.url.clone(),
        headers: request.headers.clone(),
        body: cut(&request.body),
        answer,
    }
}

/// The beginning of a body, as text.
fn cut(body: &[u8]) -> Vec<u8> {
    let beginning = String::from_utf8_lossy(&body[..body.len().min(MAX_SHOWN)]).into_owned();
    if body.len() > MAX_SHOWN {
        format!("{}… ({} bytes)", beginning.trim_end(), body.len()).into_bytes()
    } else {
        beginning.into_bytes()
    }
}

/// Passes requests on to another double, and keeps them with their replies.
#[derive(Debug)]
pub struct RecordingDouble {
    crm: Arc<dyn CrmDouble>,
    exchanged: Mutex<Vec<Exchanged>>,
}

impl RecordingDouble {
    /// A double that answers as `crm` does.
    pub fn new(crm: Arc<dyn CrmDouble>) -> Self {
        Self {
            crm,
            exchanged: Mutex::default(),
        }
    }

    /// What was exchanged so far.
    pub fn exchanged(&self) -> Vec<Exchanged> {
        lock(&self.exchanged).clone()
    }
}

impl CrmDouble for RecordingDouble {
    fn answer(&self, request: CrmRequest) -> CrmReply {
        let reply = self.crm.answer(request.clone());
        lock(&self.exchanged).push((request, reply.clone()));
        reply
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_bodies_are_cut() {
        assert_eq!(cut(b"{}"), b"{}");
        let text = String::from_utf8(cut(&[b'x'; MAX_SHOWN + 1])).unwrap();
        assert!(text.ends_with("x… (2001 bytes)"), "{text}");
    }
}
