//! What a connection is doing: a socket that records when bytes arrive, and the state that it shares with the requests
//! and the timer of its connection.

use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use bytes::{Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, ReadBuf};

use jackfield_clock::{SharedClock, lock};
use jackfield_domain::intake::slow_client::ConnectionProgress;

/// The state of a connection, shared by its socket, its requests and its timer.
#[derive(Debug, Clone)]
pub struct ConnectionActivity {
    progress: Arc<Mutex<ConnectionProgress>>,
    marks: Arc<ConnectionMarks>,
    clock: SharedClock,
}

/// What was noticed about the bytes of a connection.
#[derive(Debug, Default)]
pub struct ConnectionMarks {
    /// The head of an HTTP/1 request had two lengths.
    pub two_lengths: AtomicBool,
    /// The last request was answered before its end, so that the client may still be sending.
    pub unread: AtomicBool,
}

impl ConnectionActivity {
    /// The state of a connection that was just opened.
    pub fn opened(clock: SharedClock) -> Self {
        let progress = Arc::new(Mutex::new(ConnectionProgress::opened(clock.now())));
        let marks = Arc::default();
        Self { progress, marks, clock }
    }

    /// The connection's clock.
    pub const fn clock(&self) -> &SharedClock {
        &self.clock
    }

    /// What was noticed about its bytes.
    pub fn marks(&self) -> &ConnectionMarks {
        &self.marks
    }

    /// Reads or changes the state.
    pub fn with<T>(&self, access: impl FnOnce(&mut ConnectionProgress) -> T) -> T {
        access(&mut lock(&self.progress))
    }

    /// Marks a request whose head is complete as in flight, until the returned value is dropped.
    pub fn start_request(&self) -> RequestInFlight {
        self.with(ConnectionProgress::request_started);
        self.marks.unread.store(false, Ordering::Relaxed);
        RequestInFlight(self.clone())
    }
}

/// Marks a request as in flight until it is dropped.
pub struct RequestInFlight(ConnectionActivity);

impl Drop for RequestInFlight {
    fn drop(&mut self) {
        let now = self.0.clock.now();
        self.0.with(|progress| progress.request_ended(now));
    }
}

/// A socket that records in a connection's state when bytes arrive.
pub struct TrackedSocket<S> {
    socket: S,
    activity: ConnectionActivity,
    /// Bytes that were read to learn the protocol, and are read again.
    replay: Bytes,
}

impl<S> TrackedSocket<S> {
    /// Wraps `socket` and records in `activity` when bytes arrive.
    pub fn new(socket: S, activity: ConnectionActivity) -> Self {
        let replay = Bytes::new();
        Self {
            socket,
            activity,
            replay,
        }
    }
}

impl<S: AsyncRead + Unpin> TrackedSocket<S> {
    /// Whether the connection begins with these bytes. It reads no more than it has to, and what it read is read again.
    ///
    /// # Errors
    /// The socket cannot be read.
    pub async fn begins_with(&mut self, expected: &[u8]) -> io::Result<bool> {
        let mut seen = BytesMut::with_capacity(expected.len());
        let begins = loop {
            let mut rest = (&mut *self).take((expected.len() - seen.len()) as u64);
            let read = rest.read_buf(&mut seen).await?;
            if read == 0 || !expected.starts_with(&seen) {
                break false;
            }
            if seen.len() == expected.len() {
                break true;
            }
        };
        self.replay = seen.freeze();
        Ok(begins)
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for TrackedSocket<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if !self.replay.is_empty() {
            let length = self.replay.len().min(buffer.remaining());
            buffer.put_slice(&self.replay.split_to(length));
            return Poll::Ready(Ok(()));
        }
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.socket).poll_read(cx, buffer);
        if buffer.filled().len() > before {
            let now = self.activity.clock.now();
            self.activity.with(|progress| progress.bytes_arrived(now));
        }
        read
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for TrackedSocket<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.socket).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.socket).poll_write_vectored(cx, parts)
    }

    fn is_write_vectored(&self) -> bool {
        self.socket.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_shutdown(cx)
    }
}
