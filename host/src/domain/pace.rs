//! How fast a tenant's deliveries may go: so many a second, so many a day.
//!
//! The time is what the caller says it is, and a caller's clock may go back. Then nothing is given that was given
//! already: up to [`MAX_DISORDER`] the pace waits for the clock to catch up, and beyond that, when somebody must have
//! set the clock, it counts on from the new time with what it had.

use std::num::NonZeroU32;
use std::time::Duration;

use jiff::Timestamp;

/// How far two readings of one running clock may be out of order when threads race.
pub const MAX_DISORDER: Duration = Duration::from_secs(1);

const SECOND: u64 = 1_000_000_000;
const DAY: i64 = 86_400;

/// A token bucket that holds one second's worth and starts full.
#[derive(Debug, Clone)]
pub struct Bucket {
    rate: NonZeroU32,
    /// In billionths of a token, so that every nanosecond adds exactly `rate` and no fraction is ever lost.
    level: u64,
    /// When `level` was right; none before the first use.
    at: Option<Timestamp>,
}

impl Bucket {
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

/// How much of a day's quota is used, by UTC days.
#[derive(Debug, Clone)]
pub struct DayCount {
    limit: NonZeroU32,
    /// Days since 1970.
    day: i64,
    used: u32,
}

impl DayCount {
    /// A quota of which `used` is gone on the day of `now`.
    #[must_use]
    pub fn new(limit: NonZeroU32, used: u32, now: Timestamp) -> Self {
        let day = day_of(now);
        Self { limit, day, used }
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
        // The last day that can be told has no midnight; it ends where time does.
        let midnight = Timestamp::from_second(day.saturating_add(1).saturating_mul(DAY)).unwrap_or(Timestamp::MAX);
        (used >= self.limit.get()).then(|| elapsed(now, midnight))
    }

    fn take(&mut self, tokens: u32, now: Timestamp) {
        let (day, used) = self.on(now);
        self.day = day;
        self.used = used.saturating_add(tokens);
    }

    /// The day that counts at `now`, and what is used of it.
    fn on(&self, now: Timestamp) -> (i64, u32) {
        let today = day_of(now);
        if today > self.day {
            (today, 0)
        } else if elapsed(now, self.start()) > MAX_DISORDER {
            (today, self.used)
        } else {
            (self.day, self.used)
        }
    }

    fn start(&self) -> Timestamp {
        Timestamp::from_second(self.day.saturating_mul(DAY)).unwrap_or(Timestamp::MIN)
    }
}

fn day_of(now: Timestamp) -> i64 {
    now.as_second().div_euclid(DAY)
}

/// Both limits of a tenant; without any, nothing is ever held back.
#[derive(Debug, Clone)]
pub struct Pace {
    bucket: Option<Bucket>,
    day: Option<DayCount>,
}

impl Pace {
    /// The pace of a tenant that has used `used_today` of its day's quota at `now`.
    #[must_use]
    pub fn new(per_second: Option<NonZeroU32>, per_day: Option<NonZeroU32>, used_today: u32, now: Timestamp) -> Self {
        Self {
            bucket: per_second.map(Bucket::per_second),
            day: per_day.map(|limit| DayCount::new(limit, used_today, now)),
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

#[cfg(test)]
mod tests;
