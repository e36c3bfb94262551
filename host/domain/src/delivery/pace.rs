//! Rate limits of a tenant's deliveries: per second, per day, and a full stop while a destination asks for a pause.
//!
//! The caller passes the time, and its clock may go back. No token is given out twice: if the clock is up to
//! [`MAX_DISORDER`] behind, the pace waits until it catches up; beyond that, the clock must have been set, and counting
//! continues from the new time.

use std::num::NonZeroU32;
use std::time::Duration;

use jiff::Timestamp;

use super::retry;
#[cfg(doc)]
use super::retry::MAX_THROTTLE;
use crate::zone::{Day, Zone};

/// How far two readings of one running clock can be out of order when threads race.
pub const MAX_DISORDER: Duration = Duration::from_secs(1);

const SECOND: u64 = 1_000_000_000;

/// A token bucket that holds one second's worth and starts full.
#[derive(Debug, Clone)]
pub struct TokenBucket {
    rate: NonZeroU32,
    /// In billionths of a token, so that every nanosecond adds exactly `rate` and no fraction is ever lost.
    level: u64,
    /// When `level` was computed; none before the first use.
    at: Option<Timestamp>,
}

impl TokenBucket {
    /// A full bucket that gains `rate` tokens a second.
    #[must_use]
    pub fn per_second(rate: NonZeroU32) -> Self {
        Self {
            rate,
            level: capacity(rate),
            at: None,
        }
    }

    /// Consumes one token.
    ///
    /// # Errors
    /// How long to wait for a token, if there is none.
    pub fn try_acquire(&mut self, now: Timestamp) -> Result<(), Duration> {
        if let Some(wait) = self.wait(now) {
            return Err(wait);
        }
        self.consume(1, now);
        Ok(())
    }

    /// How many tokens are available.
    #[must_use]
    pub fn available(&self, now: Timestamp) -> u32 {
        // A level is at most `rate` tokens, so the count always fits.
        u32::try_from(self.filled(now).0 / SECOND).unwrap_or(u32::MAX)
    }

    /// How long until there is a token; none if there is one.
    fn wait(&self, now: Timestamp) -> Option<Duration> {
        let (level, at) = self.filled(now);
        let missing = SECOND.checked_sub(level).filter(|missing| *missing > 0)?;
        let filling = Duration::from_nanos(missing.div_ceil(u64::from(self.rate.get())));
        Some(filling + elapsed(now, at))
    }

    fn consume(&mut self, tokens: u32, now: Timestamp) {
        let (level, at) = self.filled(now);
        self.level = level.saturating_sub(u64::from(tokens) * SECOND);
        self.at = Some(at);
    }

    /// The level at `now`, and the time from which it grows further.
    fn filled(&self, now: Timestamp) -> (u64, Timestamp) {
        let last = self.at.unwrap_or(now);
        if now < last {
            let disorder = elapsed(now, last) <= MAX_DISORDER;
            return (self.level, if disorder { last } else { now });
        }
        // A second fills the bucket, so a longer wait adds no more and the product fits into a u64.
        let nanos = u64::try_from(elapsed(last, now).as_nanos()).map_or(SECOND, |nanos| nanos.min(SECOND));
        let gained = nanos * u64::from(self.rate.get());
        (self.level.saturating_add(gained).min(capacity(self.rate)), now)
    }
}

fn capacity(rate: NonZeroU32) -> u64 {
    u64::from(rate.get()) * SECOND
}

/// The time from `earlier` to `later`; zero if they are in the other order.
fn elapsed(earlier: Timestamp, later: Timestamp) -> Duration {
    Duration::try_from(later.duration_since(earlier)).unwrap_or_default()
}

/// A daily quota, and how much of it is used. Days begin and end in a time zone.
#[derive(Debug, Clone)]
pub struct DailyQuota {
    limit: NonZeroU32,
    zone: Zone,
    /// The day that `used` counts.
    day: Day,
    used: u32,
}

impl DailyQuota {
    /// A quota with `used` already counted on the day of `now`.
    #[must_use]
    pub fn new(limit: NonZeroU32, zone: Zone, used: u32, now: Timestamp) -> Self {
        let day = zone.day(now);
        Self { limit, zone, day, used }
    }

    /// How much of the day's quota is left.
    #[must_use]
    pub fn available(&self, now: Timestamp) -> u32 {
        self.limit.get().saturating_sub(self.usage(now).1)
    }

    /// How long until midnight, if the day's quota is used up.
    fn wait(&self, now: Timestamp) -> Option<Duration> {
        let (day, used) = self.usage(now);
        (used >= self.limit.get()).then(|| elapsed(now, day.end))
    }

    fn consume(&mut self, tokens: u32, now: Timestamp) {
        let (day, used) = self.usage(now);
        self.day = day;
        self.used = used.saturating_add(tokens);
    }

    /// The day that counts at `now`, and how much of its quota is used.
    fn usage(&self, now: Timestamp) -> (Day, u32) {
        let is_out_of_order = now < self.day.start && elapsed(now, self.day.start) <= MAX_DISORDER;
        if is_out_of_order || (self.day.start <= now && now < self.day.end) {
            return (self.day, self.used);
        }
        // The range of timestamps may end within the day, and a clock may go back; only a later day adds quota.
        let today = self.zone.day(now);
        (today, if today.start > self.day.start { 0 } else { self.used })
    }
}

/// How fast a tenant's deliveries may go.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PaceLimits {
    /// Attempts a second; unlimited when absent.
    pub per_second: Option<NonZeroU32>,
    /// Attempts a day; unlimited when absent.
    pub per_day: Option<NonZeroU32>,
    /// The time zone of the day.
    pub zone: Zone,
}

/// Both rate limits of a tenant; without any, nothing is ever held back.
#[derive(Debug, Clone)]
pub struct Pace {
    bucket: Option<TokenBucket>,
    day: Option<DailyQuota>,
}

impl Pace {
    /// The pace of a tenant that has used `used_today` of its daily quota at `now`.
    #[must_use]
    pub fn new(limits: &PaceLimits, used_today: u32, now: Timestamp) -> Self {
        let day = |limit| DailyQuota::new(limit, limits.zone.clone(), used_today, now);
        Self {
            bucket: limits.per_second.map(TokenBucket::per_second),
            day: limits.per_day.map(day),
        }
    }

    /// How many attempts may start at `now`; `u32::MAX` without limits.
    #[must_use]
    pub fn available(&self, now: Timestamp) -> u32 {
        let bucket = self.bucket.as_ref().map_or(u32::MAX, |bucket| bucket.available(now));
        let day = self.day.as_ref().map_or(u32::MAX, |day| day.available(now));
        bucket.min(day)
    }

    /// Counts `n` attempts that start at `now`, at most as many as are [`Self::available`].
    pub fn consume(&mut self, n: u32, now: Timestamp) {
        if let Some(bucket) = &mut self.bucket {
            bucket.consume(n, now);
        }
        if let Some(day) = &mut self.day {
            day.consume(n, now);
        }
    }

    /// How long until an attempt may start; none if one may start at `now`.
    #[must_use]
    pub fn wait(&self, now: Timestamp) -> Option<Duration> {
        let bucket = self.bucket.as_ref().and_then(|bucket| bucket.wait(now));
        let day = self.day.as_ref().and_then(|day| day.wait(now));
        bucket.max(day)
    }
}

/// A destination's rate limit: nothing is sent until the time that it asked for, or until a doubling wait ends.
#[derive(Debug, Clone)]
pub struct DestinationThrottle {
    /// How many times in a in_a_row it asked to slow down.
    in_a_row: u32,
    /// When it last did.
    limited_at: Timestamp,
    until: Timestamp,
}

impl Default for DestinationThrottle {
    fn default() -> Self {
        Self {
            in_a_row: 0,
            limited_at: Timestamp::MIN,
            until: Timestamp::MIN,
        }
    }
}

impl DestinationThrottle {
    /// Pauses until `until`, or until the end of an earlier and longer pause; at most [`MAX_THROTTLE`] from now.
    pub fn pause(&mut self, until: Timestamp, now: Timestamp) {
        let end = retry::throttle_end(now);
        self.until = until.min(end).max(self.paused_until(now).unwrap_or(Timestamp::MIN));
    }

    /// Records that an attempt that started at `began` was asked to slow down. Attempts that started before the pause
    /// do not lengthen it: a destination that refuses ten at once has asked once.
    pub fn record_limited(&mut self, began: Timestamp, now: Timestamp, retry_after: Option<Duration>, jitter: f64) {
        if began > self.limited_at {
            self.in_a_row = self.in_a_row.saturating_add(1);
            self.limited_at = now;
        }
        let wait = retry::throttle_wait(self.in_a_row.saturating_sub(1), retry_after);
        self.pause(retry::due(now, wait, jitter), now);
    }

    /// Records that an attempt that started at `began` was not asked to slow down.
    pub fn record_passed(&mut self, began: Timestamp) {
        if began > self.limited_at {
            self.in_a_row = 0;
        }
    }

    /// Until when nothing may be sent; none if the pause is over at `now`.
    #[must_use]
    pub fn paused_until(&self, now: Timestamp) -> Option<Timestamp> {
        // A pause longer than the longest possible one means that the clock was set back.
        (now < self.until && self.until <= retry::throttle_end(now)).then_some(self.until)
    }
}

#[cfg(test)]
mod tests;
