//! Where a guest's standard output and standard error end: in memory, and of each only the end.

use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;
use wasmtime_wasi::cli::{IsTerminal, StdoutStream};
use wasmtime_wasi::p2::{OutputStream, Pollable, StreamResult};

/// Bytes that are kept of a stream: a panic's message, of which the last line matters.
const KEPT: usize = 4096;
/// Bytes that a guest may write at once, and so the largest allocation for it.
const PERMIT: usize = 64 << 10;
/// Characters of a line that are shown.
const LINE: usize = 500;

/// What an SDK writes before a guest's last words where its language's runtime has more to say after them: JavaScript's
/// engine tells its own frames.
const LAST_WORDS: &str = "last words: ";

/// The end of what a guest wrote to a stream.
#[derive(Debug, Clone, Default)]
pub struct OutputTail(Arc<Mutex<Vec<u8>>>);

impl OutputTail {
    /// The guest's last words: the last line that is marked as such, or else the last that is not blank, cut to 500
    /// characters; empty if there is none.
    pub fn last_line(&self) -> String {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let text = String::from_utf8_lossy(&kept);
        let mut lines = text.lines().rev().map(str::trim);
        let marked = lines.clone().find_map(|line| line.strip_prefix(LAST_WORDS));
        let line = marked.or_else(|| lines.find(|line| !line.is_empty()));
        line.unwrap_or_default()
            .chars()
            .filter(|c| !c.is_control())
            .take(LINE)
            .collect()
    }

    /// All that is kept of the stream.
    pub fn text(&self) -> String {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8_lossy(&kept).into_owned()
    }

    fn write(&self, bytes: &[u8]) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.extend_from_slice(&bytes[bytes.len().saturating_sub(KEPT)..]);
        let excess = kept.len().saturating_sub(KEPT);
        kept.drain(..excess);
    }
}

/// A stream of an instance. It ends in the tail of the call under way, whenever the guest opened it.
#[derive(Debug, Clone, Default)]
pub struct GuestStream(Arc<Mutex<OutputTail>>);

impl GuestStream {
    /// From now on it ends in another call's tail.
    pub fn lead_to(&self, tail: &OutputTail) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = tail.clone();
    }
}

#[async_trait]
impl Pollable for GuestStream {
    async fn ready(&mut self) {}
}

#[async_trait]
impl OutputStream for GuestStream {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).write(&bytes);
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
    fn the_last_line_outlives_any_amount_of_output() {
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
    fn what_a_runtime_says_after_a_guests_last_words_is_left_out() {
        let tail = OutputTail::default();
        tail.write(
            b"last words: TypeError: stage is undefined (stages.ts:8)\nat frame 1\nRedirecting call to abort()\n",
        );
        assert_eq!(tail.last_line(), "TypeError: stage is undefined (stages.ts:8)");
    }

    #[test]
    fn a_line_is_cut() {
        let tail = OutputTail::default();
        tail.write(&[b'x'; KEPT * 2]);
        assert_eq!(tail.last_line().len(), LINE);
    }

    #[test]
    fn a_stream_that_was_opened_in_an_earlier_call_ends_in_this_one() {
        let [first, second] = [(); 2].map(|()| OutputTail::default());
        let stream = GuestStream::default();
        stream.lead_to(&first);
        let mut opened = stream.p2_stream();
        opened.write(Bytes::from_static(b"first")).unwrap();
        stream.lead_to(&second);
        opened.write(Bytes::from_static(b"second")).unwrap();
        assert_eq!(
            (first.last_line(), second.last_line()),
            ("first".into(), "second".into())
        );
    }
}
