//! A guest in TypeScript: a mistake becomes a fault with the author's message and source line. And what the SDK must
//! get right inside the engine, which native tests do not cover.

use jackfield_domain::call::disposition::Disposition;
use jackfield_domain::custody::Sensitive;
use jackfield_domain::delivery::failure::{Failure, FaultCause};
use jackfield_sandbox::{CredentialSecrets, LoadedRelease};
use jackfield_tests::documents::disposition;
use jiff::Timestamp;

use super::test_runtime::{TestRuntime, fault, id, report};

async fn raises(test: &TestRuntime) -> LoadedRelease {
    let spec = "limits = { memory_mib = 64, cpu_ms = 1000 }\n[[credentials]]\nname = \"signing\"\nkind = \"hmac\"\n\
                secret = { env = \"X\" }";
    let secrets: CredentialSecrets = [("signing".to_owned(), Sensitive::new("a test key".into()))].into();
    test.try_load("ts-raises", spec, secrets).await.unwrap()
}

#[tokio::test]
async fn exception_fault_has_message_and_line() {
    let test = TestRuntime::new();
    let raises = raises(&test).await;
    let cases = [
        ("throws-deep", "stage is undefined (src/stages.ts:8 in normal)"),
        ("throws-text", "thrown: a text in two lines"),
        ("throws-payload", "RangeError: looks like a failure (src/adapter.ts:"),
        ("promises", "TypeError: queryStatus answered a promise"),
        (
            "answers-nothing",
            "TypeError: queryStatus answered `status` that should be an object and is of type undefined",
        ),
        (
            "answers-another-form",
            "TypeError: queryStatus answered `status` that should be text and is of type number",
        ),
        ("recurses", "InternalError: too much recursion (src/adapter.ts:"),
        (
            "bad-reason",
            "TypeError: the reason of the failure unknown should be text and is of type number",
        ),
    ];
    let mut wrong = vec![];
    for (lead, expected) in cases {
        let fault = fault(&raises, lead).await;
        if fault.cause != FaultCause::Trap || !fault.detail.contains(expected) {
            wrong.push(format!("{lead}: {fault:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test]
async fn loop_and_memory_faults_are_named() {
    let test = TestRuntime::new();
    let raises = raises(&test).await;
    assert_eq!(fault(&raises, "never-ends").await.cause, FaultCause::CpuDeadline);
    assert_eq!(fault(&raises, "takes-memory").await.cause, FaultCause::MemoryCap);
    assert_eq!(
        report(&raises, "random").await.unwrap(),
        "false",
        "the next invocation succeeds"
    );
}

#[tokio::test]
async fn failures_and_imports_cross_the_boundary() {
    let test = TestRuntime::new();
    let raises = raises(&test).await;
    match report(&raises, "fails").await {
        Err(Failure::Rejected(rejection)) => {
            assert_eq!((rejection.code.as_str(), rejection.message.as_str()), ("E7", "यह नहीं"));
            assert_eq!(rejection.fields[0].pointer, "f");
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(report(&raises, "logs").await.unwrap(), "logged");
    assert_eq!(
        report(&raises, "now").await.unwrap(),
        "20",
        "not the time of the build's snapshot"
    );
    // printf Jackfield | openssl dgst -sha256 -hmac 'a test key'
    assert_eq!(report(&raises, "hmac").await.unwrap(), "67471bbe");
    for (lead, reason) in [
        ("no-key", "the release has no hmac credential `other`"),
        ("unavailable", "down since noon"),
        ("unknown", "status E503"),
        ("unauthorized", "the token expired"),
        ("conflict", "the revision moved"),
    ] {
        let failure = report(&raises, lead).await.unwrap_err();
        let class = if lead == "no-key" { "unauthorized" } else { lead };
        assert_eq!(failure.class().word(), class);
        let words = failure.to_string();
        assert!(words.ends_with(&format!(": {reason}")), "{words}");
    }
    let bare = report(&raises, "bare-conflict").await.unwrap_err();
    assert_eq!(bare, Failure::Conflict(None));
}

#[tokio::test]
async fn exports_work_and_amounts_are_exact() {
    let test = TestRuntime::new();
    let raises = raises(&test).await;
    let mut document = disposition("C-1", "no_answer");
    document["qualification"]["budget_min"] = 0.into();
    // The largest amount that the host accepts.
    document["qualification"]["budget_max"] = 100_000_000_000_i64.into();
    let (key, now) = ("C-1".parse().unwrap(), Timestamp::UNIX_EPOCH);
    let disposition = Disposition::read(id("L"), &document).unwrap();
    let reference = raises.write(&disposition, now, &key).await.outcome.unwrap();
    assert_eq!(reference, "0 100000000000");
    let found = raises.find(&id("L"), &key).await.outcome.unwrap();
    assert_eq!(found.as_deref(), Some("found"));
    assert_eq!(raises.find(&id("absent"), &key).await.outcome.unwrap(), None);
    let leads = raises.parse("text/plain", "आशा".as_bytes(), now).await.outcome.unwrap();
    assert_eq!(
        leads[0].as_ref().unwrap().members["created_at"],
        "2026-07-01T14:31:00+05:30"
    );
    let refused = leads[1].as_ref().unwrap_err();
    assert_eq!(
        (refused.code.as_str(), refused.fields[0].detail.as_str()),
        ("L-1", "is missing")
    );
}
