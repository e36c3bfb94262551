//! Every alert is announced in the log, whichever process raised it and whenever a host stopped.

use std::path::Path;
use std::time::Duration;

use jackfield::app::{OpenStore, Storage};
use jackfield_clock::{Clock as _, SystemClock};
use jackfield_domain::alert::AlertKind;
use jackfield_domain::delivery::{DeliveryKind, MAX_LOST_LEASES};
use jackfield_domain::id::{ReleaseNumber, TenantName};
use jackfield_store::{ClaimRequest, NewAlert, TenantShare};
use jackfield_tests::documents::{keystone_tenant, minimal_disposition};
use jackfield_tests::fakes::{Behaviour, Keystone, KeystoneConfig, KeystoneLead, Mode};
use jackfield_tests::process::HostProcess;

use super::BINARY;
use super::installation::{agent_token, apply, install, push_keystone};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn next_start_announces_what_a_crash_left() {
    // An alert that was committed and not announced is announced by the next start, and only by that one.
    let data = tempfile::tempdir().unwrap();
    install(data.path());
    let database = open(data.path()).await;
    let alert = NewAlert {
        tenant: tenant(),
        kind: AlertKind::Credential,
        message: "committed just before the crash".into(),
        now: SystemClock.now(),
    };
    database.store().raise_alert(alert).await.unwrap();
    database.close().await.unwrap();

    for expected in [1, 0] {
        let host = HostProcess::start(BINARY, data.path(), &[]);
        let (status, _, log) = host.stop("TERM");
        assert_eq!(status.code(), Some(0), "{log:?}");
        assert_eq!(announced(&log, "committed just before the crash"), expected, "{log:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn alerts_of_recovery_are_announced() {
    // The start that finds the last lost lease makes a dead letter of it before anything else runs.
    let data = tempfile::tempdir().unwrap();
    let keystone = Keystone::start(KeystoneConfig::new("keystone-token")).await.unwrap();
    keystone.seed(KeystoneLead::new("L"));
    keystone.behave(Behaviour::always(Mode::Hang));
    let host = in_flight(data.path(), &keystone).await;
    host.kill();

    let database = open(data.path()).await;
    let store = database.store();
    let id = std::fs::read_to_string(data.path().join("host.id")).unwrap();
    for _ in 1..MAX_LOST_LEASES {
        let now = SystemClock.now();
        assert_eq!(store.reap(now, Some(id.trim())).await, Ok(1));
        let claim = ClaimRequest {
            owner: format!("{}/earlier", id.trim()),
            now,
            lease: Duration::from_mins(5),
            tenants: vec![TenantShare {
                tenant: tenant(),
                limit: 1,
                kinds: vec![(DeliveryKind::Disposition, 1)],
                last: vec![],
                release: ReleaseNumber(1),
            }],
        };
        assert_eq!(store.claim(claim).await.unwrap().len(), 1);
    }
    database.close().await.unwrap();

    let host = HostProcess::start(BINARY, data.path(), &[]);
    let (status, _, log) = host.stop("TERM");
    assert_eq!(status.code(), Some(0), "{log:?}");
    assert_eq!(announced(&log, "is dead"), 1, "{log:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn alerts_of_a_drain_are_announced() {
    // The CRM's refusal arrives while the host drains; the review that follows is announced before it exits.
    let data = tempfile::tempdir().unwrap();
    let keystone = Keystone::start(KeystoneConfig::new("keystone-token")).await.unwrap();
    keystone.behave(Behaviour::always(Mode::Slow).delay(Duration::from_secs(2)));
    let host = in_flight(data.path(), &keystone).await;
    host.signal("TERM");
    host.wait_for_log("draining").await;
    let (status, _, log) = host.stop("TERM");
    assert_eq!(status.code(), Some(0), "{log:?}");
    assert_eq!(announced(&log, "needs a decision"), 1, "{log:?}");
}

/// A host with one disposition, whose request has reached the CRM.
async fn in_flight(data: &Path, keystone: &Keystone) -> HostProcess {
    let operator = install(data);
    let host = HostProcess::start(BINARY, data, &[]);
    push_keystone(&host, &operator);
    let file = keystone_tenant(
        tenant().as_str(),
        &keystone.origin(),
        "{ value = \"keystone-token\" }",
        "",
    );
    apply(&host, &operator, data, &file);
    let agent = agent_token(&host, &operator, tenant().as_str());
    let before = keystone.counts().requests;
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let post = client.post(format!("{}/v1/tenants/t/leads/L/disposition", host.public));
    let post = post.bearer_auth(&agent).json(&minimal_disposition("C-1", "no_answer"));
    assert_eq!(post.send().await.unwrap().status(), 202);
    while keystone.counts().requests == before {
        tokio::task::yield_now().await;
    }
    host
}

fn tenant() -> TenantName {
    "t".parse().unwrap()
}

async fn open(data: &Path) -> OpenStore {
    Storage::default().open(data).await.unwrap()
}

/// How many lines of the level for whoever is paged contain `part`.
fn announced(log: &[String], part: &str) -> usize {
    let errors = log
        .iter()
        .filter(|line| line.to_ascii_uppercase().contains("\"ERROR\""));
    errors.filter(|line| line.contains(part)).count()
}
