//! What an HTTP/1 connection needs beside the HTTP library: it looks at heads for two lengths, gives the library's own
//! refusals a body, and closes in a way that lets the client read its answer.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll, ready};

use bytes::{Buf as _, Bytes};
use http::StatusCode;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::MAX_DROPPED;
use super::activity::ConnectionActivity;
use super::deadline_timer::DeadlineTimer;
use crate::observe::request::refuse_unreadable;
use crate::problem::MEDIA_TYPE;
use jackfield_clock::after;
use jackfield_domain::intake::request_head::LengthScanner;
use jackfield_domain::intake::slow_client::CLOSING;

/// How much of it is read at once.
const DROPPED_AT_ONCE: usize = 16 * 1024;

/// The socket of an HTTP/1 connection.
pub struct Http1Socket<S> {
    socket: S,
    activity: ConnectionActivity,
    scanner: LengthScanner,
    /// The rest of an answer that takes the place of the library's.
    answer: Bytes,
    closing: ClosingStage,
}

enum ClosingStage {
    Open,
    /// The client knows that nothing more comes; what it still sends is dropped, up to this many bytes.
    Dropping(usize, DeadlineTimer, jiff::Timestamp),
}

impl<S> Http1Socket<S> {
    /// The socket of a connection without a request so far.
    pub fn new(socket: S, activity: ConnectionActivity) -> Self {
        Self {
            socket,
            activity,
            scanner: LengthScanner::default(),
            answer: Bytes::new(),
            closing: ClosingStage::Open,
        }
    }
}

impl<S: AsyncWrite + Unpin> Http1Socket<S> {
    fn poll_answer(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.answer.is_empty() {
            match ready!(Pin::new(&mut self.socket).poll_write(cx, &self.answer))? {
                0 => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                written => self.answer.advance(written),
            }
        }
        Poll::Ready(Ok(()))
    }

    /// Whether the bytes are the library's refusal of a head, which is then replaced by one with a problem.
    fn replace(&mut self, bytes: &[u8]) -> bool {
        let Some(answer) = complete_refusal(bytes) else {
            return false;
        };
        self.answer = answer.into();
        self.activity.marks().unread.store(true, Ordering::Relaxed);
        true
    }
}

/// The library's refusal of a head that it cannot read, with a problem for its body; none if the bytes are anything
/// else. The answers of the host's own handlers have other headers too.
fn complete_refusal(bytes: &[u8]) -> Option<String> {
    let head = std::str::from_utf8(bytes).ok()?.strip_suffix("\r\n\r\n")?;
    let mut lines = head.split("\r\n");
    let first = lines.next()?.strip_prefix("HTTP/1.")?;
    let status: StatusCode = first.split(' ').nth(1)?.parse().ok()?;
    let refusals = [
        StatusCode::BAD_REQUEST,
        StatusCode::URI_TOO_LONG,
        StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
    ];
    let bare = |line: &str| {
        let name = line.split(':').next().unwrap_or_default();
        ["connection", "content-length", "date"].contains(&name)
    };
    if !refusals.contains(&status) || !head.contains("\r\ncontent-length: 0") || !lines.clone().all(bare) {
        return None;
    }
    let (id, body) = refuse_unreadable(status);
    let kept: Vec<_> = lines.filter(|line| line.starts_with("date:")).collect();
    Some(format!(
        "HTTP/1.{first}\r\nconnection: close\r\ncontent-type: {MEDIA_TYPE}\r\ncontent-length: {}\r\n\
         x-request-id: {}\r\n{}\r\n\r\n{body}",
        body.len(),
        id.as_str(),
        kept.join("\r\n"),
    ))
}

impl<S: AsyncRead + Unpin> AsyncRead for Http1Socket<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.socket).poll_read(cx, buffer))?;
        let read = buffer.filled().get(before..).unwrap_or_default();
        if self.activity.with(|progress| progress.is_between_requests()) {
            self.scanner.request_is_over();
        }
        self.scanner.read(read);
        if self.scanner.found_two_lengths() {
            self.activity.marks().two_lengths.store(true, Ordering::Relaxed);
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Http1Socket<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        ready!(self.poll_answer(cx))?;
        if self.replace(bytes) {
            return Poll::Ready(Ok(bytes.len()));
        }
        Pin::new(&mut self.socket).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        ready!(self.poll_answer(cx))?;
        if let [only] = parts
            && self.replace(only)
        {
            return Poll::Ready(Ok(only.len()));
        }
        Pin::new(&mut self.socket).poll_write_vectored(cx, parts)
    }

    fn is_write_vectored(&self) -> bool {
        self.socket.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_answer(cx))?;
        Pin::new(&mut self.socket).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        loop {
            match &mut this.closing {
                ClosingStage::Open => {
                    ready!(this.poll_answer(cx))?;
                    ready!(Pin::new(&mut this.socket).poll_shutdown(cx))?;
                    if !this.activity.marks().unread.load(Ordering::Relaxed) {
                        return Poll::Ready(Ok(()));
                    }
                    let clock = this.activity.clock();
                    let until = after(clock.now(), CLOSING);
                    this.closing = ClosingStage::Dropping(MAX_DROPPED, DeadlineTimer::new(Arc::clone(clock)), until);
                }
                ClosingStage::Dropping(left, timer, until) => {
                    if *left == 0 || timer.poll(cx, *until).is_ready() {
                        return Poll::Ready(Ok(()));
                    }
                    let mut dropped = [0; DROPPED_AT_ONCE];
                    let mut buffer = ReadBuf::new(&mut dropped);
                    // The client may reset the connection now, since it has its answer.
                    let read = ready!(Pin::new(&mut this.socket).poll_read(cx, &mut buffer));
                    if read.is_err() || buffer.filled().is_empty() {
                        return Poll::Ready(Ok(()));
                    }
                    *left = left.saturating_sub(buffer.filled().len());
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_bare_refusals_are_completed() {
        let refusal = "HTTP/1.1 431 Request Header Fields Too Large\r\nconnection: close\r\ncontent-length: 0\r\n\
            date: Mon, 30 Nov 2026 10:00:00 GMT\r\n\r\n";
        let answer = complete_refusal(refusal.as_bytes()).unwrap();
        assert!(answer.starts_with("HTTP/1.1 431 Request Header Fields Too Large\r\nconnection: close\r\n"));
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        assert!(
            head.contains(&format!("\r\ncontent-length: {}\r\n", body.len())),
            "{head}"
        );
        assert!(
            head.contains("\r\ndate: Mon,") && head.contains("\r\nx-request-id: req_"),
            "{head}"
        );
        assert!(body.contains("\"status\": 431"), "{body}");
        for other in [
            refusal.replace("431", "405"),
            refusal.replace("431", "200"),
            refusal.replace("content-length: 0", "content-length: 2"),
            refusal.replace("date:", "allow: GET\r\ndate:"),
            format!("{refusal}x"),
            String::new(),
        ] {
            assert_eq!(complete_refusal(other.as_bytes()), None, "{other}");
        }
    }
}
