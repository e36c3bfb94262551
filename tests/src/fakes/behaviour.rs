//! How a fake misbehaves on command. This file says what was ordered and for how long; `server` carries it out.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// One way to behave. Control requests are never affected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    /// As documented.
    #[default]
    Ok,
    /// The connection is reset as soon as the request's head has arrived; nothing is stored.
    /// To have connecting itself refused, use [`close_listener`](super::Server::close_listener).
    Down,
    /// Does the work at once, and answers after the delay: a client that gives up has still written.
    Slow,
    /// Takes the whole request, stores nothing and never answers.
    Hang,
    /// Too many requests, in the server's own words; nothing is stored.
    RateLimited,
    /// Does the work, then answers 500.
    FailAfterStore,
    /// Does the work, then resets the connection with no answer.
    ResetAfterStore,
    /// Under maintenance, in the server's own words; nothing is stored.
    Maintenance,
}

/// An order to behave in some way, as `POST /_control/behave` takes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Behaviour {
    /// What to do.
    pub mode: Mode,
    /// For how many requests, before behaving again; none means until told otherwise.
    #[serde(default)]
    pub times: Option<u32>,
    /// How late [`Mode::Slow`] answers, in milliseconds of real time.
    #[serde(default)]
    pub delay_ms: u64,
    /// How long [`Mode::RateLimited`] asks to wait, in seconds; none names no time.
    #[serde(default)]
    pub retry_after: Option<u32>,
}

impl Behaviour {
    /// Behaves like this until told otherwise.
    #[must_use]
    pub fn always(mode: Mode) -> Self {
        Self {
            mode,
            ..Self::default()
        }
    }

    /// Behaves like this for the next `times` requests.
    #[must_use]
    pub fn next(times: u32, mode: Mode) -> Self {
        Self {
            times: Some(times),
            ..Self::always(mode)
        }
    }

    /// Sets how late [`Mode::Slow`] answers.
    #[must_use]
    pub fn delay(self, delay: Duration) -> Self {
        Self {
            delay_ms: u64::try_from(delay.as_millis()).unwrap_or(u64::MAX),
            ..self
        }
    }

    /// Sets how many seconds [`Mode::RateLimited`] asks to wait.
    #[must_use]
    pub fn retry_after(self, seconds: u32) -> Self {
        Self {
            retry_after: Some(seconds),
            ..self
        }
    }

    /// The behaviour that the request arriving now meets; uses up one of `times`.
    pub(super) fn take(&mut self) -> Self {
        match &mut self.times {
            None => {}
            Some(0) => *self = Self::default(),
            Some(left) => *left -= 1,
        }
        *self
    }
}

#[cfg(test)]
mod tests {
    use super::{Behaviour, Mode};

    #[test]
    fn a_counted_order_ends_by_itself() {
        let mut order = Behaviour::next(2, Mode::Down);
        let met = [
            order.take().mode,
            order.take().mode,
            order.take().mode,
            order.take().mode,
        ];
        assert_eq!(met, [Mode::Down, Mode::Down, Mode::Ok, Mode::Ok]);
    }

    #[test]
    fn an_uncounted_order_stays() {
        let mut order = Behaviour::always(Mode::Hang);
        assert!((0..100).all(|_| order.take().mode == Mode::Hang));
    }
}
