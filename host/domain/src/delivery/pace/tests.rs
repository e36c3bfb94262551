//! No pace is ever faster than it says, whatever the clock does.

use jiff::SignedDuration;
use proptest::prelude::*;

use super::*;

fn rate(n: u32) -> NonZeroU32 {
    NonZeroU32::new(n).unwrap()
}

fn limits(per_second: NonZeroU32, per_day: NonZeroU32) -> PaceLimits {
    PaceLimits {
        per_second: Some(per_second),
        per_day: Some(per_day),
        zone: Zone::default(),
    }
}

fn at(nanos: i64) -> Timestamp {
    Timestamp::from_nanosecond(i128::from(nanos)).unwrap()
}

/// Acquires until nothing is left, and counts.
fn drain(mut acquire: impl FnMut() -> bool) -> u64 {
    std::iter::from_fn(|| acquire().then_some(())).take(1_000_000).count() as u64
}

impl DailyQuota {
    fn try_acquire(&mut self, now: Timestamp) -> Result<(), Duration> {
        self.wait(now).map_or(Ok(()), Err)?;
        self.consume(1, now);
        Ok(())
    }
}

#[test]
fn a_bucket_holds_a_second() {
    let mut bucket = TokenBucket::per_second(rate(3));
    let now = Timestamp::UNIX_EPOCH;
    assert_eq!(drain(|| bucket.try_acquire(now).is_ok()), 3);
    let wait = bucket.try_acquire(now).unwrap_err();
    assert_eq!(wait, Duration::from_nanos(333_333_334));
    let then = now + SignedDuration::try_from(wait).unwrap();
    assert_eq!(
        bucket.try_acquire(then - SignedDuration::from_nanos(1)),
        Err(Duration::from_nanos(1))
    );
    assert_eq!(bucket.try_acquire(then), Ok(()));
    assert_eq!(bucket.available(now + SignedDuration::from_hours(1000)), 3);
}

#[test]
fn the_greatest_rate_does_not_overflow() {
    let mut bucket = TokenBucket::per_second(NonZeroU32::MAX);
    for now in [Timestamp::MIN, Timestamp::UNIX_EPOCH, Timestamp::MAX, Timestamp::MIN] {
        assert_eq!(bucket.try_acquire(now), Ok(()));
        assert!(bucket.available(now) >= u32::MAX - 4);
    }
}

#[test]
fn a_clock_that_was_set_back_stalls_nothing() {
    let mut bucket = TokenBucket::per_second(rate(1));
    let year = Timestamp::from_second(31_536_000).unwrap();
    assert_eq!(bucket.try_acquire(year), Ok(()));
    let wait = Duration::from_secs(1);
    assert_eq!(bucket.try_acquire(year - SignedDuration::from_secs(1)), Err(wait * 2));
    assert_eq!(bucket.try_acquire(Timestamp::UNIX_EPOCH), Err(wait));

    let mut day = DailyQuota::new(rate(1), Zone::default(), 1, year);
    let midnight = Duration::from_hours(24);
    assert_eq!(
        day.try_acquire(year - SignedDuration::from_secs(1)),
        Err(midnight + wait)
    );
    assert_eq!(day.try_acquire(Timestamp::UNIX_EPOCH), Err(midnight));
    assert!(day.try_acquire(Timestamp::MIN + SignedDuration::from_hours(1)).is_err());
}

#[test]
fn a_day_ends_at_midnight() {
    let noon: Timestamp = "2026-07-01T12:00:00Z".parse().unwrap();
    let mut day = DailyQuota::new(rate(3), Zone::default(), 1, noon);
    assert_eq!(drain(|| day.try_acquire(noon).is_ok()), 2);
    assert_eq!(day.try_acquire(noon), Err(Duration::from_hours(12)));
    let midnight = "2026-07-02T00:00:00Z".parse().unwrap();
    assert_eq!(drain(|| day.try_acquire(midnight).is_ok()), 3);
    assert_eq!(DailyQuota::new(rate(3), Zone::default(), 9, noon).available(noon), 0);
    let mut last = DailyQuota::new(rate(1), Zone::default(), 1, Timestamp::MAX);
    assert_eq!(last.try_acquire(Timestamp::MAX), Err(Duration::ZERO));
}

#[test]
fn a_quota_follows_the_days_of_its_zone() {
    let quota = |zone: &str, now: &str| DailyQuota::new(rate(1), zone.parse().unwrap(), 1, now.parse().unwrap());
    let mut kolkata = quota("Asia/Kolkata", "2026-07-01T18:29:59Z");
    assert_eq!(
        kolkata.try_acquire("2026-07-01T18:29:59Z".parse().unwrap()),
        Err(Duration::from_secs(1))
    );
    assert_eq!(kolkata.try_acquire("2026-07-01T18:30:00Z".parse().unwrap()), Ok(()));
    let hours = Duration::from_hours;
    for (night, length) in [
        ("2026-03-28T23:00:00Z", 23),
        ("2026-10-24T22:00:00Z", 25),
        ("2026-07-01T22:00:00Z", 24),
    ] {
        let midnight = night.parse().unwrap();
        assert_eq!(
            quota("Europe/Berlin", night).try_acquire(midnight),
            Err(hours(length)),
            "{night}"
        );
    }
}

#[test]
fn a_pace_is_the_slower_of_its_limits() {
    let noon: Timestamp = "2026-07-01T12:00:00Z".parse().unwrap();
    let free = Pace::new(&PaceLimits::default(), 0, noon);
    assert_eq!((free.available(noon), free.wait(noon)), (u32::MAX, None));

    let mut pace = Pace::new(&limits(rate(5), rate(100)), 92, noon);
    assert_eq!(pace.available(noon), 5);
    pace.consume(5, noon);
    assert_eq!(
        (pace.available(noon), pace.wait(noon)),
        (0, Some(Duration::from_millis(200)))
    );
    let later = noon + SignedDuration::from_secs(1);
    assert_eq!(pace.available(later), 3);
    pace.consume(3, later);
    assert_eq!(
        pace.wait(later),
        Some(Duration::from_hours(12).saturating_sub(Duration::from_secs(1)))
    );
}

#[test]
fn simultaneous_refusals_count_once() {
    // A destination that refuses ten at once has asked once.
    let mut throttle = DestinationThrottle::default();
    let second = |n: i64| Timestamp::from_second(n).unwrap();
    let mut now = second(100);
    let mut waits = vec![];
    for _ in 0..8 {
        let began = now;
        now += SignedDuration::from_millis(5);
        for _ in 0..10 {
            throttle.record_limited(began, now, None, 0.0);
        }
        let until = throttle.paused_until(now).unwrap();
        waits.push(until.duration_since(now).as_secs());
        now = until;
        assert_eq!(throttle.paused_until(now), None);
    }
    assert_eq!(waits, [1, 2, 4, 8, 16, 32, 60, 60]);
    throttle.record_passed(now);
    now += SignedDuration::from_secs(1);
    throttle.record_limited(now, now, None, 0.0);
    assert_eq!(throttle.paused_until(now), Some(now + SignedDuration::from_secs(1)));
}

#[test]
fn pauses_last_at_most_a_day() {
    // A pause is as long as the destination asks for, and a day at most.
    let mut throttle = DestinationThrottle::default();
    let now = Timestamp::UNIX_EPOCH;
    let later = |seconds| now + SignedDuration::from_secs(seconds);
    throttle.record_limited(now, now, Some(Duration::from_secs(90)), 0.0);
    assert_eq!(throttle.paused_until(now), Some(later(90)));
    throttle.pause(later(30), now);
    assert_eq!(throttle.paused_until(now), Some(later(90)), "the longer of two");
    throttle.pause(Timestamp::MAX, now);
    assert_eq!(throttle.paused_until(now), Some(later(86_400)));
    assert_eq!(throttle.paused_until(later(86_400)), None);
    assert_eq!(
        throttle.paused_until(later(-1000)),
        None,
        "a clock that was set back stalls nothing"
    );
    throttle.record_limited(later(-500), later(-500), Some(Duration::from_secs(7)), 0.0);
    assert_eq!(throttle.paused_until(later(-500)), Some(later(-493)));
}

proptest! {
    /// Over any stretch of a running clock: at most the initial level plus the tokens that the time adds.
    #[test]
    fn never_more_than_the_rate(per_second in 1..50_u32, steps in prop::collection::vec(0..2_000_000_000_i64, 1..60)) {
        let mut bucket = TokenBucket::per_second(rate(per_second));
        let (mut now, mut taken) = (0, 0_u64);
        for step in steps {
            now += step;
            let available = bucket.available(at(now));
            let drained = drain(|| bucket.try_acquire(at(now)).is_ok());
            prop_assert_eq!(drained, u64::from(available));
            taken += drained;
            let added = i128::from(now) * i128::from(per_second) / i128::from(SECOND);
            prop_assert!(i128::from(taken) <= i128::from(per_second) + added);
        }
    }

    /// The returned wait is exactly long enough.
    #[test]
    fn waits_are_exact(per_second in 1..50_u32, steps in prop::collection::vec(0..2_000_000_000_i64, 1..60)) {
        let mut bucket = TokenBucket::per_second(rate(per_second));
        let mut now = 0;
        for step in steps {
            now += step;
            if let Err(wait) = bucket.try_acquire(at(now)) {
                now += i64::try_from(wait.as_nanos()).unwrap();
                prop_assert_eq!(bucket.available(at(now - 1)), 0);
                prop_assert_eq!(bucket.try_acquire(at(now)), Ok(()));
            }
        }
    }

    /// Readings out of order by less than `MAX_DISORDER` yield no more tokens than readings in order.
    #[test]
    fn disorder_adds_no_tokens(
        per_second in 1..50_u32,
        jumps in prop::collection::vec((0..500_000_000_i64, 0..1_000_000_000_i64), 1..60),
    ) {
        let mut bucket = TokenBucket::per_second(rate(per_second));
        let (mut clock, mut taken) = (0, 0_u64);
        for (step, behind) in jumps {
            clock += step;
            for now in [clock, clock - behind] {
                taken += drain(|| bucket.try_acquire(at(now)).is_ok());
            }
            let added = i128::from(clock) * i128::from(per_second) / i128::from(SECOND);
            prop_assert!(i128::from(taken) <= i128::from(per_second) + added);
        }
    }

    /// In every zone and across its clock changes: exactly the quota is available on each day.
    #[test]
    fn never_more_than_the_days_quota(
        name in prop::sample::select(vec!["UTC", "Asia/Kolkata", "Europe/Berlin", "America/Sao_Paulo"]),
        per_day in 1..20_u32,
        start in 0..2_000_000_000_i64,
        steps in prop::collection::vec(0..40_000_i64, 1..80),
    ) {
        let zone: Zone = name.parse().unwrap();
        let mut now = Timestamp::from_second(start).unwrap();
        let mut quota = DailyQuota::new(rate(per_day), zone.clone(), 0, now);
        let mut taken = std::collections::BTreeMap::<Timestamp, u64>::new();
        for step in steps {
            now += SignedDuration::from_secs(step);
            let day = taken.entry(zone.day(now).start).or_default();
            *day += drain(|| quota.try_acquire(now).is_ok());
            prop_assert_eq!(*day, u64::from(per_day));
            let wait = quota.try_acquire(now).unwrap_err();
            prop_assert_eq!(now + SignedDuration::try_from(wait).unwrap(), zone.day(now).end);
        }
    }

    /// A clock that goes back by any amount adds no tokens at that moment, and never more than one second's worth.
    #[test]
    fn any_jump_is_survived(
        per_second: NonZeroU32,
        per_day: NonZeroU32,
        used: u32,
        seconds in prop::collection::vec(Timestamp::MIN.as_second()..Timestamp::MAX.as_second(), 2..40),
    ) {
        let times: Vec<_> = seconds.into_iter().map(|second| Timestamp::from_second(second).unwrap()).collect();
        let mut pace = Pace::new(&limits(per_second, per_day), used, times[0]);
        let mut last = times[0];
        for now in times {
            let (before, available) = (pace.available(last), pace.available(now));
            prop_assert!(now > last || available <= before);
            prop_assert!(available <= per_second.get().min(per_day.get()));
            prop_assert_eq!(pace.wait(now).is_none(), available > 0);
            pace.consume(available, now);
            prop_assert_eq!(pace.available(now), 0);
            last = now;
        }
    }
}
