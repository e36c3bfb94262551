//! Swapping releases while traffic flows (promise 8).

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use axum::body::Body;
use http::Request;
use jackfield::tenants::ApplyError;
use jackfield_tests::components::component;
use jackfield_tests::documents::minimal_disposition;
use jackfield_tests::fakes::KeystoneLead;
use jackfield_tests::node::TestNode;
use tokio_util::sync::CancellationToken;

const TENANT: &str = "dwarka-homes";
const SWAPS: usize = 200;

/// The same component with another digest, by a custom section at its end.
fn variant(mut bytes: Vec<u8>, mark: u8) -> Vec<u8> {
    bytes.extend([0, 6, 4, b'm', b'a', b'r', b'k', mark]);
    bytes
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn swaps_under_load_fail_no_request() {
    let test = swap_under_load("").await;
    assert_eq!(test.runtime.idle_instances(), 0);
    test.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn swaps_with_reuse_fail_no_request() {
    let test = swap_under_load("[runtime]\nreuse = 1000").await;
    assert!(test.runtime.idle_instances() > 0, "instances are idle");
    let page = test
        .admin(Request::get("/metrics").body(Body::empty()).unwrap())
        .await
        .expect(200);
    let name = format!("jackfield_adapter_calls_reused_total{{tenant=\"{TENANT}\"}} ");
    let reused = page
        .text
        .lines()
        .find_map(|line| line.strip_prefix(&name)?.parse().ok());
    assert!(reused >= Some(100), "instances were reused: {reused:?}");
    // A release's instances are dropped with it, and earlier releases left none.
    let _ = test.apply(&test.dwarka("")).await;
    assert_eq!(test.runtime.idle_instances(), 0);
    test.finish().await;
}

/// Two hundred swaps between two components during status queries and dispositions, with `more` tables in the tenant's
/// file.
async fn swap_under_load(more: &str) -> TestNode {
    let test = Arc::new(TestNode::start().await);
    let other = test
        .node
        .rollout
        .replace_adapter(variant(component("keystone"), 1))
        .await
        .unwrap()
        .record
        .digest;
    let first = test.serving(TENANT).adapter;
    assert_ne!(first, other);
    for lead in 0..4 {
        test.keystone.seed(KeystoneLead::new(format!("L{lead}")));
    }
    let stop = CancellationToken::new();
    let engine = tokio::spawn(Arc::clone(&test.node.engine).run(stop.clone()));
    let swapped = Arc::new(AtomicBool::new(false));
    let (asked, disposed) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let load: Vec<_> = (0..4)
        .map(|lead| {
            let (test, swapped) = (Arc::clone(&test), Arc::clone(&swapped));
            let (asked, disposed) = (Arc::clone(&asked), Arc::clone(&disposed));
            tokio::spawn(async move {
                let mut call = 0;
                while !swapped.load(Ordering::Relaxed) {
                    let answer = test.status(TENANT, &format!("L{lead}")).await.expect(200);
                    assert_eq!(answer.json()["callable"], true);
                    asked.fetch_add(1, Ordering::Relaxed);
                    call += 1;
                    let document = minimal_disposition(&format!("C-{lead}-{call}"), "no_answer");
                    let _ = test.dispose(TENANT, &format!("L{lead}"), &document).await.expect(202);
                    disposed.fetch_add(1, Ordering::Relaxed);
                }
            })
        })
        .collect();

    for n in 0..SWAPS {
        let adapter = if n % 2 == 0 { other } else { first };
        let file = test
            .dwarka(more)
            .replace("adapter = \"keystone\"", &format!("adapter = \"{adapter}\""));
        let applied = test.apply(&file).await;
        assert!(!applied.unchanged);
        assert_eq!(test.serving(TENANT).adapter, adapter);
    }
    swapped.store(true, Ordering::Relaxed);
    for task in load {
        task.await.unwrap();
    }
    stop.cancel();
    engine.await.unwrap();
    test.work().await;

    let (asked, disposed) = (asked.load(Ordering::Relaxed), disposed.load(Ordering::Relaxed));
    assert!(asked >= 100, "there was load: {asked} queries");
    let stored = test.keystone.stored();
    assert_eq!(stored.len(), disposed);
    assert!(stored.iter().all(|call| call.revision == 1));
    Arc::into_inner(test).unwrap()
}

#[tokio::test]
async fn failed_release_keeps_the_old_one() {
    let test = TestNode::start().await;
    test.keystone.seed(KeystoneLead::new("L"));
    let before = test.serving(TENANT);
    let cut = component("keystone")[..10_000].to_vec();
    let error = test.node.rollout.push_adapter(cut).await.unwrap_err().to_string();
    assert!(!error.is_empty());
    let error = test
        .node
        .rollout
        .push_adapter(component("broken-describe"))
        .await
        .unwrap_err()
        .to_string();
    assert!(error.contains("describe"), "{error}");

    let file = test.dwarka("");
    let cases = [
        (
            file.replace("adapter = \"keystone\"", "adapter = \"keystone@9.9.9\""),
            "no adapter `keystone@9.9.9` was pushed",
        ),
        (file.replace("base_url", "bse_url"), "missing or wrong"),
        (
            file.replace(
                "{ value = \"keystone-canary-token\" }",
                "{ env = \"NO_SUCH_VARIABLE\" }",
            ),
            "NO_SUCH_VARIABLE is not set",
        ),
        (file.replace("[webhook]", "[webhok]"), "webhok"),
        (
            file.replace("[settings]", "[delivery]\nretry = []\n[settings]"),
            "1 to 20 waits",
        ),
    ];
    for (file, expected) in cases {
        let error = test.try_apply(&file).await.unwrap_err();
        assert!(error.to_string().contains(expected), "{expected}: {error}");
        assert!(!error.to_string().contains("canary"), "{error}");
        assert_eq!(test.serving(TENANT), before);
        let _ = test.status(TENANT, "L").await.expect(200);
    }
    test.finish().await;
}

#[tokio::test]
async fn rollback_goes_back_and_forward() {
    let test = TestNode::start().await;
    let first = test.serving(TENANT);
    test.apply(&test.dwarka("[delivery]\nconcurrency = 3")).await;
    let second = test.serving(TENANT);
    assert_eq!((first.number.0, second.number.0), (1, 2));
    let tenant = TENANT.parse().unwrap();
    test.node.rollout.rollback(&tenant, None).await.unwrap();
    assert_eq!(test.serving(TENANT), first);
    let none = test.node.rollout.rollback(&tenant, None).await.unwrap_err();
    assert!(matches!(none, ApplyError::NoRelease(..)), "{none}");
    test.node.rollout.rollback(&tenant, Some(second.number)).await.unwrap();
    assert_eq!(test.serving(TENANT), second);
    test.finish().await;
}

#[tokio::test]
async fn unchanged_or_dry_run_makes_no_release() {
    let test = TestNode::start().await;
    assert!(test.apply(&test.dwarka("")).await.unchanged);
    assert_eq!(test.serving(TENANT).number.0, 1);
    let tried = test
        .node
        .rollout
        .apply(None, &test.dwarka("[delivery]\nconcurrency = 3"), true)
        .await
        .unwrap();
    let pointers: Vec<_> = tried.changes.iter().map(|change| change.pointer.as_str()).collect();
    assert_eq!(pointers, ["/delivery/concurrency"]);
    assert_eq!(test.serving(TENANT).number.0, 1);
    test.finish().await;
}

#[tokio::test]
async fn restarted_host_serves_active_releases() {
    let mut test = TestNode::start().await;
    test.keystone.seed(KeystoneLead::new("L"));
    test.apply(&test.dwarka("[delivery]\nconcurrency = 3")).await;
    let before = test.serving(TENANT);
    test.restart().await;
    assert_eq!(test.serving(TENANT), before);
    let _ = test.status(TENANT, "L").await.expect(200);
    test.finish().await;
}
