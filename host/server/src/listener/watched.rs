//! A socket that records when bytes arrive, and the state of the connection over it.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use jackfield_clock::{SharedClock, lock};
use jackfield_domain::intake::slow_client::ConnectionProgress;

/// The state of a connection, shared by its socket, its requests and its timer.
#[derive(Debug, Clone)]
pub struct Activity {
    progress: Arc<Mutex<ConnectionProgress>>,
    clock: SharedClock,
}

impl Activity {
    /// A connection that was just opened.
    pub fn opened(clock: SharedClock) -> Self {
        let progress = Arc::new(Mutex::new(ConnectionProgress::opened(clock.now())));
        Self { progress, clock }
    }

    /// Reads or changes the state.
    pub fn with<T>(&self, look: impl FnOnce(&mut ConnectionProgress) -> T) -> T {
        look(&mut lock(&self.progress))
    }

    /// Marks a request whose head is complete as in flight, until the returned value is dropped.
    pub fn begin(&self) -> RequestInFlight {
        self.with(ConnectionProgress::request_started);
        RequestInFlight(self.clone())
    }
}

/// A request in flight.
pub struct RequestInFlight(Activity);

impl Drop for RequestInFlight {
    fn drop(&mut self) {
        let now = self.0.clock.now();
        self.0.with(|progress| progress.request_ended(now));
    }
}

/// A socket.
pub struct Watched<S> {
    socket: S,
    activity: Activity,
}

impl<S> Watched<S> {
    /// Records in `activity` when bytes arrive.
    pub fn new(socket: S, activity: Activity) -> Self {
        Self { socket, activity }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Watched<S> {
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

impl<S: AsyncWrite + Unpin> AsyncWrite for Watched<S> {
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
