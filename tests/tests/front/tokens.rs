//! Revoked tokens: the next request with one is refused.

use http::Method;
use jackfield_store::TokenPurpose;
use jackfield_tests::listener::limits;
use jackfield_tests::node::TestNode;

#[tokio::test]
async fn revoked_token_fails_on_open_connection() {
    let test = TestNode::start().await;
    let purpose = TokenPurpose::Agent("dwarka-homes".parse().unwrap());
    let (token, record) = test.node.tokens.create(purpose, String::new()).await.unwrap();
    let listener = test.listen(limits()).await;
    let mut client = listener.connect().await;
    let ask = format!(
        "GET /v1/tenants/dwarka-homes/leads HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\n\r\n",
        token.expose()
    );
    for _ in 0..2 {
        client.send(&ask).await;
        let answer = client.read_until("}").await;
        assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    }
    let revoke = format!("/v1/tokens/{}", record.id);
    let operator = test
        .node
        .tokens
        .create(TokenPurpose::Operator, String::new())
        .await
        .unwrap()
        .0;
    let request = http::Request::builder().method(Method::DELETE).uri(revoke);
    let request = request.header("authorization", format!("Bearer {}", operator.expose()));
    let answer = test.admin(request.body(axum::body::Body::empty()).unwrap()).await;
    assert!(answer.status.is_success(), "{}", answer.text);

    client.send(&ask).await;
    let answer = client.read_until("}").await;
    assert!(answer.starts_with("HTTP/1.1 401 "), "{answer}");
    test.finish().await;
}
