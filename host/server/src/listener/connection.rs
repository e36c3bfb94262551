//! One connection: its protocol, its requests, and its end.

use std::convert::Infallible;
use std::future::poll_fn;
use std::net::IpAddr;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll, ready};

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use bytes::Bytes;
use http::{StatusCode, header};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_util::sync::CancellationToken;
use tower::Service as _;

use super::activity::ConnectionActivity;
use super::body::{BodyMemory, PacedBody};
use super::deadline_timer::DeadlineTimer;
use super::http1_socket::Http1Socket;
use super::http2::Http2Connection;
use crate::observe::request::{Peer, refuse_head};
use crate::problem::{Problem, ProblemKind};
use jackfield_clock::SharedClock;
use jackfield_domain::intake::request_head::{self, MalformedHead};
use jackfield_domain::intake::slow_client::{ConnectionProgress, ConnectionTimeout, SlowClientLimits};

/// Most bytes of a request's head, its path included. The contract's heads have a few hundred.
pub const MAX_HEAD: u16 = 32 * 1024;
/// The read buffer: a head, or a piece of a body.
const BUFFER: usize = 64 * 1024;
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
        builder
            .max_header_size(MAX_HEAD.into())
            .max_buf_size(BUFFER)
            // A client that has nothing more to say may still listen.
            .half_close(true);
        let service = service_fn(|request| self.answer(request, peer, &activity));
        let socket = Http1Socket::new(socket, activity.clone());
        let mut connection = pin!(builder.serve_connection(TokioIo::new(socket), service));
        self.watch(&activity, |cx, must_close| {
            if must_close {
                connection.as_mut().graceful_shutdown();
            }
            // How a connection broke concerns the client alone; each of its requests has a log line.
            connection.as_mut().poll(cx).map(drop)
        })
        .await
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
        let mut connection = Http2Connection::new(socket, MAX_HEAD.into(), Arc::clone(&self.clock));
        self.watch(&activity, |cx, must_close| {
            if must_close {
                connection.graceful_shutdown();
            }
            connection.poll(cx, |request| self.answer(request, peer, &activity))
        })
        .await
    }

    /// Marks a request as in flight and passes it to the router, with its body's limits and its peer's address. A head
    /// that two readers may understand differently is refused.
    fn answer<B>(
        &self,
        request: http::Request<B>,
        peer: IpAddr,
        activity: &ConnectionActivity,
    ) -> impl Future<Output = Result<Response, Infallible>> + use<B>
    where
        B: http_body::Body<Data = Bytes> + Send + Unpin + 'static,
    {
        let in_flight = activity.start_request();
        let malformed = check_head(&request, activity);
        let asks_for_status = malformed.is_err() && request_head::may_ask_for_status(request.uri().path());
        let mut request: Request = request.map(|body| {
            let memory = Arc::clone(&self.memory);
            Body::new(PacedBody::new(body, self.time_limits, memory, activity.clone()))
        });
        request.extensions_mut().insert(Peer(peer));
        let mut router = self.router.clone();
        async move {
            let answer = match malformed {
                Err(error) => {
                    let problem = match error {
                        // RFC 9112, 6.1.
                        MalformedHead::UnknownCoding => {
                            Problem::new(ProblemKind::UnsupportedMedia, error.explanation())
                                .with_status(StatusCode::NOT_IMPLEMENTED)
                        }
                        _ => Problem::new(ProblemKind::BadRequest, error.explanation()),
                    };
                    Ok(refuse_head(problem.fail_closed(asks_for_status), error.word()))
                }
                Ok(()) => router.call(request).await,
            };
            drop(in_flight);
            answer
        }
    }

    /// Drives a connection until it ends, the host stops, or the client exceeds a time limit. `drive` polls it, and
    /// first closes it gracefully if it is told to.
    async fn watch(
        &self,
        activity: &ConnectionActivity,
        mut drive: impl FnMut(&mut Context<'_>, bool) -> Poll<()>,
    ) -> Option<ConnectionTimeout> {
        let mut host_stops = pin!(self.stop.cancelled());
        let mut timer = DeadlineTimer::new(Arc::clone(&self.clock));
        let (mut closing, mut close_now) = (false, false);
        let mut timeout = None;
        poll_fn(|cx| {
            loop {
                if drive(cx, std::mem::take(&mut close_now)).is_ready() {
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
                close_now = true;
                let now = self.clock.now();
                activity.with(|progress| progress.start_closing(now));
            }
        })
        .await
    }
}

fn check_head<B>(request: &http::Request<B>, activity: &ConnectionActivity) -> Result<(), MalformedHead> {
    let has_coding = request.headers().contains_key(header::TRANSFER_ENCODING);
    if has_coding && activity.marks().two_lengths.load(Ordering::Relaxed) {
        return Err(MalformedHead::TwoLengths);
    }
    request_head::check_transfer_coding(request.headers())?;
    request_head::check_host(request.version(), request.headers())
}
