//! Rate limits of a tenant's deliveries: per second, per day, and none while a destination asks for a pause.
//!
//! The caller passes the time, and its clock may go back. No token is given out twice: up to [`MAX_DISORDER`] the pace
//! waits for the clock to catch up; beyond that, the clock must have been set, and counting continues from the new
//! time.

use std::num::NonZeroU32;
use std::time::Duration;

use jiff::Timestamp;

use super::retry;
#[cfg(doc)]
use super::retry::MAX_THROTTLE;
use crate::zone::{Day, Zone};

/// How far two readings of one running clock may be out of order when threads race.
pub const MAX_DISORDER: Duration = Duration::from_secs(1);

const SECOND: u64 = 1_000_000_000;

/// A token bucket that holds one second's worth and starts full.
#[derive(Debug, Clone)]
pub struct TokenBucket {
    rate: NonZeroU32,
    /// In billionths of a token, so that every nanosecond adds exactly `rate` and no fraction is ever lost.
    level: u64,
    /// When `level` was right; none before the first use.
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

    /// Takes one token.
    ///
    /// # Errors
    /// How long to wait for it, if there is none.
    pub fn try_take(&mut self, now: Timestamp) -> Result<(), Duration> {
        if let Some(wait) = self.wait(now) {
            return Err(wait);
        }
        self.take(1, now);
        Ok(())
    }

    /// How many tokens there are.
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

    fn take(&mut self, tokens: u32, now: Timestamp) {
        let (level, at) = self.filled(now);
        self.level = level.saturating_sub(u64::from(tokens) * SECOND);
        self.at = Some(at);
    }

    /// The level that `now` brings, and from when on it grows further.
    fn filled(&self, now: Timestamp) -> (u64, Timestamp) {
        let last = self.at.unwrap_or(now);
        if now < last {
            let disorder = elapsed(now, last) <= MAX_DISORDER;
            return (self.level, if disorder { last } else { now });
        }
        // A second fills it, so longer waits bring no more and the product stays within a u64.
        let nanos = u64::try_from(elapsed(last, now).as_nanos()).map_or(SECOND, |nanos| nanos.min(SECOND));
        let gained = nanos * u64::from(self.rate.get());
        (self.level.saturating_add(gained).min(capacity(self.rate)), now)
    }
}

fn capacity(rate: NonZeroU32) -> u64 {
    u64::from(rate.get()) * SECOND
}

/// From `earlier` to `later`; nothing if they are the other way round.
fn elapsed(earlier: Timestamp, later: Timestamp) -> Duration {
    Duration::try_from(later.duration_since(earlier)).unwrap_or_default()
}

/// How much of a day's quota is used, by the days of a time zone.
#[derive(Debug, Clone)]
pub struct DailyQuota {
    limit: NonZeroU32,
    zone: Zone,
    /// The day of which `used` is gone.
    day: Day,
    used: u32,
}

impl DailyQuota {
    /// A quota of which `used` is gone on the day of `now`.
    #[must_use]
    pub fn new(limit: NonZeroU32, zone: Zone, used: u32, now: Timestamp) -> Self {
        let day = zone.day(now);
        Self { limit, zone, day, used }
    }

    /// Takes one.
    ///
    /// # Errors
    /// How long it is until midnight, if the day's quota is used up.
    pub fn try_take(&mut self, now: Timestamp) -> Result<(), Duration> {
        if let Some(wait) = self.wait(now) {
            return Err(wait);
        }
        self.take(1, now);
        Ok(())
    }

    /// How much of the day's quota is left.
    #[must_use]
    pub fn available(&self, now: Timestamp) -> u32 {
        self.limit.get().saturating_sub(self.on(now).1)
    }

    /// How long until midnight, if nothing is left.
    fn wait(&self, now: Timestamp) -> Option<Duration> {
        let (day, used) = self.on(now);
        (used >= self.limit.get()).then(|| elapsed(now, day.end))
    }

    fn take(&mut self, tokens: u32, now: Timestamp) {
        let (day, used) = self.on(now);
        self.day = day;
        self.used = used.saturating_add(tokens);
    }

    /// The day that counts at `now`, and what is used of it.
    fn on(&self, now: Timestamp) -> (Day, u32) {
        let is_out_of_order = now < self.day.start && elapsed(now, self.day.start) <= MAX_DISORDER;
        if is_out_of_order || (self.day.start <= now && now < self.day.end) {
            return (self.day, self.used);
        }
        // Time may end within the day, and a clock may go back; only a later day brings anything.
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
    /// Where the day begins.
    pub zone: Zone,
}

/// Both limits of a tenant; without any, nothing is ever held back.
#[derive(Debug, Clone)]
pub struct Pace {
    bucket: Option<TokenBucket>,
    day: Option<DailyQuota>,
}

impl Pace {
    /// The pace of a tenant that has used `used_today` of its day's quota at `now`.
    #[must_use]
    pub fn new(limits: &PaceLimits, used_today: u32, now: Timestamp) -> Self {
        let day = |limit| DailyQuota::new(limit, limits.zone.clone(), used_today, now);
        Self {
            bucket: limits.per_second.map(TokenBucket::per_second),
            day: limits.per_day.map(day),
        }
    }

    /// How many attempts may begin at `now`; `u32::MAX` without limits.
    #[must_use]
    pub fn available(&self, now: Timestamp) -> u32 {
        let bucket = self.bucket.as_ref().map_or(u32::MAX, |bucket| bucket.available(now));
        let day = self.day.as_ref().map_or(u32::MAX, |day| day.available(now));
        bucket.min(day)
    }

    /// Counts `n` attempts that begin at `now`, at most what is [`Self::available`].
    pub fn take(&mut self, n: u32, now: Timestamp) {
        if let Some(bucket) = &mut self.bucket {
            bucket.take(n, now);
        }
        if let Some(day) = &mut self.day {
            day.take(n, now);
        }
    }

    /// How long until an attempt may begin; none if one may at `now`.
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
    /// Times in a row that it asked to slow down.
    row: u32,
    /// When it last did.
    noted: Timestamp,
    until: Timestamp,
}

impl Default for DestinationThrottle {
    fn default() -> Self {
        Self {
            row: 0,
            noted: Timestamp::MIN,
            until: Timestamp::MIN,
        }
    }
}

impl DestinationThrottle {
    /// Lets nothing go before `until`, or before an earlier and longer pause is over; at most [`MAX_THROTTLE`] from
    /// now.
    pub fn pause(&mut self, until: Timestamp, now: Timestamp) {
        let end = retry::throttle_end(now);
        self.until = until.min(end).max(self.lasting(now).unwrap_or(Timestamp::MIN));
    }

    /// An attempt that began at `began` was asked to slow down. What left before the pause began makes it no longer: a
    /// destination that refuses ten at once has asked once.
    pub fn limited(&mut self, began: Timestamp, now: Timestamp, retry_after: Option<Duration>, jitter: f64) {
        if began > self.noted {
            self.row = self.row.saturating_add(1);
            self.noted = now;
        }
        let wait = retry::throttle_wait(self.row.saturating_sub(1), retry_after);
        self.pause(retry::due(now, wait, jitter), now);
    }

    /// An attempt that began at `began` was not asked to slow down.
    pub fn passed(&mut self, began: Timestamp) {
        if began > self.noted {
            self.row = 0;
        }
    }

    /// Until when nothing may go; none if something may at `now`.
    #[must_use]
    pub fn lasting(&self, now: Timestamp) -> Option<Timestamp> {
        // A pause longer than any that was made means that the clock was set back.
        (now < self.until && self.until <= retry::throttle_end(now)).then_some(self.until)
    }
}

#[cfg(test)]
mod tests;
