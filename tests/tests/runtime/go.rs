//! A guest in Go whose garbage collector runs throughout an invocation. While the host writes into a guest's memory the
//! guest must not call an import, and a collection in Go reads the clock.

use jackfield_domain::call::disposition::Disposition;
use jackfield_sandbox::LoadedRelease;
use jackfield_tests::documents::minimal_disposition;
use jiff::Timestamp;

use super::server::{Reply, Server};
use super::test_runtime::{TestRuntime, id, report};

/// Generous, because the tests' engine is not optimized.
const LIMITS: &str = "limits = { cpu_ms = 20000, status_deadline_ms = 10000, memory_mib = 64 }";

/// Bytes of each answer.
const LARGE: usize = 2_000_000;

/// Invocations that an instance serves where instances are reused.
const REUSE: u32 = 10_000;

async fn server() -> Server {
    let body = "x".repeat(LARGE);
    Server::start(move |_| Reply::json(&body)).await
}

async fn collects(test: &TestRuntime, server: &Server, reuse: u32) -> LoadedRelease {
    let origin = &server.origin;
    let spec = format!(
        "runtime.reuse = {reuse}\n{LIMITS}\nsettings.base_url = \"{origin}\"\n\
         egress = {{ allow = [\"{origin}\"], private_addresses = true }}"
    );
    test.load("go-collects", &spec).await
}

/// Lets the guest receive `times` large answers and make `links` small objects before each, and checks that all
/// arrived.
async fn received(guest: &LoadedRelease, times: usize, links: usize) {
    let bytes = report(guest, &format!("{times}-{links}")).await;
    assert_eq!(bytes.unwrap(), (times * LARGE).to_string(), "{times}-{links}");
}

#[tokio::test]
async fn garbage_collection_during_large_answers() {
    let (test, server) = (TestRuntime::new(), server().await);
    for (reuse, calls) in [(1, 30), (REUSE, 60)] {
        let guest = collects(&test, &server, reuse).await;
        for call in 0..calls {
            received(&guest, 1 + call % 3, call * 37 % 3000).await;
        }
    }
}

#[tokio::test]
async fn garbage_collection_with_large_arguments() {
    let (test, server) = (TestRuntime::new(), server().await);
    let guest = collects(&test, &server, REUSE).await;
    let (now, key) = (Timestamp::UNIX_EPOCH, "C-1".parse().unwrap());
    let disposition = Disposition::read(id("L"), minimal_disposition("C-1", "no_answer")).unwrap();
    for call in 0..500 {
        let body = call.to_string().repeat(call * 97 % 9000);
        let leads = guest.parse("text/plain", body.as_bytes(), now).await.outcome.unwrap();
        assert_eq!(leads[0].as_ref().unwrap().members["id"], body.len().to_string());
        assert_eq!(guest.write(&disposition, now, &key).await.outcome.unwrap(), "R");
    }
}

#[tokio::test]
async fn received_bytes_are_collected() {
    // An instance whose memory is full is replaced. This one stays, so Go collects what the host sent, though the guest
    // itself allocates little.
    let (test, server) = (TestRuntime::new(), server().await);
    let guest = collects(&test, &server, REUSE).await;
    for call in 0..40 {
        let reused = guest.query_status(&id("3-0")).await.reused;
        assert_eq!(reused, call > 0, "call {call}");
    }
}
