//! Harmful answers from a CRM: endless, too large, too slow, too many.

use std::time::Duration;

use super::server::{Reply, Server};
use super::test_runtime::{TestRuntime, hostile, try_egress, write_to};

/// What a guest sees of a server's answer, with the server's name replaced.
async fn seen(reply: impl Fn(&str) -> Reply + Send + Sync + 'static) -> String {
    let server = Server::start(reply).await;
    let seen = try_egress(&server, &server.origin, true, &[&server.origin]).await;
    seen.replace(&server.origin, "ORIGIN")
}

#[tokio::test]
async fn endless_body_ends_at_the_cap() {
    let without_length = b"HTTP/1.1 200 OK\r\n\r\n";
    let chunked = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
    let announced = b"HTTP/1.1 200 OK\r\ncontent-length: 1099511627776\r\n\r\n";
    let raw = vec![b'x'; 0x1_0000];
    let chunk = [b"10000\r\n".as_slice(), &raw, b"\r\n"].concat();
    for (head, piece) in [(without_length.as_slice(), &raw), (chunked, &chunk), (announced, &raw)] {
        let piece = piece.clone();
        let seen = seen(move |_| Reply::Endless(head, piece.clone())).await;
        assert_eq!(seen, "too-large: ORIGIN: its body is larger than 2097152 bytes");
    }
}

#[tokio::test]
async fn endless_headers_end_at_the_cap() {
    let one_for_ever = seen(|_| Reply::Endless(b"HTTP/1.1 200 OK\r\nx: ", vec![b'x'; 4096])).await;
    let many = seen(|_| Reply::Endless(b"HTTP/1.1 200 OK\r\n", b"x: y\r\n".to_vec())).await;
    for seen in [one_for_ever, many] {
        assert!(seen.starts_with("no-answer: ORIGIN: "), "{seen}");
    }
    let answer = |headers: usize, size: usize| {
        let header = format!("x: {}\r\n", "y".repeat(size));
        let head = format!("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n{}\r\n", header.repeat(headers));
        move |_: &str| Reply::Answer(head.clone().into_bytes())
    };
    assert_eq!(seen(answer(99, 1)).await, "answered 200");
    let seen_of_many = seen(answer(100, 1)).await;
    assert!(seen_of_many.starts_with("no-answer: "), "{seen_of_many}");
    assert_eq!(
        seen(answer(9, 4096)).await,
        "too-large: ORIGIN: its headers are larger than 32768 bytes"
    );
}

#[tokio::test]
async fn dripping_answer_ends_at_the_deadline() {
    let heads: [&[u8]; 3] = [b"HTTP/1.1 200 OK\r\n\r\n", b"HTTP/1.1 200 OK\r\nx: ", b"HTTP/1.1 2"];
    for head in heads {
        let test = TestRuntime::new();
        let server = Server::start(move |_| Reply::Endless(head, b"0".to_vec())).await;
        let target = format!("target = \"{0}\", base_url = \"{0}\"", server.origin);
        let spec = format!(
            "settings = {{ {target} }}\negress = {{ allow = [\"{}\"], private_addresses = true }}",
            server.origin
        );
        let loaded = test.load("hostile", &spec).await;
        let (invocation, ()) = tokio::join!(write_to(&loaded, "egress"), async {
            server.arrival().await;
            test.run_out_of_time(Duration::from_secs(10));
        });
        assert!(invocation.out_of_time);
        let seen = invocation.outcome.unwrap();
        let expected = "no complete answer within the 9750 ms that the invocation had left";
        assert_eq!(seen, format!("no-answer: {}: {expected}", server.origin));
    }
}

#[tokio::test]
async fn response_bytes_are_capped_per_invocation() {
    // Once the answers of an invocation reach their cap together, it sends nothing more.
    let (test, server) = (
        TestRuntime::new(),
        Server::start(|_| Reply::json(&"x".repeat(1 << 20))).await,
    );
    let loaded = hostile(&test, &server, "limits.cpu_ms = 10000").await;
    let invocation = write_to(&loaded, "storm").await;
    assert_eq!((invocation.http_requests, server.requests().len()), (8, 8));
    assert_eq!(invocation.refused, [("used-up", 92)]);
    let seen = invocation.outcome.unwrap().replace(&server.origin, "ORIGIN");
    assert_eq!(
        seen,
        "answered 200 ×7, too-large: ORIGIN: with it the answers to this invocation are larger than 8388608 bytes in \
         total ×1, denied: the answers to this invocation are larger than 8388608 bytes in total ×92"
    );
}

#[tokio::test]
async fn responses_are_not_decompressed() {
    for encoding in ["gzip", "deflate", "br", "zstd", "gzip, gzip"] {
        // A client that decompresses would fail on this body; a bomb stays as small as it was sent.
        let answer = format!("HTTP/1.1 200 OK\r\ncontent-encoding: {encoding}\r\ncontent-length: 4\r\n\r\nbomb");
        let server = Server::start(move |_| Reply::Answer(answer.clone().into_bytes())).await;
        let seen = try_egress(&server, &server.origin, true, &[&server.origin]).await;
        assert_eq!(seen, "answered 200", "{encoding}");
        let request = server.requests().pop().unwrap();
        assert!(request.contains("accept-encoding: identity\r\n"), "{request}");
    }
}

#[tokio::test]
async fn malformed_http_is_no_answer() {
    for garbage in [
        b"SSH-2.0-OpenSSH_9.9\r\n".as_slice(),
        b"HTTP/9.9 200 OK\r\n\r\n",
        b"HTTP/1.1 99999 OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nxx",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nffffffffffffffffff\r\n",
        b"HTTP/1.1 200 OK\r\n bad header\r\n\r\n",
        b"\0\0\0\0",
        b"",
    ] {
        let seen = seen(move |_| Reply::Cut(garbage.into())).await;
        assert!(
            seen.starts_with("no-answer: ORIGIN: "),
            "{}: {seen}",
            garbage.escape_ascii()
        );
    }
}
