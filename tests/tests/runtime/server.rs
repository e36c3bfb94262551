//! An HTTP server on loopback that replies as a test wants.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// What a server does with a request.
pub enum Reply {
    /// These bytes, an answer.
    Answer(Vec<u8>),
    /// These bytes, and the connection closes.
    Cut(Vec<u8>),
    /// These bytes, and then those repeatedly until the client disconnects.
    Endless(&'static [u8], Vec<u8>),
    /// Never answers.
    Silence,
    /// The connection closes without an answer.
    HangUp,
}

impl Reply {
    pub fn json(body: &str) -> Self {
        Self::Answer(
            format!(
                "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
                body.len()
            )
            .into_bytes(),
        )
    }
}

/// An HTTP server that records its requests.
pub struct Server {
    pub origin: String,
    requests: Arc<Mutex<Vec<String>>>,
    connections: Arc<AtomicUsize>,
    arrived: Arc<tokio::sync::Notify>,
}

impl Server {
    pub async fn start(reply: impl Fn(&str) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let server = Self {
            origin: format!("http://{}", listener.local_addr().unwrap()),
            requests: Arc::default(),
            connections: Arc::default(),
            arrived: Arc::default(),
        };
        let (requests, arrived, reply) = (server.requests.clone(), server.arrived.clone(), Arc::new(reply));
        let connections = server.connections.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                connections.fetch_add(1, Ordering::Relaxed);
                tokio::spawn(serve(stream, requests.clone(), arrived.clone(), reply.clone()));
            }
        });
        server
    }

    /// Answers every request with `{}`.
    pub async fn friendly() -> Self {
        Self::start(|_| Reply::json("{}")).await
    }

    /// Heads and bodies of the requests so far.
    pub fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }

    /// Connections so far.
    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::Relaxed)
    }

    /// The port it listens on.
    pub fn port(&self) -> &str {
        self.origin.rsplit(':').next().unwrap()
    }

    /// Waits for a request that arrived since the last wait.
    pub async fn arrival(&self) {
        self.arrived.notified().await;
    }
}

async fn serve(
    mut stream: TcpStream,
    requests: Arc<Mutex<Vec<String>>>,
    arrived: Arc<tokio::sync::Notify>,
    reply: Arc<impl Fn(&str) -> Reply + Send + Sync + 'static>,
) {
    while let Some(request) = read(&mut stream).await {
        requests.lock().unwrap().push(request.clone());
        arrived.notify_one();
        match reply(&request) {
            // The client may have disconnected.
            Reply::Answer(bytes) => drop(stream.write_all(&bytes).await),
            Reply::Cut(bytes) => return drop(stream.write_all(&bytes).await),
            Reply::Endless(head, piece) => return drop(endless(&mut stream, head, &piece).await),
            Reply::Silence => std::future::pending().await,
            Reply::HangUp => return,
        }
    }
}

/// Writes until that fails; yields after each piece.
async fn endless(stream: &mut TcpStream, head: &[u8], piece: &[u8]) -> std::io::Result<()> {
    stream.write_all(head).await?;
    loop {
        stream.write_all(piece).await?;
        tokio::task::yield_now().await;
    }
}

/// One request, head and body.
async fn read(stream: &mut TcpStream) -> Option<String> {
    let mut bytes = vec![];
    loop {
        let text = String::from_utf8_lossy(&bytes);
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
            if body.len() >= length.map_or(0, |length| length.parse().unwrap()) {
                return Some(text.into_owned());
            }
        }
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    }
}
