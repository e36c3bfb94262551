//! Limits on the number of connections and the size of requests.

use std::net::{IpAddr, Ipv4Addr};

use jackfield::listener::ListenerLimits;
use jackfield_tests::listener::limits;
use jackfield_tests::node::TestNode;

const OTHER_ADDRESS: IpAddr = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 2));

async fn refused(test: &TestNode, reason: &str) -> u64 {
    let name = format!("jackfield_connections_refused_total{{listener=\"public\",reason=\"{reason}\"}}");
    test.metric(&name).await
}

#[tokio::test]
async fn connections_per_address_are_limited() {
    let test = TestNode::empty().await;
    let limits = ListenerLimits {
        connections: 5,
        connections_per_address: 3,
        ..limits()
    };
    let listener = test.listen(limits).await;
    let mut open = vec![];
    for _ in 0..3 {
        let mut client = listener.connect_from(OTHER_ADDRESS).await;
        assert!(client.is_answered().await);
        open.push(client);
    }
    assert_eq!(listener.connect_from(OTHER_ADDRESS).await.read_to_close().await, "");
    assert_eq!(refused(&test, "address").await, 1);
    let (mut one, mut two) = (listener.connect().await, listener.connect().await);
    assert!(one.is_answered().await && two.is_answered().await);
    assert_eq!(listener.connect().await.read_to_close().await, "");
    assert_eq!(refused(&test, "listener").await, 1);

    drop(open);
    test.wait_for_metric("jackfield_connections{listener=\"public\"}", 2)
        .await;
    assert!(listener.connect_from(OTHER_ADDRESS).await.is_answered().await);
    test.finish().await;
}

#[tokio::test]
async fn trusted_proxy_may_hold_many_connections() {
    let test = TestNode::empty().await;
    let limits = ListenerLimits {
        connections_per_address: 1,
        trusted: vec!["127.0.0.2".parse().unwrap()],
        ..limits()
    };
    let listener = test.listen(limits).await;
    let (mut one, mut two) = (
        listener.connect_from(OTHER_ADDRESS).await,
        listener.connect_from(OTHER_ADDRESS).await,
    );
    assert!(one.is_answered().await && two.is_answered().await);
    test.finish().await;
}

#[tokio::test]
async fn oversized_head_is_refused() {
    let test = TestNode::empty().await;
    let listener = test.listen(limits()).await;
    let many = "x: 1\r\n".repeat(101);
    for more in [format!("x: {}", "y".repeat(33 * 1024)), many] {
        let mut client = listener.connect().await;
        client
            .send(format!("GET /healthz HTTP/1.1\r\nhost: x\r\n{more}\r\n"))
            .await;
        let answer = client.read_to_close().await;
        assert!(answer.starts_with("HTTP/1.1 431 "), "{answer}");
    }
    test.finish().await;
}

#[tokio::test]
async fn oversized_body_is_refused() {
    // An oversized body is refused, whether or not its length was announced.
    let test = TestNode::empty().await;
    let listener = test.listen(limits()).await;
    let head = "POST /v1/tenants/nobody/leads HTTP/1.1\r\nhost: x\r\n";
    let mut client = listener.connect().await;
    client.send(format!("{head}content-length: 1048577\r\n\r\n")).await;
    let answer = client.read_to_close().await;
    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");

    let mut client = listener.connect().await;
    client.send(format!("{head}transfer-encoding: chunked\r\n\r\n")).await;
    let chunk = format!("10000\r\n{}\r\n", "x".repeat(0x10000));
    for _ in 0..16 {
        client.send(&chunk).await;
    }
    client.send("1\r\nx\r\n").await;
    let answer = client.read_to_close().await;
    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
    test.finish().await;
}

#[tokio::test]
async fn unfinished_bodies_use_bounded_memory() {
    let test = TestNode::empty().await;
    let limits = ListenerLimits {
        body_memory: 100 * 1024,
        ..limits()
    };
    let listener = test.listen(limits).await;
    let head = "POST /v1/tenants/nobody/leads HTTP/1.1\r\nhost: x\r\ncontent-length: 200000\r\n\r\n";
    let mut open = vec![];
    for _ in 0..10 {
        let mut client = listener.connect().await;
        client.send(format!("{head}{}", "x".repeat(90 * 1024))).await;
        open.push(client);
    }
    // At least eight of the ten are refused for lack of memory; which ones depends on the order in which they arrive.
    let mut refused = 0;
    while refused < 8 {
        for client in &mut open {
            let mut start = [0; 12];
            if client.0.try_read(&mut start).is_ok_and(|read| read == 12) {
                assert_eq!(&start, b"HTTP/1.1 503");
                refused += 1;
            }
        }
        tokio::task::yield_now().await;
    }
    // A body of the usual size is still served.
    let mut client = listener.connect().await;
    client
        .send("POST /v1/tenants/nobody/leads HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n\r\n{}")
        .await;
    let answer = client.read_until("}").await;
    assert!(answer.starts_with("HTTP/1.1 401 "), "{answer}");
    test.finish().await;
}
