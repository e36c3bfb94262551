//! What a write must do besides returning an answer: pass the idempotency key to the CRM, whatever the call is named.

use std::sync::Arc;

use super::cassette::Fixture;
use super::contract::ContractPlace;
use super::double::LenientCrm;
use super::matrix::with_key;
use super::report::ConformanceCheck;
use super::{ConformanceRun, export};
use jackfield_domain::custody::fixture::{ExportInput, result_to_json};
use jackfield_domain::id::DedupKey;
use jackfield_sandbox::rehearsal::CrmRequest;

const KEY: &str = "write.key";
const SENT: &str = "write.sent";
const NAMED: &str = "write.call-id";

/// Calls as platforms may name them, for which the host makes the key: no header, URL or form carries each of these
/// unchanged.
const ODD_CALLS: [&str; 5] = ["कॉल-2", "call 7, second try", "2026/11/30-7", "100%25", "a+b&c=\"d\""];
/// Characters of a key that must reach the CRM.
const TOLD: usize = 32;
/// Characters of the longest name that a call may have.
const LONGEST_CALL: usize = 200;

impl ConformanceRun<'_> {
    /// Looks for the fresh key in what a write sends. `fixture` already has the fresh key, unless the adapter did not
    /// accept it.
    pub(super) async fn key_is_passed_on(&mut self, fixture: &Fixture) {
        let subject = format!("{}, {}", export(&fixture.input), fixture.name);
        let fresh = self.options.fresh_key.clone();
        let first = self.sent(fixture, &fresh).await;
        let changing: Vec<_> = first
            .iter()
            .filter(|request| !matches!(request.method.as_str(), "GET" | "HEAD"))
            .collect();
        if changing.is_empty() {
            let check = ConformanceCheck::wrong(SENT, subject, "a request that writes", "requests that only read")
                .because("the host believes that the disposition is written, and the CRM has nothing");
            self.add(check.see(ContractPlace::WRITE));
            return;
        }
        if changing.iter().any(|request| holds(request, &fresh)) {
            self.add(ConformanceCheck::right(KEY, subject));
            self.odd_calls_are_written(fixture).await;
            return;
        }
        // It may be there in another encoding: then other keys lead to other requests, and the same key to the same
        // ones.
        let other = format!("{fresh}-2");
        let again = self.sent(fixture, &fresh).await;
        let different = self.sent(fixture, &other).await;
        if again == first && different != first {
            let why = "the key is not sent as it is, but other keys lead to other requests; right if the CRM \
                       distinguishes two calls by what is sent";
            self.add(ConformanceCheck::tolerated(KEY, subject, why));
            return;
        }
        let came = "the key is in no URL, header or body of the write's requests";
        let check = ConformanceCheck::wrong(KEY, subject, "the idempotency key in a request that writes", came).because(
            "the CRM cannot tell a repeat from a second call, and nobody can find out later whether the write was made",
        );
        self.add(check.see(ContractPlace::WRITE));
    }

    /// Writes calls whose ids are no keys, with the keys that the host makes for them. A CRM that cannot find a write
    /// by its key is told of it twice.
    pub(super) async fn odd_calls_are_written(&mut self, fixture: &Fixture) {
        let subject = format!("{}, {}", export(&fixture.input), fixture.name);
        let longest = "7".repeat(LONGEST_CALL);
        for call in ODD_CALLS.into_iter().chain([longest.as_str()]) {
            let Ok(key) = call.parse::<DedupKey>().map(|key| key.for_adapter()) else {
                continue;
            };
            // A CRM may have room for less than a key; this much of a made one is still like no other.
            let told = key.as_str().get(..TOLD).unwrap_or(key.as_str());
            let mut odd = with_key(fixture, key.as_str());
            if let ExportInput::WriteDisposition { disposition, .. } = &mut odd.input {
                call.clone_into(&mut disposition.call_id);
            }
            let crm = Arc::new(LenientCrm::new(odd.exchanges.clone(), None));
            let played = self.play(&odd, odd.input.clone(), crm.clone()).await;
            let came = match &played.result.outcome {
                Ok(Ok(_)) if crm.log().requests.iter().any(|request| holds(request, told)) => continue,
                Ok(Ok(_)) => "the key is in no URL, header or body of its requests".to_owned(),
                Ok(Err(failure)) => result_to_json(&Err(failure.clone())).to_string(),
                Err(fault) => fault.to_string(),
            };
            let expected = format!("the call `{call}` written with the key `{key}`");
            let check = ConformanceCheck::wrong(NAMED, subject, expected, came).because(
                "a call's id may be any text; write and search by the key, and put the id nowhere but into a body",
            );
            let check = self.explained(check.see(ContractPlace::WRITE), &odd, &played);
            self.add(check);
            return;
        }
        self.add(ConformanceCheck::right(NAMED, subject));
    }

    async fn sent(&mut self, fixture: &Fixture, key: &str) -> Vec<CrmRequest> {
        let fixture = with_key(fixture, key);
        let crm = Arc::new(LenientCrm::new(fixture.exchanges.clone(), None));
        self.play(&fixture, fixture.input.clone(), crm.clone()).await;
        crm.log().requests
    }
}

/// Whether a key is in a request: forms, URLs, JSON and XML do not encode the characters of keys.
fn holds(request: &CrmRequest, key: &str) -> bool {
    let headers = request.headers.iter();
    request.url.contains(key)
        || headers.into_iter().any(|(_, value)| value.contains(key))
        || String::from_utf8_lossy(&request.body).contains(key)
}
