//! HTTP/2 connections, on the library that hyper uses for them: hyper itself sends no interim answers in HTTP/2, and a
//! client that asks before it sends a body (`Expect: 100-continue`) would wait for its own timeout.

use std::convert::Infallible;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, ready};

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use h2::server::{Builder, Connection, Handshake, SendResponse};
use h2::{RecvStream, SendStream};
use http::{HeaderMap, HeaderValue, Request, StatusCode, header};
use http_body::{Body as _, Frame, SizeHint};
use tokio::io::{AsyncRead, AsyncWrite};

use super::MAX_DROPPED;
use super::deadline_timer::DeadlineTimer;
use jackfield_clock::{SharedClock, after, lock};
use jackfield_domain::intake::slow_client::CLOSING;

/// Most requests in flight on one connection: the least that browsers and proxies expect.
const MAX_STREAMS: u32 = 100;
/// Most requests that a client may reset before they were read, and most that may be malformed. More is an attack
/// ("rapid reset"), and the connection is closed.
const MAX_RESETS: usize = 64;
/// Most bytes of one body that a client may send ahead of the reader.
const STREAM_WINDOW: u32 = 64 * 1024;
/// Most bytes of all bodies of one connection together that a client may send ahead.
const CONNECTION_WINDOW: u32 = 256 * 1024;
/// The smallest frame size that the protocol allows: large frames only delay what follows them.
const MAX_FRAME: u32 = 16 * 1024;
/// Most bytes of an answer that wait to be sent, as hyper has it.
const SEND_BUFFER: usize = 400 * 1024;

/// The handle to answer a stream, shared with its body, which sends the interim answer.
type Responder = Arc<Mutex<SendResponse<Bytes>>>;
/// What nobody has read of a body, once its reader is gone.
type UnreadBody = Arc<Mutex<Option<RecvStream>>>;

/// An HTTP/2 connection.
pub struct Http2Connection<S> {
    stage: Stage<S>,
    closing: bool,
    clock: SharedClock,
}

enum Stage<S> {
    Opening(Box<Handshake<S, Bytes>>),
    Serving(Box<Connection<S, Bytes>>),
}

impl<S: AsyncRead + AsyncWrite + Unpin> Http2Connection<S> {
    /// A connection whose first bytes were not read yet, and whose heads have at most `max_head` bytes.
    pub fn new(socket: S, max_head: u32, clock: SharedClock) -> Self {
        let mut builder = Builder::new();
        builder
            .max_concurrent_streams(MAX_STREAMS)
            .max_header_list_size(max_head)
            .max_pending_accept_reset_streams(MAX_RESETS)
            .max_local_error_reset_streams(Some(MAX_RESETS))
            .initial_window_size(STREAM_WINDOW)
            .initial_connection_window_size(CONNECTION_WINDOW)
            .max_frame_size(MAX_FRAME)
            .max_send_buffer_size(SEND_BUFFER);
        Self {
            stage: Stage::Opening(Box::new(builder.handshake(socket))),
            closing: false,
            clock,
        }
    }

    /// Accepts no further requests, and ends the connection after those in flight.
    pub fn graceful_shutdown(&mut self) {
        self.closing = true;
        if let Stage::Serving(connection) = &mut self.stage {
            connection.graceful_shutdown();
        }
    }

    /// Drives the connection until it ends. Each request is passed to `handle`, and answered in a task of its own.
    pub fn poll<F>(&mut self, cx: &mut Context<'_>, handle: impl Fn(Request<Http2Body>) -> F) -> Poll<()>
    where
        F: Future<Output = Result<Response, Infallible>> + Send + 'static,
    {
        loop {
            match &mut self.stage {
                Stage::Opening(handshake) => {
                    let Ok(mut connection) = ready!(Pin::new(handshake).poll(cx)) else {
                        return Poll::Ready(());
                    };
                    if self.closing {
                        connection.graceful_shutdown();
                    }
                    self.stage = Stage::Serving(Box::new(connection));
                }
                Stage::Serving(connection) => {
                    let Some(Ok((request, responder))) = ready!(connection.poll_accept(cx)) else {
                        return Poll::Ready(());
                    };
                    let responder = Arc::new(Mutex::new(responder));
                    let unread = UnreadBody::default();
                    let request = with_body(request, &responder, &unread);
                    let (answering, clock) = (handle(request), Arc::clone(&self.clock));
                    tokio::spawn(async move {
                        answer(answering, responder, &clock).await;
                        drop_rest(&unread, &clock).await;
                    });
                }
            }
        }
    }
}

fn with_body(request: Request<RecvStream>, responder: &Responder, unread: &UnreadBody) -> Request<Http2Body> {
    let (parts, stream) = request.into_parts();
    let expects = parts.headers.get(header::EXPECT);
    let expects = expects.is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"100-continue"));
    let length = parts.headers.get(header::CONTENT_LENGTH);
    let body = Http2Body {
        left: length.and_then(|length| length.to_str().ok()?.parse().ok()),
        awaits_continue: expects.then(|| Arc::clone(responder)),
        stream: Some(stream),
        unread: Arc::clone(unread),
    };
    Request::from_parts(parts, body)
}

/// Sends the answer of a request, unless the client has reset its stream.
async fn answer(
    handling: impl Future<Output = Result<Response, Infallible>>,
    responder: Responder,
    clock: &SharedClock,
) {
    let reset = poll_fn(|cx| lock(&responder).poll_reset(cx));
    let response = tokio::select! {
        biased;
        response = handling => response,
        _ = reset => return,
    };
    let Ok(response) = response;
    let (mut parts, body) = response.into_parts();
    complete_headers(&mut parts.headers, &body, clock);
    let is_empty = body.is_end_stream();
    let sent = lock(&responder).send_response(http::Response::from_parts(parts, ()), is_empty);
    if let Ok(stream) = sent
        && !is_empty
    {
        // A client that is gone needs no answer.
        let _gone = send_body(body, stream).await;
    }
}

/// Reads and drops the rest of a body that was answered before its end. If it were reset, the client, or a proxy in
/// front of it, would often lose the answer. A client that only now begins to send is not waited for.
async fn drop_rest(unread: &UnreadBody, clock: &SharedClock) {
    let Some(mut stream) = lock(unread).take() else { return };
    let (mut timer, until) = (DeadlineTimer::new(Arc::clone(clock)), after(clock.now(), CLOSING));
    let mut left = MAX_DROPPED;
    while left > 0 {
        let next = poll_fn(|cx| {
            let next = stream.poll_data(cx);
            if next.is_pending() && timer.poll(cx, until).is_ready() {
                return Poll::Ready(None);
            }
            next
        });
        let Some(Ok(data)) = next.await else { return };
        left = left.saturating_sub(data.len());
        if stream.flow_control().release_capacity(data.len()).is_err() {
            return;
        }
    }
}

fn complete_headers(headers: &mut HeaderMap, body: &Body, clock: &SharedClock) {
    if let Some(length) = body.size_hint().exact()
        && !headers.contains_key(header::CONTENT_LENGTH)
    {
        headers.insert(header::CONTENT_LENGTH, length.into());
    }
    let date = httpdate::fmt_http_date(clock.now().into());
    if let Ok(date) = HeaderValue::try_from(date) {
        headers.entry(header::DATE).or_insert(date);
    }
}

async fn send_body(mut body: Body, mut stream: SendStream<Bytes>) -> Result<(), h2::Error> {
    while let Some(frame) = poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await {
        let Ok(frame) = frame else {
            stream.send_reset(h2::Reason::INTERNAL_ERROR);
            return Ok(());
        };
        let Ok(mut data) = frame.into_data() else { continue };
        while !data.is_empty() {
            stream.reserve_capacity(data.len());
            let Some(capacity) = poll_fn(|cx| stream.poll_capacity(cx)).await.transpose()? else {
                return Ok(());
            };
            stream.send_data(data.split_to(capacity.min(data.len())), false)?;
        }
    }
    stream.send_data(Bytes::new(), true)
}

/// The body of a request. Whoever reads it lets the client send it.
pub struct Http2Body {
    /// Always there until the body is dropped.
    stream: Option<RecvStream>,
    /// Takes the stream then, if its end has not come.
    unread: UnreadBody,
    /// Bytes that are announced and have not arrived.
    left: Option<u64>,
    /// Set while the client waits to be told that it may send.
    awaits_continue: Option<Responder>,
}

impl http_body::Body for Http2Body {
    type Data = Bytes;
    type Error = h2::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, h2::Error>>> {
        if let Some(responder) = self.awaits_continue.take() {
            let mut go_on = http::Response::new(());
            *go_on.status_mut() = StatusCode::CONTINUE;
            lock(&responder).send_informational(go_on)?;
        }
        let Some(stream) = &mut self.stream else {
            return Poll::Ready(None);
        };
        if let Some(data) = ready!(stream.poll_data(cx)) {
            let data = data?;
            stream.flow_control().release_capacity(data.len())?;
            self.left = self.left.map(|left| left.saturating_sub(data.len() as u64));
            Poll::Ready(Some(Ok(Frame::data(data))))
        } else {
            let trailers = ready!(stream.poll_trailers(cx))?;
            Poll::Ready(trailers.map(|trailers| Ok(Frame::trailers(trailers))))
        }
    }

    fn is_end_stream(&self) -> bool {
        self.stream.as_ref().is_none_or(RecvStream::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.left.map_or_else(SizeHint::default, SizeHint::with_exact)
    }
}

impl Drop for Http2Body {
    fn drop(&mut self) {
        *lock(&self.unread) = self.stream.take().filter(|stream| !stream.is_end_stream());
    }
}
