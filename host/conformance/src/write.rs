//! What a write must do besides returning an answer: pass the idempotency key to the CRM.

use std::sync::Arc;

use super::cassette::Fixture;
use super::double::LenientCrm;
use super::matrix::with_key;
use super::report::ConformanceCheck;
use super::{ConformanceRun, export};
use jackfield_sandbox::rehearsal::CrmRequest;

const KEY: &str = "write.key";
const SENT: &str = "write.sent";

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
            self.add(check.see("wit/exports.wit: dispositions.write"));
            return;
        }
        if changing.iter().any(|request| holds(request, &fresh)) {
            self.add(ConformanceCheck::right(KEY, subject));
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
        self.add(check.see("wit/exports.wit: dispositions.write"));
    }

    async fn sent(&mut self, fixture: &Fixture, key: &str) -> Vec<CrmRequest> {
        let fixture = with_key(fixture, key);
        let crm = Arc::new(LenientCrm::new(fixture.exchanges.clone(), None));
        self.play(&fixture, fixture.input.clone(), crm.clone()).await;
        crm.log().requests
    }
}

/// Whether a key of lower-case letters, digits and dashes is in a request: forms, URLs, JSON and XML do not encode
/// them.
fn holds(request: &CrmRequest, key: &str) -> bool {
    let headers = request.headers.iter();
    request.url.contains(key)
        || headers.into_iter().any(|(_, value)| value.contains(key))
        || String::from_utf8_lossy(&request.body).contains(key)
}
