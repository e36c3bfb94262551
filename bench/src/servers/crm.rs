//! A CRM for load tests: the same response for every request, at once or after a delay. The strict fakes would spend
//! more time on checks than the measured host on its request; the response is one of theirs.

use std::convert::Infallible;
use std::path::Path;
use std::time::Duration;

use http_body_util::{BodyExt as _, Full};
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use serde::{Deserialize, Serialize};

use crate::clock::pause;

/// A CRM's response.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct CannedResponse {
    /// The status.
    pub status: u16,
    /// The content type.
    pub content_type: String,
    /// The body as text.
    pub body: String,
}

/// Serves until the process is killed.
pub async fn run(answer: &Path, delay_ms: u64) -> anyhow::Result<()> {
    let canned: CannedResponse = serde_json::from_slice(&std::fs::read(answer)?)?;
    let response = Response::builder()
        .status(canned.status)
        .header("content-type", canned.content_type)
        .body(Bytes::from(canned.body))?;
    let delay = Duration::from_millis(delay_ms);
    let listener = super::listen().await?;
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let response = response.clone();
        tokio::spawn(async move {
            let answer = service_fn(|request: Request<Incoming>| {
                let response = response.clone().map(Full::new);
                async move {
                    // Read the whole body, as the strict fakes do.
                    let _ = request.into_body().collect().await;
                    if !delay.is_zero() {
                        pause(delay).await;
                    }
                    Ok::<_, Infallible>(response)
                }
            });
            // A client may disconnect at any time.
            let _ = http1::Builder::new()
                .serve_connection(TokioIo::new(stream), answer)
                .await;
        });
    }
}
