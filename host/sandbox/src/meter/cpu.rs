//! The processor time of an invocation.
//!
//! A guest runs only while its invocation's future is polled, so the processor time of the polls is what it used:
//! waiting for the CRM, for a turn or for a free instance does not count, nor does time in which another process had
//! the core. The engine's epoch callback runs at every tick, and stops the guest or makes it yield.

use std::cell::Cell;
use std::future::poll_fn;
use std::pin::pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};
use wasmtime::{Store, UpdateDeadline};

use crate::code::engine::TICK;

/// Ticks after which a guest yields the thread: 10 ms, less the part of a tick that had passed when it started.
const TURN: u32 = 2;
/// The shortest turn that results: 5 ms.
const SHORTEST_TURN: Duration = TICK.saturating_mul(TURN - 1);

/// How many nanoseconds a reading of a thread's processor time stays valid. Each reading is a system call, and most
/// polls take a tenth of this.
const RECENT: u64 = 1_000_000;

thread_local! {
    /// When the thread's processor time was last read, by the monotonic clock, and its value, in nanoseconds.
    static LAST_READ: Cell<(u64, u64)> = const { Cell::new((0, 0)) };
}

/// The processor time of one invocation. It counts no less than what was used, and at most [`RECENT`] more per poll.
#[derive(Debug)]
pub struct CpuMeter {
    limit: Duration,
    /// Nanoseconds of finished polls.
    used: AtomicU64,
    /// When the current poll started, by the monotonic clock, in nanoseconds.
    since: AtomicU64,
    /// The thread's processor time at that moment or shortly before, in nanoseconds.
    thread_time: AtomicU64,
}

/// The guest has used up its processor time.
#[derive(Debug, thiserror::Error)]
#[error("the CPU limit was reached")]
pub struct CpuLimitReached;

impl CpuMeter {
    /// The meter of an invocation that may use `limit`.
    pub const fn new(limit: Duration) -> Self {
        Self {
            limit,
            used: AtomicU64::new(0),
            since: AtomicU64::new(0),
            thread_time: AtomicU64::new(0),
        }
    }

    /// Runs `work` and counts the processor time of its polls.
    pub async fn metered<T>(&self, work: impl Future<Output = T>) -> T {
        let mut work = pin!(work);
        poll_fn(|context| {
            // All of this happens on the polling thread, one poll after the other, so no ordering is needed.
            let now = nanoseconds(ClockId::Monotonic);
            self.since.store(now, Ordering::Relaxed);
            self.thread_time.store(recent_thread_time(now), Ordering::Relaxed);
            let poll = work.as_mut().poll(context);
            self.used.store(self.used(), Ordering::Relaxed);
            poll
        })
        .await
    }

    /// Nanoseconds used, including those of the current poll.
    fn used(&self) -> u64 {
        let lasted = nanoseconds(ClockId::Monotonic).saturating_sub(self.since.load(Ordering::Relaxed));
        // A poll cannot use more processor time than wall-clock time.
        let computed = if lasted < RECENT {
            lasted
        } else {
            lasted.min(thread_time().saturating_sub(self.thread_time.load(Ordering::Relaxed)))
        };
        self.used.load(Ordering::Relaxed).saturating_add(computed)
    }

    /// The processor time of all finished polls.
    pub fn used_so_far(&self) -> Duration {
        Duration::from_nanos(self.used.load(Ordering::Relaxed))
    }

    /// Whether the invocation has used a whole turn: more than a usual answer needs. May be asked between polls from
    /// any thread: only the time of the polls counts.
    pub fn is_long_running(&self) -> bool {
        self.used_so_far() >= SHORTEST_TURN
    }

    fn is_used_up(&self) -> bool {
        u128::from(self.used()) >= self.limit.as_nanos()
    }
}

/// Stops the guest of `store` when its time is used up, and makes it yield until then.
pub fn guard<T: Send + 'static>(store: &mut Store<T>, cpu: impl Fn(&T) -> &CpuMeter + Send + Sync + 'static) {
    store.set_epoch_deadline(TURN.into());
    store.epoch_deadline_callback(move |context| {
        if cpu(context.data()).is_used_up() {
            Err(CpuLimitReached.into())
        } else {
            Ok(UpdateDeadline::YieldCustom(
                TURN.into(),
                Box::pin(tokio::task::yield_now()),
            ))
        }
    });
}

/// Starts another invocation in a store that is [guarded](guard): its first turn is a whole one.
pub fn restart<T>(store: &mut Store<T>) {
    store.set_epoch_deadline(TURN.into());
}

/// Processor time of this thread in nanoseconds.
fn thread_time() -> u64 {
    nanoseconds(ClockId::ThreadCPUTime)
}

/// Processor time of this thread in nanoseconds, as it was at `now` or at most [`RECENT`] before.
fn recent_thread_time(now: u64) -> u64 {
    let (read_at, time) = LAST_READ.get();
    if now.saturating_sub(read_at) <= RECENT {
        return time;
    }
    let time = thread_time();
    LAST_READ.set((now, time));
    time
}

fn nanoseconds(clock: ClockId) -> u64 {
    let time = clock_gettime(clock);
    let seconds = u64::try_from(time.tv_sec).unwrap_or_default();
    let nanoseconds = u64::try_from(time.tv_nsec).unwrap_or_default();
    seconds.saturating_mul(1_000_000_000).saturating_add(nanoseconds)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Computes until this thread has used that much more processor time.
    fn compute(time: Duration) {
        let begun = thread_time();
        while u128::from(thread_time() - begun) < time.as_nanos() {
            std::hint::spin_loop();
        }
    }

    #[tokio::test]
    async fn other_work_of_the_thread_does_not_count() {
        compute(SHORTEST_TURN * 2);
        let cpu = CpuMeter::new(Duration::from_secs(1));
        assert!(!cpu.is_long_running(), "it has not started");
        cpu.metered(async { compute(SHORTEST_TURN / 2) }).await;
        compute(SHORTEST_TURN * 2);
        assert!(!cpu.is_long_running(), "it ended before the thread continued");
        let elsewhere = std::thread::scope(|scope| scope.spawn(|| cpu.is_long_running()).join());
        assert!(!elsewhere.unwrap(), "another thread has a time of its own");
        cpu.metered(async { compute(SHORTEST_TURN / 2) }).await;
        assert!(cpu.is_long_running());
    }

    #[tokio::test]
    async fn many_short_polls_count_in_full() {
        let cpu = CpuMeter::new(Duration::from_secs(1));
        let begun = thread_time();
        cpu.metered(async {
            for _ in 0..100 {
                compute(Duration::from_micros(200));
                tokio::task::yield_now().await;
            }
        })
        .await;
        let computed = Duration::from_nanos(thread_time() - begun);
        let counted = cpu.used_so_far();
        assert!(
            counted >= Duration::from_millis(20).mul_f64(0.99),
            "{counted:?} of {computed:?}"
        );
    }

    #[tokio::test]
    async fn work_just_before_a_poll_hardly_counts() {
        let cpu = CpuMeter::new(Duration::from_secs(1));
        // This reads the thread's time, and the reading is still valid after the other work.
        cpu.metered(async {}).await;
        compute(Duration::from_micros(500));
        let before = cpu.used_so_far();
        let begun = thread_time();
        cpu.metered(async { compute(Duration::from_millis(2)) }).await;
        let most = Duration::from_nanos(thread_time() - begun + RECENT);
        let counted = cpu.used_so_far().saturating_sub(before);
        assert!(counted <= most, "{counted:?} is more than {most:?}");
    }

    #[tokio::test]
    async fn computing_counts_and_waiting_does_not() {
        let cpu = CpuMeter::new(Duration::from_millis(5));
        let (wake, woken) = tokio::sync::oneshot::channel();
        let waiting = cpu.metered(async {
            woken.await.unwrap();
            assert!(!cpu.is_used_up());
            while !cpu.is_used_up() {
                std::hint::spin_loop();
            }
        });
        let meanwhile = async {
            // Other work, on the same thread.
            let begun = thread_time();
            while thread_time() - begun < 20_000_000 {
                std::hint::spin_loop();
            }
            wake.send(()).unwrap();
        };
        tokio::join!(waiting, meanwhile);
    }
}
