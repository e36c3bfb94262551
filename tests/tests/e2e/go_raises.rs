//! Panics of a Go guest, and errors outside the contract, become faults with the guest's own message.

use jackfield_domain::delivery::DeliveryState;
use jackfield_domain::delivery::failure::FaultCause;
use jackfield_store::DeliveryDetail;
use jackfield_tests::components::component;
use jackfield_tests::documents::minimal_disposition;
use jackfield_tests::node::TestNode;

const TENANT: &str = "dwarka-homes";

/// Reports a call of a lead whose id names the guest's mistake.
async fn reported(test: &TestNode, lead: &str) -> DeliveryDetail {
    let body = minimal_disposition(&format!("C-{lead}"), "no_answer");
    let id = test.accept(TENANT, lead, &body).await;
    test.work().await;
    test.stored_delivery(&id).await
}

#[tokio::test]
async fn go_errors_become_described_faults() {
    let test = TestNode::empty().await;
    test.node.rollout.push_adapter(component("go-raises")).await.unwrap();
    // One attempt each, and a breaker that stays closed.
    let tenant = format!(
        r#"
        tenant = "{TENANT}"
        adapter = "go-raises"
        [delivery]
        retry = ["0s"]
        [delivery.breaker]
        failures = 100
        [limits]
        memory_mib = 64
        "#
    );
    test.apply(&tenant).await;
    let cases = [
        (
            "index",
            FaultCause::Trap,
            "panic: runtime error: index out of range [3] with length 1 (raises.go:",
        ),
        (
            "map",
            FaultCause::Trap,
            "panic: assignment to entry in nil map (raises.go:",
        ),
        (
            "nil",
            FaultCause::Trap,
            "panic: runtime error: invalid memory address or nil pointer dereference (raises.go:",
        ),
        ("panic", FaultCause::Trap, "panic: bad stage 'x' (raises.go:"),
        (
            "error",
            FaultCause::Trap,
            "error: stage \"x\": not in the table (returned by Write; it is not one of jackfield's failures)",
        ),
        (
            "log",
            FaultCause::Trap,
            "panic: jackfield: Log takes names and values in turn",
        ),
        ("grows", FaultCause::MemoryCap, "it wanted more than 64 MiB"),
        ("hangs", FaultCause::CpuDeadline, "it computed longer than"),
    ];
    for (lead, cause, words) in cases {
        let after = reported(&test, lead).await;
        let detail = &after.attempts[0].detail;
        assert_eq!(detail.fault, Some(cause), "{lead}: {}", detail.message);
        assert!(detail.message.contains(words), "{lead}: {}", detail.message);
    }
    let wrapped = reported(&test, "wrapped").await;
    let attempt = &wrapped.attempts[0];
    assert_eq!(attempt.class.unwrap().word(), "unauthorized");
    assert_eq!(
        attempt.detail.reason.as_deref(),
        Some("the CRM answered E401 in its page")
    );
    let fine = reported(&test, "fine").await;
    assert_eq!(
        (fine.summary.state, fine.summary.reference.as_deref()),
        (DeliveryState::Done, Some("R"))
    );
    test.finish().await;
}
