//! A timer whose deadline may move.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use jiff::Timestamp;

use jackfield_clock::SharedClock;

type Sleep = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Waits on a clock for a deadline that may move. Postponing the deadline costs nothing: the running sleep ends first
/// and a new one starts, so a connection has one timer however many requests it carries.
pub struct DeadlineTimer {
    clock: SharedClock,
    running: Option<(Timestamp, Sleep)>,
}

impl DeadlineTimer {
    /// A timer that does not run yet.
    pub fn new(clock: SharedClock) -> Self {
        Self { clock, running: None }
    }

    /// Ready once it is `due`.
    pub fn poll(&mut self, cx: &mut Context<'_>, due: Timestamp) -> Poll<()> {
        while self.clock.now() < due {
            match &mut self.running {
                Some((wakes_at, sleep)) if *wakes_at <= due => {
                    ready!(sleep.as_mut().poll(cx));
                    self.running = None;
                }
                _ => self.running = Some((due, self.clock.sleep_until(due))),
            }
        }
        self.running = None;
        Poll::Ready(())
    }
}
