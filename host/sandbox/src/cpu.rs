//! What a call computes, apart from what it waits.
//!
//! A guest runs only while its call's future is polled, so the processor time of the polls is what it used: waiting for
//! the CRM, for a turn or for a free instance does not count, and neither does time in which another process had the
//! core. The engine's epoch calls in here at every tick, where the guest is stopped or made to take turns.

use std::cell::Cell;
use std::future::poll_fn;
use std::pin::pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};
use wasmtime::{Store, UpdateDeadline};

use super::engine::TICK;

/// Ticks after which a guest that computes lets others have the thread: 10 ms, less the part of a tick that had passed
/// when it began.
const TURN: u32 = 2;
/// The shortest turn, then: 5 ms.
const SHORTEST_TURN: Duration = TICK.saturating_mul(TURN - 1);

/// For so many nanoseconds a reading of a thread's processor time stands for the present one. Each reading is a system
/// call, and most polls are over in a tenth of this.
const RECENT: u64 = 1_000_000;

thread_local! {
    /// When the thread's processor time was read last, by the monotonic clock, and what it was, in nanoseconds.
    static LAST_READ: Cell<(u64, u64)> = const { Cell::new((0, 0)) };
}

/// The processor time of one call. It counts no less than what was used and, of each poll, at most [`RECENT`] more.
#[derive(Debug)]
pub struct CpuMeter {
    limit: Duration,
    /// Nanoseconds of finished polls.
    used: AtomicU64,
    /// When the poll under way began, by the monotonic clock, in nanoseconds.
    since: AtomicU64,
    /// The thread's processor time then or shortly before, in nanoseconds.
    thread_time: AtomicU64,
}

/// The guest computed longer than it may.
#[derive(Debug, thiserror::Error)]
#[error("the CPU limit was reached")]
pub struct CpuLimitReached;

impl CpuMeter {
    /// A call that may compute for `limit`.
    pub const fn new(limit: Duration) -> Self {
        Self {
            limit,
            used: AtomicU64::new(0),
            since: AtomicU64::new(0),
            thread_time: AtomicU64::new(0),
        }
    }

    /// Runs `work`, counting the time of its polls.
    pub async fn metered<T>(&self, work: impl Future<Output = T>) -> T {
        let mut work = pin!(work);
        poll_fn(|context| {
            // All of it happens on the thread that polls, one poll after the other, so no ordering is asked for.
            let now = nanoseconds(ClockId::Monotonic);
            self.since.store(now, Ordering::Relaxed);
            self.thread_time.store(recent_thread_time(now), Ordering::Relaxed);
            let poll = work.as_mut().poll(context);
            self.used.store(self.used(), Ordering::Relaxed);
            poll
        })
        .await
    }

    /// Nanoseconds used, those of the poll under way included.
    fn used(&self) -> u64 {
        let lasted = nanoseconds(ClockId::Monotonic).saturating_sub(self.since.load(Ordering::Relaxed));
        // It cannot have computed for longer than it lasted.
        let computed = if lasted < RECENT {
            lasted
        } else {
            lasted.min(thread_time().saturating_sub(self.thread_time.load(Ordering::Relaxed)))
        };
        self.used.load(Ordering::Relaxed).saturating_add(computed)
    }

    /// What was used so far.
    pub fn spent_so_far(&self) -> Duration {
        Duration::from_nanos(self.used.load(Ordering::Relaxed))
    }

    /// Whether it has computed for a whole turn: more than answering a question takes. Asked between polls, by
    /// whichever thread: only what the polls took counts.
    pub fn is_heavy(&self) -> bool {
        self.spent_so_far() >= SHORTEST_TURN
    }

    fn spent(&self) -> bool {
        u128::from(self.used()) >= self.limit.as_nanos()
    }
}

/// Has `store`'s guest stopped when its time is used up, and take turns until then.
pub fn guard<T: Send + 'static>(store: &mut Store<T>, cpu: impl Fn(&T) -> &CpuMeter + Send + Sync + 'static) {
    store.set_epoch_deadline(TURN.into());
    store.epoch_deadline_callback(move |context| {
        if cpu(context.data()).spent() {
            Err(CpuLimitReached.into())
        } else {
            Ok(UpdateDeadline::YieldCustom(
                TURN.into(),
                Box::pin(tokio::task::yield_now()),
            ))
        }
    });
}

/// Begins another call in a store that is [guarded](guard): its first turn is a whole one.
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

    /// Computes until this thread has used so much more.
    fn compute(time: Duration) {
        let begun = thread_time();
        while u128::from(thread_time() - begun) < time.as_nanos() {
            std::hint::spin_loop();
        }
    }

    #[tokio::test]
    async fn a_call_is_not_judged_by_what_else_its_threads_computed() {
        compute(SHORTEST_TURN * 2);
        let cpu = CpuMeter::new(Duration::from_secs(1));
        assert!(!cpu.is_heavy(), "it has not begun");
        cpu.metered(async { compute(SHORTEST_TURN / 2) }).await;
        compute(SHORTEST_TURN * 2);
        assert!(!cpu.is_heavy(), "it ended before the thread went on");
        let elsewhere = std::thread::scope(|scope| scope.spawn(|| cpu.is_heavy()).join());
        assert!(!elsewhere.unwrap(), "another thread has another time");
        cpu.metered(async { compute(SHORTEST_TURN / 2) }).await;
        assert!(cpu.is_heavy());
    }

    #[tokio::test]
    async fn many_short_polls_count_for_no_less_than_they_computed() {
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
        let counted = cpu.spent_so_far();
        assert!(
            counted >= Duration::from_millis(20).mul_f64(0.99),
            "{counted:?} of {computed:?}"
        );
    }

    #[tokio::test]
    async fn what_the_thread_computed_just_before_a_poll_counts_for_little() {
        let cpu = CpuMeter::new(Duration::from_secs(1));
        // The thread's time is read here, and still recent when the other work is done.
        cpu.metered(async {}).await;
        compute(Duration::from_micros(500));
        let before = cpu.spent_so_far();
        let begun = thread_time();
        cpu.metered(async { compute(Duration::from_millis(2)) }).await;
        let most = Duration::from_nanos(thread_time() - begun + RECENT);
        let counted = cpu.spent_so_far().saturating_sub(before);
        assert!(counted <= most, "{counted:?} is more than {most:?}");
    }

    #[tokio::test]
    async fn computing_counts_and_waiting_does_not() {
        let cpu = CpuMeter::new(Duration::from_millis(5));
        let (wake, woken) = tokio::sync::oneshot::channel();
        let waiting = cpu.metered(async {
            woken.await.unwrap();
            assert!(!cpu.spent());
            while !cpu.spent() {
                std::hint::spin_loop();
            }
        });
        let meanwhile = async {
            // Somebody else's work, on the same thread.
            let begun = thread_time();
            while thread_time() - begun < 20_000_000 {
                std::hint::spin_loop();
            }
            wake.send(()).unwrap();
        };
        tokio::join!(waiting, meanwhile);
    }
}
