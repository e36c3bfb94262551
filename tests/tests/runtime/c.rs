//! How mistakes of a guest in C reach the host.

use jackfield_domain::delivery::failure::FaultCause;

use super::test_runtime::{TestRuntime, fault, report};

#[tokio::test]
async fn c_errors_become_described_faults() {
    // Whatever goes wrong in C is a fault whose detail says what.
    let test = TestRuntime::new();
    let loaded = test.load("c-raises", "limits = { memory_mib = 16 }\n").await;
    let cases = [
        ("panic", "panic: no such stage: 77 (src/adapter.c:"),
        ("panic", "in jf_query_status)"),
        ("panic-nul", "panic: no such stage: a b (7 known) (src/adapter.c:"),
        ("assert", "assertion failed: number == 0 (src/adapter.c:"),
        ("abort", "abort() was called"),
        ("overflow", "signed integer overflow"),
        ("past-the-end", "out of bounds"),
        ("null", "null pointer"),
        ("stack", "the stack is exhausted"),
        (
            "on-the-stack",
            "status.status lies in an array of a function that has returned: take jf_copy of it",
        ),
        ("silent", "jf_query_status returned false and did not say why"),
    ];
    for (lead, words) in cases {
        let fault = fault(&loaded, lead).await;
        assert!(fault.detail.contains(words), "{lead}: {}", fault.detail);
        assert_eq!(fault.cause, FaultCause::Trap, "{lead}");
    }
    let json = report(&loaded, "json").await.unwrap();
    assert_eq!(
        json, "{\"name\":\"आ\\u0000b\",\"rate\":1.10}",
        "a text has a length, and a number its digits"
    );
    let heap = fault(&loaded, "heap").await;
    assert_eq!(heap.cause, FaultCause::MemoryCap, "{}", heap.detail);
    assert_eq!(report(&loaded, "not-utf8").await.unwrap(), "Caf\u{FFFD}");
}
