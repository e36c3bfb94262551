//! Waiting for a deadline that moves.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use jiff::Timestamp;

use jackfield_clock::SharedClock;

type Sleep = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Waits on a clock. A deadline that moves away costs nothing: the timer that is running is let run, and only then set
/// anew. So a connection has one timer, however many requests it brings.
pub struct Alarm {
    clock: SharedClock,
    set: Option<(Timestamp, Sleep)>,
}

impl Alarm {
    /// An alarm that is not set.
    pub fn new(clock: SharedClock) -> Self {
        Self { clock, set: None }
    }

    /// Ready once it is `due`.
    pub fn poll(&mut self, cx: &mut Context<'_>, due: Timestamp) -> Poll<()> {
        while self.clock.now() < due {
            match &mut self.set {
                Some((at, sleep)) if *at <= due => {
                    ready!(sleep.as_mut().poll(cx));
                    self.set = None;
                }
                _ => self.set = Some((due, self.clock.sleep_until(due))),
            }
        }
        self.set = None;
        Poll::Ready(())
    }
}
