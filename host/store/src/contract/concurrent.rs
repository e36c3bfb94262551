//! Concurrent requests are stored as if they had come one after the other, although a store may commit them together.

use crate::{Accept, FinishOutcome, SharedStore};
use futures_util::future::join_all;
use jackfield_domain::delivery::DeliveryState;
use jackfield_domain::delivery::failure::Failure;
use jackfield_domain::lead::Priority;

use super::fixture::{
    accept_call, acme, at, call, claim, detail, dnc, expect_new, finish_attempt, key, lead_id, manual_since, rejected,
    webhook, zenith,
};

/// Enough to fill a commit, in groups of every size.
const MANY: usize = 171;

/// New, repeated and conflicting dispositions of two tenants at once.
pub async fn concurrent_dispositions_do_not_interfere(store: SharedStore) {
    let known = accept_call(&*store, "known", "L", at(0)).await;
    let mut works: Vec<_> = (0..MANY)
        .map(|number| call(&format!("C-{number}"), &format!("L-{number}"), at(1)))
        .collect();
    works.extend([
        call("known", "L", at(1)),
        call("known", "another lead", at(1)),
        call("C-7", "L-7", at(1)),
        call("C-7", "another lead", at(1)),
        dnc("D", "L-3", at(1)),
    ]);
    let mut foreign = call("C-7", "L-7", at(1));
    foreign.request.tenant = zenith();
    works.push(foreign);
    let answers = join_all(works.into_iter().map(|work| store.accept_disposition(work))).await;
    let answers: Vec<_> = answers.into_iter().map(Result::unwrap).collect();
    let (many, few) = answers.split_at(MANY);
    let mut receipts = vec![];
    for (number, answer) in many.iter().enumerate() {
        let receipt = expect_new(answer.clone());
        let delivery = detail(&*store, receipt.delivery).await;
        assert_eq!(delivery.summary.key, key(&format!("C-{number}")));
        assert_eq!(delivery.summary.state, DeliveryState::Ready);
        assert_eq!(receipt.lead, Some(lead_id(&format!("L-{number}"))));
        receipts.push(receipt);
    }
    assert!(
        matches!(&few[0], Accept::Repeat(receipt) if receipt.delivery == known),
        "{:?}",
        few[0]
    );
    assert_eq!(few[1], Accept::Conflict);
    assert_eq!(few[2], Accept::Repeat(receipts[7].clone()));
    assert_eq!(few[3], Accept::Conflict);
    let foreign = expect_new(few[5].clone());
    assert!(
        receipts
            .iter()
            .all(|receipt| receipt.delivery != foreign.delivery && receipt.id != foreign.id)
    );
    for (lead, recorded) in [("L-3", true), ("L-4", false)] {
        assert_eq!(
            store.dnc_recorded(&acme(), &lead_id(lead)).await,
            Ok(recorded),
            "{lead}"
        );
        let lead = store.lead(&acme(), &lead_id(lead)).await.unwrap().unwrap();
        assert_eq!(lead.dnc_since, recorded.then_some(at(1)));
    }
}

/// Webhooks with several keys at once; the later of two about one lead is the lead's newest.
pub async fn concurrent_leads_do_not_interfere(store: SharedStore) {
    let lead = |name: &str, lead: &str, priority| webhook(&acme(), name, lead, priority, at(0));
    let mut works: Vec<_> = (0..MANY)
        .map(|number| lead(&format!("key:{number}"), &format!("L-{number}"), Priority::Normal))
        .collect();
    let mut twice = lead("key:a", "L-a", Priority::Normal);
    twice.keys.push(key("id:a"));
    let mut other_key = lead("id:a", "L-a", Priority::Normal);
    other_key.keys = vec![key("id:a")];
    works.extend([
        twice,
        other_key,
        lead("key:a", "L-b", Priority::Normal),
        lead("key:newer", "L-5", Priority::High),
    ]);
    let answers = join_all(works.into_iter().map(|work| store.accept_lead(work))).await;
    let answers: Vec<_> = answers.into_iter().map(Result::unwrap).collect();
    let (many, few) = answers.split_at(MANY);
    for (number, answer) in many.iter().enumerate() {
        let delivery = detail(&*store, expect_new(answer.clone()).delivery).await;
        assert_eq!(delivery.summary.key, key(&format!("key:{number}")));
    }
    assert_eq!(few[1], Accept::Repeat(expect_new(few[0].clone())));
    assert_eq!(few[2], Accept::Conflict);
    let newest = store.lead(&acme(), &lead_id("L-5")).await.unwrap().unwrap();
    assert_eq!(newest.priority, Priority::High);
}

/// Successes, one of them too late, and one refusal at once.
pub async fn concurrent_finishes_do_not_interfere(store: SharedStore) {
    for number in 0..MANY {
        accept_call(&*store, &format!("C-{number}"), &format!("L-{number}"), at(0)).await;
    }
    let claimed = claim(&*store, 500, at(1)).await;
    assert_eq!(claimed.len(), MANY);
    let outcome = |number| -> Result<&str, Failure> { if number == 9 { Err(rejected()) } else { Ok("KS-1") } };
    let finishes = claimed
        .iter()
        .enumerate()
        .map(|(number, claimed)| finish_attempt(claimed, outcome(number), at(2)));
    let mut finishes: Vec<_> = finishes.collect();
    finishes[4].lease.fence.0 += 1;
    let outcomes = join_all(finishes.into_iter().map(|finish| store.finish(finish))).await;
    for (number, (outcome, claimed)) in outcomes.into_iter().zip(&claimed).enumerate() {
        let delivery = detail(&*store, claimed.lease.id).await;
        let (state, reference) = (delivery.summary.state, delivery.summary.reference);
        let lead = claimed.lead.clone().unwrap();
        let flagged = manual_since(&*store, lead.as_str()).await.is_some();
        let expected = match number {
            4 => (FinishOutcome::LeaseLost, DeliveryState::Leased, None, false),
            9 => (FinishOutcome::Stored { leads: 0 }, DeliveryState::Review, None, true),
            _ => (
                FinishOutcome::Stored { leads: 0 },
                DeliveryState::Done,
                Some("KS-1".to_owned()),
                false,
            ),
        };
        assert_eq!((outcome.unwrap(), state, reference, flagged), expected, "{number}");
        let ended = (number != 4).then_some(at(2));
        assert_eq!(delivery.attempts[0].ended_at, ended, "{number}");
    }
}
