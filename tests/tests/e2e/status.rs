//! Status queries fail closed (promise 9).

use std::time::Duration;

use jackfield_store::Suppression;
use jackfield_tests::documents::{disposition, minimal_disposition};
use jackfield_tests::fakes::{Behaviour, GroundworkLead, KeystoneLead, Mode};
use jackfield_tests::node::{TestNode, first_page};

const TENANT: &str = "dwarka-homes";

async fn suppressions(test: &TestNode) -> Vec<Suppression> {
    test.store().suppressions(None, None, first_page()).await.unwrap().items
}

#[tokio::test]
async fn both_crms_answer_in_the_contracts_shape() {
    let test = TestNode::start().await;
    test.keystone.seed(KeystoneLead::new("CRM-LEAD-1"));
    test.groundwork.seed(GroundworkLead::new("GW-1001"));
    let answer = test.status(TENANT, "CRM-LEAD-1").await.expect(200).json();
    let expected = serde_json::json!({"lead_id": "CRM-LEAD-1", "callable": true, "status": "new", "dnc": false,
        "human_contacted": false, "last_call_attempt": null});
    assert_eq!(answer, expected);
    let answer = test.status("saket-estates", "GW-1001").await.expect(200).json();
    assert_eq!(
        (&answer["callable"], &answer["lead_id"]),
        (&true.into(), &"GW-1001".into())
    );
    assert!(suppressions(&test).await.is_empty());
    test.finish().await;
}

#[tokio::test]
async fn suppression_precedes_the_answer() {
    let test = TestNode::start().await;
    test.keystone.seed(KeystoneLead {
        may_call: false,
        ..KeystoneLead::new("SPOKEN-TO")
    });
    test.keystone.seed(KeystoneLead {
        do_not_disturb: true,
        ..KeystoneLead::new("DND")
    });
    for (lead, reason, dnc) in [("SPOKEN-TO", "crm-not-callable", false), ("DND", "crm-dnc", true)] {
        for _ in 0..2 {
            let answer = test.status(TENANT, lead).await.expect(200).json();
            assert_eq!((&answer["callable"], &answer["dnc"]), (&false.into(), &dnc.into()));
        }
        let recorded = suppressions(&test).await;
        let recorded = recorded.iter().find(|s| s.lead.as_str() == lead).unwrap();
        assert_eq!((recorded.reason.word(), recorded.times), (reason, 2));
    }
    test.finish().await;
}

#[tokio::test]
async fn do_not_call_holds_from_its_202() {
    let test = TestNode::start().await;
    test.keystone.seed(KeystoneLead::new("CRM-LEAD-1"));
    assert_eq!(
        test.status(TENANT, "CRM-LEAD-1").await.expect(200).json()["callable"],
        true
    );
    let _ = test
        .dispose(TENANT, "CRM-LEAD-1", &minimal_disposition("C-1", "dnc_requested"))
        .await
        .expect(202);
    // The CRM does not know yet: nothing was delivered.
    let answer = test.status(TENANT, "CRM-LEAD-1").await.expect(200).json();
    assert_eq!((&answer["callable"], &answer["dnc"]), (&false.into(), &true.into()));
    test.keystone.behave(Behaviour::always(Mode::Down));
    let answer = test.status(TENANT, "CRM-LEAD-1").await.expect(200).json();
    assert_eq!((&answer["callable"], &answer["dnc"]), (&false.into(), &true.into()));
    test.keystone.behave(Behaviour::always(Mode::Ok));
    test.work().await;
    assert_eq!(test.status(TENANT, "CRM-LEAD-1").await.expect(200).json()["dnc"], true);
    test.finish().await;
}

#[tokio::test]
async fn dnc_flag_alone_survives_a_restart() {
    let mut test = TestNode::start().await;
    test.keystone.seed(KeystoneLead::new("CRM-LEAD-1"));
    let mut document = disposition("C-1", "callback_requested");
    document["flags"]["dnc_requested"] = true.into();
    let _ = test.dispose(TENANT, "CRM-LEAD-1", &document).await.expect(202);
    test.restart().await;
    let answer = test.status(TENANT, "CRM-LEAD-1").await.expect(200).json();
    assert_eq!((&answer["callable"], &answer["dnc"]), (&false.into(), &true.into()));
    test.work().await;
    test.finish().await;
}

#[tokio::test]
async fn unreachable_crm_is_never_guessed() {
    let test = TestNode::start().await;
    test.keystone.seed(KeystoneLead::new("CRM-LEAD-1"));
    for (mode, status) in [
        (Mode::Down, 503),
        (Mode::Maintenance, 503),
        (Mode::RateLimited, 503),
        (Mode::FailAfterStore, 503),
    ] {
        test.keystone.behave(Behaviour::always(mode));
        let answer = test.status(TENANT, "CRM-LEAD-1").await.expect(status);
        assert_eq!(answer.json()["callable"], false, "{mode:?}");
        assert!(
            answer.member("detail").contains("do not call"),
            "{mode:?}: {}",
            answer.text
        );
        assert!(answer.headers.contains_key("retry-after"), "{mode:?}");
    }
    test.keystone.behave(Behaviour::always(Mode::Ok));
    let unknown = test.status(TENANT, "NOBODY").await.expect(404);
    assert_eq!(unknown.json()["callable"], false);
    test.finish().await;
}

#[tokio::test]
async fn slow_crm_is_a_504_that_says_do_not_call() {
    let test = TestNode::start().await;
    test.keystone.seed(KeystoneLead::new("CRM-LEAD-1"));
    test.keystone.behave(Behaviour::always(Mode::Hang));
    let before = test.keystone.counts().requests;
    let answer = {
        let mut answer = std::pin::pin!(test.status(TENANT, "CRM-LEAD-1"));
        // Time passes only once the CRM has received the query.
        while test.keystone.counts().requests == before {
            assert!(futures_util::poll!(&mut answer).is_pending());
            tokio::task::yield_now().await;
        }
        // The request's time budget, which ends a little before the invocation's deadline.
        test.advance(Duration::from_millis(950));
        answer.await.expect(504)
    };
    assert_eq!(answer.json()["callable"], false);
    assert!(
        answer.member("detail").contains("did not answer in time"),
        "{}",
        answer.text
    );
    test.finish().await;
}

#[tokio::test]
async fn lead_id_with_odd_characters_is_unchanged() {
    let test = TestNode::start().await;
    test.keystone.seed(KeystoneLead::new("A/B ?#%"));
    let answer = test.status(TENANT, "A%2FB%20%3F%23%25").await.expect(200).json();
    assert_eq!(answer["lead_id"], "A/B ?#%");
    test.finish().await;
}

#[tokio::test]
async fn every_error_says_do_not_call() {
    let test = TestNode::start().await;
    for (path, status) in [
        ("/v1/tenants/dwarka-homes/leads/%20/status", 400),
        ("/v1/tenants/dwarka-homes/leads/%FF/status", 400),
        ("/v1/tenants/no-such/leads/L/status", 401),
        ("/v1/tenants/dwarka-homes/leads/NOBODY/status", 404),
    ] {
        let answer = test.get(path).await.expect(status);
        assert_eq!(answer.headers["content-type"], "application/problem+json", "{path}");
        assert!(!answer.member("request_id").is_empty(), "{path}");
        assert_eq!(answer.json()["callable"], false, "{path}");
    }
    test.finish().await;
}
