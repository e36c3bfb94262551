//! What a call computes, apart from what it waits.
//!
//! A guest runs only while its call's future is polled, so the processor time of the polls is what it used: waiting for
//! the CRM, for a turn or for a free instance does not count, and neither does time in which another process had the
//! core. The engine's epoch calls in here at every tick, where the guest is stopped or made to take turns.

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

/// The processor time of one call.
#[derive(Debug)]
pub struct Cpu {
    limit: Duration,
    /// Nanoseconds of finished polls.
    used: AtomicU64,
    /// The thread's processor time when the poll under way began, in nanoseconds.
    since: AtomicU64,
}

/// The guest computed longer than it may.
#[derive(Debug, thiserror::Error)]
#[error("the CPU limit was reached")]
pub struct CpuSpent;

impl Cpu {
    /// A call that may compute for `limit`.
    pub const fn new(limit: Duration) -> Self {
        Self {
            limit,
            used: AtomicU64::new(0),
            since: AtomicU64::new(0),
        }
    }

    /// Runs `work`, counting the time of its polls.
    pub async fn metered<T>(&self, work: impl Future<Output = T>) -> T {
        let mut work = pin!(work);
        poll_fn(|context| {
            // All of it happens on the thread that polls, one poll after the other, so no ordering is asked for.
            self.since.store(thread_time(), Ordering::Relaxed);
            let poll = work.as_mut().poll(context);
            self.used.store(self.used(), Ordering::Relaxed);
            poll
        })
        .await
    }

    /// Nanoseconds used, those of the poll under way included.
    fn used(&self) -> u64 {
        let running = thread_time().saturating_sub(self.since.load(Ordering::Relaxed));
        self.used.load(Ordering::Relaxed).saturating_add(running)
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
pub fn guard<T: Send + 'static>(store: &mut Store<T>, cpu: impl Fn(&T) -> &Cpu + Send + Sync + 'static) {
    store.set_epoch_deadline(TURN.into());
    store.epoch_deadline_callback(move |context| {
        if cpu(context.data()).spent() {
            Err(CpuSpent.into())
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
    let time = clock_gettime(ClockId::ThreadCPUTime);
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
        let cpu = Cpu::new(Duration::from_secs(1));
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
    async fn computing_counts_and_waiting_does_not() {
        let cpu = Cpu::new(Duration::from_millis(5));
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
