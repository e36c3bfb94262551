//! The same status query without an adapter: reqwest sends the request that the adapter sends.
//!
//! The request is not written a second time for each CRM. A server records the adapter's own request and closes the
//! connection; the request is then sent again unchanged.

use anyhow::Context as _;
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Client, Method, Response};
use tokio::io::AsyncBufReadExt as _;
use tokio::io::{AsyncReadExt as _, BufReader};
use tokio::net::TcpListener;

use crate::servers::CannedResponse;

/// Headers that belong to the connection rather than to the request.
const OF_CONNECTION: [&str; 3] = ["host", "content-length", "connection"];

/// A request that an adapter sent.
#[derive(Debug)]
pub struct RecordedRequest {
    method: Method,
    target: String,
    headers: HeaderMap,
    body: Vec<u8>,
}

/// A server that records one request.
pub struct RequestRecorder(TcpListener);

impl RequestRecorder {
    /// Listens on a free port.
    pub async fn start() -> anyhow::Result<Self> {
        Ok(Self(TcpListener::bind("127.0.0.1:0").await?))
    }

    /// The server's origin.
    pub fn origin(&self) -> anyhow::Result<String> {
        Ok(format!("http://{}", self.0.local_addr()?))
    }

    /// Records the request and closes the connection.
    pub async fn record(self) -> anyhow::Result<RecordedRequest> {
        let (stream, _) = self.0.accept().await?;
        let mut stream = BufReader::new(stream);
        let mut line = String::new();
        stream.read_line(&mut line).await?;
        let mut words = line.split(' ');
        let method = Method::from_bytes(words.next().unwrap_or_default().as_bytes())?;
        let target = words.next().context("the request has no target")?.to_owned();
        let (mut headers, mut length) = (HeaderMap::new(), 0);
        loop {
            line.clear();
            stream.read_line(&mut line).await?;
            let Some((name, value)) = line.trim_end().split_once(": ") else {
                break;
            };
            if name.eq_ignore_ascii_case("content-length") {
                length = value.parse()?;
            }
            if !OF_CONNECTION.iter().any(|own| name.eq_ignore_ascii_case(own)) {
                headers.append(HeaderName::from_bytes(name.as_bytes())?, HeaderValue::from_str(value)?);
            }
        }
        let mut body = vec![0; length];
        stream.read_exact(&mut body).await?;
        Ok(RecordedRequest {
            method,
            target,
            headers,
            body,
        })
    }
}

impl RecordedRequest {
    /// Sends the request to a CRM and reads the response, which must be a success.
    pub async fn send(&self, client: &Client, origin: &str) -> anyhow::Result<()> {
        let answer = self.ask(client, origin).await?;
        let _ = answer.bytes().await?;
        Ok(())
    }

    /// The CRM's response, which must be a success, as a canned response.
    pub async fn answer(&self, client: &Client, origin: &str) -> anyhow::Result<CannedResponse> {
        let answer = self.ask(client, origin).await?;
        let content_type = answer.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
        Ok(CannedResponse {
            status: answer.status().as_u16(),
            content_type: content_type.unwrap_or_default().to_owned(),
            body: answer.text().await?,
        })
    }

    async fn ask(&self, client: &Client, origin: &str) -> anyhow::Result<Response> {
        let request = client
            .request(self.method.clone(), format!("{origin}{}", self.target))
            .headers(self.headers.clone())
            .body(self.body.clone());
        Ok(request.send().await?.error_for_status()?)
    }
}
