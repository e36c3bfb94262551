//! Values and helpers for the tests of a store.

use std::time::Duration;

use crate::{
    Accept, AcceptDisposition, AcceptLead, AcceptedWork, AttemptDetail, ClaimRequest, ClaimedDelivery, DeliveryDetail,
    FinishAttempt, FinishOutcome, PageRequest, RawRequest, Receipt, ReplayDeliveries, Store, TenantShare,
};
use jackfield_domain::call::disposition::{self, Disposition};
use jackfield_domain::custody::seal::{NONCE_BYTES, SealedSecret};
use jackfield_domain::delivery::failure::{Failure, Rejection};
use jackfield_domain::delivery::retry::RetryLadder;
use jackfield_domain::delivery::{AttemptHistory, AttemptPolicy, AttemptResult, DeliveryKind, DeliveryVerdict, decide};
use jackfield_domain::id::{DedupKey, DeliveryId, Digest, LeadId, ReleaseNumber, TenantName};
use jackfield_domain::lead::{Lead, Priority};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

/// The length of the tests' leases.
pub const LEASE: Duration = Duration::from_mins(4);

/// A time, in seconds after the start of the tests.
pub fn at(second: i64) -> Timestamp {
    let start: Timestamp = "2026-07-01T09:00:00.123456Z".parse().unwrap();
    start + SignedDuration::from_secs(second)
}

/// The tenant of most tests.
pub fn acme() -> TenantName {
    "acme".parse().unwrap()
}

/// Another tenant.
pub fn zenith() -> TenantName {
    "zenith".parse().unwrap()
}

/// A lead's id.
pub fn lead_id(id: &str) -> LeadId {
    id.parse().unwrap()
}

/// A key.
pub fn key(text: &str) -> DedupKey {
    text.parse().unwrap()
}

/// A page of a listing.
pub fn page(after: Option<String>, limit: u32) -> PageRequest {
    PageRequest { after, limit }
}

/// A sealed secret that no key opens.
pub fn sealed(seed: u8, ciphertext: &str) -> SealedSecret {
    SealedSecret {
        key: format!("{seed:016x}").parse().unwrap(),
        nonce: [seed; NONCE_BYTES],
        ciphertext: ciphertext.into(),
    }
}

fn request(tenant: &TenantName, body: Vec<u8>, now: Timestamp) -> RawRequest {
    RawRequest {
        tenant: tenant.clone(),
        received_at: now,
        headers: r#"[["host","localhost"],["Content-Type","text/xml"]]"#.into(),
        body,
    }
}

/// A lead in the contract's shape.
pub fn lead(id: &str, priority: Priority) -> Lead {
    let document = json!({
        "event": "lead.created",
        "lead": { "id": id, "phone": "+919800000000", "call_priority": priority.word() },
    });
    Lead::read(document, None).unwrap()
}

/// A webhook with a lead to push.
pub fn webhook(tenant: &TenantName, idem_key: &str, id: &str, priority: Priority, now: Timestamp) -> AcceptLead {
    let lead = lead(id, priority);
    let body = lead.document.to_string().into_bytes();
    AcceptLead {
        keys: vec![key(idem_key)],
        digest: Digest::of(&body),
        window: Duration::from_hours(168),
        work: AcceptedWork::Lead { lead, push: true },
        request: request(tenant, body, now),
        due: now,
    }
}

/// A webhook in the CRM's own shape.
pub fn raw_webhook(tenant: &TenantName, idem_key: &str, body: &str, now: Timestamp) -> AcceptLead {
    AcceptLead {
        keys: vec![key(idem_key)],
        digest: Digest::of(body.as_bytes()),
        window: Duration::from_hours(168),
        work: AcceptedWork::Parse,
        request: request(tenant, body.into(), now),
        due: now,
    }
}

/// A disposition with this outcome.
pub fn disposition_of(tenant: &TenantName, call: &str, lead: &str, outcome: &str, now: Timestamp) -> AcceptDisposition {
    let document: Value = json!({"call_metadata": {"call_id": call}, "qualification": {"outcome": outcome}});
    let lead = lead_id(lead);
    AcceptDisposition {
        digest: disposition::digest(&lead, &document),
        disposition: Disposition::read(lead, &document).unwrap(),
        request: request(tenant, document.to_string().into_bytes(), now),
        payload: None,
        due: now,
    }
}

/// A disposition.
pub fn call(id: &str, lead: &str, now: Timestamp) -> AcceptDisposition {
    disposition_of(&acme(), id, lead, "no_answer", now)
}

/// A disposition that asks for no more calls.
pub fn dnc(id: &str, lead: &str, now: Timestamp) -> AcceptDisposition {
    disposition_of(&acme(), id, lead, "dnc_requested", now)
}

/// The receipt of a new request.
pub fn expect_new(accept: Accept) -> Receipt {
    match accept {
        Accept::New(receipt) => receipt,
        other => panic!("should be new: {other:?}"),
    }
}

/// Accepts a disposition.
pub async fn accept_call(store: &dyn Store, id: &str, lead: &str, now: Timestamp) -> DeliveryId {
    expect_new(store.accept_disposition(call(id, lead, now)).await.unwrap()).delivery
}

/// Accepts a disposition that asks for no more calls.
pub async fn accept_dnc(store: &dyn Store, id: &str, lead: &str, now: Timestamp) -> DeliveryId {
    expect_new(store.accept_disposition(dnc(id, lead, now)).await.unwrap()).delivery
}

/// Accepts a lead to be pushed.
pub async fn accept_lead(store: &dyn Store, id: &str, priority: Priority, now: Timestamp) -> DeliveryId {
    let webhook = webhook(&acme(), &format!("key:{id}"), id, priority, now);
    expect_new(store.accept_lead(webhook).await.unwrap()).delivery
}

/// A claim of `owner`.
pub fn claim_of(owner: &str, tenants: &[TenantName], limit: u32, now: Timestamp) -> ClaimRequest {
    let share = |tenant: &TenantName| TenantShare {
        tenant: tenant.clone(),
        limit,
        kinds: DeliveryKind::ALL.map(|kind| (kind, limit)).into(),
        last: vec![],
        release: ReleaseNumber(7),
    };
    ClaimRequest {
        owner: owner.into(),
        now,
        lease: LEASE,
        tenants: tenants.iter().map(share).collect(),
    }
}

/// The tenants and kinds with due work, as `tenant kind`.
pub async fn due(store: &dyn Store, second: i64) -> Vec<String> {
    let due = store.due(at(second)).await.unwrap();
    due.iter().map(|due| format!("{} {}", due.tenant, due.kind)).collect()
}

/// Claims for acme.
pub async fn claim(store: &dyn Store, limit: u32, now: Timestamp) -> Vec<ClaimedDelivery> {
    store.claim(claim_of("worker/1", &[acme()], limit, now)).await.unwrap()
}

/// Claims the only delivery that can be claimed.
pub async fn claim_one(store: &dyn Store, now: Timestamp) -> ClaimedDelivery {
    let mut claimed = claim(store, 100, now).await;
    assert_eq!(claimed.len(), 1, "one delivery can be claimed: {claimed:?}");
    claimed.remove(0)
}

/// The ids of claimed deliveries.
pub fn ids(claimed: &[ClaimedDelivery]) -> Vec<DeliveryId> {
    claimed.iter().map(|claimed| claimed.lease.id).collect()
}

/// The domain's verdict on an outcome, under the default policy with look-up.
pub fn verdict(history: AttemptHistory, outcome: Result<&str, Failure>, now: Timestamp) -> DeliveryVerdict {
    let policy = AttemptPolicy {
        ladder: RetryLadder::default(),
        idempotent: false,
        lookup: true,
    };
    let result = AttemptResult {
        outcome: outcome.map(Into::into),
        sent: true,
    };
    decide(history, &result, &policy, now, 0.0)
}

/// The end of a claimed delivery's attempt.
pub fn finish_attempt(claimed: &ClaimedDelivery, outcome: Result<&str, Failure>, now: Timestamp) -> FinishAttempt {
    FinishAttempt {
        lease: claimed.lease,
        now,
        verdict: verdict(claimed.history, outcome, now),
        detail: AttemptDetail {
            message: "seen".into(),
            ..AttemptDetail::default()
        },
        leads: vec![],
        refused: vec![],
        breaker: None,
    }
}

/// Ends a claimed delivery's attempt.
pub async fn finish(store: &dyn Store, claimed: &ClaimedDelivery, outcome: Result<&str, Failure>, now: Timestamp) {
    let finished = store.finish(finish_attempt(claimed, outcome, now)).await.unwrap();
    assert_eq!(finished, FinishOutcome::Stored { leads: 0 });
}

/// A refusal by the destination.
pub fn rejected() -> Failure {
    Failure::Rejected(Rejection {
        code: "E1".into(),
        message: "no".into(),
        fields: vec![],
    })
}

/// Sends the only delivery that can be claimed to review.
pub async fn send_to_review(store: &dyn Store, now: Timestamp) -> DeliveryId {
    let claimed = claim_one(store, now).await;
    finish(store, &claimed, Err(rejected()), now).await;
    claimed.lease.id
}

/// Fails all attempts of the only delivery that can be claimed, from `now` on; returns when it is dead.
pub async fn exhaust_attempts(store: &dyn Store, failure: Failure, mut now: Timestamp) -> Timestamp {
    for _ in 0..RetryLadder::default().attempts() {
        let claimed = claim_one(store, now).await;
        finish(store, &claimed, Err(failure.clone()), now).await;
        now += SignedDuration::from_hours(1);
    }
    now
}

/// A replay without spacing.
pub fn replay(ids: &[DeliveryId], now: Timestamp) -> ReplayDeliveries {
    ReplayDeliveries {
        ids: ids.to_vec(),
        not_landed: false,
        now,
        spacing: Duration::ZERO,
    }
}

/// Since when a disposition of one of acme's leads has to be entered by hand.
pub async fn manual_since(store: &dyn Store, lead: &str) -> Option<Timestamp> {
    store.lead(&acme(), &lead_id(lead)).await.unwrap().unwrap().manual_since
}

/// An existing delivery.
pub async fn detail(store: &dyn Store, id: DeliveryId) -> DeliveryDetail {
    store.delivery(id).await.unwrap().unwrap()
}
