//! Batches of leads through the SDKs, in real components: a bad lead is refused in its place, and the others are read.

use jiff::Timestamp;

use super::test_runtime::{TestRuntime, id};

async fn one_bad_lead_keeps_the_others(guest: &str, limits: &str) {
    let test = TestRuntime::new();
    let loaded = test.load(guest, &format!("country = \"IN\"\n{limits}")).await;
    let body = "A,98000 00000\nB,soon\nC,+971 50 123 4567";
    let parsed = loaded.parse("text/plain", body.as_bytes(), Timestamp::UNIX_EPOCH).await;
    let leads = parsed.outcome.unwrap();
    let phones: Vec<_> = leads
        .iter()
        .map(|lead| match lead {
            Ok(lead) => lead.members["phone"].as_str().unwrap(),
            Err(refused) => refused.fields[0].detail.as_str(),
        })
        .collect();
    assert_eq!(phones, ["+919800000000", "is not a telephone number", "+971501234567"]);
    let first = leads[0].as_ref().unwrap();
    assert_eq!(
        (&first.members["id"], &first.members["created_at"]),
        (&"A".into(), &"2026-07-01T14:31:55+05:30".into()),
        "the SDK prints times anew"
    );
    assert_eq!(leads[1].as_ref().unwrap_err().code, "bad-phone");

    let status = loaded.query_status(&id("phone|98000 00000|")).await.outcome.unwrap();
    assert_eq!(status.last_call_attempt.as_deref(), Some("2026-07-01T14:31:55+05:30"));
}

#[tokio::test]
async fn c_refuses_one_lead_alone() {
    one_bad_lead_keeps_the_others("c-raises", "limits = { memory_mib = 16, cpu_ms = 10000 }").await;
}

#[tokio::test]
async fn go_refuses_one_lead_alone() {
    one_bad_lead_keeps_the_others("go-raises", "limits = { memory_mib = 64, cpu_ms = 10000 }").await;
}
