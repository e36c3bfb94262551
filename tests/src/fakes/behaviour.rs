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
    /// To have connecting itself refused, use [`close_listener`](super::FakeServer::close_listener).
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
    /// Does the work, then never answers.
    HangAfterStore,
    /// Under maintenance, in the server's own words; nothing is stored.
    Maintenance,
    /// One of [`Mode::AMBIGUOUS`] after another, in a pseudorandom order that is the same in every run, except that
    /// `ok_percent` of a hundred requests succeed.
    Flaky,
}

impl Mode {
    /// The ways to leave a client in the dark about what became of its request.
    pub const AMBIGUOUS: [Self; 5] = [
        Self::FailAfterStore,
        Self::ResetAfterStore,
        Self::HangAfterStore,
        Self::Down,
        Self::Hang,
    ];
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
    /// How many of a hundred requests [`Mode::Flaky`] spares.
    #[serde(default)]
    pub ok_percent: u8,
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

    /// Sets how many of a hundred requests [`Mode::Flaky`] spares.
    #[must_use]
    pub fn ok_percent(self, ok_percent: u8) -> Self {
        Self { ok_percent, ..self }
    }

    /// The behaviour that the request arriving now meets, the `number`th; uses up one of `times`.
    pub(super) fn take(&mut self, number: u64) -> Self {
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
        let untold = random / 100 % Mode::AMBIGUOUS.len() as u64;
        Mode::AMBIGUOUS
            .into_iter()
            .nth(usize::try_from(untold).unwrap_or(0))
            .unwrap_or_default()
    }
}

/// A number that looks random, of one that does not: the finaliser of `SplitMix64`.
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
    fn a_fickle_fake_does_all_it_can_do_and_spares_what_it_should() {
        let met = |ok_percent: u8| {
            let mut order = Behaviour::always(Mode::Flaky).ok_percent(ok_percent);
            (0..10_000).map(|number| order.take(number).mode).collect::<Vec<_>>()
        };
        for mode in Mode::AMBIGUOUS {
            let share = met(0).iter().filter(|met| **met == mode).count();
            assert!((1500..2500).contains(&share), "{mode:?}: {share}");
        }
        let ok_percent = met(60).iter().filter(|met| **met == Mode::Ok).count();
        assert!((5500..6500).contains(&ok_percent), "{ok_percent}");
    }

    #[test]
    fn a_counted_order_ends_by_itself() {
        let mut order = Behaviour::next(2, Mode::Down);
        let met = [
            order.take(0).mode,
            order.take(0).mode,
            order.take(0).mode,
            order.take(0).mode,
        ];
        assert_eq!(met, [Mode::Down, Mode::Down, Mode::Ok, Mode::Ok]);
    }

    #[test]
    fn an_uncounted_order_stays() {
        let mut order = Behaviour::always(Mode::Hang);
        assert!((0..100).all(|_| order.take(0).mode == Mode::Hang));
    }
}
