//! A guest in Python: an exception becomes either a fault with its message and location, or the failure that it stands
//! for; records cross the boundary whole.

use jackfield_domain::call::disposition::Disposition;
use jackfield_domain::delivery::failure::{Failure, FaultCause};
use jackfield_tests::documents::{disposition, minimal_disposition};
use jiff::Timestamp;

use super::test_runtime::{TestRuntime, fault, id, report};

/// Python itself takes 11 MiB, and it is slow in the tests' unoptimized engine.
const LIMITS: &str = "limits = { memory_mib = 128, cpu_ms = 10000, status_deadline_ms = 10000 }";

#[tokio::test]
async fn exception_fault_has_message_and_line() {
    let test = TestRuntime::new();
    let guest = test.load("py-raises", LIMITS).await;
    let cases = [
        ("key", "KeyError: 'stage' (stages.py:9 in to_status)"),
        (
            "value",
            "ValueError: bad stage 'x' of two lines (adapter.py:47 in query_status)",
        ),
        ("silent", "AssertionError (adapter.py:49 in query_status)"),
        ("exit", "SystemExit: 0 (adapter.py:51 in query_status)"),
        (
            "library",
            "ValueError: invalid literal for int() with base 10: 'twelve' (adapter.py:55 in query_status)",
        ),
        (
            "no-return",
            "TypeError: what the adapter returned should be LeadStatus and is None (shape.py",
        ),
        (
            "wrong-type",
            "TypeError: LeadStatus.status should be str and is None (shape.py",
        ),
        (
            "own-failure",
            "TypeError: raise one of the classes in jackfield.failures, not Failure",
        ),
        ("bad-reason", "TypeError: a failure's reason is str, not int"),
    ];
    for (lead, expected) in cases {
        let fault = fault(&guest, lead).await;
        assert_eq!(fault.cause, FaultCause::Trap, "{lead}: {}", fault.detail);
        assert!(fault.detail.starts_with(expected), "{lead}: {}", fault.detail);
    }
    assert_eq!(
        report(&guest, "well").await.unwrap(),
        "new",
        "the next invocation succeeds"
    );
}

#[tokio::test]
async fn memory_and_stack_faults_are_named() {
    let test = TestRuntime::new();
    let guest = test.load("py-raises", LIMITS).await;
    let memory = fault(&guest, "memory").await;
    assert_eq!(memory.cause, FaultCause::MemoryCap, "{}", memory.detail);
    let deep = fault(&guest, "deep").await;
    assert!(
        matches!(deep.cause, FaultCause::Trap | FaultCause::Stack),
        "{:?}: {}",
        deep.cause,
        deep.detail
    );
}

#[tokio::test]
async fn raised_failures_keep_their_class() {
    let test = TestRuntime::new();
    let guest = test.load("py-raises", LIMITS).await;
    for class in [
        "unavailable",
        "unknown",
        "unauthorized",
        "not-found",
        "rate-limited",
        "rejected",
        "conflict",
    ] {
        let failure = report(&guest, class).await.unwrap_err();
        assert_eq!(failure.class().word(), class);
        let reason = match class {
            "unavailable" => Some("down since noon"),
            "unknown" => Some("status E503"),
            "unauthorized" => Some("the token expired"),
            "conflict" => Some("the revision moved"),
            _ => None,
        };
        let words = failure.to_string();
        assert!(
            reason.is_none_or(|reason| words.ends_with(&format!(": {reason}"))),
            "{words}"
        );
        match failure {
            Failure::RateLimited { retry_after } => assert_eq!(retry_after.map(|it| it.as_secs()), Some(7)),
            Failure::Rejected(it) => {
                assert_eq!((it.code.as_str(), it.message.as_str()), ("P-1", "नहीं"));
                assert_eq!(
                    (it.fields[0].pointer.as_str(), it.fields[0].detail.as_str()),
                    ("stage", "no")
                );
            }
            _ => {}
        }
    }
    let bare = report(&guest, "bare-conflict").await.unwrap_err();
    assert_eq!(bare, Failure::Conflict(None));
    let half = report(&guest, "half-a-character").await.unwrap_err();
    let Failure::Rejected(rejection) = half else {
        panic!("{half:?}");
    };
    assert_eq!(
        (rejection.code.as_str(), rejection.message.as_str()),
        ("\u{fffd}", "😀")
    );
}

#[tokio::test]
async fn codecs_are_there_in_a_component() {
    // Python imports a codec's module at its first use, and a component has no files: the build imports them.
    let test = TestRuntime::new();
    let guest = test.load("py-raises", LIMITS).await;
    let names = "utf-8-sig utf-16 utf-16-le utf-32 utf-32-be ascii latin-1 iso8859-7 iso8859-15 iso8859-16 cp1250 \
                 cp1252 cp1258 koi8-r koi8-u mac-roman cp437 cp850 idna punycode";
    for name in names.split_whitespace() {
        let told = report(&guest, &format!("codec-{name}")).await;
        assert_eq!(told.as_deref(), Ok("cafe"), "{name}");
    }
}

#[tokio::test]
async fn records_cross_the_boundary_whole() {
    let test = TestRuntime::new();
    let guest = test.load("py-raises", LIMITS).await;
    let status = guest.query_status(&id("well")).await.outcome.unwrap();
    assert_eq!(
        (status.callable, status.dnc, status.human_contacted),
        (true, false, Some(false))
    );
    assert!(
        status
            .last_call_attempt
            .is_some_and(|at| at.parse::<Timestamp>().is_ok()),
        "WASI's clock is read"
    );
    assert_eq!(
        (
            status.extensions[0].pointer.as_str(),
            status.extensions[0].json.as_str()
        ),
        ("/floor", "\"ऊपर\"")
    );

    let key = "C-1".parse().unwrap();
    for (document, reference) in [
        (disposition("C-1", "wants_a_penthouse"), "whole"),
        (minimal_disposition("C-1", "no_answer"), "bare True"),
    ] {
        let disposition = Disposition::read(id("L-1"), &document).unwrap();
        let written = guest.write(&disposition, Timestamp::UNIX_EPOCH, &key).await.outcome;
        assert_eq!(written.unwrap(), reference);
    }
    let found = guest.find(&id("there"), &key).await.outcome.unwrap();
    assert_eq!(found.as_deref(), Some("found"));
    assert_eq!(guest.find(&id("elsewhere"), &key).await.outcome.unwrap(), None);
    let leads = guest
        .parse("text/plain", b"L-7", Timestamp::UNIX_EPOCH)
        .await
        .outcome
        .unwrap();
    let lead = leads[0].as_ref().unwrap();
    assert_eq!(
        (&lead.members["id"], &lead.members["created_at"]),
        (&"L-7".into(), &"2026-07-01T14:31:00+05:30".into())
    );
    let refused = leads[1].as_ref().unwrap_err();
    assert_eq!(
        (refused.code.as_str(), refused.fields[0].detail.as_str()),
        ("L-1", "is missing")
    );
}
