//! Status queries and writes never wait for each other, however many of either hang.

use std::time::Duration;

use futures_util::future::join_all;
use futures_util::poll;
use jackfield_tests::documents::minimal_disposition;
use jackfield_tests::fakes::{Behaviour, GroundworkLead, KeystoneLead, Mode};
use jackfield_tests::node::TestNode;

const TENANT: &str = "dwarka-homes";

#[tokio::test]
async fn excess_status_queries_say_do_not_call() {
    // Status queries over the tenant's concurrency limit are refused at once, and the answer says not to call.
    let test = TestNode::start().await;
    test.apply(&test.dwarka("[limits]\nstatus_concurrency = 3")).await;
    test.keystone.seed(KeystoneLead::new("L"));
    test.keystone.seed(KeystoneLead::new("M"));
    test.groundwork.seed(GroundworkLead::new("L"));
    test.keystone.behave(Behaviour::always(Mode::Hang));
    let mut hanging = Box::pin(join_all((0..3).map(|_| test.status(TENANT, "M"))));
    while test.keystone.counts().requests < 3 {
        assert!(poll!(&mut hanging).is_pending());
        tokio::task::yield_now().await;
    }
    let refused = test.status(TENANT, "L").await.expect(503);
    assert_eq!(refused.headers["retry-after"], "1");
    assert_eq!(
        (refused.json()["callable"].clone(), refused.member("type")),
        (false.into(), "urn:jackfield:problem:overloaded".into())
    );
    assert_eq!(test.keystone.counts().requests, 3, "the CRM was not asked");
    let other = test.status("saket-estates", "L").await.expect(200);
    assert_eq!(other.json()["callable"], true, "another tenant has its own limit");

    // Writes do not wait for the queries, and a do-not-call that one brought is known without asking the CRM.
    test.keystone.behave(Behaviour::always(Mode::Ok));
    let _ = test
        .dispose(TENANT, "L", &minimal_disposition("C-1", "dnc_requested"))
        .await
        .expect(202);
    assert_eq!(test.work().await, 1);
    assert_eq!(test.keystone.stored().len(), 1);
    let known = test.status(TENANT, "L").await.expect(200).json();
    assert_eq!((&known["callable"], &known["dnc"]), (&false.into(), &true.into()));
    let metrics = test
        .admin(http::Request::get("/metrics").body(axum::body::Body::empty()).unwrap())
        .await;
    assert!(
        metrics
            .text
            .contains(r#"jackfield_status_full_total{tenant="dwarka-homes"} 2"#)
    );

    test.advance(Duration::from_secs(1));
    for answer in hanging.as_mut().await {
        let late = answer.expect(504);
        assert_eq!(late.json()["callable"], false);
    }
    drop(hanging);
    let _ = test.status(TENANT, "M").await.expect(200);
    test.finish().await;
}

#[tokio::test]
async fn hanging_writes_block_no_status_query() {
    let test = TestNode::start().await;
    test.apply(&test.dwarka("[limits]\nstatus_concurrency = 1\n[delivery]\nconcurrency = 16"))
        .await;
    for n in 0..16 {
        test.accept_numbered(TENANT, n).await;
    }
    test.keystone.behave(Behaviour::next(16, Mode::Hang));
    {
        let mut work = std::pin::pin!(test.work());
        while test.keystone.counts().requests < 16 {
            assert!(poll!(&mut work).is_pending());
            tokio::task::yield_now().await;
        }
        assert_eq!(test.status(TENANT, "L1").await.expect(200).json()["callable"], true);
        test.advance(Duration::from_secs(10));
        work.await;
    }
    for _ in 0..400 {
        test.advance(Duration::from_secs(1));
        test.work().await;
    }
    test.finish().await;
}
