//! What a connection is doing: a socket that records when bytes arrive, and the state that it shares with the requests
//! and the timer of its connection.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use jackfield_clock::{SharedClock, lock};
use jackfield_domain::intake::slow_client::ConnectionProgress;

/// The state of a connection, shared by its socket, its requests and its timer.
#[derive(Debug, Clone)]
pub struct ConnectionActivity {
    progress: Arc<Mutex<ConnectionProgress>>,
    clock: SharedClock,
}

impl ConnectionActivity {
    /// The state of a connection that was just opened.
    pub fn opened(clock: SharedClock) -> Self {
        let progress = Arc::new(Mutex::new(ConnectionProgress::opened(clock.now())));
        Self { progress, clock }
    }

    /// Reads or changes the state.
    pub fn with<T>(&self, access: impl FnOnce(&mut ConnectionProgress) -> T) -> T {
        access(&mut lock(&self.progress))
    }

    /// Marks a request whose head is complete as in flight, until the returned value is dropped.
    pub fn start_request(&self) -> RequestInFlight {
        self.with(ConnectionProgress::request_started);
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
}

impl<S> TrackedSocket<S> {
    /// Wraps `socket` and records in `activity` when bytes arrive.
    pub fn new(socket: S, activity: ConnectionActivity) -> Self {
        Self { socket, activity }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for TrackedSocket<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
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
