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

use super::activity::ConnectionActivity;
use super::body::{BodyMemory, PacedBody};
use super::deadline_timer::DeadlineTimer;
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
/// Most bytes of all bodies of one connection together that an HTTP/2 client may send ahead.
const CONNECTION_WINDOW: u32 = 256 * 1024;
/// The smallest frame size that the protocol allows: large frames only delay what follows them.
const MAX_FRAME: u32 = 16 * 1024;

/// Serves connections. The connections of one listener share it.
pub struct ConnectionHandler {
    /// The service that answers requests.
    pub router: Router,
    /// The time limits of clients.
    pub time_limits: SlowClientLimits,
    /// The clock.
    pub clock: SharedClock,
    /// The memory budget of incoming bodies.
    pub memory: Arc<BodyMemory>,
    /// Cancelled when connections must end after finishing what is in flight.
    pub stop: CancellationToken,
}

impl ConnectionHandler {
    /// Serves HTTP/1.1 until the connection ends. Returns the reason if the host ended it.
    pub async fn http1<S>(
        self: Arc<Self>,
        socket: S,
        peer: IpAddr,
        activity: ConnectionActivity,
    ) -> Option<ConnectionTimeout>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let mut builder = http1::Builder::new();
        builder.max_header_size(MAX_HEAD.into()).max_buf_size(BUFFER);
        let service = service_fn(|request| self.answer(request, peer, &activity));
        let connection = builder.serve_connection(TokioIo::new(socket), service);
        self.watch(connection, &activity).await
    }

    /// Serves HTTP/2 until the connection ends. Returns the reason if the host ended it.
    pub async fn http2<S>(
        self: Arc<Self>,
        socket: S,
        peer: IpAddr,
        activity: ConnectionActivity,
    ) -> Option<ConnectionTimeout>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        activity.with(ConnectionProgress::set_http2);
        let mut builder = http2::Builder::new(TokioExecutor::new());
        builder
            .max_concurrent_streams(MAX_STREAMS)
            .max_header_list_size(MAX_HEAD.into())
            .max_pending_accept_reset_streams(MAX_RESETS)
            .max_local_error_reset_streams(MAX_RESETS)
            .initial_stream_window_size(STREAM_WINDOW)
            .initial_connection_window_size(CONNECTION_WINDOW)
            .max_frame_size(MAX_FRAME);
        let (handler, requests) = (Arc::clone(&self), activity.clone());
        let service = service_fn(move |request| handler.answer(request, peer, &requests));
        let connection = builder.serve_connection(TokioIo::new(socket), service);
        self.watch(connection, &activity).await
    }

    /// Marks a request as in flight and passes it to the router, with its body's limits and its peer's address.
    fn answer(
        &self,
        request: hyper::Request<Incoming>,
        peer: IpAddr,
        activity: &ConnectionActivity,
    ) -> impl Future<Output = Result<Response, Infallible>> + use<> {
        let in_flight = activity.start_request();
        let mut request: Request = request.map(|body| {
            Body::new(PacedBody::new(
                body,
                self.time_limits,
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
    async fn watch<C: GracefulConnection>(
        &self,
        connection: C,
        activity: &ConnectionActivity,
    ) -> Option<ConnectionTimeout> {
        let mut connection = pin!(connection);
        let mut host_stops = pin!(self.stop.cancelled());
        let mut timer = DeadlineTimer::new(Arc::clone(&self.clock));
        let mut closing = false;
        let mut timeout = None;
        poll_fn(|cx| {
            loop {
                // How a connection broke concerns the client alone; each of its requests has a log line.
                if connection.as_mut().poll(cx).is_ready() {
                    return Poll::Ready(timeout);
                }
                let must_close = !closing && host_stops.as_mut().poll(cx).is_ready();
                if !must_close {
                    let Some((due, reason)) = activity.with(|progress| progress.due(&self.time_limits)) else {
                        return Poll::Pending;
                    };
                    ready!(timer.poll(cx, due));
                    // The deadline may have moved while the timer was polled.
                    if activity.with(|progress| progress.due(&self.time_limits)) != Some((due, reason)) {
                        continue;
                    }
                    timeout = timeout.or(Some(reason));
                    if reason != ConnectionTimeout::Idle {
                        return Poll::Ready(timeout);
                    }
                }
                closing = true;
                connection.as_mut().graceful_shutdown();
                let now = self.clock.now();
                activity.with(|progress| progress.start_closing(now));
            }
        })
        .await
    }
}
