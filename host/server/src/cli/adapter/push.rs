//! `jackfield adapter push`

use std::convert::Infallible;
use std::io::{IsTerminal as _, stderr};
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::task::{Context, Poll};

use anyhow::Context as _;
use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use jackfield_api::{PushQuery, PushedView};
use jackfield_kit::project::Project;
use reqwest::{Method, StatusCode};

use super::size;
use crate::cli::Session;
use crate::cli::admin_client::ApiError;
use crate::cli::output::{note, rewrite};

/// Bytes of a component that are sent at once: a step of the progress that a person sees.
const CHUNK: usize = 256 << 10;

#[derive(Debug, clap::Args)]
pub struct PushAdapterArgs {
    /// The component.
    #[arg(value_name = "FILE.wasm")]
    file: PathBuf,
    /// Let its name and version mean these bytes from now on, although they mean others.
    #[arg(long)]
    replace: bool,
}

impl PushAdapterArgs {
    pub async fn run(self, session: &Session) -> anyhow::Result<()> {
        let Session { client, output } = session;
        let file = self.file.display();
        let bytes = std::fs::read(&self.file).with_context(|| format!("cannot read {file}"))?;
        let upload = Upload::new(file.to_string(), bytes.into());
        let request = client.request(Method::POST, &["adapters"]);
        let request = request.query(&PushQuery { replace: self.replace });
        let request = request.header("content-type", "application/wasm");
        let answer = client
            .send::<PushedView>(request.body(reqwest::Body::wrap(upload)))
            .await
            .map_err(|error| with_place_of_version(error, &self.file));
        // Whatever the last line of progress was, the answer begins on its own.
        rewrite("");
        let answer = answer?;
        output.show(&answer, |pushed| {
            let adapter = &pushed.adapter;
            let remark = match &pushed.replaced {
                Some(before) => format!(" (in place of {before}, which releases that have it keep)"),
                None if pushed.known => " (it was already there)".to_owned(),
                None => String::new(),
            };
            format!("{}@{} {}{remark}", adapter.name, adapter.version, adapter.digest)
        })
    }
}

/// Says where the version is that has to be raised, if the component is in the build folder of a project.
fn with_place_of_version(error: anyhow::Error, component: &Path) -> anyhow::Error {
    let taken = error
        .downcast_ref::<ApiError>()
        .is_some_and(|error| error.is(StatusCode::CONFLICT));
    let folder = component.parent().unwrap_or(component).join("..");
    match Project::open(&folder) {
        Ok(project) if taken => {
            let file = project.manifest().language.version_in();
            anyhow::anyhow!("{error:#}\nThe version of this adapter is in {file}.")
        }
        _ => error,
    }
}

/// A component on its way to the host. At a terminal, a line says how much has left; elsewhere, one says that it goes.
struct Upload {
    file: String,
    bytes: Bytes,
    sent: usize,
}

impl Upload {
    fn new(file: String, bytes: Bytes) -> Self {
        if !stderr().is_terminal() {
            note(&format!("{file}: sending {}", size(bytes.len() as u64)));
        }
        Self { file, bytes, sent: 0 }
    }

    /// Tells a person how far it is.
    fn report(&self) {
        let (sent, all) = (self.sent as u64, self.bytes.len() as u64);
        if sent < all {
            rewrite(&format!("{}: sent {} of {}", self.file, size(sent), size(all)));
        } else {
            rewrite(&format!(
                "{}: sent {}; the host checks and compiles it…",
                self.file,
                size(all)
            ));
        }
    }
}

impl Body for Upload {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let end = self.bytes.len().min(self.sent + CHUNK);
        let chunk = self.bytes.slice(self.sent..end);
        if chunk.is_empty() {
            return Poll::Ready(None);
        }
        self.sent = end;
        self.report();
        Poll::Ready(Some(Ok(Frame::data(chunk))))
    }

    fn is_end_stream(&self) -> bool {
        self.sent == self.bytes.len()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact((self.bytes.len() - self.sent) as u64)
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use super::*;

    #[tokio::test]
    async fn a_component_arrives_whole() {
        for len in [0, 1, CHUNK, CHUNK + 1, 3 * CHUNK] {
            let bytes: Bytes = vec![7; len].into();
            let mut upload = Upload::new("acme.wasm".into(), bytes.clone());
            assert_eq!(upload.size_hint().exact(), Some(len as u64));
            let mut arrived = vec![];
            while let Some(Ok(frame)) = poll_fn(|context| Pin::new(&mut upload).poll_frame(context)).await {
                arrived.extend_from_slice(&frame.into_data().unwrap());
            }
            assert_eq!(arrived, bytes, "{len}");
            assert!(upload.is_end_stream() && upload.size_hint().exact() == Some(0));
        }
    }
}
