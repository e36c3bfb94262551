//! One connection: its protocol, its requests, and its end.

use std::convert::Infallible;
use std::future::poll_fn;
use std::net::IpAddr;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Poll, ready};

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use hyper::body::Incoming;
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::graceful::GracefulConnection;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_util::sync::CancellationToken;
use tower::Service as _;

use super::alarm::Alarm;
use super::body::{BodyMemory, PacedBody};
use super::watched::Activity;
use crate::observe::request::Peer;
use jackfield_clock::SharedClock;
use jackfield_domain::intake::slow_client::{ConnectionProgress, ConnectionTimeout, SlowClientLimits};

/// Most bytes of a request's head, its path included. The contract's heads have a few hundred.
pub const MAX_HEAD: u16 = 32 * 1024;
/// The read buffer: a head, or a piece of a body.
const BUFFER: usize = 64 * 1024;
/// Most requests in flight on one HTTP/2 connection: the least that browsers and proxies expect.
const MAX_STREAMS: u32 = 100;
/// Most requests that an HTTP/2 client may reset before they were read, and most that may be malformed. More is an
/// attack ("rapid reset"), and the connection is closed.
const MAX_RESETS: usize = 64;
/// Most bytes of one body that an HTTP/2 client may send ahead of the reader.
const STREAM_WINDOW: u32 = 64 * 1024;
/// Bytes of all its bodies together.
const CONNECTION_WINDOW: u32 = 256 * 1024;
/// The smallest frame size that the protocol allows: large frames only delay what follows them.
const MAX_FRAME: u32 = 16 * 1024;

/// What the connections of a listener share.
pub struct Serving {
    /// The service that answers requests.
    pub router: Router,
    /// The time limits of clients.
    pub patience: SlowClientLimits,
    /// The clock.
    pub clock: SharedClock,
    /// The memory budget of incoming bodies.
    pub memory: Arc<BodyMemory>,
    /// Cancelled when connections must end after finishing what is in flight.
    pub stop: CancellationToken,
}

impl Serving {
    /// Serves HTTP/1.1 until the connection ends. Returns the reason if the host ended it.
    pub async fn http1<S>(self: Arc<Self>, socket: S, peer: IpAddr, activity: Activity) -> Option<ConnectionTimeout>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let mut builder = http1::Builder::new();
        builder.max_header_size(MAX_HEAD.into()).max_buf_size(BUFFER);
        let service = service_fn(|request| self.answer(request, peer, &activity));
        let connection = builder.serve_connection(TokioIo::new(socket), service);
        self.watch(connection, &activity).await
    }

    /// Serves HTTP/2 until the connection ends, likewise.
    pub async fn http2<S>(self: Arc<Self>, socket: S, peer: IpAddr, activity: Activity) -> Option<ConnectionTimeout>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        activity.with(ConnectionProgress::is_http2);
        let mut builder = http2::Builder::new(TokioExecutor::new());
        builder
            .max_concurrent_streams(MAX_STREAMS)
            .max_header_list_size(MAX_HEAD.into())
            .max_pending_accept_reset_streams(MAX_RESETS)
            .max_local_error_reset_streams(MAX_RESETS)
            .initial_stream_window_size(STREAM_WINDOW)
            .initial_connection_window_size(CONNECTION_WINDOW)
            .max_frame_size(MAX_FRAME);
        let (serving, requests) = (Arc::clone(&self), activity.clone());
        let service = service_fn(move |request| serving.answer(request, peer, &requests));
        let connection = builder.serve_connection(TokioIo::new(socket), service);
        self.watch(connection, &activity).await
    }

    fn answer(
        &self,
        request: hyper::Request<Incoming>,
        peer: IpAddr,
        activity: &Activity,
    ) -> impl Future<Output = Result<Response, Infallible>> + use<> {
        let in_flight = activity.begin();
        let mut request: Request = request.map(|body| {
            Body::new(PacedBody::new(
                body,
                self.patience,
                &self.clock,
                Arc::clone(&self.memory),
            ))
        });
        request.extensions_mut().insert(Peer(peer));
        let answer = self.router.clone().call(request);
        async move {
            let answer = answer.await;
            drop(in_flight);
            answer
        }
    }

    /// Drives a connection until it ends, the host stops, or the client exceeds a time limit.
    async fn watch<C: GracefulConnection>(&self, connection: C, activity: &Activity) -> Option<ConnectionTimeout> {
        let mut connection = pin!(connection);
        let mut stopped = pin!(self.stop.cancelled());
        let mut alarm = Alarm::new(Arc::clone(&self.clock));
        let mut closing = false;
        let mut cut = None;
        poll_fn(|cx| {
            loop {
                // How a connection broke concerns the client alone; each of its requests has a log line.
                if connection.as_mut().poll(cx).is_ready() {
                    return Poll::Ready(cut);
                }
                let close = !closing && stopped.as_mut().poll(cx).is_ready();
                if !close {
                    let Some((due, why)) = activity.with(|progress| progress.due(&self.patience)) else {
                        return Poll::Pending;
                    };
                    ready!(alarm.poll(cx, due));
                    // The deadline may have moved while the timer was polled.
                    if activity.with(|progress| progress.due(&self.patience)) != Some((due, why)) {
                        continue;
                    }
                    cut = cut.or(Some(why));
                    if why != ConnectionTimeout::Idle {
                        return Poll::Ready(cut);
                    }
                }
                closing = true;
                connection.as_mut().graceful_shutdown();
                let now = self.clock.now();
                activity.with(|progress| progress.closing(now));
            }
        })
        .await
    }
}
