//! Order: dispositions of one lead are delivered one after another, as accepted; a do-not-call overtakes.

use std::time::Duration;

use jackfield_tests::documents::minimal_disposition;
use jackfield_tests::fakes::{Behaviour, KeystoneLead, Mode};
use jackfield_tests::node::TestNode;

const TENANT: &str = "dwarka-homes";

async fn dispose(test: &TestNode, lead: &str, call: &str, outcome: &str) {
    let _ = test
        .dispose(TENANT, lead, &minimal_disposition(call, outcome))
        .await
        .expect(202);
}

fn calls(test: &TestNode) -> Vec<String> {
    test.keystone.stored().into_iter().map(|call| call.call_id).collect()
}

#[tokio::test]
async fn order_is_kept_within_a_lead_only() {
    // Dispositions of one lead keep their order; other leads do not wait for them.
    let test = TestNode::start().await;
    for lead in ["A", "B"] {
        test.keystone.seed(KeystoneLead::new(lead));
    }
    test.keystone.behave(Behaviour::next(1, Mode::Maintenance));
    dispose(&test, "A", "A-1", "no_answer").await;
    test.work().await;
    dispose(&test, "A", "A-2", "no_answer").await;
    dispose(&test, "A", "A-3", "callback_requested").await;
    dispose(&test, "B", "B-1", "no_answer").await;
    assert_eq!(test.work().await, 1);
    assert_eq!(calls(&test), ["B-1"], "A-2 and A-3 wait for A-1's next attempt");
    test.advance(Duration::from_secs(33));
    test.work().await;
    assert_eq!(calls(&test), ["B-1", "A-1", "A-2", "A-3"]);
    test.finish().await;
}

#[tokio::test]
async fn do_not_call_overtakes_waiting_deliveries() {
    let test = TestNode::start().await;
    for lead in ["A", "B"] {
        test.keystone.seed(KeystoneLead::new(lead));
    }
    dispose(&test, "A", "A-1", "no_answer").await;
    dispose(&test, "B", "B-1", "no_answer").await;
    dispose(&test, "A", "A-2", "dnc_requested").await;
    test.apply(&test.dwarka("[delivery]\nconcurrency = 1")).await;
    test.work().await;
    assert_eq!(calls(&test), ["A-2", "A-1", "B-1"]);
    test.finish().await;
}
