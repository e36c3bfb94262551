//! How a fake misbehaves on command. This file holds the mode and how long it lasts; `server` carries it out.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// How a fake treats requests. Control requests are never affected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    /// Works as documented.
    #[default]
    Ok,
    /// Resets the connection as soon as the request's head has arrived, and stores nothing.
    /// To refuse the connection itself, use [`close_listener`](super::FakeServer::close_listener).
    Down,
    /// Handles the request at once and responds after the delay: a client that times out has still written.
    Slow,
    /// Reads the whole request, stores nothing and never responds.
    Hang,
    /// Responds with this fake's own error for too many requests, and stores nothing.
    RateLimited,
    /// Handles the request, then responds with this fake's own internal error.
    FailAfterStore,
    /// Handles the request, then resets the connection without a response.
    ResetAfterStore,
    /// Handles the request, then never responds.
    HangAfterStore,
    /// Responds with this fake's own maintenance error, and stores nothing.
    Maintenance,
    /// One of [`Mode::AMBIGUOUS`] after another, in a pseudorandom order that is the same in every run, except that
    /// `ok_percent` of a hundred requests succeed.
    Flaky,
}

impl Mode {
    /// The modes that leave a client without knowing whether its request was carried out.
    pub const AMBIGUOUS: [Self; 5] = [
        Self::FailAfterStore,
        Self::ResetAfterStore,
        Self::HangAfterStore,
        Self::Down,
        Self::Hang,
    ];
}

/// A mode with its parameters: the body of `POST /_control/behave`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Behaviour {
    /// How to treat requests.
    pub mode: Mode,
    /// The number of requests after which the fake works again; none means until it is replaced.
    #[serde(default)]
    pub times: Option<u32>,
    /// The delay of [`Mode::Slow`], in milliseconds of real time.
    #[serde(default)]
    pub delay_ms: u64,
    /// The wait that [`Mode::RateLimited`] asks for, in seconds; none asks for no specific wait.
    #[serde(default)]
    pub retry_after: Option<u32>,
    /// How many of a hundred requests succeed under [`Mode::Flaky`].
    #[serde(default)]
    pub ok_percent: u8,
}

impl Behaviour {
    /// This mode until it is replaced.
    #[must_use]
    pub fn always(mode: Mode) -> Self {
        Self {
            mode,
            ..Self::default()
        }
    }

    /// This mode for the next `times` requests.
    #[must_use]
    pub fn next(times: u32, mode: Mode) -> Self {
        Self {
            times: Some(times),
            ..Self::always(mode)
        }
    }

    /// Sets the delay of [`Mode::Slow`].
    #[must_use]
    pub fn delay(self, delay: Duration) -> Self {
        Self {
            delay_ms: u64::try_from(delay.as_millis()).unwrap_or(u64::MAX),
            ..self
        }
    }

    /// Sets the seconds that [`Mode::RateLimited`] asks to wait.
    #[must_use]
    pub fn retry_after(self, seconds: u32) -> Self {
        Self {
            retry_after: Some(seconds),
            ..self
        }
    }

    /// Sets how many of a hundred requests succeed under [`Mode::Flaky`].
    #[must_use]
    pub fn ok_percent(self, ok_percent: u8) -> Self {
        Self { ok_percent, ..self }
    }

    /// The behaviour for the next request, the `number`th; uses up one of `times`.
    pub(super) fn next_request(&mut self, number: u64) -> Self {
        match &mut self.times {
            None => {}
            Some(0) => *self = Self::default(),
            Some(left) => *left -= 1,
        }
        match self.mode {
            Mode::Flaky => Self {
                mode: self.flaky(scramble(number)),
                ..*self
            },
            _ => *self,
        }
    }

    fn flaky(self, random: u64) -> Mode {
        if random % 100 < u64::from(self.ok_percent) {
            return Mode::Ok;
        }
        let index = random / 100 % Mode::AMBIGUOUS.len() as u64;
        Mode::AMBIGUOUS
            .into_iter()
            .nth(usize::try_from(index).unwrap_or(0))
            .unwrap_or_default()
    }
}

/// Turns consecutive numbers into pseudorandom ones: the finalizer of `SplitMix64`.
const fn scramble(number: u64) -> u64 {
    let mut mixed = number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

#[cfg(test)]
mod tests {
    use super::{Behaviour, Mode};

    #[test]
    fn flaky_uses_every_ambiguous_mode() {
        let modes = |ok_percent: u8| {
            let mut behaviour = Behaviour::always(Mode::Flaky).ok_percent(ok_percent);
            (0..10_000)
                .map(|number| behaviour.next_request(number).mode)
                .collect::<Vec<_>>()
        };
        for mode in Mode::AMBIGUOUS {
            let share = modes(0).iter().filter(|met| **met == mode).count();
            assert!((1500..2500).contains(&share), "{mode:?}: {share}");
        }
        let ok = modes(60).iter().filter(|met| **met == Mode::Ok).count();
        assert!((5500..6500).contains(&ok), "{ok}");
    }

    #[test]
    fn a_limited_behaviour_ends() {
        let mut behaviour = Behaviour::next(2, Mode::Down);
        let modes = [0; 4].map(|number| behaviour.next_request(number).mode);
        assert_eq!(modes, [Mode::Down, Mode::Down, Mode::Ok, Mode::Ok]);
    }

    #[test]
    fn an_unlimited_behaviour_stays() {
        let mut behaviour = Behaviour::always(Mode::Hang);
        assert!((0..100).all(|_| behaviour.next_request(0).mode == Mode::Hang));
    }
}
