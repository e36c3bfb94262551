//! A guest's standard output and standard error: kept in memory, the last few kilobytes of each.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use bytes::Bytes;
use wasmtime_wasi::cli::{IsTerminal, StdoutStream};
use wasmtime_wasi::p2::{OutputStream, Pollable, StreamResult};

use jackfield_clock::lock;
use jackfield_domain::visible_text::is_visible;

/// Bytes that are kept of a stream: enough for a panic's message, whose last line matters.
const KEPT: usize = 4096;
/// Bytes that a guest may write at once, which is also the largest allocation for a write.
const PERMIT: usize = 64 << 10;
/// Characters of a line that are shown.
const LINE: usize = 500;

/// Marks a guest's last words where its language's runtime writes more after them, as JavaScript's engine does with its
/// own stack frames. The SDK writes it.
const LAST_WORDS: &str = "last words: ";

/// The end of what a guest wrote to a stream.
#[derive(Debug, Clone, Default)]
pub struct OutputTail(Arc<Mutex<Vec<u8>>>);

impl OutputTail {
    /// The guest's last words: the last line that is marked as such, or else the last line that is not blank, truncated
    /// to 500 characters; empty if there is none.
    pub fn last_line(&self) -> String {
        let kept = lock(&self.0);
        let text = String::from_utf8_lossy(&kept);
        let mut lines = text.lines().rev().map(str::trim);
        let marked = lines.clone().find_map(|line| line.strip_prefix(LAST_WORDS));
        let line = marked.or_else(|| lines.find(|line| !line.is_empty()));
        line.unwrap_or_default()
            .chars()
            .filter(|c| is_visible(*c))
            .take(LINE)
            .collect()
    }

    /// Everything that is kept of the stream.
    pub fn text(&self) -> String {
        let kept = lock(&self.0);
        String::from_utf8_lossy(&kept).into_owned()
    }

    fn write(&self, bytes: &[u8]) {
        let mut kept = lock(&self.0);
        kept.extend_from_slice(&bytes[bytes.len().saturating_sub(KEPT)..]);
        let excess = kept.len().saturating_sub(KEPT);
        kept.drain(..excess);
    }
}

/// A stream of an instance. What is written goes to the tail of the current invocation, whenever the stream was opened.
#[derive(Debug, Clone, Default)]
pub struct GuestStream(Arc<Mutex<OutputTail>>);

impl GuestStream {
    /// Sends what is written from now on to another invocation's tail.
    pub fn redirect(&self, tail: &OutputTail) {
        *lock(&self.0) = tail.clone();
    }
}

#[async_trait]
impl Pollable for GuestStream {
    async fn ready(&mut self) {}
}

#[async_trait]
impl OutputStream for GuestStream {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        lock(&self.0).write(&bytes);
        Ok(())
    }

    fn flush(&mut self) -> StreamResult<()> {
        Ok(())
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        Ok(PERMIT)
    }
}

impl IsTerminal for GuestStream {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdoutStream for GuestStream {
    fn p2_stream(&self) -> Box<dyn OutputStream> {
        Box::new(self.clone())
    }

    fn async_stream(&self) -> Box<dyn tokio::io::AsyncWrite + Send + Sync> {
        // WASI 0.3 would ask for this one; only 0.2 is linked.
        Box::new(tokio::io::sink())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_line_survives_any_output() {
        let tail = OutputTail::default();
        assert_eq!(tail.last_line(), "");
        for _ in 0..1000 {
            tail.write("noise ".repeat(100).as_bytes());
        }
        tail.write(b"\npanicked at src/lib.rs:1: oh\x07 no\n\n");
        assert_eq!(tail.last_line(), "panicked at src/lib.rs:1: oh no");
        assert!(tail.0.lock().unwrap().len() <= KEPT);
    }

    #[test]
    fn lines_after_the_last_words_are_left_out() {
        let tail = OutputTail::default();
        tail.write(
            b"last words: TypeError: stage is undefined (stages.ts:8)\nat frame 1\nRedirecting call to abort()\n",
        );
        assert_eq!(tail.last_line(), "TypeError: stage is undefined (stages.ts:8)");
    }

    #[test]
    fn a_long_line_is_truncated() {
        let tail = OutputTail::default();
        tail.write(&[b'x'; KEPT * 2]);
        assert_eq!(tail.last_line().len(), LINE);
    }

    #[test]
    fn an_open_stream_is_redirected() {
        // A stream that a guest opened in an earlier invocation writes to the current one's tail.
        let [first, second] = [(); 2].map(|()| OutputTail::default());
        let stream = GuestStream::default();
        stream.redirect(&first);
        let mut opened = stream.p2_stream();
        opened.write(Bytes::from_static(b"first")).unwrap();
        stream.redirect(&second);
        opened.write(Bytes::from_static(b"second")).unwrap();
        assert_eq!(
            (first.last_line(), second.last_line()),
            ("first".into(), "second".into())
        );
    }
}
