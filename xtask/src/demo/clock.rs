//! Real time, for a demo that happens in it. Everything else here asks this file.

use std::time::{Duration, Instant, SystemTime};

/// A moment to measure from.
#[expect(clippy::disallowed_methods, reason = "the demo measures real requests")]
pub fn moment() -> Instant {
    Instant::now()
}

/// Seconds since 1970, which webhooks are signed with.
#[expect(
    clippy::disallowed_methods,
    reason = "the host that the webhook goes to has real time too"
)]
pub fn unix_seconds() -> u64 {
    SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .map_or(0, |since| since.as_secs())
}

/// Waits.
#[expect(
    clippy::disallowed_methods,
    reason = "a demo waits for processes that it cannot be woken by"
)]
pub fn pause(length: Duration) {
    std::thread::sleep(length);
}

/// Asks every so often until there is an answer, or the time is over.
///
/// # Errors
/// What asking failed with, or that `what` did not come in time.
pub fn until<T>(what: &str, limit: Duration, mut ask: impl FnMut() -> anyhow::Result<Option<T>>) -> anyhow::Result<T> {
    let began = moment();
    loop {
        if let Some(answer) = ask()? {
            return Ok(answer);
        }
        if began.elapsed() > limit {
            anyhow::bail!("waited {} s for {what}, in vain", limit.as_secs());
        }
        pause(Duration::from_millis(50));
    }
}
