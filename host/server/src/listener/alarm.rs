//! A timer whose deadline may move.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use jiff::Timestamp;

use jackfield_clock::SharedClock;

type Sleep = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Waits on a clock. Postponing the deadline is free: the running timer fires first and is then set anew, so a
/// connection has one timer however many requests it carries.
pub struct Alarm {
    clock: SharedClock,
    set: Option<(Timestamp, Sleep)>,
}

impl Alarm {
    /// A timer that is not set.
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
