//! Real time. The rest of the demo reads the clock and waits only through this module.

use std::time::{Duration, Instant, SystemTime};

/// The current instant, to measure durations from.
#[expect(clippy::disallowed_methods, reason = "the demo measures real requests")]
pub fn now() -> Instant {
    Instant::now()
}

/// Seconds since the Unix epoch: the timestamp in webhook signatures.
#[expect(
    clippy::disallowed_methods,
    reason = "the host checks the timestamp against real time"
)]
pub fn unix_seconds() -> u64 {
    SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .map_or(0, |since| since.as_secs())
}

/// Sleeps.
#[expect(clippy::disallowed_methods, reason = "other processes cannot wake the demo")]
pub fn pause(length: Duration) {
    std::thread::sleep(length);
}

/// Polls until there is a value or the time limit is reached. `what` names the awaited event in the error.
///
/// # Errors
/// `poll` failed, or the limit was reached.
pub fn wait_until<T>(
    what: &str,
    limit: Duration,
    mut poll: impl FnMut() -> anyhow::Result<Option<T>>,
) -> anyhow::Result<T> {
    let started = now();
    loop {
        if let Some(value) = poll()? {
            return Ok(value);
        }
        if started.elapsed() > limit {
            anyhow::bail!("timed out after {} s, waiting for {what}", limit.as_secs());
        }
        pause(Duration::from_millis(50));
    }
}
