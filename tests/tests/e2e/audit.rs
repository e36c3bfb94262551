//! Every change by an operator is in the audit trail before it is answered; a change that cannot be audited is not
//! made. And a revoked token authorizes nothing.

use std::time::Duration;

use axum::body::Body;
use http::{Method, Request};
use jackfield_tests::documents::minimal_disposition;
use jackfield_tests::node::TestNode;
use jackfield_tests::operator::Operator;
use serde_json::{Value, json};

use super::database::sql;

/// The trail, oldest first, as `actor action target status`.
async fn trail(test: &TestNode, operator: &Operator) -> Vec<String> {
    let listed = operator.get(test, "/v1/audit?limit=200").await;
    let line = |entry: &Value| {
        let text = |name: &str| entry[name].as_str().unwrap().to_owned();
        let status = entry["status"]
            .as_u64()
            .map_or("begun".into(), |status| status.to_string());
        format!("{} {} [{}] {status}", text("actor"), text("action"), text("target"))
    };
    listed["items"].as_array().unwrap().iter().rev().map(line).collect()
}

async fn verified(test: &TestNode, operator: &Operator) -> Value {
    operator.get(test, "/v1/audit/verify").await
}

#[tokio::test]
async fn changes_are_audited_before_the_answer() {
    // A change is recorded before it begins, and its result before it is answered.
    let test = TestNode::start().await;
    let operator = Operator::create(&test).await;
    let (who, tenant) = (operator.id, "dwarka-homes");
    let made = json!({"for": "agent", "tenant": tenant, "label": "calls"});
    let made = operator
        .ask(&test, Method::POST, "/v1/tokens", Some(&made))
        .await
        .expect(201);
    let token = made.member("id");
    let file = Body::from(test.dwarka("[limits]\ncpu_ms = 300"));
    let ask = operator.request(Method::POST, "/v1/releases?dry_run=true", file);
    let _ = test.admin(ask).await.expect(200);
    let apply = operator.request(
        Method::POST,
        "/v1/releases",
        Body::from(test.dwarka("[limits]\ncpu_ms = 300")),
    );
    let _ = test.admin(apply).await.expect(201);
    let _ = operator
        .set_secret(&test, tenant, "crm", "s3cr3t-value")
        .await
        .expect(200);
    let back = format!("/v1/tenants/{tenant}/rollback");
    let _ = operator.ask(&test, Method::POST, &back, None).await.expect(200);
    // Refused changes are recorded too; reads are not.
    let _ = operator
        .ask(&test, Method::DELETE, "/v1/tokens/tok_99", None)
        .await
        .expect(404);
    let _ = operator
        .ask(&test, Method::POST, "/v1/deliveries/dlv_9/discard", None)
        .await
        .expect(404);
    let odd = "/v1/tenants/+919123456780/rollback";
    let _ = operator.ask(&test, Method::POST, odd, None).await.expect(400);
    let _ = operator.get(&test, "/v1/tokens").await;

    let mut expected = vec![];
    for (action, begun, more, status) in [
        (
            "POST /v1/tokens",
            String::new(),
            format!("token={token} tenant={tenant}"),
            201,
        ),
        (
            "POST /v1/releases",
            "dry_run=true".into(),
            format!(" tenant={tenant} release=r2"),
            200,
        ),
        (
            "POST /v1/releases",
            String::new(),
            format!("tenant={tenant} release=r2"),
            201,
        ),
        (
            "PUT /v1/tenants/{tenant}/secrets/{name}",
            format!("tenant={tenant} name=crm"),
            String::new(),
            200,
        ),
        (
            "POST /v1/tenants/{tenant}/rollback",
            format!("tenant={tenant}"),
            " release=r1".into(),
            200,
        ),
        ("DELETE /v1/tokens/{id}", "id=tok_99".into(), String::new(), 404),
        (
            "POST /v1/deliveries/{id}/discard",
            "id=dlv_9".into(),
            String::new(),
            404,
        ),
        (
            "POST /v1/tenants/{tenant}/rollback",
            "tenant=(not an id)".into(),
            String::new(),
            400,
        ),
    ] {
        expected.push(format!("{who} {action} [{begun}] begun"));
        expected.push(format!("{who} {action} [{begun}{more}] {status}"));
    }
    assert_eq!(trail(&test, &operator).await, expected);
    let entries = operator.get(&test, "/v1/audit?limit=2").await["items"].clone();
    assert_eq!(entries[0]["request_id"], entries[1]["request_id"]);
    assert_eq!(
        (&entries[0]["label"], &entries[0]["prev"]),
        (&"test".into(), &entries[1]["hash"])
    );
    let verified = verified(&test, &operator).await;
    assert_eq!(
        (&verified["intact"], &verified["entries"]),
        (&true.into(), &16.into()),
        "{verified}"
    );
    assert_eq!(verified["head"], entries[0]["hash"]);
    test.finish().await;
}

#[tokio::test]
async fn unaudited_change_is_not_made() {
    let test = TestNode::start().await;
    let operator = Operator::create(&test).await;
    let request = json!({"for": "agent", "tenant": "dwarka-homes"});
    let tokens = async || {
        operator.get(&test, "/v1/tokens").await["items"]
            .as_array()
            .unwrap()
            .len()
    };
    let before = tokens().await;
    sql(
        &test,
        "create trigger full before insert on audit begin select raise(abort, 'full'); end",
    );
    let refused = operator
        .ask(&test, Method::POST, "/v1/tokens", Some(&request))
        .await
        .expect(503);
    assert!(
        refused.member("detail").contains("nothing was done"),
        "{}",
        refused.text
    );
    assert_eq!(tokens().await, before);

    // Only the result cannot be recorded: the token was created, but is not handed out.
    sql(&test, "drop trigger full");
    let ends = "create trigger full before insert on audit when new.status is not null
        begin select raise(abort, 'full'); end";
    sql(&test, ends);
    let withheld = operator
        .ask(&test, Method::POST, "/v1/tokens", Some(&request))
        .await
        .expect(503);
    assert!(
        withheld.member("detail").contains("withheld") && !withheld.text.contains("jfa_"),
        "{}",
        withheld.text
    );
    assert_eq!(tokens().await, before + 1);
    let begun = format!("{} POST /v1/tokens [] begun", operator.id);
    assert_eq!(trail(&test, &operator).await, [begun]);
    test.finish().await;
}

#[tokio::test]
async fn refusals_are_audited_once_a_minute() {
    // Refused callers are counted, and recorded once a minute.
    let test = TestNode::start().await;
    let operator = Operator::create(&test).await;
    let ask_unauthorised = async |method: Method, token: &str| {
        let request = Request::builder().method(method).uri("/v1/tenants/t/secrets/crm");
        let request = request.header("authorization", token).body(Body::empty()).unwrap();
        let _ = test.admin(request).await.expect(401);
    };
    for _ in 0..100 {
        ask_unauthorised(Method::PUT, "Bearer jfo_wrong").await;
    }
    test.advance(Duration::from_mins(1));
    ask_unauthorised(Method::DELETE, "Bearer jfo_wrong").await;
    let refused = [
        "unknown PUT /v1/tenants/{tenant}/secrets/{name} [refused=1] 401",
        "unknown DELETE /v1/tenants/{tenant}/secrets/{name} [refused=100] 401",
    ];
    assert_eq!(trail(&test, &operator).await, refused);
    let metrics = test
        .admin(Request::get("/metrics").body(Body::empty()).unwrap())
        .await
        .expect(200)
        .text;
    let counted = metrics
        .lines()
        .find(|line| line.contains("refused_total") && line.contains("\"admin\""))
        .unwrap();
    assert!(counted.contains("token") && counted.ends_with(" 101"), "{counted}");
    test.finish().await;
}

#[tokio::test]
async fn concurrent_changes_form_one_chain() {
    // A hundred changes at once form one chain, and tampering with it is reported.
    let test = TestNode::start().await;
    let operator = Operator::create(&test).await;
    let request = json!({"for": "operator"});
    let changes = (0..100).map(|_| operator.ask(&test, Method::POST, "/v1/tokens", Some(&request)));
    for answer in futures_util::future::join_all(changes).await {
        let _ = answer.expect(201);
    }
    let whole = verified(&test, &operator).await;
    assert_eq!(
        (&whole["intact"], &whole["entries"]),
        (&true.into(), &200.into()),
        "{whole}"
    );
    let kept = whole["head"].as_str().unwrap().to_owned();

    sql(
        &test,
        "drop trigger audit_is_kept; drop trigger audit_stays; delete from audit where seq > 190",
    );
    assert_eq!(
        verified(&test, &operator).await["intact"],
        true,
        "a truncated trail is consistent in itself"
    );
    let held = operator.get(&test, &format!("/v1/audit/verify?expect={kept}")).await;
    assert!(held["trouble"].as_str().unwrap().contains("cut off"), "{held}");
    sql(&test, "update audit set target = 'token=tok_1' where seq = 120");
    let edited = verified(&test, &operator).await;
    assert_eq!(
        (&edited["trouble"], &edited["entries"]),
        (&"entry 120 was edited".into(), &119.into())
    );
    test.finish().await;
}

#[tokio::test]
async fn both_listeners_refuse_a_revoked_token() {
    let test = TestNode::start().await;
    let (one, other) = (Operator::create(&test).await, Operator::create(&test).await);
    let path = "/v1/tenants/dwarka-homes/leads/L/disposition";
    let made = json!({"for": "agent", "tenant": "dwarka-homes"});
    let agent = one
        .ask(&test, Method::POST, "/v1/tokens", Some(&made))
        .await
        .expect(201);
    let (token, id) = (agent.member("token"), agent.member("id"));
    let dispose = async |call: &str| {
        let request = Request::post(path).header("authorization", format!("Bearer {token}"));
        let request = request.header("content-type", "application/json");
        test.public(
            request
                .body(Body::from(minimal_disposition(call, "no_answer").to_string()))
                .unwrap(),
        )
        .await
    };
    test.keystone.seed(jackfield_tests::fakes::KeystoneLead::new("L"));
    let _ = dispose("C-1").await.expect(202);
    let _ = one
        .ask(&test, Method::DELETE, &format!("/v1/tokens/{id}"), None)
        .await
        .expect(200);
    let _ = dispose("C-2").await.expect(401);
    let _ = one.get(&test, "/v1/tokens").await;
    let revoke = format!("/v1/tokens/{}", one.id);
    let _ = other.ask(&test, Method::DELETE, &revoke, None).await.expect(200);
    let _ = one.ask(&test, Method::GET, "/v1/tokens", None).await.expect(401);
    let _ = one
        .ask(&test, Method::DELETE, &format!("/v1/tokens/{}", other.id), None)
        .await
        .expect(401);
    let _ = other.get(&test, "/v1/tokens").await;
    test.work().await;
    test.finish().await;
}
