//! A request's body, with its minimum rate and its share of the memory for bodies.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use jiff::Timestamp;

use super::alarm::Alarm;
use crate::observe::request::BodyError;
use jackfield_clock::SharedClock;
use jackfield_domain::intake::slow_client::SlowClientLimits;

/// Bytes of a body that are always accepted, so that large bodies never block the usual ones, which are far smaller.
const FREE: usize = 16 * 1024;

/// The memory that the incoming bodies of one listener use.
#[derive(Debug)]
pub struct BodyMemory {
    max: usize,
    taken: AtomicUsize,
}

impl BodyMemory {
    /// A budget of this many bytes.
    pub const fn new(max: usize) -> Self {
        let taken = AtomicUsize::new(0);
        Self { max, taken }
    }
}

/// An incoming body.
pub struct PacedBody {
    body: Incoming,
    patience: SlowClientLimits,
    alarm: Alarm,
    began: Timestamp,
    received: u64,
    memory: Arc<BodyMemory>,
    held: usize,
}

impl PacedBody {
    /// A body whose head has just arrived.
    pub fn new(body: Incoming, patience: SlowClientLimits, clock: &SharedClock, memory: Arc<BodyMemory>) -> Self {
        Self {
            body,
            patience,
            alarm: Alarm::new(Arc::clone(clock)),
            began: clock.now(),
            received: 0,
            memory,
            held: 0,
        }
    }

    /// Counts bytes that arrived, if the budget allows them.
    fn hold(&mut self, bytes: usize) -> Result<(), BodyError> {
        let before = self.received;
        self.received = before.saturating_add(bytes as u64);
        let free = FREE.saturating_sub(usize::try_from(before).unwrap_or(usize::MAX));
        let counted = bytes.saturating_sub(free);
        let taken = self.memory.taken.fetch_add(counted, Ordering::Relaxed);
        self.held += counted;
        if counted > 0 && taken.saturating_add(counted) > self.memory.max {
            return Err(BodyError::NoRoom);
        }
        Ok(())
    }
}

impl Drop for PacedBody {
    fn drop(&mut self) {
        self.memory.taken.fetch_sub(self.held, Ordering::Relaxed);
    }
}

impl Body for PacedBody {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        match Pin::new(&mut self.body).poll_frame(cx) {
            Poll::Ready(Some(Ok(frame))) => {
                let held = frame.data_ref().map_or(Ok(()), |data| self.hold(data.len()));
                Poll::Ready(Some(held.map(|()| frame)))
            }
            Poll::Ready(Some(Err(_))) => Poll::Ready(Some(Err(BodyError::BrokeOff))),
            Poll::Ready(None) => Poll::Ready(None),
            Poll::Pending => {
                let due = self.patience.body_due(self.began, self.received);
                self.alarm.poll(cx, due).map(|()| Some(Err(BodyError::TooSlow)))
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
