//! A request's body, with its minimum rate and its share of the memory for bodies.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use jiff::Timestamp;

use super::activity::ConnectionActivity;
use super::deadline_timer::DeadlineTimer;
use crate::observe::request::BodyError;
use jackfield_domain::intake::slow_client::SlowClientLimits;

/// The first bytes of a body, which are always accepted and never counted. Bodies of the usual size are far smaller, so
/// large bodies never block them.
const UNCOUNTED: usize = 16 * 1024;

/// The memory that the incoming bodies of one listener use.
#[derive(Debug)]
pub struct BodyMemory {
    max: usize,
    used: AtomicUsize,
}

impl BodyMemory {
    /// A budget of this many bytes.
    pub const fn new(max: usize) -> Self {
        let used = AtomicUsize::new(0);
        Self { max, used }
    }
}

/// An incoming body that fails if it arrives too slowly or exceeds the memory for bodies.
pub struct PacedBody<B: Body<Data = Bytes>> {
    body: B,
    time_limits: SlowClientLimits,
    timer: DeadlineTimer,
    started_at: Timestamp,
    received: u64,
    memory: Arc<BodyMemory>,
    /// Bytes that this body has counted in `memory`.
    counted: usize,
    /// Whether nothing more of it comes.
    ended: bool,
    activity: ConnectionActivity,
}

impl<B: Body<Data = Bytes>> PacedBody<B> {
    /// A body whose head has just arrived.
    pub fn new(body: B, time_limits: SlowClientLimits, memory: Arc<BodyMemory>, activity: ConnectionActivity) -> Self {
        Self {
            body,
            time_limits,
            timer: DeadlineTimer::new(Arc::clone(activity.clock())),
            started_at: activity.clock().now(),
            received: 0,
            memory,
            counted: 0,
            ended: false,
            activity,
        }
    }

    /// Counts bytes that arrived, if the budget allows them.
    fn count(&mut self, bytes: usize) -> Result<(), BodyError> {
        let before = self.received;
        self.received = before.saturating_add(bytes as u64);
        let uncounted = UNCOUNTED.saturating_sub(usize::try_from(before).unwrap_or(usize::MAX));
        let counted = bytes.saturating_sub(uncounted);
        let used = self.memory.used.fetch_add(counted, Ordering::Relaxed);
        self.counted += counted;
        if counted > 0 && used.saturating_add(counted) > self.memory.max {
            return Err(BodyError::NoRoom);
        }
        Ok(())
    }
}

impl<B: Body<Data = Bytes>> Drop for PacedBody<B> {
    fn drop(&mut self) {
        self.memory.used.fetch_sub(self.counted, Ordering::Relaxed);
        if !self.ended && !self.body.is_end_stream() {
            self.activity.marks().unread.store(true, Ordering::Relaxed);
        }
    }
}

impl<B: Body<Data = Bytes> + Unpin> Body for PacedBody<B> {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        match Pin::new(&mut self.body).poll_frame(cx) {
            Poll::Ready(Some(Ok(frame))) => {
                let counted = frame.data_ref().map_or(Ok(()), |data| self.count(data.len()));
                Poll::Ready(Some(counted.map(|()| frame)))
            }
            Poll::Ready(Some(Err(_))) => {
                self.ended = true;
                Poll::Ready(Some(Err(BodyError::BrokeOff)))
            }
            Poll::Ready(None) => {
                self.ended = true;
                Poll::Ready(None)
            }
            Poll::Pending => {
                let due = self.time_limits.body_due(self.started_at, self.received);
                self.timer.poll(cx, due).map(|()| Some(Err(BodyError::TooSlow)))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
