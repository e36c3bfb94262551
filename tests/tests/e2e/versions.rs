//! A name and version mean one component for ever, unless an operator orders another; then it is audited, and shown in
//! the difference of the next apply.

use axum::body::Body;
use http::Method;
use jackfield_domain::id::Digest;
use jackfield_tests::components::component;
use jackfield_tests::node::TestNode;
use jackfield_tests::operator::Operator;
use jackfield_tests::response::TestResponse;

const TENANT: &str = "dwarka-homes";

/// keystone's component with another digest, by a custom section at its end.
fn variant(mark: u8) -> Vec<u8> {
    let mut bytes = component("keystone");
    bytes.extend([0, 6, 4, b'm', b'a', b'r', b'k', mark]);
    bytes
}

async fn push(test: &TestNode, operator: &Operator, query: &str, bytes: Vec<u8>) -> TestResponse {
    let request = operator.request(Method::POST, &format!("/v1/adapters{query}"), Body::from(bytes));
    test.admin(request).await
}

/// The tenant's file, which names the version.
fn file(test: &TestNode) -> String {
    test.dwarka("")
        .replace("adapter = \"keystone\"", "adapter = \"keystone@1.0.0\"")
}

#[tokio::test]
async fn other_bytes_under_a_version_are_refused() {
    let test = TestNode::start().await;
    let operator = Operator::create(&test).await;
    let first = test.serving(TENANT).adapter;
    let refused = push(&test, &operator, "", variant(1)).await.expect(409);
    assert_eq!(refused.json()["digest"], first.to_string());
    assert!(
        refused.member("detail").contains("raise the version"),
        "{}",
        refused.text
    );
    let stored = operator
        .ask(
            &test,
            Method::GET,
            &format!("/v1/adapters/{}", Digest::of(&variant(1))),
            None,
        )
        .await;
    let _ = stored.expect(404);
    let known = push(&test, &operator, "", component("keystone")).await.expect(200);
    assert_eq!(known.json()["known"], true);
    test.apply(&file(&test)).await;
    assert_eq!(test.serving(TENANT).adapter, first);
    test.finish().await;
}

#[tokio::test]
async fn an_ordered_replacement_is_audited() {
    let test = TestNode::start().await;
    let operator = Operator::create(&test).await;
    test.apply(&file(&test)).await;
    let first = test.serving(TENANT).adapter;
    let second = Digest::of(&variant(1));
    let replaced = push(&test, &operator, "?replace=true", variant(1))
        .await
        .expect(201)
        .json();
    assert_eq!(replaced["replaced"], first.to_string());
    let trail = operator.get(&test, "/v1/audit?limit=1").await;
    let target = trail["items"][0]["target"].as_str().unwrap().to_owned();
    assert_eq!(
        target,
        format!("adapter=keystone@1.0.0 digest={second} replaced={first}")
    );
    assert_eq!(test.serving(TENANT).adapter, first, "a release keeps its component");

    let dry = operator.request(Method::POST, "/v1/releases?dry_run=true", Body::from(file(&test)));
    let changes = test.admin(dry).await.expect(200).json()["changes"].clone();
    let [change] = &changes.as_array().unwrap()[..] else {
        panic!("{changes}")
    };
    let (from, to) = (change["from"].as_str().unwrap(), change["to"].as_str().unwrap());
    assert!(
        from.contains(&first.to_string()) && to.contains(&second.to_string()),
        "{change}"
    );
    assert!(
        to.ends_with("the digest behind this name and version changed"),
        "{change}"
    );
    test.apply(&file(&test)).await;
    assert_eq!(test.serving(TENANT).adapter, second);
    // The former bytes do not take it back by themselves.
    let _ = push(&test, &operator, "", component("keystone")).await.expect(409);
    test.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_of_two_pushes_gets_the_version() {
    let test = TestNode::empty().await;
    let operator = Operator::create(&test).await;
    let pushes = [1, 2].map(|mark| push(&test, &operator, "", variant(mark)));
    let answers = futures_util::future::join_all(pushes).await;
    let mut statuses: Vec<_> = answers.iter().map(|answer| answer.status.as_u16()).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 409]);
    let listed = operator.get(&test, "/v1/adapters").await;
    assert_eq!(listed["items"].as_array().unwrap().len(), 1);
    let named = operator.get(&test, "/v1/adapters/keystone@1.0.0").await;
    assert_eq!(named["digest"], listed["items"][0]["digest"]);
    test.finish().await;
}

#[tokio::test]
async fn pushing_again_repairs_what_is_damaged() {
    let test = TestNode::start().await;
    let operator = Operator::create(&test).await;
    let adapter = test.serving(TENANT).adapter;
    super::database::sql(
        &test,
        "update adapter_bytes set bytes = x'00'; update adapter set record = '{}'",
    );
    let known = push(&test, &operator, "", component("keystone")).await.expect(200);
    assert_eq!(known.json()["adapter"]["digest"], adapter.to_string());
    assert_eq!(
        test.store().adapter_bytes(adapter).await,
        Ok(Some(component("keystone")))
    );
    test.apply(&file(&test)).await;
    test.finish().await;
}
