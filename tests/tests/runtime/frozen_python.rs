//! A guest in Python on line 0.1 of the contract, which is frozen: the host goes on running it.

use jackfield_domain::call::disposition::Disposition;
use jackfield_domain::delivery::failure::Failure;
use jackfield_sandbox::LoadedRelease;
use jackfield_tests::documents::disposition;
use jiff::Timestamp;

use super::server::{Reply, Server};
use super::test_runtime::{TestRuntime, id, report, without_reason};

/// Python itself takes 11 MiB, and it is slow in the tests' unoptimized engine.
const LIMITS: &str = "limits = { memory_mib = 128, cpu_ms = 10000, status_deadline_ms = 10000 }";

async fn frozen(test: &TestRuntime, server: &Server) -> LoadedRelease {
    let origin = &server.origin;
    let spec = format!(
        "{LIMITS}\nsettings.base_url = \"{origin}\"\negress = {{ allow = [\"{origin}\"], private_addresses = true }}"
    );
    test.load("py-frozen", &spec).await
}

#[tokio::test]
async fn old_exports_are_invoked() {
    let (test, server) = (TestRuntime::new(), Server::start(|_| Reply::json("12")).await);
    let guest = frozen(&test, &server).await;
    let status = guest.query_status(&id("L-1")).await.outcome.unwrap();
    assert_eq!((status.callable, status.status.as_str()), (true, "new"));
    assert_eq!(status.extensions[0].json, "12", "the old `http` import works");

    let (key, now) = ("C-1".parse().unwrap(), Timestamp::UNIX_EPOCH);
    let written = Disposition::read(id("L-1"), disposition("C-1", "wants_a_penthouse")).unwrap();
    let reference = guest.write(&written, now, &key).await.outcome.unwrap();
    assert_eq!(reference, "C-1 wants_a_penthouse 12000000");
    let found = guest.find(&id("there"), &key).await.outcome.unwrap();
    assert_eq!(found.as_deref(), Some("found"));
    assert_eq!(guest.find(&id("elsewhere"), &key).await.outcome.unwrap(), None);

    let leads = guest.parse("text/plain", b"L-7 L-8", now).await.outcome.unwrap();
    let ids: Vec<_> = leads.iter().map(|lead| &lead.as_ref().unwrap().members["id"]).collect();
    assert_eq!(ids, ["L-7", "L-8"]);
    let refused = guest.parse("text/plain", b"", now).await.outcome.unwrap_err();
    assert!(matches!(refused, Failure::Rejected(_)), "{refused:?}");
}

#[tokio::test]
async fn old_failures_have_no_reason() {
    let (test, server) = (TestRuntime::new(), Server::start(|_| Reply::json("12")).await);
    let guest = frozen(&test, &server).await;
    for class in [
        "unavailable",
        "unknown",
        "unauthorized",
        "rate-limited",
        "rejected",
        "not-found",
    ] {
        let failure = report(&guest, class).await.unwrap_err();
        assert_eq!(failure.class().word(), class);
        assert_eq!(without_reason::<()>(Err(failure.clone())), Err(failure), "{class}");
    }
}
