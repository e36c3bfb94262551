//! A load generator's connection: HTTP/1.1 with as little work as possible, because client and server share the machine
//! and only the server is measured.

use std::net::SocketAddr;

use anyhow::{Context as _, bail, ensure};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// The longest accepted response in bytes.
const MAX_RESPONSE: usize = 1 << 20;

/// A request in wire format.
#[derive(Debug, Clone)]
pub struct Request(Vec<u8>);

impl Request {
    /// A request with these headers and this body, on a keep-alive connection.
    pub fn new(method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Self {
        let mut bytes = format!("{method} {path} HTTP/1.1\r\nhost: bench\r\n").into_bytes();
        for (name, value) in headers {
            bytes.extend_from_slice(format!("{name}: {value}\r\n").as_bytes());
        }
        if !body.is_empty() {
            bytes.extend_from_slice(format!("content-length: {}\r\n", body.len()).as_bytes());
        }
        bytes.extend_from_slice(b"\r\n");
        bytes.extend_from_slice(body);
        Self(bytes)
    }
}

/// A keep-alive connection.
#[derive(Debug)]
pub struct Connection {
    stream: TcpStream,
    answer: Vec<u8>,
}

impl Connection {
    /// Connects to a server.
    pub async fn connect(to: SocketAddr) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(to).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, answer: vec![] })
    }

    /// Sends a request and reads the response's status and body.
    ///
    /// # Errors
    /// The connection broke, or the response has no length.
    pub async fn ask(&mut self, request: &Request) -> anyhow::Result<(u16, &[u8])> {
        self.stream.write_all(&request.0).await?;
        self.answer.clear();
        let head = loop {
            ensure!(
                self.answer.len() < MAX_RESPONSE,
                "a response of more than {MAX_RESPONSE} bytes"
            );
            ensure!(
                self.stream.read_buf(&mut self.answer).await? > 0,
                "the server closed the connection"
            );
            if let Some(end) = self.answer.windows(4).position(|window| window == b"\r\n\r\n") {
                break end + 4;
            }
        };
        let (status, length) = read_head(&self.answer[..head])?;
        while self.answer.len() < head + length {
            ensure!(
                self.stream.read_buf(&mut self.answer).await? > 0,
                "the response is incomplete"
            );
        }
        Ok((status, &self.answer[head..head + length]))
    }
}

/// The status and the length of the body.
fn read_head(head: &[u8]) -> anyhow::Result<(u16, usize)> {
    let head = std::str::from_utf8(head).context("the head of the response is not text")?;
    let mut lines = head.split("\r\n");
    let first = lines.next().unwrap_or_default();
    let status = first.split(' ').nth(1).context("the response has no status")?.parse()?;
    for line in lines {
        if let Some((name, value)) = line.split_once(':')
            && name.eq_ignore_ascii_case("content-length")
        {
            return Ok((status, value.trim().parse()?));
        }
    }
    if status == 204 {
        return Ok((status, 0));
    }
    bail!("the response has no length: {first}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn head_has_status_and_length() {
        let read = read_head(b"HTTP/1.1 202 Accepted\r\ncontent-type: x\r\nContent-Length: 12\r\n\r\n");
        assert_eq!(read.ok(), Some((202, 12)));
        assert_eq!(read_head(b"HTTP/1.1 204 No Content\r\n\r\n").ok(), Some((204, 0)));
        assert!(read_head(b"HTTP/1.1 200 OK\r\n\r\n").is_err());
    }
}
