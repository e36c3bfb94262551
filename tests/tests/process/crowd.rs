//! Thousands of clients that only hold connections.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};

use jackfield_tests::process::HostProcess;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::net::TcpSocket;

use super::BINARY;

/// Clients that send a head so slowly that it never ends.
const DRIPPING: usize = 2000;
/// Connections over the limit of one address.
const TOO_MANY: usize = 100;
/// Requests that must be served meanwhile.
const GOOD: usize = 500;

/// This process needs a file descriptor for each of its connections.
fn raise_open_files() {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit {
        current: limit.maximum,
        maximum: limit.maximum,
    };
    setrlimit(Resource::Nofile, raised).unwrap();
}

async fn connect(to: SocketAddr) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    // Another loopback address than that of the well-behaved clients.
    socket.bind((Ipv4Addr::new(127, 0, 0, 2), 0).into()).unwrap();
    let stream = socket.connect(to).await.unwrap().into_std().unwrap();
    stream.set_nonblocking(false).unwrap();
    stream
}

/// Whether the host has closed the connection; blocks until it is known.
fn is_closed(stream: &mut TcpStream) -> bool {
    match stream.read(&mut [0]) {
        Ok(read) => read == 0,
        Err(error) => matches!(error.kind(), ErrorKind::ConnectionReset | ErrorKind::BrokenPipe),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn dripping_clients_keep_nobody_out() {
    // Two thousand dripping clients keep nobody out and are cut off.
    raise_open_files();
    let data = tempfile::tempdir().unwrap();
    let limit = DRIPPING.to_string();
    let variables = [
        ("JACKFIELD_MAX_CONNECTIONS_PER_ADDRESS", limit.as_str()),
        ("JACKFIELD_HEADER_TIMEOUT", "20s"),
    ];
    let host = HostProcess::start(BINARY, data.path(), &variables);
    let to: SocketAddr = host.public.trim_start_matches("http://").parse().unwrap();
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let metric = async |name: &str| {
        let page = client.get(format!("{}/metrics", host.admin)).send().await.unwrap();
        let page = page.text().await.unwrap();
        let value = page.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        value.map_or(0, |value| value.parse::<usize>().unwrap())
    };
    let open = "jackfield_connections{listener=\"public\"}";
    let refused = "jackfield_connections_refused_total{listener=\"public\",reason=\"address\"}";
    let cut = "jackfield_connections_cut_total{listener=\"public\",reason=\"head\"}";

    let mut dripping = vec![];
    for _ in 0..DRIPPING {
        let mut stream = connect(to).await;
        stream.write_all(b"POST /v1/ten").unwrap();
        dripping.push(stream);
    }
    while metric(open).await < DRIPPING {
        tokio::task::yield_now().await;
    }
    for _ in 0..TOO_MANY {
        assert!(is_closed(&mut connect(to).await), "over the limit of one address");
    }
    assert_eq!(metric(refused).await, TOO_MANY);

    // Over kept connections and over new ones.
    for n in 0..GOOD {
        if n % 10 == 0 {
            for stream in &mut dripping[n..n + 10] {
                stream.write_all(b"a").unwrap();
            }
        }
        let fresh = reqwest::Client::builder().no_proxy().build().unwrap();
        let client = if n % 2 == 0 { &client } else { &fresh };
        let answer = client.get(format!("{}/healthz", host.public)).send().await.unwrap();
        assert_eq!(answer.status(), 200);
    }

    let mut all = dripping;
    assert!(all.iter_mut().all(is_closed));
    while metric(cut).await < DRIPPING {
        tokio::task::yield_now().await;
    }
    let answer = client.get(format!("{}/healthz", host.public)).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    let (status, _, log) = host.stop("TERM");
    assert_eq!(status.code(), Some(0), "{log:?}");
}
