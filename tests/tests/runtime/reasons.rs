//! Failures with a reason through the SDKs, in real components.

use jackfield_domain::delivery::failure::{Failure, Reason};

use super::test_runtime::{TestRuntime, report};

async fn conflict_has_its_reason(guest: &str, limits: &str) {
    let loaded = TestRuntime::new().load(guest, limits).await;
    let reason = Reason::new("the revision moved");
    assert_eq!(report(&loaded, "moved").await, Err(Failure::Conflict(reason)));
}

#[tokio::test]
async fn c_says_why_it_failed() {
    conflict_has_its_reason("c-raises", "limits = { memory_mib = 16 }").await;
}

#[tokio::test]
async fn go_says_why_it_failed() {
    conflict_has_its_reason("go-raises", "limits = { memory_mib = 64, cpu_ms = 10000 }").await;
}
