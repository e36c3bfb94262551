//! HTTP/2 over TLS: the limit of requests in flight on one connection, and the reasons to close a connection.

use std::time::Duration;

use http::{Method, Request, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Bytes;
use hyper::client::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;

use super::tls::TlsNode;

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const PING: u8 = 6;
const GOAWAY: u8 = 7;
const WINDOW_UPDATE: u8 = 8;
const ACK: u8 = 1;
const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;
const REFUSED_STREAM: u32 = 7;
const ENHANCE_YOUR_CALM: u32 = 11;
const MAX_CONCURRENT_STREAMS: u16 = 3;
const MAX_HEADER_LIST_SIZE: u16 = 6;
const SECOND: Duration = Duration::from_secs(1);

/// A received frame.
#[derive(Debug)]
struct Frame {
    kind: u8,
    flags: u8,
    stream: u32,
    payload: Vec<u8>,
}

impl Frame {
    /// The number at the start of the payload: the error of a `RST_STREAM`, the increment of a `WINDOW_UPDATE`.
    fn number(&self) -> u32 {
        u32::from_be_bytes(self.payload[..4].try_into().unwrap())
    }
}

/// A client that sends arbitrary frames.
struct FrameClient(TlsStream<TcpStream>);

impl FrameClient {
    async fn connect(node: &TlsNode) -> Self {
        let mut socket = node.connect(&[b"h2"]).await;
        assert_eq!(socket.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));
        socket.write_all(PREFACE).await.unwrap();
        let mut client = Self(socket);
        client.send(&frame(SETTINGS, 0, 0, &[])).await;
        client
    }

    async fn send(&mut self, bytes: &[u8]) {
        self.0.write_all(bytes).await.unwrap();
        self.0.flush().await.unwrap();
    }

    /// Returns once the host has processed everything sent so far.
    async fn ping(&mut self) {
        self.send(&frame(PING, 0, 0, b"are you?")).await;
        let _ = self.until(|frame| frame.kind == PING && frame.flags & ACK != 0).await;
    }

    /// The next frame, or `None` if the connection has ended.
    async fn next(&mut self) -> Option<Frame> {
        let mut head = [0; 9];
        self.0.read_exact(&mut head).await.ok()?;
        let [a, b, c, kind, flags, stream @ ..] = head;
        let mut payload = vec![0; u32::from_be_bytes([0, a, b, c]) as usize];
        self.0.read_exact(&mut payload).await.ok()?;
        let stream = u32::from_be_bytes(stream);
        if kind == PING && flags & ACK == 0 {
            // The host pings to learn whether its GOAWAY was received.
            self.0.write_all(&frame(PING, ACK, 0, &payload)).await.ok()?;
            self.0.flush().await.ok()?;
        }
        Some(Frame {
            kind,
            flags,
            stream,
            payload,
        })
    }

    /// Reads until a frame fits, and returns it.
    async fn until(&mut self, fits: impl Fn(&Frame) -> bool) -> Frame {
        loop {
            let frame = self.next().await.expect("the connection ended");
            if fits(&frame) {
                return frame;
            }
        }
    }
}

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    let mut bytes = vec![length[1], length[2], length[3], kind, flags];
    bytes.extend(stream.to_be_bytes());
    bytes.extend(payload);
    bytes
}

/// `:method` by its index in the static table, `:scheme https`, literal `:path` and `:authority`.
fn head(method: u8, path: &str) -> Vec<u8> {
    let mut block = vec![0x80 | method, 0x87, 0x04, u8::try_from(path.len()).unwrap()];
    block.extend(path.bytes());
    block.extend([0x01, 9]);
    block.extend(b"localhost");
    block
}

const GET: u8 = 2;
const POST: u8 = 3;

#[tokio::test]
async fn concurrent_streams_are_limited() {
    let node = TlsNode::open().await;
    let mut client = FrameClient::connect(&node).await;
    let settings = client
        .until(|frame| frame.kind == SETTINGS && frame.flags & ACK == 0)
        .await;
    let setting = |id: u16| {
        let mut pairs = settings.payload.chunks(6);
        let found = pairs.find(|pair| pair[..2] == id.to_be_bytes());
        found.map(|pair| u32::from_be_bytes(pair[2..].try_into().unwrap()))
    };
    assert_eq!(setting(MAX_CONCURRENT_STREAMS), Some(100));
    assert_eq!(setting(MAX_HEADER_LIST_SIZE), Some(32 * 1024));

    // Webhooks whose bodies never arrive.
    let head = head(POST, "/v1/tenants/nobody/leads");
    for n in 0..=100 {
        client.send(&frame(HEADERS, END_HEADERS, 2 * n + 1, &head)).await;
    }
    let refused = client.until(|frame| frame.kind == RST_STREAM).await;
    assert_eq!((refused.stream, refused.number()), (201, REFUSED_STREAM));
    // The others are still served.
    client.send(&frame(DATA, END_STREAM, 1, b"{}")).await;
    let answer = client.until(|frame| frame.kind == HEADERS).await;
    assert_eq!(answer.stream, 1);
    node.finish().await;
}

#[tokio::test]
async fn rapid_reset_flood_closes_the_connection() {
    let node = TlsNode::open().await;
    let mut client = FrameClient::connect(&node).await;
    let head = head(GET, "/healthz");
    let mut flood = vec![];
    for n in 0..1000 {
        flood.extend(frame(HEADERS, END_HEADERS | END_STREAM, 2 * n + 1, &head));
        flood.extend(frame(RST_STREAM, 0, 2 * n + 1, &8_u32.to_be_bytes()));
    }
    // The host may close before everything is sent.
    let _ = client.0.write_all(&flood).await;
    let _ = client.0.flush().await;
    let goaway = client.until(|frame| frame.kind == GOAWAY).await;
    let error = u32::from_be_bytes(goaway.payload[4..8].try_into().unwrap());
    assert_eq!(error, ENHANCE_YOUR_CALM);
    while client.next().await.is_some() {}
    node.test
        .wait_for_metric("jackfield_connections{listener=\"public\"}", 0)
        .await;
    node.finish().await;
}

#[tokio::test]
async fn oversized_head_is_refused() {
    let node = TlsNode::open().await;
    let mut client = hyper_client(&node).await;
    let request = Request::builder()
        .uri("https://localhost/healthz")
        .header("x", "y".repeat(40 * 1024));
    let answer = client
        .send_request(request.body(Full::new(Bytes::new())).unwrap())
        .await;
    let refused = answer.map_or(true, |answer| {
        answer.status() == StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE
    });
    assert!(refused);
    node.finish().await;
}

async fn hyper_client(node: &TlsNode) -> http2::SendRequest<Full<Bytes>> {
    let socket = node.connect(&[b"h2"]).await;
    let (client, connection) = http2::handshake(TokioExecutor::new(), TokioIo::new(socket))
        .await
        .unwrap();
    tokio::spawn(connection);
    client
}

#[tokio::test]
async fn oversized_body_is_refused() {
    // An oversized body is refused, whether or not its length was announced.
    let node = TlsNode::open().await;
    let mut client = hyper_client(&node).await;
    let request = Request::builder()
        .method(Method::POST)
        .uri("https://localhost/v1/tenants/nobody/leads");
    let body = Full::new(vec![b'x'; 1024 * 1024 + 1].into());
    let answer = client.send_request(request.body(body).unwrap()).await.unwrap();
    assert_eq!(answer.status(), StatusCode::PAYLOAD_TOO_LARGE);
    let problem = answer.into_body().collect().await.unwrap().to_bytes();
    assert!(String::from_utf8_lossy(&problem).contains("1048576"));

    let mut client = FrameClient::connect(&node).await;
    client
        .send(&frame(HEADERS, END_HEADERS, 1, &head(POST, "/v1/tenants/nobody/leads")))
        .await;
    // No frame announces the length. The client sends as much as the host's flow-control window allows.
    let mut window = 65_535_usize;
    let answer = loop {
        while window >= 16 * 1024 {
            client.send(&frame(DATA, 0, 1, &[b'x'; 16 * 1024])).await;
            window -= 16 * 1024;
        }
        let frame = client.until(|frame| frame.stream == 1).await;
        match frame.kind {
            HEADERS => break frame,
            WINDOW_UPDATE => window += frame.number() as usize,
            kind => panic!("frame {kind} on the stream"),
        }
    };
    assert_eq!(answer.stream, 1);
    let problem = client.until(|frame| frame.kind == DATA).await.payload;
    assert!(String::from_utf8_lossy(&problem).contains("urn:jackfield:problem:too-large"));

    // The client may go on: the rest is read and dropped, since many lose the answer if their stream is reset.
    let mut left = 2 * 1024 * 1024;
    loop {
        while window >= 16 * 1024 && left > 0 {
            client.send(&frame(DATA, 0, 1, &[b'x'; 16 * 1024])).await;
            (window, left) = (window - 16 * 1024, left - 16 * 1024);
        }
        if left == 0 {
            break;
        }
        let frame = client.until(|frame| frame.stream == 1).await;
        match frame.kind {
            WINDOW_UPDATE => window += frame.number() as usize,
            kind => assert_eq!(kind, DATA, "on the stream"),
        }
    }
    node.finish().await;
}

/// A literal header that enters no table.
fn literal(name: &str, value: &str) -> Vec<u8> {
    let mut field = vec![0];
    for part in [name, value] {
        field.push(u8::try_from(part.len()).unwrap());
        field.extend(part.bytes());
    }
    field
}

#[tokio::test]
async fn expectation_gets_its_100() {
    // A client that asks before it sends its body is told to go on, and then gets its answer.
    let node = TlsNode::open().await;
    let mut client = FrameClient::connect(&node).await;
    let mut asking = head(POST, "/v1/tenants/nobody/leads");
    asking.extend(literal("expect", "100-continue"));
    client.send(&frame(HEADERS, END_HEADERS, 1, &asking)).await;
    let go_on = client.until(|frame| frame.kind == HEADERS).await;
    assert_eq!((go_on.stream, go_on.flags & END_STREAM), (1, 0));
    // `:status` by its index in the static table, and 100 in Huffman's code.
    assert!(go_on.payload.ends_with(&[0x08, 0x01]), "{go_on:?}");
    client.send(&frame(DATA, END_STREAM, 1, b"{}")).await;
    let answer = client.until(|frame| frame.kind == HEADERS).await;
    assert_eq!(answer.stream, 1);
    let problem = client.until(|frame| frame.kind == DATA).await.payload;
    assert!(String::from_utf8_lossy(&problem).contains("urn:jackfield:problem:unauthorized"));

    // One whose body is too large is not told to send it.
    asking.extend(literal("content-length", "2000000"));
    client.send(&frame(HEADERS, END_HEADERS, 3, &asking)).await;
    let _ = client.until(|frame| frame.kind == HEADERS && frame.stream == 3).await;
    let problem = client
        .until(|frame| frame.kind == DATA && frame.stream == 3)
        .await
        .payload;
    assert!(String::from_utf8_lossy(&problem).contains("urn:jackfield:problem:too-large"));
    node.finish().await;
}

#[tokio::test]
async fn answers_have_length_and_date() {
    let node = TlsNode::open().await;
    let mut client = hyper_client(&node).await;
    let request = Request::builder().uri("https://localhost/healthz");
    let answer = client
        .send_request(request.body(Full::new(Bytes::new())).unwrap())
        .await
        .unwrap();
    assert_eq!(answer.headers()["content-length"], "3");
    assert_eq!(answer.headers()["date"], "Wed, 01 Jul 2026 09:00:00 GMT");
    node.finish().await;
}

#[tokio::test]
async fn silent_and_idle_connections_are_closed() {
    // A connection without a request is closed; an idle one gets a GOAWAY first.
    let node = TlsNode::open().await;
    let (mut silent, mut idle) = (FrameClient::connect(&node).await, FrameClient::connect(&node).await);
    idle.send(&frame(HEADERS, END_HEADERS | END_STREAM, 1, &head(GET, "/healthz")))
        .await;
    let _ = idle
        .until(|frame| frame.kind == DATA && frame.flags & END_STREAM != 0)
        .await;
    node.test.advance(10 * SECOND);
    while silent.next().await.is_some() {}
    node.test
        .wait_for_metric("jackfield_connections{listener=\"public\"}", 1)
        .await;
    node.test.advance(65 * SECOND);
    let _ = idle.until(|frame| frame.kind == GOAWAY).await;
    while idle.next().await.is_some() {}
    node.test
        .wait_for_metric(
            "jackfield_connections_cut_total{listener=\"public\",reason=\"idle\"}",
            1,
        )
        .await;
    node.finish().await;
}

#[tokio::test]
async fn drain_sends_goaway_and_finishes_requests() {
    let node = TlsNode::open().await;
    let mut client = FrameClient::connect(&node).await;
    client
        .send(&frame(HEADERS, END_HEADERS, 1, &head(POST, "/v1/tenants/nobody/leads")))
        .await;
    client.ping().await;
    node.listener.stop();
    let _ = client.until(|frame| frame.kind == GOAWAY).await;
    client.send(&frame(DATA, END_STREAM, 1, b"{}")).await;
    let answer = client.until(|frame| frame.kind == HEADERS).await;
    assert_eq!(answer.stream, 1);
    while client.next().await.is_some() {}
    node.finish().await;
}
